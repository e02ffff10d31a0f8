//! Answers that are kept: in memory while fresh, on disk with their `ETag` for revalidation.
//!
//! On disk an entry is a small file named by the digest of its key, and a body named by the digest of its content, so that
//! equal bodies are stored once. All files are private; any of them may be deleted at any time.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue};
use nova_core::fs::{PRIVATE, create_private_dir, write_atomic};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::request::Response;

/// Files are removed, oldest first, when there are more than this many.
const DISK_LIMIT: usize = 512;

/// Bounds of a cache.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// Answers kept in memory, least recently used ones go first.
    pub entries: usize,
    /// Answers leave memory after this long.
    pub keep: Duration,
    /// Directory on disk; absent keeps everything in memory.
    pub dir: Option<PathBuf>,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            entries: 256,
            keep: Duration::from_mins(5),
            dir: None,
        }
    }
}

/// A cache of answers to reads.
#[derive(Debug)]
pub struct Cache {
    memory: Mutex<Memory>,
    dir: Option<PathBuf>,
}

/// Least recently used answers go first, old ones when they are looked at. A few hundred entries need no cleverer order.
#[derive(Debug)]
struct Memory {
    entries: HashMap<Key, Kept>,
    most: usize,
    keep: Duration,
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    stored: Arc<Stored>,
    since: Instant,
    last_use: u64,
}

impl Memory {
    fn get(&mut self, key: &Key) -> Option<Arc<Stored>> {
        self.uses += 1;
        let kept = self.entries.get_mut(key)?;
        if kept.since.elapsed() > self.keep {
            self.entries.remove(key);
            return None;
        }
        kept.last_use = self.uses;
        Some(Arc::clone(&kept.stored))
    }

    fn insert(&mut self, key: Key, stored: Arc<Stored>) {
        self.uses += 1;
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            let oldest = self.entries.iter().min_by_key(|(_, kept)| kept.last_use);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(
            key,
            Kept {
                stored,
                since: Instant::now(),
                last_use: self.uses,
            },
        );
    }
}

/// What makes an answer reusable: server, caller, target and representation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(String);

impl Key {
    /// The caller's token goes in as part of a digest only.
    pub(crate) fn new(
        endpoint: &str,
        identity: &str,
        target: &str,
        accept: Option<&HeaderValue>,
    ) -> Self {
        let accept = accept
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Self(digest(
            [endpoint, identity, target, accept].join("\0").as_bytes(),
        ))
    }
}

/// A kept answer.
#[derive(Debug)]
pub(crate) struct Stored {
    etag: Option<String>,
    content_type: Option<String>,
    body: Bytes,
    /// Absent when read from disk, where no monotonic time survives: such an answer must be revalidated.
    since: Option<Instant>,
}

/// Form of an entry on disk.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    version: u32,
    etag: String,
    content_type: Option<String>,
    sha256: String,
}

impl Stored {
    pub(crate) fn age(&self) -> Duration {
        self.since.map_or(Duration::MAX, |since| since.elapsed())
    }

    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    pub(crate) fn response(&self, endpoint: String) -> Response {
        let mut headers = HeaderMap::new();
        for (name, value) in [(ETAG, &self.etag), (CONTENT_TYPE, &self.content_type)] {
            if let Some(value) = value
                .as_ref()
                .and_then(|value| HeaderValue::from_str(value).ok())
            {
                headers.insert(name, value);
            }
        }
        Response {
            endpoint,
            status: 200,
            headers,
            body: self.body.clone(),
        }
    }
}

impl Cache {
    /// A cache with these bounds; the directory is created with the first entry.
    #[must_use]
    pub fn new(config: &CacheConfig) -> Self {
        let memory = Memory {
            entries: HashMap::new(),
            most: config.entries,
            keep: config.keep,
            uses: 0,
        };
        Self {
            memory: Mutex::new(memory),
            dir: config.dir.clone(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Whatever a panic interrupted, a cache is right or empty.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Stored>> {
        self.memory()
            .get(key)
            .or_else(|| self.read(key).map(Arc::new))
    }

    pub(crate) fn put(&self, key: &Key, response: &Response) {
        let stored = Stored {
            etag: response.header("etag").map(str::to_owned),
            content_type: response.header("content-type").map(str::to_owned),
            body: response.body.clone(),
            since: Some(Instant::now()),
        };
        if let (Some(dir), Some(etag)) = (&self.dir, &stored.etag)
            && let Err(error) = write(dir, key, etag, &stored)
        {
            // A cache that cannot be written costs time, nothing else.
            tracing::debug!(%error, dir = %dir.display(), "cannot keep an answer");
        }
        self.memory().insert(key.clone(), Arc::new(stored));
    }

    /// Marks an answer that the server confirmed as fresh.
    pub(crate) fn touch(&self, key: &Key, stored: &Stored) {
        let stored = Stored {
            etag: stored.etag.clone(),
            content_type: stored.content_type.clone(),
            body: stored.body.clone(),
            since: Some(Instant::now()),
        };
        self.memory().insert(key.clone(), Arc::new(stored));
    }

    fn read(&self, key: &Key) -> Option<Stored> {
        let dir = self.dir.as_ref()?;
        let entry: Entry = serde_json::from_slice(&fs::read(dir.join(&key.0)).ok()?).ok()?;
        if entry.version != 1 {
            return None;
        }
        let body = fs::read(body_path(dir, &entry.sha256)).ok()?;
        // A body that does not match its name is damaged and must not be believed.
        (digest(&body) == entry.sha256).then(|| Stored {
            etag: Some(entry.etag),
            content_type: entry.content_type,
            body: body.into(),
            since: None,
        })
    }
}

fn write(dir: &Path, key: &Key, etag: &str, stored: &Stored) -> io::Result<()> {
    let sha256 = digest(&stored.body);
    let body = body_path(dir, &sha256);
    create_private_dir(&dir.join("bodies"))?;
    if !body.exists() {
        write_atomic(&body, &stored.body, PRIVATE)?;
    }
    let entry = Entry {
        version: 1,
        etag: etag.to_owned(),
        content_type: stored.content_type.clone(),
        sha256,
    };
    write_atomic(&dir.join(&key.0), &serde_json::to_vec(&entry)?, PRIVATE)?;
    prune(dir)?;
    prune(&dir.join("bodies"))
}

fn body_path(dir: &Path, sha256: &str) -> PathBuf {
    dir.join("bodies").join(sha256)
}

/// Removes the oldest quarter when there are too many files.
fn prune(dir: &Path) -> io::Result<()> {
    let mut files: Vec<_> = fs::read_dir(dir)?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let meta = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((meta.modified().ok()?, entry.path()))
        })
        .collect();
    if files.len() <= DISK_LIMIT {
        return Ok(());
    }
    files.sort();
    for (_, path) in files.iter().take(files.len() - DISK_LIMIT * 3 / 4) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn response(etag: &str, body: &'static str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_str(etag).unwrap());
        Response {
            endpoint: "x".into(),
            status: 200,
            headers,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn cache(dir: &Path) -> Cache {
        Cache::new(&CacheConfig {
            dir: Some(dir.to_owned()),
            ..CacheConfig::default()
        })
    }

    #[test]
    fn an_answer_survives_on_disk_but_must_be_revalidated() {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::new("e", "token", "/version", None);
        cache(dir.path()).put(&key, &response("\"7\"", "body"));
        let stored = cache(dir.path()).get(&key).unwrap();
        assert_eq!(stored.age(), Duration::MAX);
        assert_eq!(stored.etag(), Some("\"7\""));
        assert_eq!(stored.response("e".into()).body, "body");
        for entry in fs::read_dir(dir.path())
            .unwrap()
            .map(Result::unwrap)
            .filter(|e| e.path().is_file())
        {
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o777,
                0o600
            );
            assert!(!fs::read_to_string(entry.path()).unwrap().contains("token"));
        }
    }

    #[test]
    fn the_least_recently_used_answer_goes_first_and_old_ones_go_too() {
        let config = CacheConfig {
            entries: 2,
            keep: Duration::from_millis(40),
            dir: None,
        };
        let cache = Cache::new(&config);
        let key = |target: &str| Key::new("e", "", target, None);
        cache.put(&key("/a"), &response("1", "a"));
        cache.put(&key("/b"), &response("1", "b"));
        assert!(cache.get(&key("/a")).is_some());
        cache.put(&key("/c"), &response("1", "c"));
        assert!(cache.get(&key("/b")).is_none());
        assert!(cache.get(&key("/a")).is_some() && cache.get(&key("/c")).is_some());
        std::thread::sleep(Duration::from_millis(50));
        assert!(cache.get(&key("/a")).is_none());
    }

    #[test]
    fn callers_and_representations_do_not_share_answers() {
        let json = HeaderValue::from_static("application/json");
        let keys = [
            Key::new("e", "a", "/x", None),
            Key::new("e", "b", "/x", None),
            Key::new("e", "a", "/y", None),
            Key::new("e", "a", "/x", Some(&json)),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(index + 1).all(|other| other != key));
        }
    }

    #[test]
    fn a_damaged_body_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::new("e", "", "/x", None);
        cache(dir.path()).put(&key, &response("\"1\"", "good"));
        let body = fs::read_dir(dir.path().join("bodies"))
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        write_atomic(&body, b"evil", PRIVATE).unwrap();
        assert!(cache(dir.path()).get(&key).is_none());
    }
}
