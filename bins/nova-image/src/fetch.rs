//! Downloads an image from an address, following redirections but never to plain HTTP.

use std::io::Write;
use std::time::Duration;

use nova_core::progress::{Amount, Progress};
use nova_core::{Context, Cx, Failure, Kind, Result};
use nova_http::{BodyStream, Client, ClientConfig, Endpoint, Error, Method};
use tempfile::NamedTempFile;

const REDIRECTIONS: usize = 5;
/// A server that sends nothing for this long is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether `source` is an address rather than a file.
pub(crate) fn is_address(source: &str) -> bool {
    source.starts_with("https://") || source.starts_with("http://")
}

/// Downloads to a file of the cache that goes when it is dropped.
pub(crate) async fn download(cx: &Cx, address: &str) -> Result<NamedTempFile> {
    let dir = cx.paths()?.cache.join("downloads");
    let failed = || format!("cannot write to {}", dir.display());
    nova_core::fs::create_private_dir(&dir).context(Kind::Failed, failed)?;
    let mut file = NamedTempFile::new_in(&dir).context(Kind::Failed, failed)?;
    let mut body = open(address).await?;
    let total = body
        .headers()
        .get("content-length")
        .and_then(|text| text.to_str().ok()?.parse().ok());
    let progress = cx.progress("downloading the image");
    progress.phase("download");
    receive(&mut body, (&mut file, total), &progress).await?;
    progress.finish();
    file.as_file_mut().flush().context(Kind::Failed, failed)?;
    Ok(file)
}

async fn receive(
    body: &mut BodyStream,
    (file, total): (&mut NamedTempFile, Option<u64>),
    progress: &Progress,
) -> Result<()> {
    let mut got = 0;
    while let Some(chunk) = body.chunk_within(PATIENCE).await? {
        file.write_all(&chunk).context(Kind::Failed, || {
            format!("cannot write {}", file.path().display())
        })?;
        got += chunk.len() as u64;
        progress.update(Amount {
            current: got,
            total: total.unwrap_or(0),
            unit: "bytes",
        });
    }
    match total {
        Some(total) if total != got => Err(Failure::new(
            Kind::Unavailable,
            format!("the download ended after {got} of {total} bytes"),
        )),
        _ => Ok(()),
    }
}

async fn open(address: &str) -> Result<BodyStream> {
    let mut at = Address::parse(address)?;
    for _ in 0..=REDIRECTIONS {
        let endpoint: Endpoint = at.endpoint().parse().map_err(Error::from)?;
        let client = Client::new(ClientConfig::new(endpoint))?;
        match client.request(Method::GET, &*at.path).open().await {
            Err(Error::Refused(answer)) if matches!(answer.status, 301 | 302 | 303 | 307 | 308) => {
                at = at.follow(answer.header("location").unwrap_or_default())?;
            }
            other => return Ok(other?),
        }
    }
    Err(Failure::new(
        Kind::Unavailable,
        "the address redirects too many times",
    ))
}

/// The parts of an address that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    scheme: String,
    authority: String,
    /// With the query, without the fragment.
    path: String,
}

impl Address {
    fn parse(text: &str) -> Result<Self> {
        let malformed = || Failure::usage("the address is not of the form https://HOST/PATH");
        let (scheme, rest) = text.split_once("://").ok_or_else(malformed)?;
        let rest = rest.split('#').next().unwrap_or(rest);
        let (authority, path) = rest
            .find(['/', '?'])
            .map_or((rest, ""), |at| rest.split_at(at));
        if authority.is_empty() {
            return Err(malformed());
        }
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            authority: authority.to_owned(),
            path,
        })
    }

    /// With a port always: endpoints of servers have another default than the web.
    fn endpoint(&self) -> String {
        let port = self
            .authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        match (port, self.scheme.as_str()) {
            (true, scheme) => format!("{scheme}://{}", self.authority),
            (false, "http") => format!("http://{}:80", self.authority),
            (false, scheme) => format!("{scheme}://{}:443", self.authority),
        }
    }

    fn follow(&self, location: &str) -> Result<Self> {
        let next = if location.contains("://") {
            Self::parse(location)?
        } else if let Some(rest) = location.strip_prefix("//") {
            Self::parse(&format!("{}://{rest}", self.scheme))?
        } else if location.starts_with('/') {
            Self {
                path: location.split('#').next().unwrap_or(location).to_owned(),
                ..self.clone()
            }
        } else {
            let dir = self
                .path
                .split('?')
                .next()
                .and_then(|path| path.rsplit_once('/'))
                .map_or("", |cut| cut.0);
            Self {
                path: format!("{dir}/{location}"),
                ..self.clone()
            }
        };
        if self.scheme == "https" && next.scheme != "https" {
            return Err(Failure::new(
                Kind::Integrity,
                "the address redirects from https to plain http",
            ));
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_get_the_port_of_the_web() {
        let address = Address::parse("https://x.org/a/b.qcow2?v=1#f").unwrap();
        assert_eq!(
            (address.endpoint().as_str(), address.path.as_str()),
            ("https://x.org:443", "/a/b.qcow2?v=1")
        );
        assert_eq!(
            Address::parse("https://x.org:8443").unwrap().endpoint(),
            "https://x.org:8443"
        );
        assert_eq!(Address::parse("http://127.0.0.1?x").unwrap().path, "/?x");
        assert!(Address::parse("https:///x").is_err());
    }

    #[test]
    fn redirections_are_relative_or_absolute_and_never_lose_encryption() {
        let from = Address::parse("https://x.org/a/b?c").unwrap();
        assert_eq!(from.follow("/d").unwrap().path, "/d");
        assert_eq!(from.follow("d").unwrap().path, "/a/d");
        assert_eq!(from.follow("https://y.org/e").unwrap().authority, "y.org");
        assert_eq!(
            from.follow("//y.org/e").unwrap().endpoint(),
            "https://y.org:443"
        );
        assert_eq!(
            from.follow("http://x.org/a").unwrap_err().kind(),
            Kind::Integrity
        );
    }
}
