//! The router, driven without a socket.

mod images;
mod lists;
mod rig;
mod watches;
mod writes;
mod writes_apply;
mod writes_words;
