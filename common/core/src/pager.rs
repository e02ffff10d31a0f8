//! Long output of commands that only read goes through a pager, when a person is there to page.
//!
//! The pager starts when more lines than the screen has were written; shorter output never meets
//! it. Leaving it early is no error: the writer sees a closed pipe, which ends the command quietly.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

use unicode_width::UnicodeWidthStr;

use crate::{Cx, env, progress};

/// A writer to stdout that turns to a pager once the screen is full.
#[derive(Debug)]
pub(crate) struct Pager {
    command: Vec<String>,
    width: usize,
    height: usize,
    held: Vec<u8>,
    rows: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Everything still fits on the screen.
    Holding,
    Paging(Child),
    /// There is no pager, or it could not be started.
    Direct,
}

impl Cx {
    /// Standard output for a command that only reads: through a pager when that is wanted and the
    /// output turns out to be long.
    #[must_use]
    pub fn paged_stdout(&self) -> Box<dyn Write> {
        let terminal = self.terminal();
        // A forced terminal is a file that somebody looks at later.
        let screen = terminal.stdin && terminal.stdout && env::get(env::NOVA_FORCE_TTY).is_none();
        if !screen || terminal.dumb || self.globals().no_pager || self.globals().quiet >= 2 {
            return self.stdout();
        }
        let configured = self
            .config()
            .ok()
            .and_then(|config| config.text("global.pager"));
        match Pager::new(&pager_of(configured), (terminal.width, terminal.height)) {
            Some(pager) => Box::new(pager),
            None => self.stdout(),
        }
    }
}

/// `NOVA_PAGER`, the configuration, `PAGER`, else `less`.
pub(crate) fn pager_of(configured: Option<String>) -> String {
    let own = env::get(env::NOVA_PAGER);
    let found = own.or(configured).or_else(|| env::get(env::PAGER));
    found.unwrap_or_else(|| "less".to_owned())
}

impl Pager {
    /// A pager of this command for a screen of so many columns and lines; nothing when the command
    /// is empty or `cat`, which both mean none.
    pub(crate) fn new(command: &str, (width, height): (usize, usize)) -> Option<Self> {
        let command = shell_words::split(command).ok()?;
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        if matches!(words.as_slice(), [] | ["" | "cat"]) {
            return None;
        }
        Some(Self {
            command,
            width: width.max(1),
            // The shell's prompt takes a line too.
            height: height.saturating_sub(1).max(1),
            held: Vec::new(),
            rows: 0,
            state: State::Holding,
        })
    }

    fn start(&mut self) -> io::Result<()> {
        let (program, arguments) = self.command.split_first().ok_or(io::ErrorKind::NotFound)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped());
        if env::get(env::LESS).is_none() {
            // Leave when it all fits, show colours, leave the text on the screen.
            command.env(env::LESS, "FRX");
        }
        self.state = match progress::suspend(|| command.spawn()) {
            Ok(child) => {
                leave_interrupts_to_the_pager();
                State::Paging(child)
            }
            // A pager that is not there is no reason to show nothing.
            Err(error) => {
                tracing::info!(%error, program, "cannot run the pager");
                State::Direct
            }
        };
        let held = std::mem::take(&mut self.held);
        self.pass(&held)
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.state {
            State::Holding => self.held.write_all(bytes),
            State::Direct => io::stdout().write_all(bytes),
            State::Paging(child) => match &mut child.stdin {
                Some(pipe) => pipe.write_all(bytes),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            },
        }
    }

    fn end(&mut self) {
        if matches!(self.state, State::Holding) {
            self.state = State::Direct;
            let held = std::mem::take(&mut self.held);
            // A closed pipe has had enough.
            drop(self.pass(&held).and_then(|()| io::stdout().flush()));
        }
        if let State::Paging(child) = &mut self.state {
            drop(child.stdin.take());
            drop(child.wait());
            self.state = State::Direct;
        }
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if matches!(self.state, State::Holding) {
            self.rows += rows(bytes, self.width);
            if self.rows > self.height {
                self.start()?;
            }
        }
        self.pass(bytes)?;
        Ok(bytes.len())
    }

    /// What fits on the screen is held until the end: only then it is known that it fits.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Holding => Ok(()),
            State::Direct => io::stdout().flush(),
            State::Paging(child) => child.stdin.as_mut().map_or(Ok(()), Write::flush),
        }
    }
}

impl Drop for Pager {
    fn drop(&mut self) {
        self.end();
    }
}

/// Rows that finished lines take on a screen of this width.
fn rows(bytes: &[u8], width: usize) -> usize {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let finished = lines.filter(|line| line.ends_with(b"\n"));
    finished
        .map(|line| {
            String::from_utf8_lossy(line)
                .trim_end()
                .width()
                .div_ceil(width)
                .max(1)
        })
        .sum()
}

/// In a pager, Ctrl-C stops a search; it must not end the program that writes to it.
fn leave_interrupts_to_the_pager() {
    crate::signal::hold_interrupts();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_wrap_take_several_rows() {
        assert_eq!(rows(b"a\nb\n\nrest", 80), 3);
        assert_eq!(rows("日本語日本語\n".as_bytes(), 6), 2);
    }

    #[test]
    fn no_pager_is_an_empty_one_or_cat() {
        assert!(Pager::new("", (80, 24)).is_none());
        assert!(Pager::new("cat", (80, 24)).is_none());
        assert!(Pager::new("less -S", (80, 24)).is_some());
        assert!(Pager::new("cat -n", (80, 24)).is_some());
    }
}
