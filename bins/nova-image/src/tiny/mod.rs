//! The tiny guest image: a kernel and an initial RAM disk with a shell and a guest agent.
//!
//! Everything in it comes from the distribution's own packages. They are downloaded by apt, which
//! verifies them, and unpacked into a cache; nothing is installed and no privilege is needed. What
//! is ours is the order of the boot ([`rootfs`], `files/init`) and the archive itself ([`cpio`]).
//! The same packages give the same bytes.

mod build;
mod catalog;
mod cpio;
mod downloads;
mod elf;
mod error;
mod libraries;
mod modules;
mod packages;
mod rootfs;
mod run;

pub use build::{Built, ImageFile, Step, build};
pub use error::Error;
