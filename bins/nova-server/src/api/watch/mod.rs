//! Watches: a feed of events over chunked JSON lines or a WebSocket.

mod coalesce;
mod feed;
mod serve;

pub(crate) use serve::watch;
