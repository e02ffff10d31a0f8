//! Downloads an image from an address, following redirections but never to plain HTTP.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use nova_core::progress::{Amount, Progress};
use nova_core::{Context, Cx, Diagnose, Kind, Result};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response};
use rustls::crypto::ring::default_provider;
use tempfile::NamedTempFile;

const REDIRECTIONS: usize = 5;
/// A server that cannot be connected to within this time is given up.
const CONNECT: Duration = Duration::from_secs(10);
/// A server that sends nothing for this long is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a download failed. Addresses are shown without credentials and queries, which may be secret.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the address is not of the form https://HOST/PATH")]
    Malformed,
    #[error("the address redirects from https to plain http")]
    Downgraded,
    #[error("the address redirects too many times")]
    Endless,
    #[error("{host} answered {status}")]
    Refused { host: String, status: u16 },
    #[error("cannot download from {host}: {source}")]
    Transport {
        host: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("the download ended after {got} of {total} bytes")]
    Short { got: u64, total: u64 },
}

impl Diagnose for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Malformed => Kind::Usage,
            Self::Downgraded => Kind::Integrity,
            Self::Refused {
                status: 404 | 410, ..
            } => Kind::NotFound,
            Self::Refused {
                status: 401 | 403, ..
            } => Kind::Auth,
            _ => Kind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::Transport { .. })
            .then(|| "check the address, and HTTPS_PROXY if you need one".to_owned())
    }
}

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
    let answer = open(address).await?;
    let progress = cx.progress("downloading the image");
    progress.phase("download");
    receive(answer, &mut file, &progress).await?;
    progress.finish();
    file.as_file_mut().flush().context(Kind::Failed, failed)?;
    Ok(file)
}

async fn receive(
    mut answer: Response,
    file: &mut NamedTempFile,
    progress: &Progress,
) -> Result<()> {
    let (host, total) = (host_of(answer.url()), answer.content_length());
    let mut got = 0;
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|source| transport(&host, source))?
    {
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
        Some(total) if total != got => Err(Error::Short { got, total }.into()),
        _ => Ok(()),
    }
}

async fn open(address: &str) -> Result<Response, Error> {
    let url: reqwest::Url = address.parse().map_err(|_| Error::Malformed)?;
    let host = host_of(&url);
    let client = client().map_err(|source| transport(&host, source))?;
    let answer = client
        .get(url)
        .send()
        .await
        .map_err(|source| transport(&host, source))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    Err(Error::Refused {
        host,
        status: status.as_u16(),
    })
}

fn client() -> reqwest::Result<Client> {
    // The provider is chosen once per process; a second choice is the same one.
    let _chosen = default_provider().install_default();
    Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(PATIENCE)
        .redirect(Policy::custom(follow))
        .user_agent(concat!("nova-image/", env!("CARGO_PKG_VERSION")))
        .build()
}

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let was_secure = attempt
        .previous()
        .last()
        .is_some_and(|url| url.scheme() == "https");
    if was_secure && attempt.url().scheme() != "https" {
        return attempt.error(Arc::new(Error::Downgraded));
    }
    if attempt.previous().len() > REDIRECTIONS {
        return attempt.error(Arc::new(Error::Endless));
    }
    attempt.follow()
}

fn host_of(url: &reqwest::Url) -> String {
    url.host_str().unwrap_or("the server").to_owned()
}

/// Our own reason to stop a redirection, else what the transport says, without the address.
fn transport(host: &str, error: reqwest::Error) -> Error {
    use std::error::Error as _;
    let ours = error
        .source()
        .and_then(|inner| inner.downcast_ref::<Arc<Error>>());
    match ours.map(AsRef::as_ref) {
        Some(Error::Downgraded) => Error::Downgraded,
        Some(Error::Endless) => Error::Endless,
        _ => Error::Transport {
            host: host.to_owned(),
            source: error.without_url(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    /// Serves one answer per connection, by path.
    fn serve(answers: &'static [(&'static str, &'static str)]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().take(8) {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                let path = line.split(' ').nth(1).unwrap();
                let found = answers
                    .iter()
                    .find(|(known, _)| *known == path)
                    .map(|(_, answer)| *answer);
                let answer = found.unwrap_or("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        address
    }

    fn fetched(address: &str) -> Result<String> {
        nova_http::block_on(async {
            let answer = open(address).await?;
            let mut file = NamedTempFile::new().context(Kind::Failed, || "temporary".into())?;
            let terminal = nova_core::term::Terminal::detect();
            let progress =
                Progress::new(nova_core::progress::ProgressMode::None, true, &terminal, "");
            receive(answer, &mut file, &progress).await?;
            std::fs::read_to_string(file.path()).context(Kind::Failed, || "reading".into())
        })
    }

    #[test]
    fn redirections_are_followed_and_bodies_arrive_whole() {
        let address = serve(&[
            (
                "/a",
                "HTTP/1.1 302 Found\r\nlocation: /b?c\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            ),
            (
                "/b?c",
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
            ),
        ]);
        assert_eq!(fetched(&format!("{address}/a")).unwrap(), "hello");
        assert_eq!(
            fetched(&format!("{address}/none")).unwrap_err().kind(),
            Kind::NotFound
        );
    }

    #[test]
    fn loops_and_cut_bodies_are_errors() {
        let address = serve(&[
            (
                "/loop",
                "HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            ),
            (
                "/cut",
                "HTTP/1.1 200 OK\r\ncontent-length: 50\r\nconnection: close\r\n\r\nhello",
            ),
        ]);
        let looped = fetched(&format!("{address}/loop")).unwrap_err();
        assert_eq!(looped.message(), "the address redirects too many times");
        assert_eq!(
            fetched(&format!("{address}/cut")).unwrap_err().kind(),
            Kind::Unavailable
        );
        assert_eq!(fetched("https://").unwrap_err().kind(), Kind::Usage);
    }
}
