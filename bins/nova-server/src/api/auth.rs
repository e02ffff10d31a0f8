//! `/auth/…`: giving out tokens and certificates.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use nova_api::types::{NameRule, Resource, Token, TokenSpec, TokenStatus, User, check_name};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::error::{ApiError, Cause};
use super::item::json_response;
use crate::app::{App, hex};
use crate::auth::{
    Authority, Credential, Identity, Role, SECRETS, Scope, TOKENS, Transport, USERS, Verb, secret,
};
use crate::store::{Durability, Key, Tx, format_time};

/// Days that a certificate is good unless the caller says.
const DAYS: u16 = 365;
/// What scopes look like.
const SCOPES: &str =
    "must be read, operate, write, exec or admin, all but the last also as KIND:GRANT";
/// Longest life of a certificate.
const MAX_DAYS: u16 = 3650;

/// `POST /auth/tokens`: makes a token. Its secret is in this answer and nowhere else.
pub(super) async fn create_token(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    identity.authorize(Verb::Create, TOKENS, None)?;
    let asked: Token = read(&body)?;
    let name = asked.metadata.name.clone();
    let mut spec = asked.spec;
    let causes = complete(&name, &mut spec);
    if !causes.is_empty() {
        return Err(ApiError::invalid(
            &Key::new(TOKENS, "", &*name),
            "Token",
            causes,
        ));
    }
    if !identity.may_give(&spec) {
        return Err(ApiError::forbidden(format!(
            "tokens.nova.dev {name:?} is forbidden: User {:?} cannot give out more than it has",
            identity.user
        )));
    }
    let (id, secret) = secret::generate().map_err(|error| ApiError::internal(error.to_string()))?;
    let digest = hex(&secret::digest(&secret));
    let mut token = Token::new(name, spec);
    token.metadata.labels = asked.metadata.labels;
    token.metadata.annotations = asked.metadata.annotations;
    token.status = Some(TokenStatus {
        id: Some(id),
        token: None,
        created_by: Some(identity.user),
    });
    let work = move |tx: &mut Tx<'_>| store(tx, &token, &digest);
    let mut stored: Value = app.store.write(Durability::Spec, work).await?;
    stored["status"]["token"] = json!(secret);
    Ok(json_response(StatusCode::CREATED, stored.to_string(), None))
}

/// Fills in what was left out; answers every fault.
fn complete(name: &str, spec: &mut TokenSpec) -> Vec<Cause> {
    let mut causes = Vec::new();
    if let Err(error) = check_name(name, NameRule::Label) {
        causes.push(Cause::invalid(
            "metadata.name",
            &json!(name),
            &error.to_string(),
        ));
    }
    let user = spec.user.get_or_insert_with(|| name.to_owned());
    if let Err(error) = check_name(user, NameRule::Subdomain) {
        causes.push(Cause::invalid(
            "spec.user",
            &json!(user),
            &error.to_string(),
        ));
    }
    let mut least = Role::Viewer;
    for (at, text) in spec.scopes.iter().flatten().enumerate() {
        if let Some(scope) = Scope::parse(text) {
            least = least.max(scope.role());
        } else {
            let field = format!("spec.scopes[{at}]");
            causes.push(Cause::invalid(&field, &json!(text), SCOPES));
        }
    }
    let role = spec.role.get_or_insert_with(|| least.as_str().to_owned());
    if Role::parse(role).is_none() {
        let words = Role::ALL.map(Role::as_str);
        causes.push(Cause::unsupported("spec.role", &json!(role), &words));
    }
    for (at, namespace) in spec.namespaces.iter().flatten().enumerate() {
        if let Err(error) = check_name(namespace, NameRule::Label) {
            let field = format!("spec.namespaces[{at}]");
            causes.push(Cause::invalid(
                &field,
                &json!(namespace),
                &error.to_string(),
            ));
        }
    }
    let confined = spec.namespaces.as_ref().is_some_and(|own| !own.is_empty());
    if confined && role == Role::Admin.as_str() {
        let words = "admin holds everywhere; namespace-admin can be confined to namespaces";
        causes.push(Cause::forbidden("spec.namespaces", words));
    }
    if let Some(time) = &spec.expires_at {
        let words = match time.timestamp() {
            None => Some("must be an RFC 3339 time"),
            Some(end) if end <= Timestamp::now() => Some("must be in the future"),
            Some(_) => None,
        };
        let value = json!(time.as_str());
        causes.extend(words.map(|words| Cause::invalid("spec.expiresAt", &value, words)));
    }
    causes
}

fn store(tx: &mut Tx<'_>, token: &Token, digest: &str) -> Result<Value, ApiError> {
    let key = Key::new(TOKENS, "", &*token.metadata.name);
    if tx.get(&key).is_some() {
        return Err(ApiError::already_exists(&key));
    }
    known_user(tx, token.spec.user.as_deref().unwrap_or_default())?;
    let value = serde_json::to_value(token).map_err(|e| ApiError::internal(e.to_string()))?;
    let stored = tx.put(&key, value)?;
    let id = stored.field("status.id");
    let secret = json!({
        "apiVersion": "nova.dev/v1", "kind": "TokenSecret", "metadata": {},
        "spec": {"digest": digest, "token": key.name},
    });
    tx.put(&Key::new(SECRETS, "", id), secret)?;
    Ok(stored.value())
}

/// Makes the user where there is none; refuses one that is disabled.
fn known_user(tx: &mut Tx<'_>, name: &str) -> Result<(), ApiError> {
    let key = Key::new(USERS, "", name);
    if let Some(user) = tx.get(&key) {
        if user.field("spec.disabled") != "true" {
            return Ok(());
        }
        return Err(ApiError::forbidden(format!("user {name:?} is disabled"))
            .hint("enable it first: set spec.disabled of the User to false"));
    }
    let user = json!({
        "apiVersion": User::INFO.api_version(), "kind": User::INFO.kind, "metadata": {},
        "spec": {"source": "local"},
    });
    tx.put(&key, user).map(drop)
}

/// A certificate to make.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CertificateAsk {
    user: String,
    role: Option<String>,
    namespaces: Vec<String>,
    days: Option<u16>,
}

/// `POST /auth/certificates`: makes a client certificate and its key, which the server forgets.
pub(super) async fn create_certificate(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    body: Bytes,
) -> Result<Response, ApiError> {
    identity.authorize(Verb::Create, USERS, None)?;
    let asked: CertificateAsk = read(&body)?;
    let mut spec = TokenSpec {
        user: Some(asked.user.clone()),
        role: asked.role,
        namespaces: Some(asked.namespaces.clone()),
        ..TokenSpec::default()
    };
    let mut causes = complete("certificate", &mut spec);
    let days = asked.days.unwrap_or(DAYS);
    if days == 0 || days > MAX_DAYS {
        let words = format!("must be between 1 and {MAX_DAYS}");
        causes.push(Cause::invalid("days", &json!(days), &words));
    }
    if !causes.is_empty() {
        return Err(ApiError::invalid(
            &Key::new(USERS, "", &*asked.user),
            "User",
            causes,
        ));
    }
    let user = asked.user.clone();
    let work = move |tx: &mut Tx<'_>| known_user(tx, &user);
    app.store.write(Durability::Spec, work).await?;
    let role = spec.role.unwrap_or_default();
    let internal = |error: crate::auth::PkiError| ApiError::internal(error.to_string());
    let authority = Authority::open(&app.dirs.data).map_err(internal)?;
    let made = authority
        .user(&asked.user, &role, &asked.namespaces, days)
        .map_err(internal)?;
    let body = json!({
        "apiVersion": "nova.dev/v1", "kind": "UserCertificate", "user": asked.user, "role": role,
        "namespaces": asked.namespaces, "expiresAt": format_time(made.not_after),
        "certificate": made.certificate, "key": made.key, "certificateAuthority": authority.pem,
    });
    Ok(json_response(StatusCode::CREATED, body.to_string(), None))
}

/// `POST /auth/session`: where a peer of the Unix socket finds this server over TLS, and a token for
/// it that ends with the server.
pub(super) async fn session(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
) -> Result<Response, ApiError> {
    if identity.transport != Transport::Unix {
        return Err(ApiError::forbidden(
            "sessions are for users of the server's Unix socket",
        ));
    }
    let starting = || ApiError::unavailable("NotReady", "the server is starting or ending");
    let ask = app.loopback.get().ok_or_else(starting)?;
    let (sender, answer) = oneshot::channel();
    ask.send(sender).await.map_err(|_| starting())?;
    let info = answer.await.map_err(|_| starting())??;
    let (token, expires) = app.access.session(&identity)?;
    let body = json!({
        "apiVersion": "nova.dev/v1", "kind": "Session", "user": identity.user,
        "role": identity.role.as_str(), "server": format!("https://{}", info.address),
        "certificateAuthority": *info.authority, "token": token,
        "expiresAt": format_time(expires),
    });
    Ok(json_response(StatusCode::CREATED, body.to_string(), None))
}

/// `POST /auth/logout`: revokes the token that the request shows.
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
) -> Result<Response, ApiError> {
    let Credential::Token { id, name, .. } = identity.credential else {
        return Err(ApiError::bad_request(
            "only a token can be logged out, and this request shows none of its own",
        ));
    };
    let work = move |tx: &mut Tx<'_>| {
        tx.delete(&Key::new(SECRETS, "", id))?;
        tx.delete(&Key::new(TOKENS, "", name)).map(drop)
    };
    app.store.write(Durability::Spec, work).await?;
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    Ok(json_response(StatusCode::OK, body.to_string(), None))
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("the body cannot be read: {error}")))
}
