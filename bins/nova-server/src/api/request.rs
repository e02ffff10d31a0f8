//! A request to the resource framework, taken apart.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, RawPathParams, Request};
use http::request::Parts;
use http::{HeaderMap, header};

use super::error::ApiError;
use super::kinds::{Context, Kind};
use crate::app::App;
use crate::auth::Identity;
use crate::control::Caller;
use crate::store::Key;

/// Largest body that is read into memory: an object of 1 MiB and what JSON patches add to it.
pub(crate) const BODY_LIMIT: usize = 3 * 1024 * 1024;
/// The same for callers that the limits of §11 hold for.
const LIMITED_BODY: usize = 1024 * 1024;

/// Id of a request, from the client or ours.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Query parameters in the order given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of a URL.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    /// Parameters that came another way than in a URL.
    pub(crate) fn of(pairs: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let owned = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Self(owned.collect())
    }

    /// The first value of a parameter; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a switch is on.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.is_some_and(|(_, value)| matches!(value.as_str(), "" | "1" | "true" | "True"))
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                ApiError::bad_request(format!("{name}: Invalid value: {text:?}: must be a number"))
            })
        };
        self.get(name).map(parse).transpose()
    }
}

/// `%41+b` as `A b`; what is not valid stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                // Two hexadecimal digits fit a byte.
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A request for objects of one kind.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    pub(crate) kind: &'static Kind,
    pub(crate) identity: Identity,
    pub(crate) request_id: String,
    /// Namespace of the path; nothing in cluster scope and across all namespaces.
    pub(crate) namespace: Option<String>,
    /// Name of the path; empty for collections.
    pub(crate) name: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
}

impl Call {
    /// Takes a request apart; the body stays with the caller.
    pub(crate) async fn of(
        app: Arc<App>,
        kind: &'static Kind,
        request: Request,
    ) -> Result<(Self, Parts, Body), ApiError> {
        let (mut parts, body) = request.into_parts();
        let params = RawPathParams::from_request_parts(&mut parts, &())
            .await
            .map_err(|_| ApiError::no_such_path())?;
        let find = |name: &str| {
            params
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        let (namespace, name) = (find("ns"), find("name").unwrap_or_default());
        let identity = parts.extensions.get::<Identity>().cloned();
        let identity = identity.ok_or_else(|| ApiError::unauthorized("TokenMissing"))?;
        let id = parts
            .extensions
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default();
        let call = Self {
            app,
            kind,
            identity,
            request_id: id,
            namespace,
            name,
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            headers: parts.headers.clone(),
        };
        Ok((call, parts, body))
    }

    /// The key of the item.
    pub(crate) fn key(&self) -> Key {
        self.key_named(&self.name)
    }

    /// The key of an item of this collection.
    pub(crate) fn key_named(&self, name: &str) -> Key {
        Key::new(
            self.kind.info.plural,
            self.namespace.clone().unwrap_or_default(),
            name,
        )
    }

    /// What a write goes by.
    pub(crate) fn context(&self) -> Context {
        let caller = Caller {
            user: self.identity.user.clone(),
            request_id: Some(self.request_id.clone()),
        };
        Context {
            app: Arc::clone(&self.app),
            caller,
        }
    }

    /// Whether nothing may be stored.
    pub(crate) fn dry_run(&self) -> Result<bool, ApiError> {
        match self.query.get("dryRun") {
            None => Ok(false),
            Some("All") => Ok(true),
            Some(other) => Err(ApiError::bad_request(format!(
                "dryRun: Unsupported value: {other:?}: supported values: \"All\""
            ))),
        }
    }

    /// The media type of the body without parameters, in lower case.
    pub(crate) fn content_type(&self) -> String {
        let value = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        let media = value
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        media.trim().to_ascii_lowercase()
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Reads a body that must fit into memory.
    pub(crate) async fn read(&self, body: Body) -> Result<Bytes, ApiError> {
        let limit = if self.identity.is_limited() {
            LIMITED_BODY
        } else {
            BODY_LIMIT
        };
        read_body(body, limit).await
    }
}

/// Reads a body up to a limit.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::too_large(limit)),
        Err(error) => Err(ApiError::bad_request(format!(
            "the body could not be read: {error}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        let query = Query::parse("labelSelector=app%3Dweb%2C+x&watch&limit=5&empty=");
        assert_eq!(query.get("labelSelector"), Some("app=web, x"));
        assert!(query.flag("watch"));
        assert_eq!(query.number("limit").unwrap(), Some(5));
        assert_eq!(query.get("empty"), None);
        assert!(Query::parse("limit=x").number("limit").is_err());
        assert_eq!(Query::parse("a=100%").get("a"), Some("100%"));
    }
}
