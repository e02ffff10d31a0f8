//! NuGet.config: which files count, what they say together, and where packages lie.
//!
//! ```text
//! Surroundings ─ discover ─► paths ─ file ─► sections of each ─ merge ─► Settings
//!                                                                          ├─ source    feeds, credentials
//!                                                                          └─ folders   packages, fallbacks
//! ```

mod discover;
mod error;
mod file;
mod folders;
mod mapping;
mod merge;
mod source;
mod surroundings;

pub use error::ConfigError;
pub use file::{Attributes, Entry};
pub use mapping::Mapping;
pub use merge::{Merged, Settings};
pub use source::{Credentials, Password, Source};
pub use surroundings::Surroundings;
