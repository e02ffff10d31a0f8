//! `nova-config kube-credential`: what kubectl runs to get its credentials.

use std::time::Duration;

use nova_api::Api;
use nova_core::config::{ContextConfig, UserConfig};
use nova_core::{Context, Cx, Failure, Kind, Result};
use nova_http::block_on;
use serde_json::{Value, json};

/// kubectl asks again after this time, which starts a server that went idle meanwhile.
const FRESH: Duration = Duration::from_mins(5);

/// Print credentials for kubectl
///
/// Kubeconfigs of `nova config export-kubeconfig` name this command; it starts the local server when it does not run.
#[derive(Debug, clap::Args)]
pub(crate) struct KubeCredentialArgs {
    /// For the local server, whatever the current context is
    #[arg(long)]
    local: bool,
}

pub(crate) fn run(cx: &Cx, args: &KubeCredentialArgs) -> Result<()> {
    let status = match remote(cx, args)? {
        Some(context) => of_context(cx, &context)?,
        None => block_on(of_server(cx, args))?,
    };
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status,
    });
    cx.print(&format!("{credential}\n"))
}

/// The context of a server elsewhere.
fn remote(cx: &Cx, args: &KubeCredentialArgs) -> Result<Option<ContextConfig>> {
    if args.local || cx.globals().endpoint.is_some() {
        return Ok(None);
    }
    let config = cx.config()?;
    let context = config.context(cx.globals().context.as_deref())?;
    let elsewhere = |context: &ContextConfig| {
        let cluster = context
            .cluster
            .as_deref()
            .and_then(|name| config.cluster(name));
        cluster.is_some_and(|cluster| !cluster.server.starts_with("unix:"))
    };
    Ok(context.filter(elsewhere))
}

async fn of_server(cx: &Cx, args: &KubeCredentialArgs) -> Result<Value> {
    let api = if args.local {
        Api::connect_local(cx).await?
    } else {
        Api::connect(cx).await?
    };
    let session = api.session().await?;
    let until = cx.now() + FRESH;
    Ok(json!({"token": session.token, "expirationTimestamp": format!("{until:.0}")}))
}

fn of_context(cx: &Cx, context: &ContextConfig) -> Result<Value> {
    if let Some((certificate, key)) = certificate(cx, context)? {
        return Ok(json!({"clientCertificateData": certificate, "clientKeyData": key}));
    }
    Ok(json!({"token": bearer(cx, context)?}))
}

/// The user of a context.
fn user(cx: &Cx, context: &ContextConfig) -> Result<UserConfig> {
    let name = context.user.as_deref().unwrap_or_default();
    cx.config()?.user(name).ok_or_else(|| {
        Failure::new(
            Kind::Auth,
            format!("context \"{}\" has no user with credentials", context.name),
        )
        .with_hint("log in with: nova auth login --token-file FILE")
    })
}

/// The client certificate of a context with its key, PEM, where its user has one.
pub(super) fn certificate(cx: &Cx, context: &ContextConfig) -> Result<Option<(String, String)>> {
    let user = user(cx, context)?;
    let (Some(certificate), Some(key)) = (&user.client_certificate, &user.client_key) else {
        return Ok(None);
    };
    let read = |path: &std::path::Path| {
        std::fs::read_to_string(path)
            .context(Kind::Config, || format!("cannot read {}", path.display()))
    };
    Ok(Some((read(certificate)?, read(key)?)))
}

/// The token of a context.
pub(super) fn bearer(cx: &Cx, context: &ContextConfig) -> Result<String> {
    let user = user(cx, context)?;
    let token = match (&user.token, &user.token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(path)) => std::fs::read_to_string(path).context(Kind::Config, || {
            format!("cannot read the token {}", path.display())
        })?,
        (None, None) => {
            return Err(Failure::new(
                Kind::Auth,
                format!(
                    "user \"{}\" has neither a token nor a certificate",
                    user.name
                ),
            )
            .with_hint("log in with: nova auth login --token-file FILE"));
        }
    };
    Ok(token.trim().to_owned())
}
