//! Values of flags, parsed into what the API wants.

mod disk;
mod pairs;
mod port;

pub(crate) use disk::DiskFlag;
pub(crate) use pairs::{Annotation, Label, LabelChange};
pub(crate) use port::PortFlag;

/// Reads a duration flag.
pub(crate) fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    nova_core::units::parse_duration(text).map_err(|error| error.to_string())
}
