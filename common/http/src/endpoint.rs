//! Where a server listens.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use http::Uri;

/// Port of HTTPS endpoints that name none.
const DEFAULT_PORT: u16 = 8643;
/// Linux' limit of a socket address, with its final zero byte.
const SOCKET_PATH_LIMIT: usize = 108;

/// Address of a server: `unix:PATH`, `https://HOST[:PORT]`, or `http://` on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Unix socket.
    Unix(PathBuf),
    /// Host and port, mostly over TLS.
    Url(Web),
}

/// A URL taken apart; without credentials, query and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    pub(crate) tls: bool,
    /// Lower case; an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Path before all paths, without a slash at its end.
    pub(crate) prefix: String,
}

impl Web {
    /// Host and port as a URL has them, without a port that goes without saying.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
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
    /// The server of a web page and the path on it, query included. The ports that go without saying are the web's own, and
    /// `plain` allows `http://` to other machines too.
    pub fn of_page(address: &str, plain: bool) -> Result<(Self, String), EndpointError> {
        let uri: Uri = address.parse().map_err(|_| EndpointError::Malformed)?;
        let usual = if uri.scheme_str() == Some("http") {
            80
        } else {
            443
        };
        let web = Web {
            prefix: String::new(),
            ..web(&uri, usual)?
        };
        if !web.tls && !plain && !web.is_loopback() {
            return Err(EndpointError::PlainRemote(web.host));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok((Self::Url(web), path.to_owned()))
    }

    /// Value of `Host`. A Unix socket has no host, so a fixed one stands in.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Url(web) => web.authority(),
        }
    }

    /// Path before all paths.
    pub(crate) fn prefix(&self) -> &str {
        match self {
            Self::Unix(_) => "",
            Self::Url(web) => &web.prefix,
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
            Self::Url(web) => web.is_loopback(),
        }
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Url(web) if web.tls)
    }
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
    let uri: Uri = text.parse().map_err(|_| EndpointError::Malformed)?;
    let web = web(&uri, DEFAULT_PORT)?;
    if !web.tls && !web.is_loopback() {
        return Err(EndpointError::PlainRemote(web.host));
    }
    Ok(Endpoint::Url(web))
}

fn web(uri: &Uri, usual_port: u16) -> Result<Web, EndpointError> {
    let authority = uri.authority().ok_or(EndpointError::Malformed)?;
    if authority.as_str().contains('@') {
        return Err(EndpointError::Credentials);
    }
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(EndpointError::Malformed),
    };
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_ascii_lowercase();
    if host.is_empty() || (authority.port().is_some() && authority.port_u16().is_none()) {
        return Err(EndpointError::Malformed);
    }
    Ok(Web {
        tls,
        host,
        port: authority.port_u16().unwrap_or(usual_port),
        prefix: uri.path().trim_end_matches('/').to_owned(),
    })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Url(web) => {
                let scheme = if web.tls { "https" } else { "http" };
                write!(f, "{scheme}://{}{}", web.authority(), web.prefix)
            }
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
    fn pages_have_the_usual_ports_and_keep_their_query() {
        let page = |text| Endpoint::of_page(text, false).map(|(at, path)| (at.to_string(), path));
        let (at, path) = page("https://nova.example/a/b.yaml?ref=1").unwrap();
        assert_eq!(
            (at.as_str(), path.as_str()),
            ("https://nova.example", "/a/b.yaml?ref=1")
        );
        assert!(page("http://127.0.0.1:8080").is_ok_and(|(_, path)| path == "/"));
        let plain = "http://nova.example/x";
        assert_eq!(
            page(plain),
            Err(EndpointError::PlainRemote("nova.example".into()))
        );
        assert!(Endpoint::of_page(plain, true).is_ok());
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
