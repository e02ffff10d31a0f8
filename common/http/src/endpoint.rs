//! Where a server listens.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use reqwest::Url;

/// Port of HTTPS endpoints that name none.
const DEFAULT_PORT: u16 = 8643;
/// Linux' limit of a socket address, with its final zero byte.
const SOCKET_PATH_LIMIT: usize = 108;

/// Address of a server: `unix:PATH`, `https://HOST[:PORT]`, or `http://` on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Unix socket.
    Unix(PathBuf),
    /// URL without credentials, query and fragment.
    Url(Url),
}

/// Why a text is not an endpoint. No message repeats the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Neither form.
    #[error("the endpoint is neither `unix:PATH` nor `https://HOST[:PORT]`")]
    Malformed,
    /// Not an absolute path.
    #[error("the endpoint `unix:{}` needs an absolute path", .0.display())]
    RelativePath(PathBuf),
    /// The kernel takes no longer address.
    #[error("the socket path {} has {length} bytes, the system allows {}", .path.display(), SOCKET_PATH_LIMIT - 1)]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        length: usize,
    },
    /// User name or password in the URL.
    #[error("the endpoint URL contains credentials; they do not belong there")]
    Credentials,
    /// Plain HTTP to another machine.
    #[error("plain `http://` is allowed to this machine only, not to `{0}`")]
    PlainRemote(String),
}

impl Endpoint {
    /// Base URL of requests. A Unix socket has no host, so a fixed one stands in.
    pub(crate) fn base(&self) -> &str {
        match self {
            Self::Unix(_) => "http://localhost",
            Self::Url(url) => url.as_str().trim_end_matches('/'),
        }
    }

    /// Socket path, when it is a Unix socket.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => Some(path),
            Self::Url(_) => None,
        }
    }

    /// Whether traffic stays on this machine, so that a proxy must not see it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Url(url) => is_loopback(url),
        }
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Url(url) if url.scheme() == "https")
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        match text.strip_prefix("unix:") {
            Some(path) => unix(path.strip_prefix("//").unwrap_or(path)),
            None => url(text),
        }
    }
}

fn unix(path: &str) -> Result<Endpoint, EndpointError> {
    let path = PathBuf::from(path);
    if !path.is_absolute() {
        return Err(EndpointError::RelativePath(path));
    }
    let length = path.as_os_str().len();
    if length >= SOCKET_PATH_LIMIT {
        return Err(EndpointError::PathTooLong { path, length });
    }
    Ok(Endpoint::Unix(path))
}

fn url(text: &str) -> Result<Endpoint, EndpointError> {
    let mut url = Url::parse(text).map_err(|_| EndpointError::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Credentials);
    }
    let host = url.host_str().ok_or(EndpointError::Malformed)?.to_owned();
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(EndpointError::PlainRemote(host)),
        _ => return Err(EndpointError::Malformed),
    }
    // The parser drops a written default port, so ask the text whether one was there.
    let authority = text
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default();
    let written = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if !written && url.set_port(Some(DEFAULT_PORT)).is_err() {
        return Err(EndpointError::Malformed);
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(Endpoint::Url(url))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Url(url) => f.write_str(url.as_str().trim_end_matches('/')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<Endpoint>().unwrap().to_string()
    }

    #[test]
    fn both_forms_are_read() {
        assert_eq!(
            shown("unix:/run/nova/nova.sock"),
            "unix:/run/nova/nova.sock"
        );
        assert_eq!(shown("unix:///run/x"), "unix:/run/x");
        assert_eq!(shown("https://nova.example"), "https://nova.example:8643");
        assert_eq!(shown("https://nova.example:443/"), "https://nova.example");
        assert_eq!(shown("https://[::1]"), "https://[::1]:8643");
        assert_eq!(
            shown("http://127.0.0.1:8080/prefix/?q#f"),
            "http://127.0.0.1:8080/prefix"
        );
    }

    #[test]
    fn nonsense_is_refused_without_repeating_a_password() {
        for text in [
            "",
            "nova.example",
            "ftp://x",
            "unix:",
            "unix:relative",
            "http://10.0.0.1",
            "https://",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
        let error = "https://ana:hunter2@nova.example"
            .parse::<Endpoint>()
            .unwrap_err();
        assert_eq!(error, EndpointError::Credentials);
        assert!(!error.to_string().contains("hunter2"));
        let long = format!("unix:/{}", "x".repeat(120));
        assert!(matches!(
            long.parse::<Endpoint>(),
            Err(EndpointError::PathTooLong { length: 121, .. })
        ));
    }
}
