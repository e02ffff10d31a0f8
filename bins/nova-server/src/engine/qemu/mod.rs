//! Real machines: one QEMU process per VM, which outlives the server.
//!
//! The server holds no more of a VM than its control socket and a pidfd. What another server left is
//! found again by its command line and verified by pid, start time and UUID.

mod adopt;
mod argv;
mod attach;
mod disks;
mod engine;
mod errors;
mod exec;
mod info;
mod launch;
mod layout;
mod live;
mod logs;
mod ports;
mod power;
mod probe;
mod proc;
mod process;
mod qga;
mod qmp;
mod record;
mod seed;
mod supervise;
mod usage;
mod vm;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::mpsc;

use self::vm::Core;
use super::{Engine, EngineDirs, EngineEvent};

/// The engine.
#[derive(Debug)]
struct Qemu {
    core: Arc<Core>,
    stream: Mutex<Option<mpsc::UnboundedReceiver<EngineEvent>>>,
}

/// Opens the engine on its directories. Succeeds without QEMU, which then is asked for at the first
/// call that needs it.
pub(crate) fn open(dirs: EngineDirs) -> Arc<dyn Engine> {
    let (sender, stream) = mpsc::unbounded_channel();
    Arc::new(Qemu {
        core: Arc::new(Core::new(dirs, sender)),
        stream: Mutex::new(Some(stream)),
    })
}

impl Qemu {
    fn take_stream(&self) -> mpsc::UnboundedReceiver<EngineEvent> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // A second caller gets a stream that ends at once.
        stream.take().unwrap_or_else(|| mpsc::unbounded_channel().1)
    }
}

/// RFC 3339 in whole seconds.
fn timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
