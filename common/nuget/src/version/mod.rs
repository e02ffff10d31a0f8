//! Versions, the ranges that ask for them, and which one is taken.

mod compare;
mod float;
mod number;
mod parse;
mod range;
mod read;
mod sets;

pub use compare::Comparison;
pub use float::{Float, Floating};
pub use number::Version;
pub use parse::VersionError;
pub use range::{Bound, Range};
pub use read::RangeError;
