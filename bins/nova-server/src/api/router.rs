//! Every path of the server.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use http::request::Parts;
use http::{Method, Uri};

use super::error::ApiError;
use super::kinds::{ALL, Kind};
use super::request::Call;
use super::write::{self, Part};
use super::{
    auth, cluster, content, discovery, health, idempotency, item, list, metrics, middleware,
    openapi, operations, reviews, watch,
};
use crate::app::App;
use crate::auth::{Ask, Verb};
use crate::store::Key;

/// All routes, with everything that surrounds a request.
pub(crate) fn router(app: Arc<App>) -> Router {
    write::start_collector(&app);
    let mut router = fixed();
    for kind in ALL {
        router = resources(router, kind);
    }
    router
        .merge(
            crate::control::routes().layer(axum::middleware::from_fn_with_state(
                Arc::clone(&app),
                idempotency::replay,
            )),
        )
        .fallback(async |uri: Uri| missing(uri.path()))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&app),
            middleware::authenticated,
        ))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&app),
            middleware::around,
        ))
        .with_state(app)
}

/// The error of a path that leads nowhere. Below an object, Kubernetes says that there is no such object.
fn missing(path: &str) -> ApiError {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (namespace, plural, name) = match parts[..] {
        [
            "apis",
            "nova.dev",
            "v1",
            "namespaces",
            namespace,
            plural,
            name,
            _,
            ..,
        ] => (namespace, plural, name),
        ["apis", "nova.dev", "v1", plural, name, _, ..] => ("", plural, name),
        _ => return ApiError::no_such_path(),
    };
    let fits = |kind: &&&Kind| {
        kind.info.plural == plural
            && kind.info.group == "nova.dev"
            && kind.namespaced() != namespace.is_empty()
    };
    match ALL.iter().find(fits) {
        Some(kind) => ApiError::no_such_part(&Key::new(kind.info.plural, namespace, name)),
        None => ApiError::no_such_path(),
    }
}

fn fixed() -> Router<Arc<App>> {
    Router::new()
        .route("/version", get(health::version))
        .route("/healthz", get(health::health))
        .route("/livez", get(health::health))
        .route("/readyz", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/api", get(discovery::core_versions))
        .route("/api/v1", get(discovery::core_resources))
        .route("/apis", get(discovery::groups))
        .route("/apis/nova.dev", get(discovery::one_group))
        .route("/apis/nova.dev/v1", get(discovery::resources_of_group))
        .route("/openapi/v2", get(openapi::version2))
        .route("/openapi/v3", get(openapi::index))
        .route("/openapi/v3/{*path}", get(openapi::document))
        .route("/apis/nova.dev/v1/whoami", get(reviews::whoami))
        .route("/apis/nova.dev/v1/access-reviews", post(reviews::access))
        .route(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            post(reviews::self_access),
        )
        .route(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            post(reviews::self_subject),
        )
        .route(
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            post(reviews::self_rules),
        )
        .route("/auth/tokens", post(auth::create_token))
        .route("/auth/certificates", post(auth::create_certificate))
        .route("/auth/session", post(auth::session))
        .route("/auth/logout", post(auth::logout))
        .route("/apis/nova.dev/v1/watch", get(watch::many))
        .route("/apis/nova.dev/v1/cluster", get(cluster::info))
        .route("/apis/nova.dev/v1/cluster/status", get(cluster::status))
        .route("/apis/nova.dev/v1/cluster/health", get(cluster::health))
        .route(
            "/apis/nova.dev/v1/namespaces/{ns}/images/{name}/content",
            get(content::get).put(content::put),
        )
}

/// The routes of one kind.
fn resources(router: Router<Arc<App>>, kind: &'static Kind) -> Router<Arc<App>> {
    let all = kind.info.collection_path(None);
    let collection = kind.collection_template("{ns}");
    let item = format!("{collection}/{{name}}");
    let mut router = router
        .route(&collection, serve(kind, Place::Collection))
        .route(&item, serve(kind, Place::Item));
    if kind.namespaced() {
        router = router.route(&all, serve(kind, Place::Collection));
    }
    if kind.subresources.iter().any(|(name, _)| *name == "status") {
        router = router.route(&format!("{item}/status"), serve(kind, Place::Status));
    }
    router
}

/// What of a kind a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Collection,
    Item,
    Status,
}

fn serve(kind: &'static Kind, place: Place) -> MethodRouter<Arc<App>> {
    any(
        move |State(app): State<Arc<App>>, request: Request| async move {
            let method = request.method().clone();
            match Call::of(app, kind, request).await {
                Ok((call, parts, body)) => handle(&call, place, &method, parts, body)
                    .await
                    .into_response(),
                Err(error) => error.into_response(),
            }
        },
    )
}

async fn handle(
    call: &Call,
    place: Place,
    method: &Method,
    parts: Parts,
    body: Body,
) -> Result<Response, ApiError> {
    let (word, verb) = verb(call, place, method)?;
    if !call.kind.allows(word) {
        return Err(ApiError::method_not_allowed());
    }
    admit(call, place, word)?;
    match (place, verb) {
        (_, Verb::Watch) => watch::watch(call, parts).await,
        (Place::Collection, Verb::List) => list::list(call).await,
        (Place::Collection, Verb::Create) => write::create(call, body).await,
        (Place::Collection, _) => write::delete_collection(call, body).await,
        (_, Verb::Get) => {
            if call.kind.info.plural == "operations" {
                operations::wait(call).await?;
            }
            item::get(call).await
        }
        (Place::Status, Verb::Update) => write::replace(call, body, Part::Status).await,
        (Place::Status, Verb::Patch) => write::patch(call, body, Part::Status).await,
        (_, Verb::Update) => write::replace(call, body, Part::Main).await,
        (_, Verb::Patch) => write::patch(call, body, Part::Main).await,
        _ => write::delete(call, body).await,
    }
}

/// Refuses what the caller may not do; an item out of sight does not exist.
fn admit(call: &Call, place: Place, word: &str) -> Result<(), ApiError> {
    let ask = Ask {
        name: &call.name,
        subresource: if place == Place::Status { "status" } else { "" },
        ..Ask::new(word, call.kind.info.plural, call.namespace.as_deref())
    };
    call.identity.admit(&ask)?;
    if place == Place::Collection {
        return Ok(());
    }
    call.identity.look(&call.key())?;
    match call.app.store.get(&call.key()) {
        Some(object) if !call.identity.sees_object(&object) => {
            Err(ApiError::not_found(&call.key()))
        }
        _ => Ok(()),
    }
}

/// The verb of a request, in Kubernetes' words and ours.
fn verb(call: &Call, place: Place, method: &Method) -> Result<(&'static str, Verb), ApiError> {
    let watching = call.query.flag("watch");
    Ok(match (place, method.as_str()) {
        (Place::Collection, "GET") if watching => ("watch", Verb::Watch),
        (Place::Collection, "GET") => ("list", Verb::List),
        (Place::Collection, "POST") => ("create", Verb::Create),
        (Place::Collection, "DELETE") => ("deletecollection", Verb::Delete),
        (Place::Item | Place::Status, "GET") => ("get", Verb::Get),
        (Place::Item | Place::Status, "PUT") => ("update", Verb::Update),
        (Place::Item | Place::Status, "PATCH") => ("patch", Verb::Patch),
        (Place::Item, "DELETE") => ("delete", Verb::Delete),
        _ => return Err(ApiError::method_not_allowed()),
    })
}
