//! One file per command.

pub(crate) mod get;
pub(crate) mod list;
