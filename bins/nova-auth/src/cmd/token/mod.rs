//! Verbs on tokens.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke;

/// Name of a token.
type TokenName = nova_api::ObjectName<nova_api::Token>;
