//! The events of one watch, in order.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::coalesce::coalesce;
use crate::api::error::ApiError;
use crate::api::list::too_old;
use crate::api::render::Renderer;
use crate::api::select::Selection;
use crate::app::{App, Guard, Watching};
use crate::auth::{Identity, Permit};
use crate::store::{Change, Expired, Object, Watch};

/// Silence after which a bookmark is sent.
const BOOKMARK_EVERY: Duration = Duration::from_secs(30);
/// Skipped changes after which a bookmark is sent.
const BOOKMARK_AFTER: u64 = 1000;
/// A reader this far behind gets folded changes.
const SLOW: u64 = 1024;
/// A reader this far behind is sent away.
const TOO_SLOW: u64 = 65_536;
/// Changes taken at a time.
const BATCH: usize = 1024;

/// What a watch asks for.
pub(super) struct Wanted {
    pub(super) renderer: Renderer,
    pub(super) selection: Selection,
    pub(super) namespace: Option<String>,
    pub(super) bookmarks: bool,
    /// Objects to begin with, as ADDED.
    pub(super) initial: Vec<Arc<Object>>,
    /// Revision of the initial objects, to be marked by a bookmark.
    pub(super) mark_initial: Option<u64>,
    pub(super) until: Instant,
    /// Who reads; the watch ends with what they showed.
    pub(super) reader: Identity,
    /// Counts this watch among those of its caller.
    pub(super) _permit: Permit,
}

/// Turns changes into events. Dropping it ends the watch.
pub(super) struct Feed {
    app: Arc<App>,
    watch: Watch,
    wanted: Wanted,
    initial: std::vec::IntoIter<Arc<Object>>,
    pending: VecDeque<Change>,
    skipped: u64,
    first: bool,
    ended: bool,
    /// Ends with the credential of the reader.
    expired: Pin<Box<dyn Future<Output = ApiError> + Send>>,
    _watching: Watching,
    /// When the last event was made; a wait that is cut short does not start the silence anew.
    spoke: Instant,
    _guard: Guard,
}

impl Feed {
    pub(super) fn new(app: Arc<App>, watch: Watch, mut wanted: Wanted) -> Self {
        let guard = app.activity.guard();
        let (own, reader) = (Arc::clone(&app), wanted.reader.clone());
        let expired = Box::pin(async move { own.access.ended(&reader).await });
        let watching = app.served.watch();
        let initial = std::mem::take(&mut wanted.initial).into_iter();
        let pending = VecDeque::new();
        Self {
            app,
            watch,
            wanted,
            initial,
            pending,
            skipped: 0,
            first: true,
            ended: false,
            expired,
            _watching: watching,
            spoke: Instant::now(),
            _guard: guard,
        }
    }

    /// The next event as one line without its end; nothing when the watch is over.
    pub(super) async fn next(&mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        let event = self.make().await;
        self.spoke = Instant::now();
        event
    }

    async fn make(&mut self) -> Option<String> {
        if let Some(object) = self.initial.next() {
            return Some(self.stored("ADDED", &object));
        }
        if let Some(revision) = self.wanted.mark_initial.take()
            && self.wanted.bookmarks
        {
            return Some(self.bookmark(revision, true));
        }
        loop {
            if let Some(event) = self.take_pending() {
                return Some(event);
            }
            if self.skipped >= BOOKMARK_AFTER && self.wanted.bookmarks {
                return Some(self.bookmark(self.watch.position(), false));
            }
            match self.wait().await {
                Woken::Changes(Ok(changes)) => self.pending = changes.into(),
                Woken::Changes(Err(error)) => return Some(self.error(&error)),
                Woken::Silence if self.wanted.bookmarks => {
                    return Some(self.bookmark(self.watch.position(), false));
                }
                Woken::Silence => self.spoke = Instant::now(),
                Woken::Over => {
                    self.ended = true;
                    return None;
                }
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        let silence = self.spoke + BOOKMARK_EVERY;
        let app = Arc::clone(&self.app);
        let first = tokio::select! {
            biased;
            () = app.activity.stopping() => return Woken::Over,
            () = sleep_until(self.wanted.until) => return Woken::Over,
            error = &mut self.expired => return Woken::Changes(Err(error)),
            change = self.watch.next() => change,
            () = sleep_until(silence) => return Woken::Silence,
        };
        Woken::Changes(self.batch(first))
    }

    fn batch(&mut self, first: Result<Change, Expired>) -> Result<Vec<Change>, ApiError> {
        let mut changes = vec![first.map_err(too_old)?];
        let backlog = self.watch.backlog();
        if backlog > TOO_SLOW {
            let message =
                format!("the watch is {backlog} changes behind; read faster or list again");
            return Err(ApiError::too_many(message));
        }
        let limit = if backlog > SLOW {
            usize::try_from(TOO_SLOW).unwrap_or(BATCH)
        } else {
            BATCH
        };
        changes.extend(self.watch.take(limit).map_err(too_old)?);
        self.skipped += self.watch.take_skipped();
        Ok(if backlog > SLOW {
            coalesce(changes)
        } else {
            changes
        })
    }

    fn take_pending(&mut self) -> Option<String> {
        while let Some(change) = self.pending.pop_front() {
            if let Some(event) = self.event(&change) {
                self.skipped = 0;
                return Some(event);
            }
            self.skipped += 1;
        }
        None
    }

    /// An object that enters the selection is ADDED, one that leaves it DELETED.
    fn event(&mut self, change: &Change) -> Option<String> {
        let wanted = |object: &Option<Arc<Object>>| {
            object.clone().filter(|object| {
                let here = self
                    .wanted
                    .namespace
                    .as_ref()
                    .is_none_or(|ns| object.key.namespace == *ns);
                here && self.wanted.selection.matches(object)
            })
        };
        match (wanted(&change.before), wanted(&change.after)) {
            (None, None) => None,
            (None, Some(after)) => Some(self.stored("ADDED", &after)),
            (Some(_), Some(after)) => Some(self.stored("MODIFIED", &after)),
            (Some(before), None) => {
                let mut last = before.value();
                last["metadata"]["resourceVersion"] = json!(change.rv.to_string());
                Some(self.line("DELETED", last))
            }
        }
    }

    fn stored(&mut self, word: &str, object: &Arc<Object>) -> String {
        let first = std::mem::take(&mut self.first);
        envelope(word, &self.wanted.renderer.stored_event(object, first))
    }

    fn line(&mut self, word: &str, value: Value) -> String {
        let first = std::mem::take(&mut self.first);
        envelope(word, &self.wanted.renderer.event(value, first))
    }

    fn bookmark(&mut self, revision: u64, initial_end: bool) -> String {
        self.skipped = 0;
        envelope(
            "BOOKMARK",
            &self.wanted.renderer.bookmark(revision, initial_end),
        )
    }

    fn error(&mut self, error: &ApiError) -> String {
        self.ended = true;
        envelope("ERROR", &error.body(None).to_string())
    }
}

enum Woken {
    Changes(Result<Vec<Change>, ApiError>),
    Silence,
    Over,
}

/// One event.
pub(super) fn envelope(word: &str, object: &str) -> String {
    format!(r#"{{"type":"{word}","object":{object}}}"#)
}
