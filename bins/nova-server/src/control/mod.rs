//! Drives the engine until what is true is what is wanted.

/// Handle of the running controllers.
#[derive(Debug)]
pub(crate) struct Controller;
