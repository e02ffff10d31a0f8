//! HTTP and WebSocket transport for the command-line tools.
//!
//! A [`Client`] talks to one [`Endpoint`]: a Unix socket or a URL. It retries what is safe to retry, keeps three deadlines
//! (connect, first byte, whole request), answers repeated reads from a cache, and redacts credentials from whatever it logs.
//! [`block_on`] is the one place where a tool starts its runtime; [`each`] runs bounded work in order.
//!
//! Nothing here knows an API object; status bodies are handed up as bytes in [`Error::Refused`].

#![warn(missing_docs)]

mod body;
mod cache;
mod client;
mod diagnose;
mod dial;
mod endpoint;
mod error;
mod farewell;
mod pool;
mod proxy;
mod request;
mod retry;
mod runtime;
mod secret;
mod send;
mod tls;
mod ws;

pub use body::{BodyStream, Lines};
pub use bytes::Bytes;
pub use cache::{Cache, CacheConfig};
pub use client::{Client, ClientConfig, Deadlines};
pub use endpoint::{Endpoint, EndpointError, Web};
pub use error::{Error, Refusal};
pub use farewell::with_farewell;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method};
pub use request::{Request, Response};
pub use retry::RetryPolicy;
pub use runtime::{block_on, block_on_without_signals, each, each_bounded, interrupted};
pub use secret::Secret;
pub use tls::TlsOptions;
pub use ws::{Frame, WebSocket, WsReader, WsWriter};
