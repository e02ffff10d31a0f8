//! Watches that survive what happens to connections.
//!
//! ```text
//!            list ──────────────► stream from its revision ◄──────────────┐
//!              ▲                        │            │                    │
//!   410: compare with what was seen ◄───┘            └─ closed or broken: reconnect at the last revision
//! ```
//! Every object that was shown is remembered, so that a new list yields only differences and nothing is shown twice.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use nova_http::{Lines, RetryPolicy};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::pages::{CHUNK, Cursor, fetch, fresh_token};
use super::records::{Body, Event, Page, Place, Record, Shape, WHOLE};
use super::resources::{Decoded, ListOptions, Resources};
use crate::types::{ColumnDefinition, Status, WatchEvent, WatchEventType};

/// The server speaks at least every 30 s, with a bookmark where nothing else happens; longer silence is a dead connection.
const SILENCE: Duration = Duration::from_secs(90);
/// A stream that ends sooner counts as a failure, so that a confused server is not asked in a tight loop.
const SHORT: Duration = Duration::from_secs(1);
const PAUSES: RetryPolicy = RetryPolicy {
    times: u32::MAX,
    first: Duration::from_millis(100),
    longest: Duration::from_secs(5),
};

/// What a feed yields.
#[derive(Debug)]
pub(crate) enum Step {
    /// Columns of the rows that follow.
    Columns(Vec<ColumnDefinition>),
    /// An object that exists at the start.
    Listed(Record),
    /// That was the start; changes follow.
    EndOfList,
    /// A change.
    Changed(WatchEventType, Record),
}

/// The state of a collection and its changes, in one representation.
#[derive(Debug)]
pub(crate) struct Feed<T> {
    resources: Resources<T>,
    options: ListOptions,
    shape: Shape,
    known: HashMap<Place, Record>,
    revision: Option<String>,
    listed: bool,
    lines: Option<(Lines, Instant)>,
    ready: VecDeque<Step>,
    failures: u32,
}

impl<T: Decoded> Feed<T> {
    pub(crate) fn new(resources: Resources<T>, options: ListOptions, shape: Shape) -> Self {
        Self {
            resources,
            options,
            shape,
            known: HashMap::new(),
            revision: None,
            listed: false,
            lines: None,
            ready: VecDeque::new(),
            failures: 0,
        }
    }

    /// The next step; waits as long as it takes.
    pub(crate) async fn next(&mut self) -> Result<Step, ApiError> {
        loop {
            if let Some(step) = self.ready() {
                return Ok(step);
            }
            match self.advance().await {
                Ok(()) => {}
                Err(error) if error.is_expired() => self.restart(),
                // Before the first list there is nothing to survive for.
                Err(error) if error.is_transient() && self.listed => self.lost(&error).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// The next step, if there is one without waiting.
    pub(crate) fn ready(&mut self) -> Option<Step> {
        self.ready.pop_front()
    }

    async fn advance(&mut self) -> Result<(), ApiError> {
        if self.revision.is_none() {
            return self.list().await;
        }
        let Some((lines, _)) = &mut self.lines else {
            self.lines = Some((self.open().await?, Instant::now()));
            return Ok(());
        };
        if let Some(line) = lines.next().await? {
            return self.take(&line);
        }
        self.closed().await;
        Ok(())
    }

    async fn open(&self) -> Result<Lines, ApiError> {
        let path = self.resources.collection();
        let revision = self.revision.as_deref();
        let run = async || {
            let http = self.resources.api().http();
            let request = self.options.apply(http.get(&path)).query("watch", "true");
            let request = request
                .query("allowWatchBookmarks", "true")
                .query_opt("resourceVersion", revision)
                .once();
            self.shape
                .ask(request)
                .lines()
                .await
                .map_err(|error| ApiError::of(error, self.resources.namespace(), false))
        };
        Ok(self.resources.api().reviving(run).await?.patience(SILENCE))
    }

    fn take(&mut self, line: &[u8]) -> Result<(), ApiError> {
        let event = self
            .shape
            .event(line)
            .map_err(|source| self.unexpected(source))?;
        self.failures = 0;
        match event {
            None => {}
            Some(Event::Bookmark(revision)) => self.revision = Some(revision),
            Some(Event::Error(raw)) => {
                let status: Status = serde_json::from_slice(raw.get().as_bytes())
                    .map_err(|source| self.unexpected(source))?;
                return Err(ApiError::of_status(status));
            }
            Some(Event::Change(type_, columns, record)) => {
                if !columns.is_empty() {
                    self.ready.push_back(Step::Columns(columns));
                }
                self.revision = Some(record.revision.clone());
                self.change(type_, *record);
            }
        }
        Ok(())
    }

    fn change(&mut self, type_: WatchEventType, record: Record) {
        if type_ == WatchEventType::Deleted {
            self.known.remove(&record.place);
        } else {
            if self
                .known
                .get(&record.place)
                .is_some_and(|known| !is_newer(&record, known))
            {
                return;
            }
            self.known.insert(record.place.clone(), record.clone());
        }
        self.ready.push_back(Step::Changed(type_, record));
    }

    async fn list(&mut self) -> Result<(), ApiError> {
        let (page, revision) = self.whole().await?;
        self.revision = Some(revision);
        if !page.columns.is_empty() {
            self.ready.push_back(Step::Columns(page.columns));
        }
        if self.listed {
            self.compare(page.records);
            return Ok(());
        }
        self.listed = true;
        for record in page.records {
            self.known.insert(record.place.clone(), record.clone());
            self.ready.push_back(Step::Listed(record));
        }
        self.ready.push_back(Step::EndOfList);
        Ok(())
    }

    /// The whole collection as one page, and the revision to go on from.
    async fn whole(&self) -> Result<(Page, String), ApiError> {
        let chunk = self
            .options
            .chunk
            .filter(|chunk| *chunk > 0)
            .unwrap_or(CHUNK);
        let (mut whole, mut cursor) = (Page::default(), Cursor::First);
        while cursor != Cursor::Done {
            let place = (&cursor, chunk);
            let answer = match fetch(&self.resources, &self.options, place, self.shape).await {
                // The rest then comes from a newer state; the changes between are in the watch that follows.
                Err(error) if error.is_expired() => {
                    cursor = fresh_token(&error)?;
                    continue;
                }
                other => other?,
            };
            let page = self
                .shape
                .page(&answer.body)
                .map_err(|source| self.unexpected(source))?;
            cursor = Cursor::after(page.next);
            if !page.columns.is_empty() {
                whole.columns = page.columns;
            }
            whole.revision = whole.revision.or(page.revision);
            whole.records.extend(page.records);
        }
        let revision = whole.revision.clone().unwrap_or_else(|| "0".to_owned());
        Ok((whole, revision))
    }

    /// Turns a new list into the changes since the last one.
    fn compare(&mut self, records: Vec<Record>) {
        let present: HashSet<&Place> = records.iter().map(|record| &record.place).collect();
        let mut gone: Vec<Place> = self
            .known
            .keys()
            .filter(|place| !present.contains(place))
            .cloned()
            .collect();
        gone.sort();
        for place in gone {
            self.forget(&place);
        }
        for record in records {
            let change = match self.known.get(&record.place) {
                None => WatchEventType::Added,
                Some(known) if known.uid != record.uid => {
                    self.forget(&record.place);
                    WatchEventType::Added
                }
                Some(known) if is_newer(&record, known) => WatchEventType::Modified,
                Some(_) => continue,
            };
            self.known.insert(record.place.clone(), record.clone());
            self.ready.push_back(Step::Changed(change, record));
        }
    }

    fn forget(&mut self, place: &Place) {
        if let Some(record) = self.known.remove(place) {
            self.ready
                .push_back(Step::Changed(WatchEventType::Deleted, record));
        }
    }

    fn restart(&mut self) {
        tracing::debug!("the revision is too old, listing again");
        self.revision = None;
        self.lines = None;
    }

    async fn closed(&mut self) {
        let opened = self.lines.take().map(|(_, opened)| opened);
        if opened.is_some_and(|opened| opened.elapsed() < SHORT) {
            self.pause().await;
        }
    }

    async fn lost(&mut self, error: &ApiError) {
        tracing::info!(%error, "the watch was interrupted");
        self.lines = None;
        self.pause().await;
    }

    async fn pause(&mut self) {
        let pause = PAUSES.pauses().nth(self.failures.min(16) as usize);
        self.failures = self.failures.saturating_add(1);
        tokio::time::sleep(pause.unwrap_or(PAUSES.longest)).await;
    }

    fn unexpected(&self, source: serde_json::Error) -> ApiError {
        self.resources.unexpected(source)
    }
}

/// Whether a record says something that the known one did not. Revisions are integers of one server-wide count.
fn is_newer(record: &Record, known: &Record) -> bool {
    if record.uid != known.uid {
        return true;
    }
    match (
        record.revision.parse::<u64>(),
        known.revision.parse::<u64>(),
    ) {
        (Ok(new), Ok(old)) => new > old,
        _ => record.revision != known.revision,
    }
}

/// The objects of a collection and their changes; what exists at the start comes as `ADDED`.
#[derive(Debug)]
pub struct Watcher<T>(Feed<T>);

impl<T: Decoded> Watcher<T> {
    /// The next change; waits as long as it takes and survives lost connections.
    pub async fn next(&mut self) -> Result<WatchEvent<T>, ApiError> {
        self.next_as().await
    }

    /// The next change with the object as another type, such as a JSON value.
    pub async fn next_as<O: DeserializeOwned>(&mut self) -> Result<WatchEvent<O>, ApiError> {
        loop {
            let (type_, record) = match self.0.next().await? {
                Step::Listed(record) => (WatchEventType::Added, record),
                Step::Changed(type_, record) => (type_, record),
                Step::Columns(_) | Step::EndOfList => continue,
            };
            if let Body::Object(raw) = record.body {
                let object = serde_json::from_slice(raw.get().as_bytes())
                    .map_err(|source| self.0.unexpected(source))?;
                return Ok(WatchEvent { type_, object });
            }
        }
    }
}

impl<T: Decoded> Resources<T> {
    /// Watches objects: those that exist, then every change.
    #[must_use]
    pub fn watch(&self, options: &ListOptions) -> Watcher<T> {
        Watcher(Feed::new(self.clone(), options.clone(), WHOLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Api;
    use crate::types::VirtualMachine;

    fn record(name: &str, uid: &str, revision: &str) -> Record {
        Record {
            place: ("d".to_owned(), name.to_owned()),
            uid: uid.to_owned(),
            revision: revision.to_owned(),
            created: String::new(),
            labels: Vec::new(),
            says_kind: false,
            body: Body::Cells(Vec::new(), None),
        }
    }

    fn feed() -> Feed<VirtualMachine> {
        let endpoint = "unix:/nowhere".parse().unwrap();
        let http = nova_http::Client::new(nova_http::ClientConfig::new(endpoint)).unwrap();
        let api = Api::new(
            http,
            "d".to_owned(),
            crate::client::ServerOrigin::Explicit,
            None,
        );
        Feed::new(api.vms(), ListOptions::default(), WHOLE)
    }

    fn drained(feed: &mut Feed<VirtualMachine>) -> Vec<(String, String)> {
        feed.ready
            .drain(..)
            .map(|step| match step {
                Step::Changed(type_, record) => (type_.to_string(), record.place.1),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_new_list_yields_differences_only() {
        let mut feed = feed();
        for (name, uid, revision) in [("a", "1", "10"), ("b", "2", "11"), ("c", "3", "12")] {
            feed.change(WatchEventType::Added, record(name, uid, revision));
        }
        feed.ready.clear();
        // a is unchanged, b changed, c was replaced by another object of the same name, d is new.
        feed.compare(vec![
            record("a", "1", "10"),
            record("b", "2", "20"),
            record("c", "9", "21"),
            record("d", "4", "22"),
        ]);
        let expected = [
            ("MODIFIED", "b"),
            ("DELETED", "c"),
            ("ADDED", "c"),
            ("ADDED", "d"),
        ];
        assert_eq!(
            drained(&mut feed),
            expected.map(|(type_, name)| (type_.to_owned(), name.to_owned()))
        );
        feed.compare(vec![record("d", "4", "22")]);
        let gone = [("DELETED", "a"), ("DELETED", "b"), ("DELETED", "c")];
        assert_eq!(
            drained(&mut feed),
            gone.map(|(type_, name)| (type_.to_owned(), name.to_owned()))
        );
    }

    #[test]
    fn what_was_shown_is_not_shown_again() {
        let mut feed = feed();
        feed.change(WatchEventType::Added, record("a", "1", "10"));
        feed.change(WatchEventType::Modified, record("a", "1", "10"));
        feed.change(WatchEventType::Modified, record("a", "1", "9"));
        feed.change(WatchEventType::Modified, record("a", "1", "11"));
        feed.change(WatchEventType::Deleted, record("a", "1", "12"));
        let types: Vec<String> = drained(&mut feed)
            .into_iter()
            .map(|(type_, _)| type_)
            .collect();
        assert_eq!(types, ["ADDED", "MODIFIED", "DELETED"]);
    }
}
