//! How far a long operation is: a live region, plain lines, or JSON events, always on stderr.
//!
//! ```text
//! Progress::new ──> shared state <── phase, update, fail
//!                        │
//!     live, plain: the one ticker thread shows it ten times a second (region.rs)
//!     json:        every change is written at once as an event (event.rs)
//! ```
//!
//! Nothing is shown of an operation that takes less than 300 ms. A dropped [`Progress`] takes its
//! line away, and so does a signal that ends the process.

mod event;
mod layout;
mod meter;
mod region;
mod state;

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::output::escape_cell;
use crate::term::Terminal;
use crate::units::format_duration;

use event::{Event, Events};
use state::{Snapshot, State};

/// How progress is shown, the value of `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProgressMode {
    /// A bar on a terminal, else plain lines.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// One line at each phase and every ten seconds.
    Plain,
    /// One JSON event per line.
    Json,
    /// Nothing.
    None,
}

impl ProgressMode {
    /// Every mode by its name.
    pub const ALL: [(&'static str, Self); 5] = [
        ("auto", Self::Auto),
        ("bar", Self::Bar),
        ("plain", Self::Plain),
        ("json", Self::Json),
        ("none", Self::None),
    ];
}

/// Nothing is shown before an operation took this long.
const PATIENCE: Duration = Duration::from_millis(300);

/// Shows one operation on stderr. Safe to update from several threads; ends when dropped.
#[derive(Debug)]
pub struct Progress {
    state: Arc<Mutex<State>>,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    /// Shown by the ticker, under this number.
    Ticker(u64),
    Events(Events),
    None,
}

/// How a bar of the ticker looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Live,
    Plain,
    Sentences,
}

/// How far a phase is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Amount<'a> {
    /// Done so far.
    pub current: u64,
    /// All of it; 0 when unknown.
    pub total: u64,
    /// `bytes` is shown in binary units, anything else as it stands.
    pub unit: &'a str,
}

impl Progress {
    /// Progress of `operation`, a phrase such as `creating vm/a`.
    #[must_use]
    pub fn new(mode: ProgressMode, quiet: bool, terminal: &Terminal, operation: &str) -> Self {
        Self::start(resolve(mode, quiet, terminal), terminal, operation, None)
    }

    /// The same, as events on an open file descriptor when one is named.
    pub(crate) fn start(
        mode: ProgressMode,
        terminal: &Terminal,
        operation: &str,
        fd: Option<u32>,
    ) -> Self {
        let state = Arc::new(Mutex::new(State::new(&escape_cell(operation))));
        let look = if terminal.accessible {
            Look::Sentences
        } else {
            Look::Plain
        };
        let sink = match (fd.and_then(descriptor), mode) {
            (Some(file), _) => Sink::Events(Events::to(file)),
            (None, ProgressMode::Bar) => Sink::Ticker(region::add(&state, Look::Live, terminal)),
            (None, ProgressMode::Plain) => Sink::Ticker(region::add(&state, look, terminal)),
            (None, ProgressMode::Json) => Sink::Events(Events::to_stderr()),
            (None, ProgressMode::Auto | ProgressMode::None) => Sink::None,
        };
        Self { state, sink }
    }

    /// Enters a phase; entering the same one again changes nothing.
    pub fn phase(&self, name: &str) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let name = escape_cell(name);
        if state.phase == name {
            return;
        }
        let ended = state.enter(&name);
        let event = Event::new("phase.start", &state, "running");
        drop(state);
        self.ended(ended.as_ref(), "completed");
        self.send(&event);
    }

    /// Says how far the current phase is.
    pub fn update(&self, amount: Amount<'_>) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        state.update(amount);
        if let Sink::Events(_) = &self.sink {
            let event = Event::new("step.progress", &state, "running");
            drop(state);
            self.send(&event);
        }
    }

    /// Prints a line above the live region.
    pub fn say(&self, line: &str) {
        match &self.sink {
            Sink::Events(events) => {
                let Ok(state) = self.state.lock() else { return };
                events.send(&Event::new("step.log", &state, "running").message(line));
            }
            Sink::Ticker(_) | Sink::None => suspend(|| say(line)),
        }
    }

    /// Ends the display.
    pub fn finish(&self) {
        self.end("completed");
    }

    /// Takes the display away: the work was given up.
    pub fn abort(&self) {
        self.end("cancelled");
    }

    fn end(&self, status: &'static str) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        if state.over {
            return;
        }
        let ended = state.enter("");
        state.over = true;
        let done = Event::done(&state, status);
        drop(state);
        if let Sink::Ticker(number) = self.sink {
            region::remove(number);
        }
        self.ended(ended.as_ref(), status);
        self.send(&done);
    }

    /// Tells the end of a phase: as an event, or above the region when it took a while.
    fn ended(&self, phase: Option<&Snapshot>, status: &'static str) {
        let Some(phase) = phase else { return };
        match &self.sink {
            Sink::Events(events) => events.send(&Event::of(phase, "step.end", status)),
            Sink::Ticker(_) if status == "completed" && phase.live && phase.elapsed >= PATIENCE => {
                suspend(|| say(&summary(phase)));
            }
            Sink::Ticker(_) | Sink::None => {}
        }
    }

    fn send(&self, event: &Event) {
        if let Sink::Events(events) = &self.sink {
            events.send(event);
        }
    }
}

impl Drop for Progress {
    /// Whoever did not say that it is finished was interrupted or failed.
    fn drop(&mut self) {
        self.end("failed");
    }
}

/// What `auto` and `-q` mean on this terminal.
pub(crate) fn resolve(mode: ProgressMode, quiet: bool, terminal: &Terminal) -> ProgressMode {
    match mode {
        _ if quiet && mode != ProgressMode::Json => ProgressMode::None,
        ProgressMode::Auto if terminal.live() => ProgressMode::Bar,
        ProgressMode::Auto => ProgressMode::Plain,
        // Without cursor movement a bar is a heap of lines.
        ProgressMode::Bar if terminal.dumb || terminal.accessible => ProgressMode::Plain,
        mode => mode,
    }
}

fn summary(phase: &Snapshot) -> String {
    let took = format_duration(phase.elapsed);
    format!("{}: {} ({took})", phase.operation, phase.phase)
}

/// Runs `write` while the live region is away, so that its lines do not mix with the region.
pub fn suspend<T>(write: impl FnOnce() -> T) -> T {
    region::suspend(write)
}

/// Progress lines are for people; a closed stderr is no reason to stop the work.
fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// An open file descriptor that a caller handed down.
fn descriptor(fd: u32) -> Option<std::fs::File> {
    let path = format!("/proc/self/fd/{fd}");
    OpenOptions::new()
        .append(true)
        .open(&path)
        .inspect_err(|error| tracing::debug!(%error, path, "cannot open the progress descriptor"))
        .ok()
}

/// The time since `then`, for tests one that never goes back.
fn since(then: Instant) -> Duration {
    then.elapsed()
}
