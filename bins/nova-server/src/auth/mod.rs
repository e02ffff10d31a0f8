//! Who is calling, and what they may do.

mod access;
mod identity;
mod limits;
mod pki;
mod rights;
pub(crate) mod secret;
mod tls;

pub(crate) use access::{Access, SECRETS, TOKENS, USERS};
pub(crate) use identity::{Credential, Identity, Role, Transport, Verb};
pub(crate) use limits::{Held, Limits, Permit};
pub(crate) use pki::{Authority, PkiError};
pub(crate) use rights::{Ask, Scope};
pub(crate) use tls::{identity_of, server_config};
