//! The shape of every help page.
//!
//! `-h` is what one needs at the keyboard: summary, usage, examples, the verb's own options.
//! `--help` adds the long description and the options that every tool takes. Both have one line
//! per option; clap would give the full page three.

use clap::{Arg, Command};

/// Options of every tool that the short page leaves to the full one.
const RARE: &[&str] = &[
    "endpoint",
    "config",
    "environment",
    "profile",
    "confirm",
    "no_input",
    "color",
    "progress",
    "json_errors",
    "no_pager",
    "warnings_as_errors",
    "log_level",
    "log_format",
    "log_file",
];

/// Options that `nova help formats` explains; their names would push all others aside.
const UNLISTED: &[&str] = &["allow_missing_template_keys"];

/// Shapes the pages of `command`, which people call `name`, and of its verbs.
pub(crate) fn shape(command: Command, name: &str, full: bool) -> Command {
    // A bare noun prints its short page to stderr, unless it does something by itself.
    let bare = command.is_subcommand_required_set();
    let more = description(&command).filter(|_| full);
    let shaped = command
        .help_template(layout(name, full))
        .arg_required_else_help(bare)
        .long_about(None)
        .mut_args(|arg| shape_arg(arg, full));
    let shaped = match more {
        Some(text) => shaped.before_help(text),
        None => shaped,
    };
    let name = name.to_owned();
    shaped.mut_subcommands(move |verb| {
        let name = format!("{name}-{}", verb.get_name());
        shape(verb, &name, full)
    })
}

/// The long description without the summary that it begins with.
fn description(command: &Command) -> Option<String> {
    let long = command.get_long_about()?.to_string();
    let (_, rest) = long.split_once("\n\n")?;
    Some(rest.to_owned())
}

/// Examples stand before the options.
fn layout(name: &str, full: bool) -> String {
    let more = if full {
        format!("Exit codes: nova help exit-codes. Manual: man {name}")
    } else {
        "More options: --help".to_owned()
    };
    format!(
        "{{about-with-newline}}\n{{before-help}}{{usage-heading}} {{usage}}{{after-help}}\n\n\
         {{all-args}}\n\n{more}"
    )
}

/// Without a long text anywhere, clap lays the full page out as the short one.
fn shape_arg(arg: Arg, full: bool) -> Arg {
    let id = arg.get_id().as_str();
    let rare = arg.is_global_set() && RARE.contains(&id) && !full || UNLISTED.contains(&id);
    let long = arg.get_long_help().cloned().filter(|_| full);
    let help = long.or_else(|| arg.get_help().cloned());
    let arg = match help {
        Some(help) => arg.help(help),
        None => arg,
    };
    let arg = arg.long_help(None);
    if rare { arg.hide(true) } else { arg }
}
