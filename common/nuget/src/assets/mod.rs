//! Which files of a package a project gets.
//!
//! ```text
//! paths ─ pattern ─► properties of each (framework, runtime, language) ─ group ─► groups ─ select ─► the best one
//! ```

mod pattern;
mod places;
mod select;

pub use places::Kind;
pub use select::{Group, PackageFiles, Wanted};
