//! `nova config paths`: where files live.

use nova_core::paths::Paths;
use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

/// Show where files of nova live
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config paths\n\
\x20 nova config paths -o json")]
pub(crate) struct PathsArgs {}

/// The directories.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    api_version: &'static str,
    kind: &'static str,
    paths: Paths,
}

pub(crate) fn run(cx: &Cx, _: &PathsArgs) -> Result<Shown> {
    Ok(Shown {
        api_version: "nova.dev/v1",
        kind: "Paths",
        paths: cx.paths()?.clone(),
    })
}

impl Render for Shown {
    fn table(&self, table: &mut Table) {
        let Paths {
            config,
            system,
            data,
            state,
            cache,
            runtime,
        } = &self.paths;
        let rows = [
            ("config", config),
            ("system", system),
            ("data", data),
            ("state", state),
            ("cache", cache),
            ("runtime", runtime),
        ];
        table.headers(["what", "path"]);
        for (what, path) in rows {
            table.row([what.to_owned(), path.display().to_string()]);
        }
    }
}
