//! Whether client and server understand each other: the same major version, at most two minor versions apart.

use super::api::Api;
use super::error::ApiError;

/// Version of this client; all crates of the workspace share it.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
const MINOR_DISTANCE: u64 = 2;

/// Asks the server for its version and refuses one that is too far away.
pub(crate) async fn check(api: &Api) -> Result<(), ApiError> {
    let info = api.version().await?;
    accept(&api.http().endpoint().to_string(), &info.server_version)
}

/// Refuses a version that is too far away.
pub(crate) fn accept(endpoint: &str, version: &str) -> Result<(), ApiError> {
    if understands(VERSION, version) {
        return Ok(());
    }
    Err(ApiError::Server {
        message: format!("the server at {endpoint} has version {version}, this tool has {VERSION}"),
        hint: "install the same version on both sides; two minor versions apart still work"
            .to_owned(),
    })
}

/// Whether two versions are near enough. A server that names none is given the benefit of the doubt.
fn understands(client: &str, server: &str) -> bool {
    match (numbers(client), numbers(server)) {
        (Some((major, minor)), Some((their_major, their_minor))) => {
            major == their_major && minor.abs_diff(their_minor) <= MINOR_DISTANCE
        }
        _ => server.is_empty(),
    }
}

fn numbers(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_minor_versions_apart_is_near_enough() {
        for server in ["0.1.0", "0.3.9", "v0.0.1", "0.1.0-dev", ""] {
            assert!(understands("0.1.0", server), "{server}");
        }
        for server in ["0.4.0", "1.1.0", "banana"] {
            assert!(!understands("0.1.0", server), "{server}");
        }
        assert!(understands("1.5.0", "1.3.0"));
        assert!(!understands("1.5.0", "1.2.0"));
    }
}
