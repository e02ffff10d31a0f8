//! How far a long operation is: a live bar, plain lines, or JSON events.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::term::Terminal;
use crate::units::{format_bytes, format_duration};

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

/// Nothing is drawn before an operation took this long.
const PATIENCE: Duration = Duration::from_millis(300);
/// Plain lines repeat at this pace.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// No estimate before this much time has shown a rate.
const ESTIMATE_AFTER: Duration = Duration::from_secs(3);

/// Shows one operation on stderr. Safe to update from several threads; ends when dropped.
#[derive(Debug)]
pub struct Progress {
    operation: String,
    sink: Sink,
    state: Mutex<State>,
}

#[derive(Debug)]
enum Sink {
    Bar(ProgressBar),
    Plain,
    Json,
    None,
}

#[derive(Debug)]
struct State {
    started: Instant,
    phase: String,
    phase_started: Instant,
    said: Option<Instant>,
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
        let mode = match mode {
            _ if quiet && mode != ProgressMode::Json => ProgressMode::None,
            ProgressMode::Auto if terminal.live() => ProgressMode::Bar,
            ProgressMode::Auto if terminal.stderr || terminal.ci => ProgressMode::Plain,
            // Somebody captures stderr: a script wants errors there, nothing else.
            ProgressMode::Auto => ProgressMode::None,
            mode => mode,
        };
        let now = Instant::now();
        Self {
            operation: operation.to_owned(),
            sink: Sink::new(mode),
            state: Mutex::new(State {
                started: now,
                phase: String::new(),
                phase_started: now,
                said: None,
            }),
        }
    }

    /// Enters a phase; entering the same one again changes nothing.
    pub fn phase(&self, name: &str) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        if state.phase == name {
            return;
        }
        self.end_phase(&state);
        name.clone_into(&mut state.phase);
        state.phase_started = Instant::now();
        match &self.sink {
            Sink::Bar(bar) => bar.set_message(format!("{}: {name}", self.operation)),
            Sink::Plain => {
                say(&format!("{}: {name}", self.operation));
                state.said = Some(Instant::now());
            }
            Sink::Json => self.event("phase.start", name, Amount::default(), None),
            Sink::None => {}
        }
    }

    /// Says how far the current phase is.
    pub fn update(&self, amount: Amount<'_>) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let elapsed = state.phase_started.elapsed();
        let text = describe(amount, elapsed);
        match &self.sink {
            Sink::Bar(bar) => {
                bar.set_message(format!("{}: {} {text}", self.operation, state.phase));
            }
            Sink::Plain => {
                if state.said.is_none_or(|at| at.elapsed() >= PLAIN_EVERY) {
                    state.said = Some(Instant::now());
                    say(&format!("{}: {} {text}", self.operation, state.phase));
                }
            }
            Sink::Json => self.event("step.progress", &state.phase, amount, Some(elapsed)),
            Sink::None => {}
        }
    }

    /// Prints a line above the live region.
    pub fn say(&self, line: &str) {
        match &self.sink {
            Sink::Bar(bar) => bar.suspend(|| say(line)),
            Sink::Plain | Sink::None => say(line),
            Sink::Json => self.event("step.log", line, Amount::default(), None),
        }
    }

    /// Ends the display.
    pub fn finish(&self) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        self.end_phase(&state);
        state.phase.clear();
        match &self.sink {
            Sink::Bar(bar) => bar.finish_and_clear(),
            Sink::Json => self.event("done", "", Amount::default(), Some(state.started.elapsed())),
            Sink::Plain | Sink::None => {}
        }
    }

    fn end_phase(&self, state: &State) {
        let elapsed = state.phase_started.elapsed();
        if state.phase.is_empty() {
            return;
        }
        match &self.sink {
            // A summary line is worth it only for what took a while.
            Sink::Bar(bar) if elapsed >= Duration::from_secs(2) => {
                let line = format!(
                    "{}: {} ({})",
                    self.operation,
                    state.phase,
                    format_duration(elapsed)
                );
                bar.suspend(|| say(&line));
            }
            Sink::Json => self.event("step.end", &state.phase, Amount::default(), Some(elapsed)),
            _ => {}
        }
    }

    fn event(&self, event: &str, phase: &str, amount: Amount<'_>, elapsed: Option<Duration>) {
        let eta = elapsed.and_then(|elapsed| estimate(amount, elapsed));
        let line = serde_json::json!({
            "v": 1,
            "ts": jiff::Timestamp::now().to_string(),
            "op": self.operation,
            "event": event,
            "phase": phase,
            "current": amount.current,
            "total": amount.total,
            "unit": amount.unit,
            "etaMs": eta.map(|eta| u64::try_from(eta.as_millis()).unwrap_or(u64::MAX)),
            "elapsedMs": elapsed.map(|e| u64::try_from(e.as_millis()).unwrap_or(u64::MAX)),
        });
        say(&line.to_string());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Sink::Bar(bar) = &self.sink {
            bar.finish_and_clear();
        }
    }
}

impl Sink {
    fn new(mode: ProgressMode) -> Self {
        match mode {
            ProgressMode::Bar => Self::Bar(spinner()),
            ProgressMode::Plain => Self::Plain,
            ProgressMode::Json => Self::Json,
            ProgressMode::Auto | ProgressMode::None => Self::None,
        }
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    bar.set_style(style);
    let shown = bar.downgrade();
    // Short operations draw nothing at all: the target appears only after the patience is over.
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        if let Some(bar) = shown.upgrade().filter(|bar| !bar.is_finished()) {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    });
    bar
}

/// Progress lines are for people; a closed stderr is no reason to stop the work.
fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

fn describe(amount: Amount<'_>, elapsed: Duration) -> String {
    let show = |n: u64| {
        if amount.unit == "bytes" {
            format_bytes(n)
        } else {
            format!("{n}")
        }
    };
    let mut text = match amount.total {
        0 => show(amount.current),
        total => format!("{}/{}", show(amount.current), show(total)),
    };
    if amount.unit != "bytes" && !amount.unit.is_empty() {
        text = format!("{text} {}", amount.unit);
    }
    if let Some(eta) = estimate(amount, elapsed) {
        text = format!("{text}, {} left", format_duration(eta));
    }
    text
}

fn estimate(amount: Amount<'_>, elapsed: Duration) -> Option<Duration> {
    if amount.current == 0 || amount.total <= amount.current || elapsed < ESTIMATE_AFTER {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
    let share = (amount.total - amount.current) as f64 / amount.current as f64;
    Duration::try_from_secs_f64((elapsed.as_secs_f64() * share).ceil()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_described_with_units_and_an_estimate_after_a_while() {
        let bytes = Amount {
            current: 1 << 20,
            total: 4 << 20,
            unit: "bytes",
        };
        assert_eq!(describe(bytes, Duration::from_secs(1)), "1MiB/4MiB");
        assert_eq!(
            describe(bytes, Duration::from_secs(4)),
            "1MiB/4MiB, 12s left"
        );
        let steps = Amount {
            current: 3,
            total: 8,
            unit: "disks",
        };
        assert_eq!(describe(steps, Duration::ZERO), "3/8 disks");
    }
}
