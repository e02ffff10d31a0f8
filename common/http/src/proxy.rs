//! The proxy that the environment names: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.
//!
//! Only TLS endpoints on other machines go through it, as a tunnel that sees nothing but host and port.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use nova_core::env;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::endpoint::Endpoint;
use crate::error::Error;

/// A proxy whose answer is longer speaks something else.
const ANSWER_LIMIT: usize = 8 * 1024;

/// An HTTP proxy.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    host: String,
    port: u16,
    /// Value of `Proxy-Authorization`.
    login: Option<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

/// The proxy for an endpoint, when the environment names one.
pub(crate) fn of_environment(endpoint: &Endpoint) -> Result<Option<Proxy>, Error> {
    let both = |name: &str| env::get(name).or_else(|| env::get(&name.to_ascii_lowercase()));
    choose(endpoint, both)
}

fn choose(
    endpoint: &Endpoint,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, Error> {
    let Endpoint::Url(web) = endpoint else {
        return Ok(None);
    };
    if endpoint.is_local() || variable("NO_PROXY").is_some_and(|list| is_excepted(&web.host, &list))
    {
        return Ok(None);
    }
    let Some(text) = variable("HTTPS_PROXY").or_else(|| variable("ALL_PROXY")) else {
        return Ok(None);
    };
    // The text may hold a password, so it is not repeated.
    let bad = || {
        Error::Request("the proxy of HTTPS_PROXY or ALL_PROXY is not `http://HOST:PORT`".to_owned())
    };
    Proxy::parse(&text).map(Some).ok_or_else(bad)
}

/// Whether a list of hosts and domains contains a host; `*` contains all.
fn is_excepted(host: &str, list: &str) -> bool {
    list.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            let domain = entry.trim_start_matches('.').to_ascii_lowercase();
            entry == "*"
                || host == domain
                || host
                    .strip_suffix(&domain)
                    .is_some_and(|rest| rest.ends_with('.'))
        })
}

impl Proxy {
    fn parse(text: &str) -> Option<Self> {
        let text = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri: Uri = text.parse().ok()?;
        let authority = uri
            .authority()
            .filter(|_| uri.scheme_str() == Some("http"))?;
        let login = authority.as_str().rsplit_once('@').map(|(login, _)| {
            let login = percent_decoded(login);
            format!("Basic {}", STANDARD.encode(login))
        });
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        Some(Self {
            host,
            port: authority.port_u16().unwrap_or(80),
            login,
        })
    }

    /// A connection to a host behind the proxy.
    pub(crate) async fn tunnel(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let target = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let login = self
            .login
            .as_ref()
            .map(|login| format!("Proxy-Authorization: {login}\r\n"));
        let ask = format!(
            "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n",
            login.unwrap_or_default()
        );
        stream.write_all(ask.as_bytes()).await?;
        let status = read_status(&mut stream).await?;
        if (200..300).contains(&status) {
            return Ok(stream);
        }
        Err(io::Error::other(format!(
            "the proxy {}:{} answered {status}",
            self.host, self.port
        )))
    }
}

/// Reads the head of the proxy's answer. Nothing of ours follows it before we speak.
async fn read_status(stream: &mut TcpStream) -> io::Result<u16> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await?;
        answer.push(byte);
        if answer.len() > ANSWER_LIMIT {
            break;
        }
    }
    let head = String::from_utf8_lossy(&answer);
    let status = head
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5)?.parse().ok());
    status.ok_or_else(|| io::Error::other("the proxy does not speak HTTP"))
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let escaped = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(endpoint: &str, variables: &[(&str, &str)]) -> Option<Proxy> {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        choose(&endpoint.parse().unwrap(), find).unwrap()
    }

    #[test]
    fn only_other_machines_are_reached_through_a_proxy() {
        let proxied = [("HTTPS_PROXY", "http://proxy:3128")];
        assert!(chosen("https://nova.example", &proxied).is_some());
        assert!(chosen("https://nova.example", &[("ALL_PROXY", "proxy:3128")]).is_some());
        for local in [
            "unix:/run/x",
            "https://127.0.0.1:1",
            "https://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(chosen(local, &proxied).is_none(), "{local}");
        }
        for list in ["*", "nova.example", "x, example", ".example"] {
            let variables = [proxied[0], ("NO_PROXY", list)];
            assert!(
                chosen("https://nova.example", &variables).is_none(),
                "{list}"
            );
        }
        assert!(
            chosen(
                "https://nova.example",
                &[proxied[0], ("NO_PROXY", "va.example")]
            )
            .is_some()
        );
    }

    #[test]
    fn the_login_of_a_proxy_is_kept_and_not_shown() {
        let proxy = Proxy::parse("http://ana:p%40ss@proxy:3128").unwrap();
        assert_eq!(proxy.login.as_deref(), Some("Basic YW5hOnBAc3M="));
        assert_eq!(format!("{proxy:?}"), "Proxy(proxy:3128)");
        let endpoint = "https://nova.example".parse().unwrap();
        let error =
            choose(&endpoint, |_| Some("socks5://ana:hunter2@proxy".to_owned())).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }

    /// A proxy that answers one connection, and what it was asked.
    async fn answering(answer: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 1024];
            let length = stream.read(&mut asked).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            asked.truncate(length);
            String::from_utf8(asked).unwrap()
        });
        (port, asked)
    }

    #[tokio::test]
    async fn a_tunnel_names_its_target_and_a_refusal_is_told() {
        let (port, asked) = answering("HTTP/1.1 200 ok\r\n\r\nhello").await;
        let proxy = Proxy::parse(&format!("http://a:b@127.0.0.1:{port}")).unwrap();
        let mut stream = proxy.tunnel("::1", 8643).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "hello");
        let expected = "CONNECT [::1]:8643 HTTP/1.1\r\nHost: [::1]:8643\r\nProxy-Authorization: Basic YTpi\r\n\r\n";
        assert_eq!(asked.await.unwrap(), expected);
        let (port, _asked) = answering("HTTP/1.1 407 no\r\n\r\n").await;
        let proxy = Proxy::parse(&format!("127.0.0.1:{port}")).unwrap();
        let error = proxy.tunnel("x", 1).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the proxy 127.0.0.1:{port} answered 407")
        );
    }
}
