//! A real shell on a pseudo terminal, typed at as a person types.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Sandbox;

/// A shell that says nothing for this long waits for us.
const QUIET: Duration = Duration::from_millis(250);
/// Nothing that is waited for may take longer; other tests run at the same time.
const LIMIT: Duration = Duration::from_secs(30);

/// An interactive shell.
#[derive(Debug)]
pub(crate) struct Shell {
    child: Child,
    keyboard: File,
    /// Everything that appeared, escape codes included.
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Shell {
    /// Starts `line`, such as `zsh -f`, in the sandbox, and installs completion with `install`.
    pub(crate) fn start(sandbox: &Sandbox, line: &str, install: &str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize {
            ws_row: 50,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || Stdio::from(File::options().read(true).write(true).open(&name).unwrap());
        // `setsid --ctty` makes the terminal the shell's own, which tests could do only unsafely.
        let mut command = sandbox.command(&format!("setsid --ctty {line}"));
        command.env("TERM", "xterm").env_remove("COLUMNS");
        command.stdin(open()).stdout(open()).stderr(open());
        let child = command.spawn().unwrap();
        let keyboard = File::from(master);
        let screen = Arc::new(Mutex::new(Vec::new()));
        watch(keyboard.try_clone().unwrap(), Arc::clone(&screen));
        let mut shell = Self {
            child,
            keyboard,
            screen,
        };
        shell.settle();
        shell.send(&format!("{install}\r"));
        shell.settle();
        assert_eq!(shell.line("ready"), "ready");
        shell
    }

    /// What the line becomes when a Tab follows `typed`, without blanks at its end.
    pub(crate) fn completes(&mut self, typed: &str) -> String {
        self.send(typed);
        self.settle();
        self.send("\t");
        self.settle();
        self.line("")
    }

    /// What appears when Tab is pressed twice after `typed`.
    pub(crate) fn offers(&mut self, typed: &str) -> String {
        self.send(typed);
        self.settle();
        let before = self.screen.lock().unwrap().len();
        for _ in 0..2 {
            self.send("\t");
            self.settle();
        }
        let shown = plain(&self.screen.lock().unwrap()[before..]);
        // Away with the line, and with the menu that a shell may have opened below it.
        self.send("\x03");
        self.settle();
        shown
    }

    /// The line as it stands, with `more` at its end.
    fn line(&mut self, more: &str) -> String {
        self.send(more);
        let seen = self.screen.lock().unwrap().len();
        // To the beginning of the line, which then only prints itself. What is typed and what is
        // printed differ, so that the echo is not taken for the answer.
        self.send("\x01echo \"@\"@\r");
        let start = Instant::now();
        loop {
            let shown = plain(&self.screen.lock().unwrap()[seen..]);
            let answer = shown
                .split_once("\n@@")
                .and_then(|(_, rest)| rest.split_once('\n'));
            if let Some((line, _)) = answer {
                let line = line.trim().to_owned();
                self.settle();
                return line;
            }
            assert!(
                start.elapsed() < LIMIT,
                "no answer from the shell:\n{shown}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the shell has nothing more to say.
    fn settle(&self) {
        let start = Instant::now();
        let (mut length, mut since) = (usize::MAX, Instant::now());
        while start.elapsed() < LIMIT && since.elapsed() < QUIET {
            let now = self.screen.lock().unwrap().len();
            if now != length {
                (length, since) = (now, Instant::now());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Keeps what appears, and answers the one question that fish asks terminals at its start.
fn watch(mut terminal: File, screen: Arc<Mutex<Vec<u8>>>) {
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(count @ 1..) = terminal.read(&mut part) {
            if part[..count].windows(3).any(|window| window == b"\x1b[c") {
                drop(terminal.write_all(b"\x1b[?62c"));
            }
            screen.lock().unwrap().extend_from_slice(&part[..count]);
        }
    });
}

/// Text without escape codes and carriage returns.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_code(&mut chars),
            '\r' | '\x07' | '\x0f' => {}
            c => out.push(c),
        }
    }
    out
}

/// Skips one code after its escape character: `[…m`, `]…BEL`, `(B` or a single letter.
fn skip_code(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => _ = chars.find(|c| ('@'..='~').contains(c)),
        Some(']') => _ = chars.find(|c| matches!(c, '\x07' | '\\')),
        Some('(' | ')') => _ = chars.next(),
        _ => {}
    }
}
