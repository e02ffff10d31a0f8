//! NuGet without .NET, in rooms that know only what they need.
//!
//! ```text
//! config    ── NuGet.config: feeds, credentials, folders, and which feed a package may come from
//! folder    ── packages on disk, and their hashes
//! framework ── target frameworks and runtimes: names, which takes which, which is nearest
//! nuspec    ── what a package says of itself
//! project   ── what projects say: values of properties, codes of messages
//! version   ── versions, ranges and floating versions, and which version a range takes
//! ```

pub mod assets;
pub mod config;
pub mod folder;
pub mod framework;
pub mod nuspec;
pub mod project;
pub mod version;
