//! One file per verb.

pub(crate) mod build;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod list;
