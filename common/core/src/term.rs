//! What the terminal can do, decided once per stream.

use std::io::IsTerminal;

use crate::env;

/// When to colour, the value of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that can.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Not at all.
    Never,
}

impl ColorChoice {
    /// The choice of this name; anything else is `auto`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "always" => Self::Always,
            "never" => Self::Never,
            _ => Self::Auto,
        }
    }
}

/// The three standard streams as found at start.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Terminal {
    /// Standard input is a terminal.
    pub stdin: bool,
    /// Standard output is a terminal.
    pub stdout: bool,
    /// Standard error is a terminal.
    pub stderr: bool,
    /// `TERM` is unset or `dumb`: no colour, no cursor movement.
    pub dumb: bool,
    /// `CI` is set: no prompts, no live region.
    pub ci: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Lines of the terminal.
    pub height: usize,
    /// Screen-reader mode: everything as sentences.
    pub accessible: bool,
    /// The locale's characters are UTF-8; otherwise only ASCII is drawn.
    pub unicode: bool,
}

impl Terminal {
    /// Looks at the streams and the environment.
    #[must_use]
    pub fn detect() -> Self {
        let forced = env::get(env::NOVA_FORCE_TTY);
        let stdout = forced.is_some() || std::io::stdout().is_terminal();
        let (width, height) = size(forced.as_deref());
        Self {
            stdin: std::io::stdin().is_terminal(),
            stdout,
            stderr: std::io::stderr().is_terminal(),
            dumb: env::get(env::TERM).is_none_or(|term| term == "dumb"),
            ci: env::get(env::CI).is_some(),
            width,
            height,
            accessible: env::flag(env::NOVA_SCREEN_READER),
            unicode: is_utf8(),
        }
    }

    /// Whether a live region may be drawn on stderr.
    #[must_use]
    pub fn live(&self) -> bool {
        self.stderr && !self.dumb && !self.ci && !self.accessible
    }

    /// Whether a person can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.stdin && self.stderr && !self.ci
    }

    /// Whether to colour a stream that is (or is not) a terminal.
    #[must_use]
    pub fn colors(&self, choice: ColorChoice, is_terminal: bool) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => auto_color().unwrap_or(is_terminal && !self.dumb),
        }
    }
}

impl Terminal {
    /// Whether to colour when only a configuration file made a choice: the environment may still
    /// say something else.
    #[must_use]
    pub fn configured_colors(&self, choice: ColorChoice, is_terminal: bool) -> bool {
        let on = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !self.dumb,
        };
        auto_color().unwrap_or(on)
    }
}

/// What the environment says about colour: `NO_COLOR`, then the force variables, then `CLICOLOR`.
fn auto_color() -> Option<bool> {
    if env::get(env::NO_COLOR).is_some() {
        return Some(false);
    }
    let forced = |name| env::get(name).is_some_and(|value| value != "0");
    if forced(env::CLICOLOR_FORCE) || forced(env::FORCE_COLOR) {
        return Some(true);
    }
    (env::get(env::CLICOLOR).as_deref() == Some("0")).then_some(false)
}

/// The first of the locale variables that is set decides; none at all is taken as UTF-8, which
/// every terminal of today speaks.
fn is_utf8() -> bool {
    let names = [env::LC_ALL, env::LC_CTYPE, env::LANG];
    let locale = names.into_iter().find_map(env::get);
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Columns and lines of the terminal behind stderr as they are now: it may have been resized.
pub(crate) fn size_of_stderr() -> (usize, usize) {
    size_of(terminal_size::terminal_size_of(std::io::stderr()))
}

/// The same of stdout.
pub(crate) fn size_of_stdout() -> (usize, usize) {
    size_of(terminal_size::terminal_size_of(std::io::stdout()))
}

/// The rows that lines of these widths take now. A terminal that became narrower has wrapped them.
pub(crate) fn rows_of(lines: &[usize], width: usize) -> usize {
    let rows = |line: &usize| line.div_ceil(width.max(1)).max(1);
    lines.iter().map(rows).sum()
}

fn size_of(real: Option<(terminal_size::Width, terminal_size::Height)>) -> (usize, usize) {
    let (width, height) = real.map_or((80, 24), |(w, h)| (usize::from(w.0), usize::from(h.0)));
    let number = |name| env::get(name)?.parse().ok().filter(|n: &usize| *n > 0);
    (
        number(env::COLUMNS).unwrap_or(width).max(1),
        number(env::LINES).unwrap_or(height).max(1),
    )
}

fn size(forced: Option<&str>) -> (usize, usize) {
    let number = |name| {
        env::get(name)
            .and_then(|text| text.parse().ok())
            .filter(|n| *n > 0)
    };
    let real = terminal_size::terminal_size().map(|(w, h)| (usize::from(w.0), usize::from(h.0)));
    let width = number(env::COLUMNS)
        .or_else(|| forced.and_then(|text| text.parse().ok()).filter(|n| *n > 1))
        .or(real.map(|(w, _)| w))
        .unwrap_or(80);
    let height = number(env::LINES).or(real.map(|(_, h)| h)).unwrap_or(24);
    (width, height)
}
