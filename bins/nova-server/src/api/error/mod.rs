//! The one error body of the API: a Kubernetes `Status` with a member `nova`.

mod cause;
mod fault;
mod make;

pub(crate) use cause::Cause;
pub(crate) use fault::{ApiError, Raised};
