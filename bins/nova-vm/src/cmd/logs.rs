//! `nova vm logs`: console and engine output of a virtual machine.

use std::io::Write;

use nova_api::VmName;
use nova_api::client::LogOptions;
use nova_core::foreign::Foreign;
use nova_core::{Cx, Failure, Kind, Result};

use crate::session::Session;

/// Print the console output of a VM
///
/// On a terminal only text and colours are shown; in a pipe every byte goes through.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm logs web-1\n\
\x20 nova vm logs web-1 -f --tail 20\n\
\x20 nova vm logs web-1 --engine")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct LogsArgs {
    /// VM whose output is printed
    #[arg(value_name = "NAME")]
    name: VmName,

    /// The guest's serial console; this is the default
    #[arg(long, conflicts_with = "engine")]
    console: bool,

    /// The output of the engine that runs the VM
    #[arg(long)]
    engine: bool,

    /// Go on as more is written
    #[arg(short, long)]
    follow: bool,

    /// Only the last N lines
    #[arg(long, value_name = "N")]
    tail: Option<u64>,

    /// Only what is newer than this, as 10m or 2026-01-31T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,

    /// At most this many bytes
    #[arg(long, value_name = "N")]
    limit_bytes: Option<u64>,

    /// Start each line with its time, where it is known
    #[arg(long)]
    timestamps: bool,
}

pub(crate) async fn run(cx: &Cx, args: &LogsArgs) -> Result<()> {
    let session = Session::open(cx).await?;
    let options = LogOptions {
        source: Some(if args.engine { "engine" } else { "console" }.to_owned()),
        follow: args.follow,
        tail_lines: args.tail,
        since: args.since.clone(),
        limit_bytes: args.limit_bytes,
        timestamps: args.timestamps,
        ..LogOptions::default()
    };
    let opened = session.vms.logs(args.name.as_str(), &options).await;
    let mut stream = session.known(&args.name, opened).await?;
    let mut out = cx.stdout();
    let mut write = |bytes: &[u8]| {
        let written = out.write_all(bytes).and_then(|()| out.flush());
        written.map_err(|error| self::written(&error))
    };
    // A terminal would act on what a guest writes, and answer its questions on the user's command line.
    let mut filter = cx
        .terminal()
        .stdout
        .then(|| Foreign::new(cx.color_stdout()));
    while let Some(chunk) = stream.chunk().await? {
        match &mut filter {
            Some(filter) => write(filter.filter(&chunk).as_bytes())?,
            None => write(&chunk)?,
        }
    }
    write(filter.map_or("", Foreign::end).as_bytes())
}

/// A reader that went away has had enough.
pub(crate) fn written(error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Failure::silent(0);
    }
    Failure::new(Kind::Failed, format!("cannot write the output: {error}"))
}
