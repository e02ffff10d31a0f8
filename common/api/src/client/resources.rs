//! Objects of one kind in one place.

use std::marker::PhantomData;

use nova_http::{Method, Request, Response, RetryPolicy};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::Api;
use super::error::ApiError;
use super::pages::{CHUNK, Cursor, Pages, fetch, fresh_token};
use super::records::Shape;
use crate::types::{FieldSelector, KindInfo, Patch, Resource, Selector, segment};

/// Objects of kind `T`: of one namespace, of all, or of the cluster.
#[derive(Debug)]
pub struct Resources<T> {
    api: Api,
    namespace: Option<String>,
    info: KindInfo,
    kind: PhantomData<fn() -> T>,
}

/// What objects can be read as: a type of a kind, or plain JSON.
pub trait Decoded: DeserializeOwned + Send + Sync + 'static {}

impl<T: DeserializeOwned + Send + Sync + 'static> Decoded for T {}

impl<T> Clone for Resources<T> {
    fn clone(&self) -> Self {
        Self {
            api: self.api.clone(),
            namespace: self.namespace.clone(),
            info: self.info,
            kind: PhantomData,
        }
    }
}

/// Which objects a list or watch shows.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Labels they must have.
    pub selector: Selector,
    /// Fields they must have.
    pub fields: FieldSelector,
    /// Objects per page; absent means 500.
    pub chunk: Option<u64>,
    /// Objects in all; absent or 0 means every one.
    pub limit: Option<u64>,
}

impl ListOptions {
    /// Only the object of this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            fields: FieldSelector::default().and_equals("metadata.name", name),
            ..Self::default()
        }
    }

    pub(crate) fn apply(&self, request: Request) -> Request {
        let labels = Some(self.selector.to_string()).filter(|text| !text.is_empty());
        let fields = Some(self.fields.to_string()).filter(|text| !text.is_empty());
        request
            .query_opt("labelSelector", labels.as_deref())
            .query_opt("fieldSelector", fields.as_deref())
    }
}

/// How an object is written.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    /// Do everything but store.
    pub dry_run: bool,
    /// Owner of the fields written.
    pub field_manager: String,
    /// `Strict`, `Warn` or `Ignore`.
    pub validation: &'static str,
    /// Take fields over from other owners, and replace whatever version is there.
    pub force: bool,
    /// Key under which the server does the work once; made up when absent.
    pub idempotency_key: Option<String>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            dry_run: false,
            field_manager: "nova".to_owned(),
            validation: "Strict",
            force: false,
            idempotency_key: None,
        }
    }
}

impl WriteOptions {
    fn apply(&self, request: Request) -> Request {
        let request = request
            .query("fieldManager", &self.field_manager)
            .query("fieldValidation", self.validation)
            .query_opt("dryRun", self.dry_run.then_some("All"));
        request.query_opt("force", self.force.then_some("true"))
    }

    pub(crate) fn key(&self) -> String {
        self.idempotency_key
            .clone()
            .unwrap_or_else(|| Uuid::new_v4().to_string())
    }
}

/// What a write left behind.
#[derive(Debug, Clone)]
pub struct Written {
    /// The object as the server has it now.
    pub object: Value,
    /// Operation that goes on, by name.
    pub operation: Option<String>,
    /// What the server warns about.
    pub warnings: Vec<String>,
}

impl Written {
    pub(crate) fn of(answer: &Response) -> Result<Self, ApiError> {
        Ok(Self {
            object: answer.json()?,
            operation: answer.header("nova-operation").map(str::to_owned),
            warnings: warnings(answer),
        })
    }

    /// The object as its type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.object)
    }
}

/// The texts of `Warning: 299 - "text"` headers.
fn warnings(answer: &Response) -> Vec<String> {
    let values = answer
        .headers
        .get_all("warning")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let text = |value: &str| {
        let quoted = value.split_once('"')?.1.rsplit_once('"')?.0;
        Some(quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
    };
    values.filter_map(text).collect()
}

/// How an object is deleted.
#[derive(Debug, Clone, Default)]
pub struct DeleteOptions {
    /// Time that the guest is given, seconds.
    pub grace: Option<u64>,
    /// Only the object with this uid.
    pub uid: Option<String>,
    /// Do everything but delete.
    pub dry_run: bool,
    /// `Background`, `Foreground` or `Orphan`.
    pub propagation: Option<&'static str>,
}

/// What a deletion answered.
#[derive(Debug, Clone)]
pub enum Deleted {
    /// The object is gone.
    Gone,
    /// The object goes; its last state, and the operation that takes it away.
    Finalizing(Box<Written>),
}

impl<T: Resource> Resources<T> {
    pub(crate) fn new(api: Api, namespace: Option<String>) -> Self {
        Self::of_kind(api, namespace, T::INFO)
    }
}

impl<T: Decoded> Resources<T> {
    /// Objects of a kind that is known at run time only.
    pub(crate) fn of_kind(api: Api, namespace: Option<String>, info: KindInfo) -> Self {
        Self {
            api,
            namespace,
            info,
            kind: PhantomData,
        }
    }

    /// Facts about the kind.
    #[must_use]
    pub fn info(&self) -> &KindInfo {
        &self.info
    }

    /// The same kind in another namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The same kind in all namespaces; for lists and watches.
    #[must_use]
    pub fn all_namespaces(mut self) -> Self {
        self.namespace = None;
        self
    }

    /// The connection.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The namespace; nothing means all of them.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    pub(crate) fn with_api(&self, api: Api) -> Self {
        Self {
            api,
            namespace: self.namespace.clone(),
            info: self.info,
            kind: PhantomData,
        }
    }

    pub(crate) fn collection(&self) -> String {
        self.info.collection_path(self.namespace())
    }

    pub(crate) fn item(&self, name: &str) -> String {
        self.info.item_path(self.namespace(), name)
    }

    pub(crate) fn below(&self, name: &str, subresource: &str) -> String {
        format!(
            "{}/{}",
            self.item(name),
            subresource
                .split('/')
                .map(segment)
                .collect::<Vec<_>>()
                .join("/")
        )
    }

    /// One object as JSON.
    pub async fn get_value(&self, name: &str) -> Result<Value, ApiError> {
        let path = self.item(name);
        Ok(self
            .api
            .send(self.namespace(), |http| http.get(&path))
            .await?
            .json()?)
    }

    /// One object as its type.
    pub async fn get(&self, name: &str) -> Result<T, ApiError> {
        let path = self.item(name);
        Ok(self
            .api
            .send(self.namespace(), |http| http.get(&path))
            .await?
            .json()?)
    }

    /// Objects page by page.
    #[must_use]
    pub fn pages(&self, options: &ListOptions) -> Pages<T> {
        Pages::new(self.clone(), options.clone())
    }

    /// All objects at once; for short lists.
    pub async fn list(&self, options: &ListOptions) -> Result<Vec<T>, ApiError> {
        let mut pages = self.pages(options);
        let mut items = Vec::new();
        while let Some(page) = pages.next().await? {
            items.extend(page.items);
        }
        Ok(items)
    }

    /// Names of all objects that match; only their metadata travels.
    pub async fn names(&self, options: &ListOptions) -> Result<Vec<String>, ApiError> {
        let mut cursor = Cursor::First;
        let chunk = options.chunk.filter(|chunk| *chunk > 0).unwrap_or(CHUNK);
        let mut left = options.limit.filter(|limit| *limit > 0).unwrap_or(u64::MAX);
        let mut names = Vec::new();
        while cursor != Cursor::Done && left > 0 {
            let place = (&cursor, chunk.min(left));
            let answer = match fetch(self, options, place, Shape::Metadata).await {
                Err(error) if error.is_expired() && cursor != Cursor::First => {
                    cursor = fresh_token(&error)?;
                    continue;
                }
                other => other?,
            };
            let page = Shape::Metadata
                .page(&answer.body)
                .map_err(|source| self.unexpected(source))?;
            cursor = Cursor::after(page.next);
            left = left.saturating_sub(page.records.len() as u64);
            names.extend(page.records.into_iter().map(|record| record.place.1));
        }
        Ok(names)
    }

    pub(crate) fn unexpected(&self, source: serde_json::Error) -> ApiError {
        let endpoint = self.api.http().endpoint().to_string();
        nova_http::Error::Decode { endpoint, source }.into()
    }

    /// Creates an object.
    pub async fn create(
        &self,
        object: &impl Serialize,
        options: &WriteOptions,
    ) -> Result<Written, ApiError> {
        let (path, key) = (self.collection(), options.key());
        let build = |http: &nova_http::Client| {
            options
                .apply(http.request(Method::POST, &path))
                .idempotency_key(&key)
                .json(object)
        };
        Written::of(&self.api.send_body(self.namespace(), build).await?)
    }

    /// Replaces an object; its `resourceVersion` must be the current one unless forced.
    pub async fn replace(
        &self,
        name: &str,
        object: &impl Serialize,
        options: &WriteOptions,
    ) -> Result<Written, ApiError> {
        let path = self.item(name);
        let build =
            |http: &nova_http::Client| options.apply(http.request(Method::PUT, &path)).json(object);
        Written::of(&self.api.send_body(self.namespace(), build).await?)
    }

    /// Patches an object.
    pub async fn patch(
        &self,
        name: &str,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Written, ApiError> {
        let item = self.item(name);
        let build = |http: &nova_http::Client| {
            options
                .apply(http.request(Method::PATCH, &item))
                .json_as(patch.content_type(), patch)
        };
        Written::of(&self.api.send_body(self.namespace(), build).await?)
    }

    /// Deletes an object.
    pub async fn delete(&self, name: &str, options: &DeleteOptions) -> Result<Deleted, ApiError> {
        let path = self.item(name);
        let mut body = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        if let Some(grace) = options.grace {
            body["gracePeriodSeconds"] = grace.into();
        }
        if let Some(uid) = &options.uid {
            body["preconditions"] = json!({"uid": uid});
        }
        if let Some(propagation) = options.propagation {
            body["propagationPolicy"] = propagation.into();
        }
        let dry_run = options.dry_run.then_some("All");
        let build = |http: &nova_http::Client| {
            let request = http
                .request(Method::DELETE, &path)
                .query_opt("dryRun", dry_run);
            request.json(&body).once()
        };
        let Some(answer) = self.send_deletion(build).await? else {
            return Ok(Deleted::Gone);
        };
        let written = Written::of(&answer)?;
        if written.object["kind"] == "Status" && written.operation.is_none() {
            return Ok(Deleted::Gone);
        }
        Ok(Deleted::Finalizing(Box::new(written)))
    }

    /// Sends a deletion until it is answered. One whose answer was lost may have been done: then there is nothing left, and
    /// that was wanted.
    async fn send_deletion(
        &self,
        build: impl Fn(&nova_http::Client) -> Request,
    ) -> Result<Option<Response>, ApiError> {
        let (mut pauses, mut lost) = (RetryPolicy::default().pauses(), false);
        loop {
            let error = match self.api.send(self.namespace(), &build).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) if lost && error.is_not_found() => return Ok(None),
                Err(error) => error,
            };
            let pause = pauses.next().filter(|_| error.is_transient());
            let Some(pause) = pause else {
                return Err(error);
            };
            lost |= matches!(error, ApiError::Transport(_));
            tokio::time::sleep(pause).await;
        }
    }

    /// Adds the nearest names to the failure of a name that does not exist.
    pub async fn with_suggestions(&self, name: &str, error: ApiError) -> nova_core::Failure {
        if !error.is_not_found() {
            return error.into();
        }
        let options = ListOptions {
            limit: Some(500),
            ..ListOptions::default()
        };
        let names = self.names(&options).await.unwrap_or_default();
        let near = nova_core::suggest::hint(name, names.iter().map(String::as_str));
        let message = error.to_string();
        match near {
            Some(hint) => {
                let original = nova_core::Failure::from(error);
                let failure = nova_core::Failure::new(original.kind(), message).with_hint(hint);
                original
                    .hints()
                    .iter()
                    .fold(failure, nova_core::Failure::with_hint)
            }
            None => error.into(),
        }
    }
}
