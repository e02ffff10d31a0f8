//! `nova auth can-i`: ask before trying.

use nova_api::{AccessAsk, AccessReview, Api};
use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

/// Ask whether you may do something
///
/// Prints yes or no with the reason; the exit code of no is 1.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Verbs: get, list, watch, create, update, patch, delete; of virtual machines also start, stop, restart,\n\
pause, resume, exec.\n\n\
Examples:\n\
\x20 nova auth can-i create vm\n\
\x20 nova auth can-i exec vm web -n prod\n\
\x20 nova auth can-i delete images --quiet && nova image delete old"
)]
pub(crate) struct CanIArgs {
    /// What to do
    #[arg(value_name = "VERB")]
    verb: String,

    /// Kind of the object, under any of its names
    #[arg(value_name = "KIND")]
    kind: String,

    /// One object
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// In all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Answer(AccessReview);

pub(crate) async fn run(cx: &Cx, args: &CanIArgs) -> Result<Answer> {
    let api = Api::connect(cx).await?;
    let namespace = (!args.all_namespaces).then(|| api.namespace().to_owned());
    let ask = AccessAsk {
        verb: args.verb.clone(),
        kind: args.kind.clone(),
        namespace,
        name: args.name.clone(),
    };
    Ok(Answer(api.can_i(&ask).await?))
}

impl Render for Answer {
    fn table(&self, table: &mut Table) {
        let word = if self.0.allowed { "yes" } else { "no" };
        table.line(format!("{word}, {}", self.0.reason));
    }

    fn verdict(&self) -> Option<u8> {
        (!self.0.allowed).then_some(1)
    }
}
