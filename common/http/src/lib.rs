//! nova-http
