//! The life of the process: one server per data directory, its listeners, its end.

mod ask;
mod ending;
mod listen;
mod lock;
mod logfile;
mod loopback;
mod remote;
mod run;
mod serve;
mod settings;

pub(crate) use ask::Running;
pub(crate) use run::{EngineChoice, Options, run};
