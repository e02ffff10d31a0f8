//! The HTTP side of the server.

pub(crate) mod error;

/// Plurals of every kind that this server knows.
pub(crate) const PLURALS: &[&str] = &[
    "namespaces",
    "events",
    "virtualmachines",
    "images",
    "operations",
    "nodes",
];
