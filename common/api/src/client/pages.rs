//! Lists that arrive in pages nobody sees.

use super::error::ApiError;
use super::records::{Shape, WHOLE};
use super::resources::{Decoded, ListOptions, Resources};
use crate::types::List;

/// Objects per page unless asked otherwise.
pub(crate) const CHUNK: u64 = 500;

/// Where the next page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// At the beginning.
    First,
    /// After a token.
    After(String),
    /// Nowhere, the list is complete.
    Done,
}

impl Cursor {
    pub(crate) fn after(token: Option<String>) -> Self {
        token
            .filter(|token| !token.is_empty())
            .map_or(Self::Done, Self::After)
    }
}

/// A list, page by page.
#[derive(Debug)]
pub struct Pages<T> {
    resources: Resources<T>,
    options: ListOptions,
    cursor: Cursor,
    left: Option<u64>,
}

impl<T: Decoded> Pages<T> {
    pub(crate) fn new(resources: Resources<T>, options: ListOptions) -> Self {
        let left = options.limit.filter(|limit| *limit > 0);
        Self {
            resources,
            options,
            cursor: Cursor::First,
            left,
        }
    }

    /// The next page; nothing after the last.
    pub async fn next(&mut self) -> Result<Option<List<T>>, ApiError> {
        let chunk = self
            .options
            .chunk
            .filter(|chunk| *chunk > 0)
            .unwrap_or(CHUNK);
        let limit = self.left.map_or(chunk, |left| left.min(chunk));
        if self.cursor == Cursor::Done || limit == 0 {
            return Ok(None);
        }
        let body = fetch(&self.resources, &self.options, (&self.cursor, limit), WHOLE).await;
        let answer = match body {
            Err(error) if error.is_expired() && matches!(self.cursor, Cursor::After(_)) => {
                self.cursor = fresh_token(&error)?;
                fetch(&self.resources, &self.options, (&self.cursor, limit), WHOLE).await?
            }
            other => other?,
        };
        let page: List<T> = answer.json()?;
        self.cursor = Cursor::after(page.metadata.continue_token.clone());
        let got = u64::try_from(page.items.len()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(got));
        Ok(Some(page))
    }
}

/// The token for going on at a newer state; without one the list cannot be completed.
pub(crate) fn fresh_token(error: &ApiError) -> Result<Cursor, ApiError> {
    let token = error
        .status()
        .and_then(|status| status.metadata.continue_token.clone());
    match Cursor::after(token) {
        Cursor::Done => Err(ApiError::Never(
            "the list changed too much while it was read; run the command again".to_owned(),
        )),
        cursor => Ok(cursor),
    }
}

/// Fetches one page in a representation.
pub(crate) async fn fetch<T: Decoded>(
    resources: &Resources<T>,
    options: &ListOptions,
    (cursor, limit): (&Cursor, u64),
    shape: Shape,
) -> Result<nova_http::Response, ApiError> {
    let path = resources.collection();
    let build = |http: &nova_http::Client| {
        let mut request = options
            .apply(http.get(&path))
            .query("limit", &limit.to_string());
        if let Cursor::After(token) = cursor {
            request = request.query("continue", token);
        }
        shape.ask(request)
    };
    resources.api().send(resources.namespace(), build).await
}
