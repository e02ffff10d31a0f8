//! The HTTP side of the server: Kubernetes-shaped resources of any kind.

pub(crate) mod apply;
mod auth;
mod cluster;
mod columns;
mod compress;
mod content;
mod discovery;
pub(crate) mod error;
mod health;
mod idempotency;
mod item;
pub(crate) mod kinds;
mod list;
mod metrics;
mod middleware;
mod negotiate;
mod openapi;
mod operations;
mod proto;
mod render;
mod request;
mod reviews;
mod router;
mod select;
mod token;
mod watch;
pub(crate) mod write;

#[cfg(test)]
mod tests;

pub(crate) use health::VERSION;
pub(crate) use router::router;

/// Every kind that the store may hold: the plurals of the registry, and kinds that no route serves.
pub(crate) const PLURALS: &[&str] = &[
    "namespaces",
    "events",
    "virtualmachines",
    "images",
    "operations",
    "nodes",
    "machinerecords",
    "tokens",
    "users",
    crate::auth::SECRETS,
];
