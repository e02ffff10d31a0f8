//! Every environment variable that the toolkit reads, and the one place that reads them.

use std::ffi::OsString;

macro_rules! variables {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* pub const $name: &str = stringify!($name);)*
    };
}

variables! {
    /// Overrides the configuration directory.
    NOVA_CONFIG_DIR;
    /// Overrides the data directory.
    NOVA_DATA_DIR;
    /// Overrides the state directory.
    NOVA_STATE_DIR;
    /// Overrides the cache directory.
    NOVA_CACHE_DIR;
    /// Where the system configuration lies instead of `/etc/nova`; for tests and images.
    NOVA_SYSTEM_DIR;
    /// The context to use, as `--context`.
    NOVA_CONTEXT;
    /// The namespace to use, as `--namespace`.
    NOVA_NAMESPACE;
    /// The server to talk to, as `--endpoint`: `unix:PATH` or `https://…`.
    NOVA_ENDPOINT;
    /// A bearer token for the endpoint.
    NOVA_TOKEN;
    /// The output format, as `--output`.
    NOVA_OUTPUT;
    /// The template of the output format, as `--template`.
    NOVA_TEMPLATE;
    /// The columns of a table, as `--columns`.
    NOVA_COLUMNS;
    /// `false` makes what a template misses an error, as `--allow-missing-template-keys`.
    NOVA_ALLOW_MISSING_TEMPLATE_KEYS;
    /// Limit of waiting verbs, as `--timeout`.
    NOVA_TIMEOUT;
    /// `auto`, `always` or `never`, as `--color`.
    NOVA_COLOR;
    /// Never prompt, as `--no-input`.
    NOVA_NO_INPUT;
    /// Answer yes, as `--yes`.
    NOVA_YES;
    /// Names typed in advance, as `--confirm`.
    NOVA_CONFIRM;
    /// Reads newer configurations as far as they are understood, as `--lax`.
    NOVA_LAX;
    /// Says less, as `--quiet`.
    NOVA_QUIET;
    /// Says more, as `-v`: a number.
    NOVA_VERBOSE;
    /// No pager, as `--no-pager`.
    NOVA_NO_PAGER;
    /// `json` prints errors as JSON, as `--json-errors`.
    NOVA_ERROR_FORMAT;
    /// Errors as JSON, as `--json-errors`.
    NOVA_JSON_ERRORS;
    /// How progress is shown, as `--progress`.
    NOVA_PROGRESS;
    /// Open file descriptor that takes progress as JSON lines, as `--progress-fd`.
    NOVA_PROGRESS_FD;
    /// Log level, as `--log-level`.
    NOVA_LOG_LEVEL;
    /// Log format, as `--log-format`.
    NOVA_LOG_FORMAT;
    /// Log file, as `--log-file`.
    NOVA_LOG_FILE;
    /// Log filter in tracing's syntax.
    NOVA_LOG;
    /// `off`, `on` or `error`: what happens to warnings.
    NOVA_WARNINGS;
    /// Terminal-style output when redirected; a number is the width.
    NOVA_FORCE_TTY;
    /// No live regions; everything as sentences.
    NOVA_SCREEN_READER;
    /// The configuration environment to apply, as `[environments.NAME]`.
    NOVA_ENVIRONMENT;
    /// The configuration profile to apply, as `[profiles.NAME]`.
    NOVA_PROFILE;
    /// The editor to use before `VISUAL` and `EDITOR`.
    NOVA_EDITOR;
    /// The program that `nova diff` compares two directories with.
    NOVA_EXTERNAL_DIFF;
    /// The pager to use before `PAGER`.
    NOVA_PAGER;
    /// What to print in usage lines; set by the dispatcher.
    NOVA_INVOCATION;
    /// The words that the dispatcher matched; set by it.
    NOVA_COMMAND;
    /// The absolute path of the dispatcher; set by it.
    NOVA;
    /// The directory of first-party tools.
    NOVA_EXEC_PATH;
    /// Verbs that extensions add to a tool, while it completes; set by the dispatcher.
    NOVA_COMPLETE_VERBS;
    /// The extension whose verb is on the line, while a tool completes; set by the dispatcher.
    NOVA_COMPLETE_EXTENSION;
    /// No colour when not empty.
    NO_COLOR;
    /// Colour even when piped.
    CLICOLOR_FORCE;
    /// Colour even when piped; 1, 2, 3 choose the palette.
    FORCE_COLOR;
    /// `0` means no colour.
    CLICOLOR;
    /// Terminal type; `dumb` or unset means no cursor movement and no colour.
    TERM;
    /// Not empty in continuous integration: no prompts, plain progress.
    CI;
    /// Locale, before `LC_CTYPE` and `LANG`.
    LC_ALL;
    /// Locale of characters.
    LC_CTYPE;
    /// Locale.
    LANG;
    /// Options of the pager `less`.
    LESS;
    /// Terminal program; some show progress in their task bar.
    TERM_PROGRAM;
    /// Set by Windows Terminal.
    WT_SESSION;
    /// Overrides the terminal's width.
    COLUMNS;
    /// Overrides the terminal's height.
    LINES;
    /// Editor of the user.
    VISUAL;
    /// Editor of the user.
    EDITOR;
    /// Pager of the user.
    PAGER;
    /// Home directory.
    HOME;
    /// Search path.
    PATH;
    /// Login shell of the user.
    SHELL;
    /// File for what an extension prints on standard error while it completes.
    NOVA_COMPLETE_DEBUG;
    /// Set while an extension completes; set by the toolkit.
    NOVA_COMPLETING;
    /// Base of configuration files.
    XDG_CONFIG_HOME;
    /// Base of data files.
    XDG_DATA_HOME;
    /// Base of state files.
    XDG_STATE_HOME;
    /// Base of cache files.
    XDG_CACHE_HOME;
    /// Base of sockets.
    XDG_RUNTIME_DIR;
    /// Extra trust anchors.
    SSL_CERT_FILE;
    /// "Now" for manuals and images that must be reproducible.
    SOURCE_DATE_EPOCH;
}

/// The variable's text; absent when unset, empty or not UTF-8.
#[must_use]
pub fn get(name: &str) -> Option<String> {
    get_os(name)?.into_string().ok()
}

/// The variable's bytes; absent when unset or empty.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn get_os(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Every variable whose name starts with `prefix`, sorted by name; non-UTF-8 ones are left out.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn with_prefix(prefix: &str) -> Vec<(String, String)> {
    let mut found: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| name.starts_with(prefix) && !value.is_empty())
        .collect();
    found.sort();
    found
}

/// Whether a switch variable is on: set, and not `0`, `false`, `no` or `off`.
#[must_use]
pub fn flag(name: &str) -> bool {
    get(name).is_some_and(|value| {
        !matches!(
            value.to_ascii_lowercase().as_str(),
            "0" | "false" | "no" | "off"
        )
    })
}
