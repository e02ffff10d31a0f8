//! `nova auth login`: show a token to a server and keep it.

use std::path::PathBuf;

use nova_api::{Api, WhoAmI};
use nova_core::{Change, Cx, Failure, Outcome, Outcomes, Result, input};
use nova_http::block_on;

use crate::settings::{change, remote_context};

/// Log in to a server with a token
///
/// The token is tried first and stored only when the server takes it. Without --server it is for the cluster of the current
/// context; with it, cluster, user and context are made.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova auth login --token-file ci.token\n\
\x20 pass show nova | nova auth login --token-stdin --context prod\n\
\x20 nova auth login --server https://nova.example.com:8643 --certificate-authority ca.crt --name prod --token-file t")]
#[command(group = clap::ArgGroup::new("token").required(true))]
pub(crate) struct LoginArgs {
    /// Read the token from this file
    #[arg(long, value_name = "FILE", group = "token")]
    token_file: Option<PathBuf>,

    /// Read the token from standard input
    #[arg(long, group = "token")]
    token_stdin: bool,

    /// Server to make a context for, as an https URL
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    /// PEM file of the authority that signed the server's certificate
    #[arg(long, value_name = "FILE", requires = "server")]
    certificate_authority: Option<PathBuf>,

    /// Name of the new context
    #[arg(long, value_name = "NAME", requires = "server")]
    name: Option<String>,
}

pub(crate) fn run(cx: &Cx, args: &LoginArgs) -> Result<Outcomes> {
    let token = input::token(args.token_file.as_deref())?;
    match &args.server {
        Some(server) => new_context(cx, args, server, &token),
        None => known_context(cx, &token),
    }
}

fn known_context(cx: &Cx, token: &str) -> Result<Outcomes> {
    let Some((context, _)) = remote_context(cx)? else {
        return Err(
            Failure::usage("the local server needs no login: it knows you by your uid")
                .with_hint("nova auth login --server https://HOST:8643 --token-file FILE"),
        );
    };
    let who = block_on(async {
        let api = Api::connect_as(cx, token).await?;
        Ok::<_, Failure>(api.whoami().await?)
    })?;
    let user = context.user.clone().unwrap_or_else(|| who.user.clone());
    change(cx, &["set-user", &user, "--token-stdin"], token)?;
    if context.user.is_none() {
        change(cx, &["set-context", &context.name, "--user", &user], "")?;
    }
    Ok(outcome(&context.name, &who))
}

fn new_context(cx: &Cx, args: &LoginArgs, server: &str, token: &str) -> Result<Outcomes> {
    let authority = args.certificate_authority.as_deref().map(input::bytes);
    let authority = authority.transpose()?;
    let who = block_on(async {
        let api = Api::connect_at(cx, server, authority, token).await?;
        Ok::<_, Failure>(api.whoami().await?)
    })?;
    let name = args
        .name
        .clone()
        .unwrap_or_else(|| host_of(server).to_owned());
    let mut cluster = vec!["set-cluster", &name, "--server", server];
    let path = args
        .certificate_authority
        .as_ref()
        .map(|path| path.display().to_string());
    if let Some(path) = &path {
        cluster.extend(["--certificate-authority", path]);
    }
    change(cx, &cluster, "")?;
    let user = format!("{}@{name}", who.user);
    change(cx, &["set-user", &user, "--token-stdin"], token)?;
    change(
        cx,
        &["set-context", &name, "--cluster", &name, "--user", &user],
        "",
    )?;
    change(cx, &["use-context", &name], "")?;
    Ok(outcome(&name, &who))
}

/// `https://nova.example.com:8643/x` as `nova.example.com`.
fn host_of(server: &str) -> &str {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn outcome(context: &str, who: &WhoAmI) -> Outcomes {
    let words = format!("logged in as {} ({})", who.user, who.role);
    Outcomes::new(vec![Outcome {
        target: format!("context/{context}"),
        full_name: format!("context/{context}"),
        result: Ok(Change::done(words)),
        object: None,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_named_after_its_host() {
        assert_eq!(
            host_of("https://nova.example.com:8643/x"),
            "nova.example.com"
        );
        assert_eq!(host_of("https://h"), "h");
        assert_eq!(host_of("https://[::1]:8643"), "[::1]");
    }
}
