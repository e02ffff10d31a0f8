//! Who is calling, and what they may do.

mod identity;
mod limits;
mod pki;
mod tls;
mod token;

pub(crate) use identity::{Identity, Role, Transport, Verb};
pub(crate) use limits::{Held, Limits, Permit};
pub(crate) use pki::{Pki, PkiError};
pub(crate) use tls::{identity_of, server_config};
pub(crate) use token::Tokens;
