//! What Kubernetes' decoder says of a body that it cannot read. Clients show these words, and people
//! look them up.

mod fields;
mod syntax;

pub(super) use fields::{cannot, metadata_fault};
pub(super) use syntax::syntax_fault;
