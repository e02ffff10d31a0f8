//! The flags that every tool of the nova and ghost families takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgAction;

use crate::output::{Output, PrintArgs};
use crate::progress::ProgressMode;
use crate::term::ColorChoice;
use crate::units::parse_duration;
use crate::{Failure, Result, env, suggest};

/// Global flags as typed. Each `--foo-bar` may also be given as `NOVA_FOO_BAR`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct GlobalArgs {
    /// Output format: table, wide, json, yaml, name and more; see nova help formats
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        overrides_with = "output"
    )]
    output: Option<String>,

    #[command(flatten)]
    printing: PrintArgs,

    /// Namespace to work in
    #[arg(short, long, global = true, value_name = "NS")]
    namespace: Option<String>,

    /// Context of the configuration to use
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,

    /// Server to talk to, as unix:PATH or an https URL
    #[arg(long, global = true, value_name = "URL")]
    endpoint: Option<String>,

    /// How long to wait before giving up, as 30s or 5m
    #[arg(long, global = true, value_name = "DURATION")]
    timeout: Option<String>,

    /// Set one configuration key, or read a file of them, for this call
    #[arg(long = "config", global = true, value_name = "KEY=VALUE|FILE", action = ArgAction::Append)]
    config: Vec<String>,

    /// Environment of the configuration to apply
    #[arg(long, global = true, value_name = "NAME")]
    environment: Option<String>,

    /// Profile of the configuration to apply
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,

    /// Read a configuration of a newer version as far as it is understood
    #[arg(long, global = true, hide = true)]
    lax: bool,

    /// Answer yes to every question
    #[arg(short, long, global = true)]
    yes: bool,

    /// Answer a question that wants a name typed: the protected context, or what is destroyed
    #[arg(long, global = true, value_name = "NAME", action = ArgAction::Append, value_delimiter = ',')]
    confirm: Vec<String>,

    /// Never ask; a missing answer is an error
    #[arg(long, global = true)]
    no_input: bool,

    /// Print only results and errors; twice, nothing at all
    #[arg(short, long, global = true, action = ArgAction::Count)]
    quiet: u8,

    /// Say more; repeat for debugging output
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// When to colour: auto, always, never
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    color: Option<String>,

    /// How to show progress: auto, bar, plain, json, none
    #[arg(long, global = true, value_name = "MODE", hide_possible_values = true)]
    progress: Option<String>,

    /// Write progress as JSON lines to this open file descriptor
    #[arg(long, global = true, value_name = "N", hide = true)]
    progress_fd: Option<u32>,

    /// Print errors as one JSON object on stderr
    #[arg(long, global = true)]
    json_errors: bool,

    /// Do not page long output
    #[arg(long, global = true)]
    no_pager: bool,

    /// Log level: off, error, warn, info, debug, trace
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,

    /// Log format: text, json
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,

    /// Write logs to this file
    #[arg(long, global = true, value_name = "FILE")]
    log_file: Option<PathBuf>,
}

/// Global flags after the environment was asked for what was not typed.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Globals {
    /// Output format, if one was named.
    pub output: Option<Output>,
    /// Namespace, if one was named.
    pub namespace: Option<String>,
    /// Context, if one was named.
    pub context: Option<String>,
    /// Endpoint, if one was named.
    pub endpoint: Option<String>,
    /// Time limit, if one was named.
    pub timeout: Option<Duration>,
    /// `KEY=VALUE` settings and files of them.
    pub config: Vec<String>,
    /// Environment, if one was named.
    pub environment: Option<String>,
    /// Profile, if one was named.
    pub profile: Option<String>,
    /// Read newer configurations as far as they are understood.
    pub lax: bool,
    /// What flags and their variables say about configuration keys.
    pub settings: Vec<Setting>,
    /// Answer yes.
    pub yes: bool,
    /// Names typed in advance.
    pub confirm: Vec<String>,
    /// Never ask.
    pub no_input: bool,
    /// 0, 1 or 2.
    pub quiet: u8,
    /// 0 to 3.
    pub verbose: u8,
    /// When to colour.
    pub color: Option<ColorChoice>,
    /// How to show progress.
    pub progress: ProgressMode,
    /// Open file descriptor that takes progress as JSON lines.
    pub progress_fd: Option<u32>,
    /// Errors as JSON.
    pub json_errors: bool,
    /// No pager.
    pub no_pager: bool,
    /// Log level.
    pub log_level: Option<String>,
    /// Logs as JSON.
    pub log_json: bool,
    /// Log file.
    pub log_file: Option<PathBuf>,
}

/// What a global flag or its variable says about a key of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key.
    pub key: &'static str,
    /// The value as given.
    pub value: String,
    /// `--output` or `NOVA_OUTPUT`.
    pub source: &'static str,
}

impl Setting {
    /// Whether it was typed, rather than found in the environment.
    #[must_use]
    pub fn is_flag(&self) -> bool {
        self.source.starts_with('-')
    }
}

/// Global flags that stand for a key of the configuration, with their variables.
const SETTINGS: [(&str, &str, &str); 6] = [
    ("global.output", "--output", env::NOVA_OUTPUT),
    ("global.color", "--color", env::NOVA_COLOR),
    ("global.log_level", "--log-level", env::NOVA_LOG_LEVEL),
    ("current_context", "--context", env::NOVA_CONTEXT),
    (
        "current_environment",
        "--environment",
        env::NOVA_ENVIRONMENT,
    ),
    ("current_profile", "--profile", env::NOVA_PROFILE),
];

impl GlobalArgs {
    /// Fills what was not typed from the environment. Every fault names the flag or variable.
    pub fn resolve(mut self) -> Result<Globals> {
        let settings = self.settings();
        // `--config KEY=VALUE` stands between the flags and the variables.
        let typed = |key| {
            let found = settings
                .iter()
                .find(|setting: &&Setting| setting.key == key);
            found.filter(|setting| setting.is_flag() || !names_key(&self.config, key))
        };
        let sourced = |key| typed(key).map(|setting| (setting.value.clone(), setting.source));
        let plain = |key| typed(key).map(|setting| setting.value.clone());
        let output = match sourced("global.output") {
            None => self.printing.resolve(None)?,
            given => parse(given, |text| self.printing.resolve(Some(text)))?.flatten(),
        };
        let color = parse(sourced("global.color"), |t| one_of(t, &COLORS))?;
        let (environment, profile) = (plain("current_environment"), plain("current_profile"));
        let (context, log_level) = (plain("current_context"), plain("global.log_level"));
        let timeout = text(self.timeout.take(), "--timeout", env::NOVA_TIMEOUT);
        let timeout = parse(timeout, |t| {
            parse_duration(t).map_err(|e| Failure::usage(e.to_string()))
        })?;
        let progress = text(self.progress.take(), "--progress", env::NOVA_PROGRESS);
        let progress = parse(progress, |t| one_of(t, &ProgressMode::ALL))?;
        let log_format = text(self.log_format.take(), "--log-format", env::NOVA_LOG_FORMAT);
        let log_json = parse(log_format, |t| one_of(t, &LOG_FORMATS))?;
        Ok(Globals {
            output,
            color,
            environment,
            profile,
            context,
            log_level,
            timeout,
            progress: progress.unwrap_or_default(),
            log_json: log_json.unwrap_or_default(),
            settings,
            ..self.switches()
        })
    }

    /// The flags that have no text to understand.
    fn switches(self) -> Globals {
        let json_format = env::get(env::NOVA_ERROR_FORMAT).as_deref() == Some("json");
        let log_file = env::get_os(env::NOVA_LOG_FILE).map(PathBuf::from);
        Globals {
            namespace: self.namespace.or_else(|| env::get(env::NOVA_NAMESPACE)),
            endpoint: self.endpoint.or_else(|| env::get(env::NOVA_ENDPOINT)),
            config: self.config,
            lax: self.lax || env::flag(env::NOVA_LAX),
            yes: self.yes || env::flag(env::NOVA_YES),
            confirm: names(self.confirm, env::NOVA_CONFIRM),
            no_input: self.no_input || env::flag(env::NOVA_NO_INPUT),
            quiet: self.quiet.max(count(env::NOVA_QUIET)),
            verbose: self.verbose.max(count(env::NOVA_VERBOSE)),
            progress_fd: self
                .progress_fd
                .or_else(|| env::get(env::NOVA_PROGRESS_FD)?.parse().ok()),
            json_errors: self.json_errors || env::flag(env::NOVA_JSON_ERRORS) || json_format,
            no_pager: self.no_pager || env::flag(env::NOVA_NO_PAGER),
            log_file: self.log_file.or(log_file),
            ..Globals::default()
        }
    }

    fn settings(&mut self) -> Vec<Setting> {
        let flags = [
            self.output.take(),
            self.color.take(),
            self.log_level.take(),
            self.context.take(),
            self.environment.take(),
            self.profile.take(),
        ];
        let rows = SETTINGS.into_iter().zip(flags);
        rows.filter_map(|((key, flag, variable), typed)| {
            let (value, source) = text(typed, flag, variable)?;
            Some(Setting { key, value, source })
        })
        .collect()
    }
}

/// Whether `--config` sets this key.
fn names_key(config: &[String], key: &str) -> bool {
    config.iter().any(|setting| {
        setting
            .split_once('=')
            .is_some_and(|(name, _)| crate::config::canonical(name.trim()) == key)
    })
}

fn names(typed: Vec<String>, variable: &str) -> Vec<String> {
    if !typed.is_empty() {
        return typed;
    }
    let text = env::get(variable).unwrap_or_default();
    let names = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

const LOG_FORMATS: [(&str, bool); 2] = [("text", false), ("json", true)];

const COLORS: [(&str, ColorChoice); 3] = [
    ("auto", ColorChoice::Auto),
    ("always", ColorChoice::Always),
    ("never", ColorChoice::Never),
];

/// A value and the name of where it came from, for the error message.
type Sourced = Option<(String, &'static str)>;

fn text(flag: Option<String>, flag_name: &'static str, variable: &'static str) -> Sourced {
    flag.map(|value| (value, flag_name))
        .or_else(|| env::get(variable).map(|v| (v, variable)))
}

fn parse<T>(value: Sourced, read: impl FnOnce(&str) -> Result<T>) -> Result<Option<T>> {
    let Some((value, source)) = value else {
        return Ok(None);
    };
    read(&value).map(Some).map_err(|failure| {
        failure.hints().iter().fold(
            Failure::new(failure.kind(), format!("{source}: {failure}")),
            Failure::with_hint,
        )
    })
}

fn one_of<T: Copy>(text: &str, known: &[(&'static str, T)]) -> Result<T> {
    if let Some((_, value)) = known.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let failure = Failure::usage(format!(
        "unknown value `{text}`; known are {}",
        names.join(", ")
    ));
    Err(match suggest::hint(text, names) {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    })
}

fn count(name: &str) -> u8 {
    env::get(name).map_or(0, |text| text.parse().unwrap_or(u8::from(env::flag(name))))
}
