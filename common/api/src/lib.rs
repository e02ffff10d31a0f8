//! Objects of the NovaCron API and a client for it.
//!
//! [`types`] holds the objects, selectors, quantities and messages; the server needs nothing else. The client lives behind
//! the cargo feature `client`. The types read objects, they are not meant to rewrite them: fields that a newer server sends
//! are ignored when reading, so a change travels as a patch and storage keeps the JSON it was given.

#![warn(missing_docs)]

#[cfg(feature = "client")]
pub mod client;
pub mod types;

#[cfg(feature = "client")]
pub use client::{Api, ApiError};
pub use types::*;
