//! What the tool does, one file each.

pub(crate) mod refresh;
pub(crate) mod script;
