//! What a command may ask of its surroundings: settings, configuration, clock, terminal, output.

use std::io::{self, BufWriter, LineWriter, Write};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::config::Config;
use crate::output::template::Surroundings;
use crate::output::{self, Format, Listing, Output, Render};
use crate::paths::Paths;
use crate::progress::{self, Progress};
use crate::term::{ColorChoice, Terminal};
use crate::{Failure, Globals, Result, env, report};

/// The context of one run of a tool. Created once by [`crate::run_tool`].
#[derive(Debug)]
pub struct Cx {
    globals: Globals,
    terminal: Terminal,
    tool: String,
    paths: OnceLock<Result<Paths>>,
    config: OnceLock<Result<Config>>,
    output: OnceLock<Output>,
    warned: Mutex<Vec<String>>,
}

impl Cx {
    pub(crate) fn new(globals: Globals, tool: &str) -> Self {
        Self {
            globals,
            terminal: Terminal::detect(),
            tool: tool.to_owned(),
            paths: OnceLock::new(),
            config: OnceLock::new(),
            output: OnceLock::new(),
            warned: Mutex::default(),
        }
    }

    /// The global flags.
    #[must_use]
    pub fn globals(&self) -> &Globals {
        &self.globals
    }

    /// The terminal.
    #[must_use]
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// The executable's name, `nova-vm`.
    #[must_use]
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// How the user typed the tool: `nova vm` through the dispatcher, else its name.
    #[must_use]
    pub fn invocation(&self) -> String {
        crate::tool::invocation(&self.tool)
    }

    /// The toolkit's directories.
    pub fn paths(&self) -> Result<&Paths> {
        self.paths
            .get_or_init(Paths::from_env)
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The merged configuration, read at the first call.
    pub fn config(&self) -> Result<&Config> {
        let config = self.silent_config()?;
        config
            .warnings()
            .iter()
            .for_each(|warning| self.warn(warning));
        Ok(config)
    }

    /// The merged configuration without a word about its oddities.
    fn silent_config(&self) -> Result<&Config> {
        let load = || Config::load(self.paths()?, &self.globals);
        self.config.get_or_init(load).as_ref().map_err(Clone::clone)
    }

    /// Whether the configuration lets this command run. A broken configuration forbids nothing: who
    /// needs it fails on it, and who mends it must not.
    pub(crate) fn check_allowed(&self, command: &str) -> Result<()> {
        self.silent_config()
            .map_or(Ok(()), |config| config.check_allowed(command))
    }

    /// The namespace to work in: flag, variable, context, then `default`.
    pub fn namespace(&self) -> Result<String> {
        if let Some(namespace) = &self.globals.namespace {
            return one_namespace(namespace);
        }
        let context = self.config()?.context(self.globals.context.as_deref())?;
        Ok(context
            .and_then(|context| context.namespace)
            .unwrap_or_else(|| "default".to_owned()))
    }

    /// The output format with its template or columns. A configured one that is broken counts as
    /// `table`: the configuration error itself is reported where the configuration is needed.
    #[must_use]
    pub fn output(&self) -> &Output {
        self.output.get_or_init(|| {
            let configured = || {
                let text = self.config().ok()?.text("global.output")?;
                Output::parse(&text).ok()
            };
            self.globals
                .output
                .clone()
                .or_else(configured)
                .unwrap_or_default()
        })
    }

    /// The output format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.output().format()
    }

    /// What templates may know of where they print.
    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings {
            now: self.now(),
            color: self.color_stdout(),
        }
    }

    /// The time limit of a waiting verb: `--timeout`, else `default`.
    #[must_use]
    pub fn timeout_or(&self, default: Duration) -> Duration {
        self.globals.timeout.unwrap_or(default)
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    /// Whether stdout may be coloured.
    #[must_use]
    pub fn color_stdout(&self) -> bool {
        self.colors(self.terminal.stdout)
    }

    /// Whether stderr may be coloured.
    #[must_use]
    pub fn color_stderr(&self) -> bool {
        self.colors(self.terminal.stderr)
    }

    /// `--color` and `--config` come before the variables of the environment, files after them.
    fn colors(&self, is_terminal: bool) -> bool {
        if let Some(choice) = self.globals.color {
            return self.terminal.colors(choice, is_terminal);
        }
        let entry = self
            .silent_config()
            .ok()
            .and_then(|c| c.get("global.color"));
        let choice = entry.map_or(ColorChoice::Auto, |entry| {
            ColorChoice::named(entry.value.as_str().unwrap_or_default())
        });
        if entry.is_some_and(|entry| entry.origin.is_flag()) {
            return self.terminal.colors(choice, is_terminal);
        }
        self.terminal.configured_colors(choice, is_terminal)
    }

    /// Whether nothing is written, only the exit code said.
    pub(crate) fn is_silent(&self) -> bool {
        self.globals.quiet >= 2
    }

    /// Standard output: by line on a terminal, in large blocks in a pipe, nothing under `-qq`.
    #[must_use]
    pub fn stdout(&self) -> Box<dyn Write> {
        if self.is_silent() {
            Box::new(io::sink())
        } else if self.terminal.stdout {
            Box::new(LineWriter::new(io::stdout()))
        } else {
            Box::new(BufWriter::with_capacity(64 * 1024, io::stdout()))
        }
    }

    /// Writes a result in the wanted format. The error carries the exit code of a negative one.
    pub fn emit(&self, report: &impl Render) -> Result<()> {
        output::emit_report(self, report)
    }

    /// Writes a list, get or watch as it arrives.
    pub fn emit_listing(&self, listing: Listing) -> Result<()> {
        output::emit_listing(self, listing)
    }

    /// Writes text to stdout as it is; for logs and generated files.
    pub fn print(&self, text: &str) -> Result<()> {
        if self.is_silent() {
            Ok(())
        } else {
            report::print_plain(text)
        }
    }

    /// Says something to a person on stderr; silent under `-q`.
    pub fn note(&self, line: &str) {
        if self.globals.quiet == 0 {
            // A closed stderr is no reason to stop the work.
            progress::suspend(|| drop(writeln!(io::stderr(), "{line}")));
        }
    }

    /// Warns once per process about the same thing.
    pub fn warn(&self, message: &str) {
        let new = self.warned.lock().is_ok_and(|mut said| {
            let new = !said.iter().any(|line| line == message);
            said.push(message.to_owned());
            new
        });
        if new && env::get(env::NOVA_WARNINGS).as_deref() != Some("off") {
            let label = report::paint(self.color_stderr(), report::YELLOW, "warning:");
            self.note(&format!("{label} {message}"));
        }
    }

    /// Prints an error that does not end the command.
    pub fn report(&self, failure: &Failure) {
        report::print(failure, self.report_style());
    }

    pub(crate) fn report_style(&self) -> report::Style {
        report::Style {
            json: self.globals.json_errors
                || self
                    .globals
                    .output
                    .as_ref()
                    .is_some_and(|o| o.format().is_document()),
            color: self.color_stderr(),
            causes: self.globals.verbose > 0,
            silent: self.is_silent(),
        }
    }

    /// Starts to show progress of an operation.
    #[must_use]
    pub fn progress(&self, operation: &str) -> Progress {
        let quiet = self.globals.quiet > 0;
        let mut terminal = self.terminal;
        terminal.accessible |= self.accessible();
        let mode = progress::resolve(self.globals.progress, quiet, &terminal);
        Progress::start(mode, &terminal, operation, self.globals.progress_fd)
    }

    /// Screen-reader mode: by its variable or by the configuration.
    #[must_use]
    pub fn accessible(&self) -> bool {
        let configured = || {
            let config = self.silent_config().ok()?;
            config.text("preferences.accessible")
        };
        self.terminal.accessible || configured().as_deref() == Some("true")
    }

    /// Whether a person can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.terminal.can_ask() && !self.globals.no_input
    }

    /// The directory of first-party tools: `NOVA_EXEC_PATH`, else where this executable lies.
    #[must_use]
    pub fn exec_dir(&self) -> Option<PathBuf> {
        env::get_os(env::NOVA_EXEC_PATH)
            .map(PathBuf::from)
            .or_else(|| {
                std::env::current_exe()
                    .ok()?
                    .parent()
                    .map(std::path::Path::to_owned)
            })
    }
}

/// A list of namespaces must not look like an empty one.
fn one_namespace(text: &str) -> Result<String> {
    if text.contains(',') {
        return Err(
            Failure::usage(format!("--namespace takes one namespace, not `{text}`"))
                .with_hint("list all of them with: --all-namespaces"),
        );
    }
    Ok(text.to_owned())
}
