//! `nova config set-cluster`: make or change a cluster.

use std::path::PathBuf;

use nova_core::{Context, Cx, Failure, Kind, Outcomes, Result};

use crate::document::{Document, outcome};

/// Create or change a cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config set-cluster prod --server https://nova.example.com:8643 --certificate-authority ca.pem\n\
\x20 nova config set-cluster here --server unix:/run/nova/nova.sock")]
pub(crate) struct SetClusterArgs {
    /// Cluster
    #[arg(value_name = "NAME")]
    name: String,

    /// Server, as unix:PATH or an https URL
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    /// PEM file of the certificate authority
    #[arg(long, value_name = "FILE")]
    certificate_authority: Option<PathBuf>,

    /// Do not verify the server's certificate; for trials only
    #[arg(long)]
    insecure_skip_tls_verify: bool,
}

pub(crate) fn run(cx: &Cx, args: &SetClusterArgs) -> Result<Outcomes> {
    if let Some(server) = &args.server {
        check_server(server)?;
    }
    let authority = args.certificate_authority.as_ref().map(|path| {
        let doing = || format!("cannot read {}", path.display());
        std::fs::canonicalize(path).context(Kind::Config, doing)
    });
    let authority = authority.transpose()?;
    let mut document = Document::open(cx)?;
    let new = document.upsert("clusters", &args.name, |table| {
        if let Some(server) = &args.server {
            table.insert("server", server.as_str().into());
        }
        if let Some(path) = &authority {
            table.insert("certificate_authority", path.display().to_string().into());
        }
        if args.insecure_skip_tls_verify {
            table.insert("insecure_skip_tls_verify", true.into());
        }
    })?;
    if new && args.server.is_none() {
        return Err(Failure::usage("a new cluster needs --server"));
    }
    let changed = document.save()?;
    Ok(outcome(
        "cluster",
        &args.name,
        if new { "created" } else { "changed" },
        changed,
    ))
}

/// The message never repeats the URL: a wrong one may hold a password.
fn check_server(server: &str) -> Result<()> {
    if server
        .strip_prefix("unix:")
        .is_some_and(|path| path.starts_with('/'))
    {
        return Ok(());
    }
    let authority = server
        .strip_prefix("https://")
        .map(|rest| rest.split('/').next().unwrap_or(rest));
    match authority {
        Some(authority) if authority.contains('@') => Err(Failure::usage(
            "a server URL must not hold a user or password",
        )
        .with_hint("store the token with: nova config set-user NAME --token-stdin")),
        Some(authority) if !authority.is_empty() => Ok(()),
        _ => Err(Failure::usage(
            "--server must be unix:/PATH or https://HOST[:PORT]",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_sockets_or_https_without_credentials() {
        assert!(check_server("unix:/run/x.sock").is_ok());
        assert!(check_server("https://h:1").is_ok());
        for bad in ["unix:x", "http://h", "https://", "h:1"] {
            assert!(check_server(bad).is_err(), "{bad}");
        }
        let error = check_server("https://u:hunter2@h").unwrap_err();
        assert!(!error.message().contains("hunter2"));
    }
}
