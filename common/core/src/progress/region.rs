//! The one live region of the process, and the thread that draws it.
//!
//! All operations that are shown live stand below each other as the last lines of the terminal.
//! Whoever writes to the terminal meanwhile goes through [`suspend`], which takes the region away
//! first. The cursor stays behind the last line, so nothing needs to be restored.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthStr;

use super::layout::{live, numbers, subject};
use super::state::State;
use super::{Look, PATIENCE, say, since};
use crate::term::{self, Terminal};
use crate::{env, signal};

/// Frames come at this pace.
const FRAME: Duration = Duration::from_millis(100);
/// Plain lines repeat at this pace.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// At most this many lines, and never more than a third of the screen.
const MOST_LINES: usize = 10;

static REGION: Mutex<Region> = Mutex::new(Region::new());
/// Rows on the screen that belong to the region; a signal handler reads it.
static ROWS: AtomicUsize = AtomicUsize::new(0);
/// Bars that exist, so that writers need not take the lock when there are none.
static BARS: AtomicUsize = AtomicUsize::new(0);
static TICKING: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Region {
    bars: Vec<Bar>,
    /// Width of each line on the screen.
    drawn: Vec<usize>,
    /// How many writers have the terminal now.
    paused: usize,
    unicode: bool,
    /// The terminal shows progress in its task bar; whether it does now.
    taskbar: Option<bool>,
}

#[derive(Debug)]
struct Bar {
    number: u64,
    look: Look,
    state: Arc<Mutex<State>>,
}

/// Shows an operation from now on; the answer names it to [`remove`].
pub(super) fn add(state: &Arc<Mutex<State>>, look: Look, terminal: &Terminal) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut region = lock();
    region.unicode = terminal.unicode;
    if region.taskbar.is_none() && look == Look::Live && has_taskbar() {
        region.taskbar = Some(false);
    }
    region.bars.push(Bar {
        number,
        look,
        state: Arc::clone(state),
    });
    BARS.store(region.bars.len(), Ordering::SeqCst);
    drop(region);
    if !TICKING.swap(true, Ordering::SeqCst) {
        signal::before_death(erase_from_signal);
        std::thread::spawn(tick);
    }
    number
}

/// Takes an operation away, with its line.
pub(super) fn remove(number: u64) {
    let mut region = lock();
    region.bars.retain(|bar| bar.number != number);
    BARS.store(region.bars.len(), Ordering::SeqCst);
    if !region.drawn.is_empty() {
        region.draw();
    }
}

pub(super) fn suspend<T>(write: impl FnOnce() -> T) -> T {
    if BARS.load(Ordering::SeqCst) == 0 && ROWS.load(Ordering::SeqCst) == 0 {
        return write();
    }
    let mut region = lock();
    region.clear();
    region.paused += 1;
    drop(region);
    let result = write();
    lock().paused -= 1;
    result
}

/// A thread that panicked while it drew leaves a region that can still be drawn.
fn lock() -> MutexGuard<'static, Region> {
    REGION
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Lives as long as the process: it sleeps while there is nothing to show.
fn tick() {
    loop {
        std::thread::sleep(FRAME);
        if BARS.load(Ordering::SeqCst) == 0 {
            continue;
        }
        let mut region = lock();
        if region.paused == 0 {
            region.plain_lines();
            region.draw();
        }
    }
}

impl Region {
    const fn new() -> Self {
        Self {
            bars: Vec::new(),
            drawn: Vec::new(),
            paused: 0,
            unicode: false,
            taskbar: None,
        }
    }

    /// Replaces what is on the screen by the present state, in one write.
    fn draw(&mut self) {
        let (width, height) = term::size_of_stderr();
        let lines = self.lines(width, height);
        if lines.is_empty() && self.drawn.is_empty() {
            return;
        }
        let mut text = self.erasing(width);
        text.push_str(&lines.join("\n"));
        text.push_str(&self.taskbar_code());
        self.drawn = lines.iter().map(|line| line.width()).collect();
        ROWS.store(self.drawn.len(), Ordering::SeqCst);
        drop(std::io::stderr().write_all(text.as_bytes()));
    }

    fn clear(&mut self) {
        if self.drawn.is_empty() {
            return;
        }
        let (width, _) = term::size_of_stderr();
        let text = self.erasing(width);
        self.drawn.clear();
        drop(std::io::stderr().write_all(text.as_bytes()));
        ROWS.store(0, Ordering::SeqCst);
    }

    /// Moves to the first column of the region and clears from there.
    fn erasing(&self, width: usize) -> String {
        let rows = term::rows_of(&self.drawn, width);
        let mut text = String::new();
        if rows > 0 {
            text.push('\r');
        }
        if rows > 1 {
            text = format!("{text}\x1b[{}A", rows - 1);
        }
        if rows > 0 {
            text.push_str("\x1b[J");
        }
        text
    }

    fn lines(&self, width: usize, height: usize) -> Vec<String> {
        let most = (height / 3).clamp(1, MOST_LINES);
        let mut lines = Vec::new();
        for bar in self.bars.iter().filter(|bar| bar.look == Look::Live) {
            let Ok(mut state) = bar.state.lock() else {
                continue;
            };
            if since(state.started) < PATIENCE {
                continue;
            }
            state.live = true;
            lines.push(live(&state.snapshot(), width, self.unicode));
        }
        if lines.len() > most {
            let hidden = lines.len() - most + 1;
            lines.truncate(most - 1);
            lines.push(format!("  and {hidden} more"));
        }
        lines
    }

    /// Progress in the task bar (OSC 9;4) follows the first operation that knows its share.
    fn taskbar_code(&mut self) -> String {
        let Some(shown) = self.taskbar else {
            return String::new();
        };
        let percent = self
            .bars
            .iter()
            .find_map(|bar| bar.state.lock().ok()?.meter.percent());
        self.taskbar = Some(percent.is_some());
        match percent {
            Some(percent) => format!("\x1b]9;4;1;{percent}\x1b\\"),
            None if shown => "\x1b]9;4;0\x1b\\".to_owned(),
            None => String::new(),
        }
    }

    fn plain_lines(&self) {
        for bar in self.bars.iter().filter(|bar| bar.look != Look::Live) {
            let Ok(mut state) = bar.state.lock() else {
                continue;
            };
            if since(state.started) < PATIENCE {
                continue;
            }
            let due = state.said.is_none_or(|at| since(at) >= PLAIN_EVERY);
            if due || state.phase != state.said_phase {
                say(&plain(&state, bar.look));
                state.said = Some(Instant::now());
                let phase = state.phase.clone();
                state.said_phase = phase;
            }
        }
    }
}

fn plain(state: &State, look: Look) -> String {
    let shown = state.snapshot();
    let mut parts = vec![subject(&shown)];
    parts.extend(numbers(&shown));
    let again = state.said.is_some() && state.said_phase == state.phase;
    if again && parts.len() == 1 {
        parts.push(format!("{}s", shown.elapsed.as_secs()));
    }
    match look {
        Look::Sentences => sentence(&parts),
        _ => parts.join(", "),
    }
}

/// Read aloud, `45%` is fine but a line without an end is not.
fn sentence(parts: &[String]) -> String {
    let text = parts.join(", ");
    let mut letters = text.chars();
    let first = letters
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().collect());
    format!("{first}{}.", letters.as_str().replace('%', " percent"))
}

fn has_taskbar() -> bool {
    let program = env::get(env::TERM_PROGRAM).unwrap_or_default();
    env::get(env::WT_SESSION).is_some() || matches!(program.as_str(), "ghostty" | "WezTerm")
}

/// Takes the region off the screen; only what a signal handler may do.
fn erase_from_signal() {
    let rows = ROWS.swap(0, Ordering::SeqCst).min(MOST_LINES);
    if rows == 0 {
        return;
    }
    let mut bytes = [0_u8; 4 + 3 * MOST_LINES];
    let mut end = 0;
    let mut push = |part: &[u8]| {
        bytes[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    };
    push(b"\r");
    for _ in 1..rows {
        push(b"\x1b[A");
    }
    push(b"\x1b[J");
    // The process ends by the signal, whatever becomes of the line.
    let _ = rustix::io::write(rustix::stdio::stderr(), &bytes[..end]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrower_terminal_has_wrapped_what_was_drawn() {
        let region = Region {
            drawn: vec![70, 10],
            ..Region::new()
        };
        assert_eq!(region.erasing(80), "\r\x1b[1A\x1b[J");
        assert_eq!(region.erasing(40), "\r\x1b[2A\x1b[J");
        assert_eq!(region.erasing(0), "\r\x1b[79A\x1b[J");
        assert_eq!(Region::new().erasing(80), "");
    }

    #[test]
    fn sentences_end_and_spell_percent() {
        let parts = ["creating vm/a: disk".to_owned(), "45%".to_owned()];
        assert_eq!(sentence(&parts), "Creating vm/a: disk, 45 percent.");
    }
}
