//! What every test stands on.

mod fixture_api;
mod output;
mod peers;
pub(crate) mod raw;
mod sandbox;
mod server;
mod shell;
mod terminal;
mod tools;

pub(crate) use fixture_api::FixtureApi;
pub(crate) use output::Output;
pub(crate) use peers::{Peer, need};
pub(crate) use sandbox::{Sandbox, wait as wait_for};
pub(crate) use server::Server;
pub(crate) use shell::Shell;
pub(crate) use terminal::Terminal;
pub(crate) use tools::TOOLS;
