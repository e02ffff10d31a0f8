//! Manifests from the web.

use nova_core::{Failure, Kind, Result};
use nova_http::{Client, ClientConfig, Endpoint, Error};

use super::places::{LIMIT, text};

/// More redirections than this lead nowhere.
const REDIRECTIONS: usize = 5;

/// Reads the text at an address.
pub(super) async fn read(address: &str, allow_http: bool) -> Result<String> {
    let mut at = address.to_owned();
    for _ in 0..=REDIRECTIONS {
        let (endpoint, path) = Endpoint::of_page(&at, allow_http).map_err(|error| {
            let failure = Failure::new(Kind::Config, format!("{at}: {error}"));
            failure.with_hint("use https, or trust the network in between with: --allow-http")
        })?;
        let origin = endpoint.to_string();
        let client = Client::new(ClientConfig::new(endpoint))?;
        match client.get(path.as_str()).open().await {
            Err(Error::Refused(refusal)) if (300..400).contains(&refusal.status) => {
                let target = refusal.header("location").unwrap_or_default();
                at = resolved(&origin, &path, target);
            }
            Err(Error::Refused(refusal)) => {
                let kind = if refusal.status == 404 {
                    Kind::NotFound
                } else {
                    Kind::Failed
                };
                return Err(Failure::new(
                    kind,
                    format!("{at}: the server answered {}", refusal.status),
                ));
            }
            Err(error) => return Err(error.into()),
            Ok(mut body) => {
                let mut bytes = Vec::new();
                while let Some(chunk) = body.chunk_within(PATIENCE).await? {
                    bytes.extend_from_slice(&chunk);
                    if bytes.len() > LIMIT {
                        break;
                    }
                }
                return text(bytes, address);
            }
        }
    }
    Err(Failure::new(
        Kind::Failed,
        format!("{address}: redirected too often"),
    ))
}

/// A server that stays silent this long is given up.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Where a redirection leads from a page.
fn resolved(origin: &str, path: &str, target: &str) -> String {
    if target.contains("://") {
        target.to_owned()
    } else if target.starts_with('/') {
        format!("{origin}{target}")
    } else {
        let path = path.split('?').next().unwrap_or_default();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{origin}{folder}/{target}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections_are_resolved_against_the_page() {
        let at = |target| resolved("https://a.example", "/x/y.yaml?q=a/b", target);
        assert_eq!(at("https://b.example/z"), "https://b.example/z");
        assert_eq!(at("/z"), "https://a.example/z");
        assert_eq!(at("z"), "https://a.example/x/z");
    }
}
