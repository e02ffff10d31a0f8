//! `nova diff`: what applying files would change.

use nova_core::{Cx, Failure, Result};
use nova_http::block_on;

use super::apply::{ApplyHow, merged};
use crate::diff::{Pair, show};
use crate::input::FileArgs;
use crate::kinds::Kinds;

/// Show what applying files would change
///
/// The server applies them without storing anything, and what it would store is compared with what
/// it has. The exit code is 0 when nothing differs and 1 when something does. NOVA_EXTERNAL_DIFF
/// names another program to compare two directories with, such as `diff -u -N`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova diff -f web.yaml\n\
\x20 nova diff -R -f manifests/\n\
\x20 NOVA_EXTERNAL_DIFF='diff -u -N' nova diff -f web.yaml")]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    files: FileArgs,

    #[command(flatten)]
    how: ApplyHow,

    /// Compare the owners of fields too
    #[arg(long)]
    show_managed_fields: bool,
}

/// Trouble is told from a difference, as by every diff program: it exits with more than 1.
pub(crate) fn run(cx: &Cx, args: &DiffArgs) -> Result<()> {
    let pairs = block_on(pairs(cx, args)).map_err(above_one)?;
    if show(cx, &pairs).map_err(above_one)? {
        return Err(Failure::silent(1));
    }
    Ok(())
}

fn above_one(failure: Failure) -> Failure {
    if failure.code() == 1 {
        failure.with_code(2)
    } else {
        failure
    }
}

async fn pairs(cx: &Cx, args: &DiffArgs) -> Result<Vec<Pair>> {
    let kinds = Kinds::open(cx).await?;
    let mut pairs = Vec::new();
    for input in args.files.read(cx, &kinds).await? {
        let (live, merged) = merged(cx, &kinds, (&input, &args.how)).await?;
        pairs.push(Pair::new(&input, live, merged, args.show_managed_fields));
    }
    Ok(pairs)
}
