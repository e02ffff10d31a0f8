//! What projects say.

mod codes;
mod values;

pub use codes::{codes, is_code};
pub use values::{ClearMixed, has_clear, is_false, is_true, list, list_or_clear, trimmed};
