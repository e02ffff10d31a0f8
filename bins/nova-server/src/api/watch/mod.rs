//! Watches: a feed of events over chunked JSON lines or a WebSocket, and many feeds over one WebSocket.

mod coalesce;
mod feed;
mod many;
mod serve;

pub(crate) use many::many;
pub(crate) use serve::watch;
