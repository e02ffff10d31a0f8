//! Which server to talk to, and as whom.
//!
//! In this order: `--endpoint` or `NOVA_ENDPOINT`; the cluster of the context; this user's own server when its lock is held;
//! the machine's server when this user may open its socket; else this user's own server is started. Only the last three are
//! local, and only one's own server is ever started.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use nova_core::config::{ClusterConfig, Config, UserConfig};
use nova_core::{Context, Cx, Failure, Kind, Result, env};
use nova_http::{Cache, CacheConfig, Client, ClientConfig, Endpoint, Secret, TlsOptions};

use super::api::{Api, ServerOrigin};
use super::handshake;
use super::local::{self, LocalServer, Seen};

impl Api {
    /// Connects to the server that the flags, the environment and the configuration name; without any, to the local one,
    /// which is started when it does not run.
    pub async fn connect(cx: &Cx) -> Result<Self> {
        Self::to(cx, find(cx).await?).await
    }

    /// Connects to the local server, whatever flags and configuration name; it is started when it does not run.
    pub async fn connect_local(cx: &Cx) -> Result<Self> {
        Self::to(cx, local_server(cx).await?).await
    }

    /// Connects to the server of a context, or of an endpoint that a configured cluster may know, with other credentials
    /// than the configured ones.
    pub async fn connect_as(cx: &Cx, token: &str) -> Result<Self> {
        let mut found = find(cx).await?;
        found.token = Some(Secret::new(token));
        found.tls.identity = None;
        Self::to(cx, found).await
    }

    /// Connects to a server that no configuration knows yet.
    pub async fn connect_at(
        cx: &Cx,
        server: &str,
        authority: Option<Vec<u8>>,
        token: &str,
    ) -> Result<Self> {
        let endpoint: Endpoint = server.parse().map_err(nova_http::Error::from)?;
        let mut found = Found::at(endpoint, ServerOrigin::Explicit);
        found.token = Some(Secret::new(token));
        found.tls.authorities = authority;
        Self::to(cx, found).await
    }

    async fn to(cx: &Cx, found: Found) -> Result<Self> {
        let mut config = ClientConfig::new(found.endpoint);
        config.token = found.token;
        config.tls = found.tls;
        config.user_agent = format!("{}/{}", cx.tool(), env!("CARGO_PKG_VERSION"));
        config.cache = Some(Arc::new(Cache::new(&CacheConfig {
            dir: cx.paths().ok().map(|paths| paths.cache.join("http")),
            ..CacheConfig::default()
        })));
        let api = Self::new(
            Client::new(config)?,
            cx.namespace()?,
            found.origin,
            found.local,
        );
        if !found.version_known {
            handshake::check(&api).await?;
        }
        Ok(api)
    }
}

/// A server that was decided on.
struct Found {
    endpoint: Endpoint,
    token: Option<Secret>,
    tls: TlsOptions,
    origin: ServerOrigin,
    local: Option<LocalServer>,
    /// The lock told the version, so no question is needed.
    version_known: bool,
}

impl Found {
    fn at(endpoint: Endpoint, origin: ServerOrigin) -> Self {
        Self {
            endpoint,
            token: None,
            tls: TlsOptions::default(),
            origin,
            local: None,
            version_known: false,
        }
    }
}

async fn find(cx: &Cx) -> Result<Found> {
    if let Some(text) = &cx.globals().endpoint {
        return explicit(cx, text);
    }
    let config = cx.config()?;
    let context = config.context(cx.globals().context.as_deref())?;
    if let Some(context) = context
        && let Some(cluster) = &context.cluster
    {
        return of_context(config, &context.name, cluster, context.user.as_deref());
    }
    local_server(cx).await
}

fn explicit(cx: &Cx, text: &str) -> Result<Found> {
    let endpoint: Endpoint = text.parse().map_err(nova_http::Error::from)?;
    let mut found = Found::at(endpoint, ServerOrigin::Explicit);
    found.token = env::get(env::NOVA_TOKEN).map(Secret::new);
    // A configuration that cannot be read must not keep a script from a server it names in full.
    if let Ok(config) = cx.config()
        && let Some(cluster) = known_cluster(config, &found.endpoint)
    {
        found.tls = authorities(&cluster)?;
    }
    Ok(found)
}

/// The configured cluster at an endpoint; it may name the authority to trust.
fn known_cluster(config: &Config, endpoint: &Endpoint) -> Option<ClusterConfig> {
    let named = config
        .contexts()
        .into_iter()
        .filter_map(|context| config.cluster(context.cluster.as_deref()?));
    named.into_iter().find(|cluster| {
        cluster
            .server
            .parse::<Endpoint>()
            .is_ok_and(|server| server == *endpoint)
    })
}

fn of_context(config: &Config, context: &str, cluster: &str, user: Option<&str>) -> Result<Found> {
    let missing = |what: &str, name: &str, flags: &str| {
        Failure::new(
            Kind::Config,
            format!("context \"{context}\" names {what} \"{name}\", which is not configured"),
        )
        .with_hint(format!(
            "add it with: nova config set-{what} {name} {flags}"
        ))
    };
    let cluster = config
        .cluster(cluster)
        .ok_or_else(|| missing("cluster", cluster, "--server URL"))?;
    let endpoint: Endpoint = cluster.server.parse().map_err(|error| {
        let failure = Failure::new(
            Kind::Config,
            format!("cluster \"{}\": {error}", cluster.name),
        );
        failure.with_hint(format!(
            "correct it with: nova config set-cluster {} --server URL",
            cluster.name
        ))
    })?;
    let mut found = Found::at(endpoint, ServerOrigin::Context(context.to_owned()));
    found.tls = authorities(&cluster)?;
    if let Some(name) = user {
        let user = config
            .user(name)
            .ok_or_else(|| missing("user", name, "--token-file FILE"))?;
        found.token = token(&user)?;
        found.tls.identity = identity(&user)?;
    }
    // The variable is nearer to the command than the configuration.
    if let Some(token) = env::get(env::NOVA_TOKEN) {
        found.token = Some(Secret::new(token));
    }
    Ok(found)
}

fn authorities(cluster: &ClusterConfig) -> Result<TlsOptions> {
    let authorities = match (
        &cluster.certificate_authority,
        &cluster.certificate_authority_data,
    ) {
        (Some(path), _) => Some(read(path, "certificate authority")?),
        (None, Some(data)) => Some(decode_base64(data).ok_or_else(|| {
            let name = &cluster.name;
            Failure::new(
                Kind::Config,
                format!("cluster \"{name}\": certificate_authority_data is not base64"),
            )
        })?),
        (None, None) => None,
    };
    Ok(TlsOptions {
        authorities,
        identity: None,
        insecure: cluster.insecure_skip_tls_verify,
    })
}

fn token(user: &UserConfig) -> Result<Option<Secret>> {
    if let Some(token) = &user.token {
        return Ok(Some(Secret::new(token)));
    }
    let Some(path) = &user.token_file else {
        return Ok(None);
    };
    let bytes = read(path, "token")?;
    Ok(Some(Secret::new(String::from_utf8_lossy(&bytes))))
}

fn identity(user: &UserConfig) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let part = |file: &Option<PathBuf>, data: &Option<String>, what: &str| match (file, data) {
        (Some(path), _) => read(path, what).map(Some),
        (None, Some(data)) => decode_base64(data).map(Some).ok_or_else(|| {
            let message = format!("user \"{}\": the {what} is not base64", user.name);
            Failure::new(Kind::Config, message)
        }),
        (None, None) => Ok(None),
    };
    let certificate = part(
        &user.client_certificate,
        &user.client_certificate_data,
        "client certificate",
    )?;
    let key = part(&user.client_key, &user.client_key_data, "client key")?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        _ => Err(Failure::new(
            Kind::Config,
            format!(
                "user \"{}\" has only half of a client certificate",
                user.name
            ),
        )
        .with_hint(format!(
            "nova config set-user {} --client-certificate FILE --client-key FILE",
            user.name
        ))),
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>> {
    std::fs::read(path).context(Kind::Config, || {
        format!("cannot read the {what} {}", path.display())
    })
}

/// Base64 as people paste it: with line ends and with or without padding.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let packed: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && *c != '=')
        .collect();
    STANDARD_NO_PAD.decode(packed).ok()
}

async fn local_server(cx: &Cx) -> Result<Found> {
    let paths = cx.paths()?;
    let own = LocalServer::new(
        paths.server_data(),
        paths.server_socket(),
        local::find_program(cx),
    );
    match own.look().await? {
        Seen::At(socket) => return own_server(&socket, own),
        Seen::Replaced => {}
        Seen::Nobody => {
            let system = paths.system_socket();
            if local::answers(&system).await {
                return Ok(Found::at(Endpoint::Unix(system), ServerOrigin::System));
            }
        }
    }
    let socket = own.ensure().await?;
    own_server(&socket, own)
}

fn own_server(socket: &Path, own: LocalServer) -> Result<Found> {
    let endpoint: Endpoint = format!("unix:{}", socket.display())
        .parse()
        .map_err(nova_http::Error::from)?;
    let mut found = Found::at(endpoint, ServerOrigin::Local);
    found.local = Some(own);
    found.version_known = true;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        assert_eq!(decode_base64("aGVsbG8=").unwrap(), b"hello");
        assert_eq!(decode_base64("aGVs\nbG8").unwrap(), b"hello");
        assert_eq!(decode_base64("").unwrap(), b"");
        assert!(decode_base64("a*b").is_none());
    }
}
