//! The store as the rest of the server sees it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};

use super::checkpoint::Checkpointer;
use super::db::Db;
use super::history::History;
use super::log::Expired;
use super::memory::Memory;
use super::queue::Queue;
use super::state::State;
use super::sync::Syncer;
use super::writer::{Job, Writer};
use super::{Key, Object, StoreError, Tx, Watch};
use crate::api::error::ApiError;

/// Name of the key of continue tokens among the server's own settings.
const SIGNING_KEY: &str = "signing-key";

/// When a write is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When it would survive a power cut.
    Spec,
    /// When it would survive a kill of the server; a power cut may take the last moments.
    Status,
}

/// All objects of the server. Dropping the last handle ends the writer after it emptied its queue.
pub(crate) struct Store {
    memory: Arc<Memory>,
    revision: watch::Receiver<u64>,
    queue: Arc<Queue>,
    writer: Mutex<Option<JoinHandle<()>>>,
    signing_key: String,
}

impl Store {
    /// Opens `nova.db` in the data directory, or makes it.
    pub(crate) fn open(data_dir: &Path) -> Result<Arc<Self>, StoreError> {
        let path = data_dir.join("nova.db");
        let db = Db::open(&path)?;
        let failed = |source| StoreError::Open {
            path: path.clone(),
            source,
        };
        let signing_key = signing_key(&db).map_err(failed)?;
        let state = db.load(&path)?;
        let (sender, revision) = watch::channel(state.log.newest());
        let history = History::open(&path).map_err(failed)?;
        let memory = Arc::new(Memory::new(state, history));
        let queue = Arc::new(Queue::default());
        let writer = Writer {
            db,
            memory: Arc::clone(&memory),
            revision: sender,
            syncer: Syncer::start(&path).map_err(StoreError::Thread)?,
            _checkpointer: Checkpointer::start(&path).map_err(StoreError::Thread)?,
        };
        let jobs = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(&jobs))
            .map_err(StoreError::Thread)?;
        Ok(Arc::new(Self {
            memory,
            revision,
            queue,
            writer: Mutex::new(Some(thread)),
            signing_key,
        }))
    }

    /// The newest committed revision of an object.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.read(|state| state.get(key).cloned())
    }

    /// The same, or `NotFound`.
    pub(crate) fn require(&self, key: &Key) -> Result<Arc<Object>, ApiError> {
        self.get(key).ok_or_else(|| ApiError::not_found(key))
    }

    /// Objects of a kind, of one namespace or of all, ordered by namespace and name.
    pub(crate) fn list(&self, kind: &'static str, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.read(|state| state.list(kind, namespace).cloned().collect())
    }

    /// The same with the revision that it shows, without those up to a key.
    pub(crate) fn snapshot(
        &self,
        kind: &'static str,
        namespace: Option<&str>,
        after: Option<&Key>,
    ) -> (Vec<Arc<Object>>, u64) {
        self.read(|state| {
            let objects = state.list_after(kind, namespace, after);
            (objects.cloned().collect(), state.log.newest())
        })
    }

    /// The list as it was at an earlier revision that the log still reaches, without those up to a key.
    pub(crate) fn list_at(
        &self,
        kind: &'static str,
        namespace: Option<&str>,
        (revision, after): (u64, Option<&Key>),
    ) -> Result<Vec<Arc<Object>>, Expired> {
        self.memory.with_past(&[kind], revision, |state, past| {
            state.list_at(kind, namespace, (revision, after), past)
        })
    }

    /// The newest committed revision of the server.
    pub(crate) fn revision(&self) -> u64 {
        *self.revision.borrow()
    }

    /// Waits until the server has reached a revision.
    pub(crate) async fn reached(&self, revision: u64) {
        let mut newest = self.revision.clone();
        // An error means that the store ends; the caller's deadline or the shutdown follows.
        if newest.wait_for(|now| *now >= revision).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Runs `work` on the writer thread against the newest state and returns when the result is
    /// committed. `work` must be quick and may not block. Its changes stay only when it succeeds.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.enqueue(durability, true, work).await
    }

    /// Runs `work` as [`Store::write`] does, answers its result and stores nothing.
    pub(crate) async fn rehearse<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.enqueue(Durability::Status, false, work).await
    }

    async fn enqueue<T: Send + 'static>(
        &self,
        durability: Durability,
        keep: bool,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            durability,
            keep,
            work: Box::new(move |tx| {
                let (value, result) = match work(tx) {
                    Ok(value) => (Some(value), Ok(())),
                    Err(error) => (None, Err(error)),
                };
                let answer = Box::new(move |committed: Result<(), ApiError>| {
                    let result = committed.and_then(|()| {
                        value.ok_or_else(|| ApiError::internal("a write without a result"))
                    });
                    // The caller may have gone; what it asked for is done all the same.
                    drop(reply.send(result));
                });
                (result, answer)
            }),
        };
        if !self.queue.push(job) {
            let message = "the server is shutting down";
            return Err(ApiError::unavailable("NotReady", message));
        }
        answer
            .await
            .map_err(|_| ApiError::internal("the change was dropped"))?
    }

    /// Follows changes after a revision. No kinds means all.
    pub(crate) fn watch(&self, kinds: &[&'static str], after: u64) -> Result<Watch, Expired> {
        Watch::new(
            Arc::clone(&self.memory),
            self.revision.clone(),
            kinds,
            after,
        )
    }

    /// Key for continue tokens; stays the same over restarts.
    pub(crate) fn signing_key(&self) -> &[u8] {
        self.signing_key.as_bytes()
    }

    /// Takes no more writes, finishes those that wait and closes the database.
    pub(crate) fn close(&self) {
        self.queue.close();
        let thread = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer thread panicked");
        }
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.memory.read())
    }
}

#[cfg(test)]
impl Store {
    /// Lets the database grow no further, as a full disk would.
    pub(super) fn limit_pages(&self) {
        let full = &self.queue.disk_full;
        full.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Made once, so that tokens are good over restarts.
fn signing_key(db: &Db) -> rusqlite::Result<String> {
    if let Some(key) = db.meta(SIGNING_KEY)? {
        return Ok(key);
    }
    let random = || uuid::Uuid::new_v4().simple().to_string();
    let key = random() + &random();
    db.set_meta(SIGNING_KEY, &key)?;
    Ok(key)
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}
