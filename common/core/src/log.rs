//! Diagnostics on stderr or in a file, never on stdout.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::{Cx, Failure, Result, env, fs};

/// Starts logging when something asks for it; otherwise costs nothing.
pub(crate) fn init(cx: &Cx) -> Result<()> {
    let globals = cx.globals();
    let level = match globals.verbose {
        0 => globals.log_level.clone(),
        1 => Some("info".to_owned()),
        2 => Some("debug".to_owned()),
        _ => Some("trace".to_owned()),
    };
    let Some(filter) = env::get(env::NOVA_LOG).or(level) else {
        return Ok(());
    };
    // Targets and levels only: filtering by fields would bring a regular expression engine along.
    let filter: Targets = filter
        .parse()
        .map_err(|error| Failure::usage(format!("invalid log filter `{filter}`: {error}")))?;
    let writer = match &globals.log_file {
        None => BoxMakeWriter::new(std::io::stderr),
        Some(path) => {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(fs::PRIVATE)
                .open(path);
            BoxMakeWriter::new(file.map_err(|error| fs::write_failure(path, &error))?)
        }
    };
    let layer = fmt::layer()
        .with_writer(writer)
        .with_ansi(cx.color_stderr() && globals.log_file.is_none());
    let layer = if globals.log_json {
        layer.json().boxed()
    } else {
        layer.boxed()
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter));
    // A second start in one process (tests, nova-box) keeps the first logger.
    drop(subscriber.try_init());
    Ok(())
}
