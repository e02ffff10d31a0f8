//! One file per command.

pub(crate) mod api_resources;
pub(crate) mod api_versions;
pub(crate) mod apply;
pub(crate) mod delete;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod get;
