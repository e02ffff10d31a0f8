//! Verbs on certificates.

pub(crate) mod create;
