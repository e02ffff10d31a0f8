//! nova-dispatch
