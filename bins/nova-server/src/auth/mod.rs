//! Who is calling, and what they may do.

mod identity;

pub(crate) use identity::{Identity, Role, Transport, Verb};
