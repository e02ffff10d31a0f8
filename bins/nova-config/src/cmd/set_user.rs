//! `nova config set-user`: make or change credentials.

use std::path::{Path, PathBuf};

use nova_core::{Context, Cx, Failure, Kind, Outcomes, Result, input};

use crate::document::{Document, outcome};

/// Create or change a user's credentials
///
/// A token is never a flag, since every user of the machine can read flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config set-user ana --token-file token.txt\n\
\x20 pass show nova | nova config set-user ana --token-stdin")]
pub(crate) struct SetUserArgs {
    /// User
    #[arg(value_name = "NAME")]
    name: String,

    /// Read the token from this file
    #[arg(long, value_name = "FILE", conflicts_with = "token_stdin")]
    token_file: Option<PathBuf>,

    /// Read the token from standard input
    #[arg(long)]
    token_stdin: bool,

    /// Forget the token that is stored
    #[arg(long, conflicts_with_all = ["token_file", "token_stdin"])]
    remove_token: bool,

    /// PEM file of the client certificate
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_certificate: Option<PathBuf>,

    /// PEM file of the client certificate's key
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    client_key: Option<PathBuf>,
}

pub(crate) fn run(cx: &Cx, args: &SetUserArgs) -> Result<Outcomes> {
    let token = read_token(args)?;
    let files = [
        ("client_certificate", &args.client_certificate),
        ("client_key", &args.client_key),
    ];
    let mut paths = Vec::new();
    for (key, path) in files {
        if let Some(path) = path {
            paths.push((key, absolute(path)?));
        }
    }
    if token.is_none() && paths.is_empty() && !args.remove_token {
        return Err(Failure::usage("no credentials given").with_hint(
            "pass --token-file FILE, --token-stdin, or --client-certificate with --client-key",
        ));
    }
    let mut document = Document::open(cx)?;
    let new = document.upsert("users", &args.name, |table| {
        if let Some(token) = token {
            table.insert("token", token.into());
        }
        if args.remove_token {
            table.remove("token");
        }
        for (key, path) in paths {
            table.insert(key, path.into());
        }
    })?;
    let changed = document.save()?;
    Ok(outcome(
        "user",
        &args.name,
        if new { "created" } else { "changed" },
        changed,
    ))
}

fn read_token(args: &SetUserArgs) -> Result<Option<String>> {
    let given = args.token_file.is_some() || args.token_stdin;
    given
        .then(|| input::token(args.token_file.as_deref()))
        .transpose()
}

fn absolute(path: &Path) -> Result<String> {
    let doing = || format!("cannot read {}", path.display());
    let real = std::fs::canonicalize(path).context(Kind::Config, doing)?;
    Ok(real.display().to_string())
}
