//! One file per command.

pub(crate) mod can_i;
pub(crate) mod certificate;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod token;
pub(crate) mod whoami;

/// The roles, from least to most.
const ROLES: [&str; 5] = ["viewer", "operator", "editor", "namespace-admin", "admin"];
