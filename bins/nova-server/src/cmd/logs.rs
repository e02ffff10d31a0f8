//! `nova server logs`: what the server wrote down.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use nova_api::types::SERVER_LOG;
use nova_core::{Context, Cx, Failure, Kind, Result};

use super::places::PlaceArgs;

/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Print the log of the server of this user
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova server logs\n\
\x20 nova server logs -f")]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    place: PlaceArgs,

    /// Go on and print lines as they come
    #[arg(short, long)]
    follow: bool,

    /// Print this many lines at most, from the end
    #[arg(long, value_name = "N")]
    tail: Option<usize>,
}

pub(crate) fn run(cx: &Cx, args: &LogsArgs) -> Result<()> {
    let path = args.place.data(cx)?.join(SERVER_LOG);
    let mut file = File::open(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(
            Kind::NotFound,
            format!("there is no log at {}", path.display()),
        )
        .with_hint("no server ran with this data directory yet"),
        _ => Failure::new(
            Kind::Failed,
            format!("cannot read {}: {error}", path.display()),
        ),
    })?;
    let mut out = cx.stdout();
    print(&mut file, args.tail, &mut out)?;
    if args.follow {
        nova_core::signal::watch();
        follow(&path, file, &mut out)?;
    }
    Ok(())
}

fn print(file: &mut File, tail: Option<usize>, out: &mut dyn Write) -> Result<()> {
    let Some(count) = tail else {
        return copy(file, out);
    };
    let mut last = VecDeque::with_capacity(count.min(10_000));
    for line in BufReader::new(&mut *file).split(b'\n') {
        let line = line.context(Kind::Failed, || "cannot read the log".to_owned())?;
        if last.len() == count {
            last.pop_front();
        }
        if count > 0 {
            last.push_back(line);
        }
    }
    for mut line in last {
        line.push(b'\n');
        out.write_all(&line).map_err(|error| closed(&error))?;
    }
    out.flush().map_err(|error| closed(&error))
}

fn copy(file: &mut File, out: &mut dyn Write) -> Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file
            .read(&mut piece)
            .context(Kind::Failed, || "cannot read the log".to_owned())?
        {
            0 => return out.flush().map_err(|error| closed(&error)),
            count => out
                .write_all(&piece[..count])
                .map_err(|error| closed(&error))?,
        }
    }
}

/// A log that starts anew is followed into the new file.
fn follow(path: &Path, mut file: File, out: &mut dyn Write) -> Result<()> {
    while nova_core::signal::caught().is_none() {
        copy(&mut file, out)?;
        std::thread::sleep(LOOK);
        let read = file.stream_position().unwrap_or(0);
        let (now, ours) = (std::fs::metadata(path), file.metadata());
        if let (Ok(now), Ok(ours)) = (now, ours) {
            use std::os::unix::fs::MetadataExt;
            if now.ino() != ours.ino() {
                copy(&mut file, out)?;
                file = File::open(path).context(Kind::Failed, || "the log vanished".to_owned())?;
            } else if now.len() < read {
                file.seek(SeekFrom::Start(0))
                    .context(Kind::Failed, || "cannot read the log".to_owned())?;
            }
        }
    }
    Ok(())
}

fn closed(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::silent(0),
        _ => Failure::new(Kind::Failed, format!("cannot write the output: {error}")),
    }
}
