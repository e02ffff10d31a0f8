//! The commands.

mod places;

pub(crate) mod logs;
pub(crate) mod request;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod stop;
