//! What runs virtual machines: one trait, and the engines behind it.
//!
//! An engine is told what should exist and reports what does. Every call is idempotent and keyed by
//! the VM's uid, so that the controller may repeat it after a crash without asking what happened
//! before. An engine never touches API objects; it sees a resolved [`Machine`] and answers facts.

mod dirs;
mod machine;
mod pending;
pub(crate) mod qemu;
#[cfg(test)]
mod sample;
pub(crate) mod sim;

use std::collections::BTreeSet;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub(crate) use dirs::EngineDirs;
pub(crate) use machine::{
    Accelerator, Boot, CloudInit, Disk, DiskSource, Machine, MachineType, Nic, Port, Protocol,
};

/// A boxed future of an engine call; boxed so that [`Engine`] can be a trait object.
pub(crate) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// The uid of a VM object, a hyphenated UUID; also the SMBIOS UUID of the guest.
pub(crate) type Uid = String;

/// Runs virtual machines.
pub(crate) trait Engine: Send + Sync + 'static {
    /// The engine's name as in `status.engine`: `qemu` or `sim`.
    fn name(&self) -> &'static str;

    /// Feature strings of this engine on this machine (`exec`, `live-resize`, …), sorted.
    fn features(&self) -> Vec<String>;

    /// Versions of the programs underneath, for `Node.status.versions` (`qemu` → `7.2.22`).
    fn versions(&self) -> Vec<(String, String)>;

    /// Hands out the stream of engine events. Called once, before any other call.
    fn events(&self) -> mpsc::UnboundedReceiver<EngineEvent>;

    /// Finds what survived an earlier server: adopts the machines in `known`, ends and removes
    /// everything of this data directory that belongs to no known uid. Called once at start.
    fn recover(&self, known: BTreeSet<Uid>) -> Work<'_, Recovery>;

    /// Makes directories and disks. Reports progress as it copies.
    fn provision<'a>(&'a self, machine: &'a Machine, progress: &'a Progress) -> Work<'a, ()>;

    /// Starts the machine, or answers the facts of the one that already runs.
    /// With `paused` the guest does not execute until [`Engine::resume`].
    fn start<'a>(&'a self, machine: &'a Machine, paused: bool) -> Work<'a, Running>;

    /// Freezes the guest's CPUs.
    fn pause<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()>;

    /// Lets a paused guest go on.
    fn resume<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()>;

    /// Asks the guest to power down. Returns when the request is delivered; the exit arrives as
    /// [`EngineEvent::Exited`].
    fn shutdown<'a>(&'a self, uid: &'a Uid, method: ShutdownMethod) -> Work<'a, ()>;

    /// Ends the machine at once; returns when its process is gone. Not running is success.
    fn kill<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()>;

    /// Asks the guest to reboot (`Soft`, through its agent) or resets it (`Hard`).
    fn reboot<'a>(&'a self, uid: &'a Uid, mode: RebootMode) -> Work<'a, ()>;

    /// Ends the machine and removes everything of it. Absent is success.
    fn destroy<'a>(&'a self, uid: &'a Uid) -> Work<'a, ()>;

    /// What is true of the machine now.
    fn observe<'a>(&'a self, uid: &'a Uid) -> Work<'a, Observation>;

    /// Applies what can change while the machine runs; answers what waits for a restart.
    fn apply_live<'a>(&'a self, old: &'a Machine, new: &'a Machine)
    -> Work<'a, Vec<PendingChange>>;

    /// Asks the guest's agent who it is. Fails with `AgentUnavailable` without one.
    fn guest_info<'a>(&'a self, uid: &'a Uid) -> Work<'a, GuestInfo>;

    /// Runs a command in the guest.
    fn exec<'a>(&'a self, uid: &'a Uid, request: ExecRequest) -> Work<'a, ExecSession>;

    /// One sample of what the machine uses.
    fn stats<'a>(&'a self, uid: &'a Uid) -> Work<'a, Usage>;

    /// Where the machine's console or engine output is kept; the file may not exist yet.
    fn log_file(&self, uid: &Uid, source: LogSource) -> Option<PathBuf>;
}

/// What [`Engine::recover`] found.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    /// Uids of machines that run on and are held again.
    pub(crate) adopted: Vec<Uid>,
    /// What was ended or removed because no known VM owns it, in words for the log.
    pub(crate) removed: Vec<String>,
}

/// Facts of a machine that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Running {
    /// Process id on this host, if there is a process.
    pub(crate) pid: Option<u32>,
    /// When the process started, RFC 3339 UTC.
    pub(crate) started_at: String,
    /// `kvm`, `tcg` or `sim`.
    pub(crate) accelerator: String,
    /// The forwards in force, with the host ports that were chosen.
    pub(crate) ports: Vec<Port>,
}

/// What [`Engine::observe`] saw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Observation {
    /// Nothing of this uid exists.
    Absent,
    /// Provisioned and off, with how it last ended where known.
    Off { last_exit: Option<Exit> },
    /// A process holds the machine.
    On {
        running: Running,
        paused: bool,
        agent: bool,
    },
}

/// How a machine ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exit {
    /// Exit code of the process, where it could be waited for.
    pub(crate) code: Option<i32>,
    /// Signal that ended the process.
    pub(crate) signal: Option<i32>,
    /// Why.
    pub(crate) reason: ExitReason,
    /// One sentence for people; holds the last line of the engine's own output on a bad start.
    pub(crate) message: String,
    /// RFC 3339 UTC.
    pub(crate) at: String,
}

/// Why a machine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExitReason {
    /// The guest powered itself down, on request or by itself.
    GuestShutdown,
    /// We ended it (`quit` or a kill of ours).
    Forced,
    /// The process died of something else: a crash, the OOM killer, a foreign signal.
    Crashed,
    /// The process did not come up.
    StartFailed,
}

/// Something happened to a machine without a call of ours, or as the effect of one.
#[derive(Debug, Clone)]
pub(crate) enum EngineEvent {
    /// The machine is off.
    Exited { uid: Uid, exit: Exit },
    /// The guest agent answered for the first time since boot, or went away.
    Agent { uid: Uid, connected: bool },
    /// The guest's CPUs stopped or went on.
    Paused { uid: Uid },
    /// The guest rebooted.
    Rebooted { uid: Uid },
}

/// How to ask a guest to power down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShutdownMethod {
    /// Through the guest agent.
    Agent,
    /// The ACPI power button.
    Acpi,
}

/// How to reboot a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RebootMode {
    /// Through the guest agent.
    Soft,
    /// A reset of the machine.
    Hard,
}

/// A change that a running machine could not take, as in `status.pendingChanges`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingChange {
    /// Field path, `spec.resources.cpu`.
    pub(crate) path: String,
    /// Value in force.
    pub(crate) current: String,
    /// Value wanted.
    pub(crate) wanted: String,
    /// `restart` or `power-off`.
    pub(crate) requires: String,
}

/// What the guest agent tells of the guest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GuestInfo {
    /// Pretty name of the operating system.
    pub(crate) os: Option<String>,
    /// Kernel release.
    pub(crate) kernel: Option<String>,
    /// Host name.
    pub(crate) hostname: Option<String>,
    /// Version of the agent.
    pub(crate) agent_version: Option<String>,
    /// Addresses by MAC, loopback left out.
    pub(crate) addresses: Vec<GuestAddress>,
}

/// One address of a guest's interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GuestAddress {
    /// Hardware address, lower case with colons.
    pub(crate) mac: String,
    /// Address without prefix length.
    pub(crate) ip: String,
}

/// A command to run in a guest.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExecRequest {
    /// Program and arguments, no shell.
    pub(crate) command: Vec<String>,
    /// Variables added to the guest's environment.
    pub(crate) env: Vec<(String, String)>,
    /// Working directory in the guest.
    pub(crate) cwd: Option<String>,
    /// User to run as.
    pub(crate) user: Option<String>,
    /// Whether the caller will send standard input; `false` gives the command an empty one.
    pub(crate) stdin: bool,
    /// End the command after this time.
    pub(crate) timeout: Option<Duration>,
}

/// A command that runs in a guest. Dropping `input` ends its standard input.
#[derive(Debug)]
pub(crate) struct ExecSession {
    /// Process id in the guest.
    pub(crate) pid: u64,
    /// To the command: standard input and signals.
    pub(crate) input: mpsc::Sender<ExecInput>,
    /// From the command; the last item is always [`ExecOutput::Exit`] or an error.
    pub(crate) output: mpsc::Receiver<Result<ExecOutput, EngineError>>,
}

/// What a caller sends to a running command.
#[derive(Debug)]
pub(crate) enum ExecInput {
    /// Bytes for its standard input.
    Stdin(Vec<u8>),
    /// End of its standard input.
    Eof,
    /// A signal by name without `SIG`: `INT`, `TERM`, `KILL`.
    Signal(String),
}

/// What a running command sends back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExecOutput {
    /// Bytes of standard output.
    Stdout(Vec<u8>),
    /// Bytes of standard error.
    Stderr(Vec<u8>),
    /// The command ended; all output was sent before.
    Exit {
        code: Option<i32>,
        signal: Option<i32>,
    },
}

/// One sample of usage. Counters grow from the start of the machine; rates are the caller's work.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    /// CPU time of the machine's process, seconds.
    pub(crate) cpu_time_seconds: f64,
    /// Resident memory of the process, bytes.
    pub(crate) memory_used: u64,
    /// Balloon size: memory the guest may use, bytes.
    pub(crate) memory_balloon: Option<u64>,
    /// Bytes the guest received and sent.
    pub(crate) net_rx: u64,
    pub(crate) net_tx: u64,
    /// Bytes the guest read and wrote.
    pub(crate) disk_read: u64,
    pub(crate) disk_write: u64,
    /// RFC 3339 UTC.
    pub(crate) sampled_at: String,
}

/// Which output of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogSource {
    /// The guest's serial console.
    Console,
    /// The engine's own output.
    Engine,
}

/// Where a long engine call says how far it is: step name, done, total, unit.
#[derive(Clone, Default)]
pub(crate) struct Progress(Option<std::sync::Arc<ProgressSink>>);

type ProgressSink = dyn Fn(&str, u64, u64, &str) + Send + Sync;

impl Progress {
    /// Reports to `sink`.
    pub(crate) fn new(sink: impl Fn(&str, u64, u64, &str) + Send + Sync + 'static) -> Self {
        Self(Some(std::sync::Arc::new(sink)))
    }

    /// `current` of `total` `unit` of `step` are done.
    pub(crate) fn report(&self, step: &str, current: u64, total: u64, unit: &str) {
        if let Some(sink) = &self.0 {
            sink(step, current, total, unit);
        }
    }
}

/// What can go wrong in an engine. The controller maps each to a reason and an HTTP status.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum EngineError {
    /// A program that the engine needs is not installed.
    #[error("{program} is not installed, so {feature} is not possible")]
    MissingProgram { program: String, feature: String },
    /// A file that the machine needs is missing.
    #[error("{what} {path} does not exist")]
    MissingFile { what: &'static str, path: String },
    /// The spec asks for something that this engine refuses.
    #[error("{0}")]
    Invalid(String),
    /// Something else holds the resource (a port, an image lock).
    #[error("{0}")]
    Conflict(String),
    /// Not enough memory, disk or the like.
    #[error("{0}")]
    Insufficient(String),
    /// The machine is not running.
    #[error("the machine is not running")]
    NotRunning,
    /// The guest agent does not answer.
    #[error("{0}")]
    AgentUnavailable(String),
    /// The guest refused or failed to do it.
    #[error("{0}")]
    Guest(String),
    /// No answer in time.
    #[error("{what} did not answer within {}", humantime(*after))]
    Timeout { what: String, after: Duration },
    /// This engine cannot do it.
    #[error("{0}")]
    NotSupported(String),
    /// Anything else; `0` is safe to show, paths included.
    #[error("{0}")]
    Other(String),
}

fn humantime(d: Duration) -> String {
    format!("{} s", d.as_secs_f64())
}
