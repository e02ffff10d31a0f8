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
    /// Output format: table, wide, json, jsonl, yaml, name, csv, tsv, md, custom, or with =TEMPLATE
    /// jsonpath, go-template, custom-columns and their -file forms
    #[arg(short, long, global = true, value_name = "FORMAT", overrides_with = "output")]
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

    /// Set one configuration key for this call
    #[arg(long = "config", global = true, value_name = "KEY=VALUE", action = ArgAction::Append)]
    config: Vec<String>,

    /// Answer yes to every question
    #[arg(short, long, global = true)]
    yes: bool,

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
    /// `KEY=VALUE` settings.
    pub config: Vec<String>,
    /// Answer yes.
    pub yes: bool,
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

impl GlobalArgs {
    /// Fills what was not typed from the environment. Every fault names the flag or variable.
    pub fn resolve(self) -> Result<Globals> {
        let output = text(self.output, "--output", env::NOVA_OUTPUT);
        let timeout = text(self.timeout, "--timeout", env::NOVA_TIMEOUT);
        let color = text(self.color, "--color", env::NOVA_COLOR);
        let progress = text(self.progress, "--progress", env::NOVA_PROGRESS);
        let log_format = text(self.log_format, "--log-format", env::NOVA_LOG_FORMAT);
        let json_format = env::get(env::NOVA_ERROR_FORMAT).as_deref() == Some("json");
        Ok(Globals {
            output: match output {
                None => self.printing.resolve(None)?,
                given => parse(given, |text| self.printing.resolve(Some(text)))?.flatten(),
            },
            namespace: self.namespace.or_else(|| env::get(env::NOVA_NAMESPACE)),
            context: self.context.or_else(|| env::get(env::NOVA_CONTEXT)),
            endpoint: self.endpoint.or_else(|| env::get(env::NOVA_ENDPOINT)),
            timeout: parse(timeout, |t| {
                parse_duration(t).map_err(|e| Failure::usage(e.to_string()))
            })?,
            config: self.config,
            yes: self.yes || env::flag(env::NOVA_YES),
            no_input: self.no_input || env::flag(env::NOVA_NO_INPUT),
            quiet: self.quiet.max(count(env::NOVA_QUIET)),
            verbose: self.verbose.max(count(env::NOVA_VERBOSE)),
            color: parse(color, |t| one_of(t, &COLORS))?,
            progress: parse(progress, |t| one_of(t, &ProgressMode::ALL))?.unwrap_or_default(),
            json_errors: self.json_errors || env::flag(env::NOVA_JSON_ERRORS) || json_format,
            no_pager: self.no_pager || env::flag(env::NOVA_NO_PAGER),
            log_level: self.log_level.or_else(|| env::get(env::NOVA_LOG_LEVEL)),
            log_json: parse(log_format, |t| {
                one_of(t, &[("text", false), ("json", true)])
            })?
            .unwrap_or_default(),
            log_file: self
                .log_file
                .or_else(|| env::get_os(env::NOVA_LOG_FILE).map(PathBuf::from)),
        })
    }
}

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
