//! Console and engine output of a VM.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use http::header::{CONTENT_TYPE, WARNING};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::sleep;

use super::VM;
use super::guest::Target;
use super::tail::Tail;
use crate::api::error::ApiError;
use crate::app::{App, Guard};
use crate::auth::{Identity, Verb};
use crate::engine::LogSource;

/// How often a followed file is looked at.
const POLL: Duration = Duration::from_millis(200);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route(&format!("{VM}/logs"), get(logs))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    source: Option<String>,
    follow: bool,
    tail_lines: Option<u64>,
    limit_bytes: Option<u64>,
    since_time: Option<String>,
    since: Option<String>,
    timestamps: bool,
}

async fn logs(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Path(place): Path<(String, String)>,
    Query(options): Query<Options>,
) -> Result<Response, ApiError> {
    let target = Target::find(&app, &identity, Verb::Get, place)?;
    let source = match options.source.as_deref() {
        None | Some("console") => LogSource::Console,
        Some("engine") => LogSource::Engine,
        Some("agent") => return Err(ApiError::not_supported("the guest agent keeps no log here")),
        Some(other) => {
            let text = format!("source {other:?} is not one of \"console\", \"engine\"");
            return Err(ApiError::bad_request(text));
        }
    };
    let since = since(&options)?;
    let path = app.engine.log_file(&target.uid, source);
    let mut tail = path.map(Tail::new);
    if let (Some(tail), Some(lines)) = (&mut tail, options.tail_lines) {
        tail.skip_to_last(lines)
            .await
            .map_err(|error| unreadable(&error))?;
    }
    let times = source == LogSource::Engine;
    let untimed = !times && (since.is_some() || options.timestamps);
    let here = options.follow.then(|| app.activity.guard());
    let follow = Follow {
        left: options.limit_bytes.unwrap_or(u64::MAX),
        filter: since.filter(|_| times).map(Filter::new),
        app,
        target,
        source,
        tail,
        here,
    };
    let body = Body::from_stream(stream::unfold(follow, Follow::part));
    let kind = [(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    )];
    let mut response = (StatusCode::OK, kind, body).into_response();
    if untimed {
        let text = r#"299 - "a guest's console is kept without times, so all of it is shown""#;
        response
            .headers_mut()
            .insert(WARNING, HeaderValue::from_static(text));
    }
    Ok(response)
}

fn unreadable(error: &std::io::Error) -> ApiError {
    ApiError::internal(format!("the log cannot be read: {error}"))
}

fn since(options: &Options) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = options.since_time.as_deref().or(options.since.as_deref()) else {
        return Ok(None);
    };
    if let Ok(at) = text.parse() {
        return Ok(Some(at));
    }
    let span: Result<jiff::SignedDuration, _> = text.parse();
    let back = span.map_err(|_| {
        ApiError::bad_request(format!(
            "{text:?} is neither a time nor a duration such as 10m"
        ))
    })?;
    Ok(crate::control::clock::now().checked_sub(back).ok())
}

/// A file on its way to a client.
struct Follow {
    app: Arc<App>,
    target: Target,
    source: LogSource,
    tail: Option<Tail>,
    /// Bytes that may still be sent.
    left: u64,
    filter: Option<Filter>,
    /// There when the stream goes on after the end of the file.
    here: Option<Guard>,
}

impl Follow {
    /// The next part; nothing when the stream is over.
    async fn part(mut self) -> Option<(std::io::Result<Bytes>, Self)> {
        loop {
            if self.left == 0 {
                return None;
            }
            if self.tail.is_none() {
                self.tail = self
                    .app
                    .engine
                    .log_file(&self.target.uid, self.source)
                    .map(Tail::new);
            }
            let bytes = match &mut self.tail {
                Some(tail) => tail.read().await,
                None => Ok(Vec::new()),
            };
            match bytes {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => match self.pass(bytes) {
                    bytes if bytes.is_empty() => continue,
                    bytes => return Some((Ok(bytes.into()), self)),
                },
                Err(error) => return Some((Err(error), Self { left: 0, ..self })),
            }
            if self.here.is_none() || !self.target.exists(&self.app) {
                return None;
            }
            tokio::select! {
                () = sleep(POLL) => {}
                () = self.app.activity.stopping() => return None,
            }
        }
    }

    fn pass(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let mut bytes = match &mut self.filter {
            Some(filter) => filter.pass(&bytes),
            None => bytes,
        };
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        bytes.truncate(room);
        self.left -= bytes.len() as u64;
        bytes
    }
}

/// Leaves out lines that begin with a time before `since`; a line without one goes with the line
/// before it.
struct Filter {
    since: Timestamp,
    open: bool,
    rest: Vec<u8>,
}

impl Filter {
    fn new(since: Timestamp) -> Self {
        Self {
            since,
            open: false,
            rest: Vec::new(),
        }
    }

    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.rest.extend_from_slice(bytes);
        let end = self
            .rest
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let whole: Vec<u8> = self.rest.drain(..end).collect();
        let mut out = Vec::new();
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            let first = line
                .split(|byte| matches!(byte, b' ' | b'\n'))
                .next()
                .unwrap_or_default();
            let time = std::str::from_utf8(first)
                .ok()
                .and_then(|word| word.trim_end_matches(':').parse::<Timestamp>().ok());
            if let Some(time) = time {
                self.open = time >= self.since;
            }
            if self.open {
                out.extend_from_slice(line);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_lines_are_left_out_and_lines_without_time_follow_theirs() {
        let mut filter = Filter::new("2026-01-01T00:00:10Z".parse().unwrap());
        let text = b"2026-01-01T00:00:09Z old\n more old\n2026-01-01T00:00:11Z new\n more\n";
        let mut out = filter.pass(&text[..30]);
        out.extend(filter.pass(&text[30..]));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "2026-01-01T00:00:11Z new\n more\n"
        );
    }
}
