//! `nova config export-kubeconfig`: a kubeconfig with which kubectl works at once.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nova_api::{Api, Token, TokenSpec};
use nova_core::config::{ClusterConfig, ContextConfig};
use nova_core::fs::{PRIVATE, save};
use nova_core::output::to_yaml;
use nova_core::{Context, Cx, Failure, Kind, Result, env};
use nova_http::block_on;
use serde_json::{Value, json};

use super::kube_credential::{bearer, certificate};

/// Write a kubeconfig for kubectl and other Kubernetes clients
///
/// For the local server, kubectl then starts the server itself when it does not run. Without --file the kubeconfig goes to
/// standard output.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config export-kubeconfig --file ~/.kube/nova\n\
\x20 KUBECONFIG=~/.kube/nova kubectl get vm\n\
\x20 nova config export-kubeconfig --context prod --static-token > prod.yaml")]
pub(crate) struct ExportKubeconfigArgs {
    /// Write to this file, readable for you alone
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Write a token into it, instead of the command that gets one
    #[arg(long)]
    static_token: bool,
}

/// Where a kubeconfig leads, and as whom.
struct Target {
    name: String,
    server: String,
    /// PEM of the authority; nothing means those of the system.
    authority: Option<Vec<u8>>,
    insecure: bool,
    namespace: String,
    user: Value,
}

pub(crate) fn run(cx: &Cx, args: &ExportKubeconfigArgs) -> Result<()> {
    let target = match of_context(cx)? {
        Some((context, cluster)) if !cluster.server.starts_with("unix:") => {
            remote(cx, &context, &cluster, args.static_token)?
        }
        Some((context, _)) => {
            let name = context.name.clone();
            block_on(local(cx, Some(&name), args.static_token))?
        }
        None => block_on(local(cx, None, args.static_token))?,
    };
    let text = to_yaml(&kubeconfig(&target))?;
    let Some(file) = &args.file else {
        return cx.print(&text);
    };
    let path = std::path::absolute(file)
        .context(Kind::Config, || format!("cannot use {}", file.display()))?;
    save(&path, text.as_bytes(), PRIVATE)?;
    cx.note(&format!("wrote {}", file.display()));
    cx.note(&format!(
        "try: kubectl --kubeconfig {} get vm",
        file.display()
    ));
    Ok(())
}

/// The context in force and its cluster, where it has one.
fn of_context(cx: &Cx) -> Result<Option<(ContextConfig, ClusterConfig)>> {
    if cx.globals().endpoint.is_some() {
        return Ok(None);
    }
    let config = cx.config()?;
    let Some(context) = config.context(cx.globals().context.as_deref())? else {
        return Ok(None);
    };
    let Some(name) = context.cluster.clone() else {
        return Ok(None);
    };
    let cluster = config.cluster(&name).ok_or_else(|| {
        Failure::new(
            Kind::Config,
            format!(
                "context \"{}\" names cluster \"{name}\", which is not configured",
                context.name
            ),
        )
        .with_hint(format!(
            "add it with: nova config set-cluster {name} --server URL"
        ))
    })?;
    Ok(Some((context, cluster)))
}

/// A server of this machine, through its loopback listener.
async fn local(cx: &Cx, context: Option<&str>, static_token: bool) -> Result<Target> {
    let explicit = cx.globals().endpoint.is_some() || context.is_some();
    let api = if explicit {
        Api::connect(cx).await?
    } else {
        Api::connect_local(cx).await?
    };
    if !api.http().endpoint().to_string().starts_with("unix:") {
        return Err(
            Failure::usage("--endpoint leads to a server elsewhere").with_hint(
                "make a context for it: nova config set-cluster, set-user and set-context",
            ),
        );
    }
    let session = api.session().await?;
    let user = if static_token {
        json!({"token": lasting_token(cx, &api).await?})
    } else {
        exec(cx, context, cx.globals().endpoint.as_deref())
    };
    Ok(Target {
        name: context.unwrap_or("nova").to_owned(),
        server: session.server,
        authority: Some(session.certificate_authority.into_bytes()),
        insecure: false,
        namespace: cx.namespace()?,
        user,
    })
}

/// A token that can be listed and revoked.
async fn lasting_token(cx: &Cx, api: &Api) -> Result<String> {
    let name = format!("kubeconfig-{}", cx.now().as_second());
    let spec = TokenSpec {
        user: Some("kubeconfig".to_owned()),
        role: Some("admin".to_owned()),
        description: Some("made by nova config export-kubeconfig --static-token".to_owned()),
        ..TokenSpec::default()
    };
    let made = api.create_token(&Token::new(&*name, spec)).await?;
    cx.note(&format!(
        "the kubeconfig holds token {name}; end it with: nova auth token revoke {name}"
    ));
    let token = made.status.and_then(|status| status.token);
    token.ok_or_else(|| Failure::new(Kind::Failed, "the server answered no token"))
}

/// A server elsewhere, with what the configuration knows of it.
fn remote(
    cx: &Cx,
    context: &ContextConfig,
    cluster: &ClusterConfig,
    static_token: bool,
) -> Result<Target> {
    let authority = match (
        &cluster.certificate_authority,
        &cluster.certificate_authority_data,
    ) {
        (Some(path), _) => Some(std::fs::read(path).context(Kind::Config, || {
            format!("cannot read the certificate authority {}", path.display())
        })?),
        (None, Some(data)) => Some(STANDARD.decode(data.trim()).map_err(|error| {
            let name = &cluster.name;
            let message = format!("cluster \"{name}\": certificate_authority_data: {error}");
            Failure::new(Kind::Config, message)
        })?),
        (None, None) => None,
    };
    let user = match (static_token, certificate(cx, context)?) {
        (false, _) => exec(cx, Some(&context.name), None),
        (true, Some((certificate, key))) => json!({
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key),
        }),
        (true, None) => json!({"token": bearer(cx, context)?}),
    };
    Ok(Target {
        name: context.name.clone(),
        server: cluster.server.clone(),
        authority,
        insecure: cluster.insecure_skip_tls_verify,
        namespace: cx.namespace()?,
        user,
    })
}

/// The credential plugin: this tool, by its path, with what it needs to find the same server again.
fn exec(cx: &Cx, context: Option<&str>, endpoint: Option<&str>) -> Value {
    let mut arguments = vec!["kube-credential".to_owned()];
    match (context, endpoint) {
        (Some(context), _) => arguments.extend(["--context".to_owned(), context.to_owned()]),
        (None, Some(endpoint)) => arguments.extend(["--endpoint".to_owned(), endpoint.to_owned()]),
        (None, None) => arguments.push("--local".to_owned()),
    }
    // An empty variable counts as unset: what the shell says to our other tools is not for this one.
    let mut variables = vec![json!({"name": "NOVA_ENDPOINT", "value": ""})];
    let places = env::with_prefix("NOVA_")
        .into_iter()
        .filter(|(name, _)| name.ends_with("_DIR"));
    variables.extend(places.map(|(name, value)| json!({"name": name, "value": value})));
    json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": program(cx),
        "args": arguments, "env": variables, "interactiveMode": "Never",
        "provideClusterInfo": false,
        "installHint": "nova-config is part of the nova toolkit; run its install.sh",
    }})
}

/// The path of this tool, so that it is found whatever PATH holds.
fn program(cx: &Cx) -> String {
    let beside = cx.exec_dir().map(|dir| dir.join("nova-config"));
    let found = beside.filter(|path| path.is_absolute() && path.exists());
    let path = found.as_deref().unwrap_or(Path::new("nova-config"));
    path.display().to_string()
}

fn kubeconfig(target: &Target) -> Value {
    let name = &target.name;
    let mut cluster = json!({"server": target.server});
    if let Some(authority) = &target.authority {
        cluster["certificate-authority-data"] = json!(STANDARD.encode(authority));
    } else if target.insecure {
        cluster["insecure-skip-tls-verify"] = json!(true);
    }
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": name, "preferences": {},
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": target.user}],
        "contexts": [{"name": name, "context": {
            "cluster": name, "user": name, "namespace": target.namespace,
        }}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_names_server_authority_and_user() {
        let config = kubeconfig(&Target {
            name: "nova".into(),
            server: "https://127.0.0.1:20000".into(),
            authority: Some(b"pem".to_vec()),
            insecure: false,
            namespace: "prod".into(),
            user: json!({"token": "t"}),
        });
        assert_eq!(config["current-context"], "nova");
        let cluster = &config["clusters"][0]["cluster"];
        assert_eq!(cluster["certificate-authority-data"], "cGVt");
        assert_eq!(config["contexts"][0]["context"]["namespace"], "prod");
        assert_eq!(config["users"][0]["user"]["token"], "t");
    }
}
