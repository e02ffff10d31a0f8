//! A command on a terminal of its own: what a person sees, and keys that they press.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::{Output, Sandbox};

/// Nothing that is waited for may take longer; other tests run at the same time.
const LIMIT: Duration = Duration::from_secs(40);
const ROWS: u16 = 24;

/// A running command and its screen.
#[derive(Debug)]
pub(crate) struct Terminal {
    line: String,
    child: Child,
    keyboard: File,
    /// Everything that appeared, escape codes included.
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs `line` on a terminal of so many columns. The sandbox's `TERM` counts; a dumb one is the
    /// default there.
    pub(crate) fn run(sandbox: &Sandbox, columns: u16, line: &str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, size(columns)).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || Stdio::from(File::options().read(true).write(true).open(&name).unwrap());
        // `setsid --ctty` makes it the controlling terminal, so that Ctrl-C is a signal.
        let mut command = sandbox.command(&format!("setsid --wait --ctty {line}"));
        command.env_remove("COLUMNS");
        command.stdin(open()).stdout(open()).stderr(open());
        let child = command.spawn().unwrap();
        let keyboard = File::from(master);
        let seen = Arc::new(Mutex::new(Vec::new()));
        record(keyboard.try_clone().unwrap(), Arc::clone(&seen));
        Self {
            line: line.to_owned(),
            child,
            keyboard,
            seen,
        }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Makes the terminal as wide as this.
    pub(crate) fn resize(&self, columns: u16) {
        tcsetwinsize(&self.keyboard, size(columns)).unwrap();
    }

    /// Everything that appeared so far, escape codes included.
    pub(crate) fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    /// The lines of the screen as it is now.
    pub(crate) fn screen(&self, columns: usize) -> Vec<String> {
        let text = Screen::after(&self.seen(), columns).text();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until_screen(&self, columns: usize, good: impl Fn(&[String]) -> bool) {
        let start = Instant::now();
        loop {
            let screen = self.screen(columns);
            if good(&screen) {
                return;
            }
            assert!(
                start.elapsed() < LIMIT,
                "the screen stays:\n{}",
                screen.join("\n")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until this text has appeared.
    #[track_caller]
    pub(crate) fn until(&self, text: &str) {
        let start = Instant::now();
        while !self.seen().contains(text) {
            assert!(
                start.elapsed() < LIMIT,
                "no `{text}` in:\n{:?}",
                self.seen()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end and answers the exit code, with the screen as it is left in `stdout`.
    pub(crate) fn end(mut self, columns: usize) -> Output {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > LIMIT {
                self.child.kill().unwrap();
                panic!("`{}` did not end:\n{:?}", self.line, self.seen());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        // What was written last still has to come through.
        std::thread::sleep(Duration::from_millis(100));
        let screen = Screen::after(&self.seen(), columns).text();
        let ran = std::process::Output {
            status,
            stdout: screen.into_bytes(),
            stderr: Vec::new(),
        };
        Output::of(&self.line, ran)
    }
}

fn size(columns: u16) -> Winsize {
    Winsize {
        ws_row: ROWS,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn record(mut terminal: File, seen: Arc<Mutex<Vec<u8>>>) {
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(count @ 1..) = terminal.read(&mut part) {
            seen.lock().unwrap().extend_from_slice(&part[..count]);
        }
    });
}

/// The few things that a terminal does with what our tools write.
#[derive(Debug)]
pub(crate) struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    columns: usize,
}

impl Screen {
    /// The screen of this width after `text` was written to it.
    pub(crate) fn after(text: &str, columns: usize) -> Self {
        let mut screen = Self {
            lines: vec![Vec::new()],
            row: 0,
            column: 0,
            columns,
        };
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\r' => screen.column = 0,
                '\n' => screen.down(),
                '\x1b' => screen.code(&mut chars),
                c if c.is_control() => {}
                c => screen.put(c),
            }
        }
        screen
    }

    /// Its lines without blanks at their ends.
    pub(crate) fn text(&self) -> String {
        let lines = self
            .lines
            .iter()
            .map(|line| line.iter().collect::<String>().trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n").trim_end().to_owned() + "\n"
    }

    fn down(&mut self) {
        self.row += 1;
        if self.row == self.lines.len() {
            self.lines.push(Vec::new());
        }
    }

    fn put(&mut self, c: char) {
        if self.column >= self.columns {
            self.column = 0;
            self.down();
        }
        let line = &mut self.lines[self.row];
        line.resize(line.len().max(self.column + 1), ' ');
        line[self.column] = c;
        self.column += 1;
    }

    fn code(&mut self, chars: &mut std::str::Chars<'_>) {
        if chars.next() != Some('[') {
            return;
        }
        let mut number = String::new();
        let last = chars.find(|c| {
            number.push(*c);
            ('@'..='~').contains(c)
        });
        let count = number
            .trim_end_matches(char::is_alphabetic)
            .parse()
            .unwrap_or(1);
        match last {
            Some('A') => self.row = self.row.saturating_sub(count),
            Some('J') => {
                self.lines.truncate(self.row + 1);
                self.lines[self.row].truncate(self.column);
            }
            Some('K') => self.lines[self.row].truncate(self.column),
            _ => {}
        }
    }
}
