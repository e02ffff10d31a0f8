//! Simulated machines: no guest, the same behaviour seen from outside.
//!
//! For tests of breadth and scale. The machines live in a file, so they outlive the server as real
//! ones do, and every latency and fault is chosen by [`SimOptions`].

mod engine;
mod guest;
mod hardware;
mod journal;
mod options;
mod power;
mod record;
mod session;
mod shell;
mod slot;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::mpsc;

use self::hardware::Hardware;
use self::options::Faults;
pub(crate) use self::options::SimOptions;
#[cfg(test)]
pub(crate) use self::options::{Call, Effect, Fault};
use super::{Engine, EngineDirs, EngineEvent};

/// The simulator.
#[derive(Debug)]
struct Sim {
    hardware: Arc<Hardware>,
    options: SimOptions,
    faults: Faults,
    stream: Mutex<Option<mpsc::UnboundedReceiver<EngineEvent>>>,
}

/// Opens the simulator whose machines live under `dirs.data`.
pub(crate) fn open(dirs: &EngineDirs, options: SimOptions) -> Arc<dyn Engine> {
    let (sender, stream) = mpsc::unbounded_channel();
    Arc::new(Sim {
        hardware: Arc::new(Hardware::new(dirs.data.join("sim"), sender)),
        faults: Faults::new(options.faults.clone()),
        options,
        stream: Mutex::new(Some(stream)),
    })
}

impl Sim {
    fn take_stream(&self) -> mpsc::UnboundedReceiver<EngineEvent> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // A second caller gets a stream that ends at once.
        stream.take().unwrap_or_else(|| mpsc::unbounded_channel().1)
    }

    /// Lets time work on a machine until nothing is pending.
    fn schedule(&self, uid: &str) {
        let (hardware, uid) = (Arc::clone(&self.hardware), uid.to_owned());
        tokio::spawn(async move {
            while let Some(wait) = hardware.advance(&uid, Timestamp::now()) {
                tokio::time::sleep(wait).await;
            }
        });
    }
}

/// RFC 3339 in whole seconds.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
