//! NuGet without .NET, in rooms that know only what they need.
//!
//! ```text
//! version ── versions, ranges and floating versions, and which version a range takes
//! ```

pub mod version;
