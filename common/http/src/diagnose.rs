//! How transport failures look to a person.

use nova_core::{Diagnose, Kind};

use crate::endpoint::EndpointError;
use crate::error::Error;

impl Diagnose for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused(refusal) => match refusal.status {
                401 | 403 => Kind::Auth,
                404 => Kind::NotFound,
                409 | 412 => Kind::Conflict,
                408 | 429 | 500..=599 => Kind::Unavailable,
                _ => Kind::Failed,
            },
            Self::Endpoint(error) => error.kind(),
            Self::TlsSettings(_) => Kind::Config,
            Self::Request(_) => Kind::Usage,
            Self::Decode { .. } | Self::Protocol { .. } => Kind::Failed,
            Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::Deadline { .. }
            | Self::Broken { .. } => Kind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { endpoint, nothing_listens, not_allowed, .. } => {
                Some(unreachable_hint(endpoint, *nothing_listens, *not_allowed))
            }
            Self::Tls { .. } => {
                Some("name the authority that signed its certificate: nova config set-cluster NAME --certificate-authority FILE".to_owned())
            }
            Self::Deadline { .. } => Some("give it more time with --timeout, or look at: nova server status".to_owned()),
            Self::Refused(refusal) if refusal.status == 401 => {
                Some("log in with: nova auth login --token-file FILE, or --token-stdin".to_owned())
            }
            Self::Endpoint(error) => error.hint(),
            _ => None,
        }
    }

    fn request_id(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.header("x-request-id").map(str::to_owned),
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        self.is_transient()
    }
}

fn unreachable_hint(endpoint: &str, nothing_listens: bool, not_allowed: bool) -> String {
    match endpoint.strip_prefix("unix:") {
        Some(path) if not_allowed => format!("check who may open the socket: ls -l {path}"),
        Some(path) if nothing_listens => format!("check that a server listens there: ls -l {path}"),
        Some(_) => "check the server: nova server status".to_owned(),
        None => format!("check address, port and firewall: curl -k {endpoint}/healthz"),
    }
}

impl Diagnose for EndpointError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Credentials => "put the token into NOVA_TOKEN or use: nova config set-user NAME --token-file FILE",
            Self::PathTooLong { .. } => "set NOVA_STATE_DIR or XDG_RUNTIME_DIR to a shorter directory",
            _ => "use --endpoint unix:/run/nova/nova.sock or --endpoint https://HOST:8643",
        }
        .to_owned())
    }
}
