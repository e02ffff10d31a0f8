//! Objects that are rarely read, kept small: events, finished operations and records of machines are much like each other,
//! so each is compressed against an earlier one of its kind.

use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::memory::Memory;

/// Kinds that are packed.
const KINDS: [&str; 3] = ["events", "operations", crate::control::RECORDS];
/// Shorter ones gain nothing.
const WORTH: usize = 256;
/// Objects packed at a time, so that nobody waits for the lock.
const BATCH: usize = 1024;
const PAUSE: Duration = Duration::from_secs(1);

/// Room for what frames a text that is too short to shrink.
const SPARE: usize = 64;

thread_local! {
    static PACKER: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    static UNPACKER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// A compressed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    bytes: Box<[u8]>,
    length: u32,
    dictionary: Arc<str>,
}

impl Packed {
    /// Compresses `text`, whose words are mostly those of `dictionary`; nothing when that gains nothing.
    pub(super) fn new(text: &str, dictionary: &Arc<str>) -> Option<Self> {
        let mut bytes = Vec::with_capacity(text.len() + SPARE);
        let ended = PACKER.with_borrow_mut(|packer| {
            packer.reset();
            packer.set_dictionary(dictionary.as_bytes()).ok()?;
            packer
                .compress_vec(text.as_bytes(), &mut bytes, FlushCompress::Finish)
                .ok()
        })?;
        let packed = Self {
            bytes: bytes.into(),
            length: u32::try_from(text.len()).ok()?,
            dictionary: Arc::clone(dictionary),
        };
        (ended == Status::StreamEnd).then_some(packed)
    }

    /// The text. What was packed here can be unpacked; a fault of ours reads as an empty text.
    pub(super) fn text(&self) -> String {
        let mut text = Vec::with_capacity(self.length as usize + SPARE);
        let unpacked = UNPACKER.with_borrow_mut(|unpacker| {
            unpacker.reset(false);
            unpacker.set_dictionary(self.dictionary.as_bytes()).ok()?;
            unpacker
                .decompress_vec(&self.bytes, &mut text, FlushDecompress::Finish)
                .ok()
        });
        debug_assert_eq!(unpacked, Some(Status::StreamEnd));
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Starts the thread that packs; it ends with the store.
pub(super) fn start(memory: &Arc<Memory>) -> std::io::Result<()> {
    let memory = Arc::downgrade(memory);
    let thread = thread::Builder::new().name("store-packer".into());
    thread.spawn(move || pack_all(&memory)).map(drop)
}

fn pack_all(memory: &Weak<Memory>) {
    let mut seen = None;
    loop {
        let Some(memory) = memory.upgrade() else {
            return;
        };
        let newest = memory.read().log.newest();
        if seen != Some(newest) && pack_some(&memory) < BATCH {
            seen = Some(newest);
        }
        let busy = seen != Some(newest);
        drop(memory);
        thread::sleep(if busy {
            Duration::from_millis(5)
        } else {
            PAUSE
        });
    }
}

/// Packs some objects that did not change in a while; answers how many.
pub(super) fn pack_some(memory: &Memory) -> usize {
    let some = KINDS
        .iter()
        .map(|kind| memory.read().unpacked(kind, WORTH, BATCH));
    let Some(objects) = some.into_iter().find(|objects| !objects.is_empty()) else {
        return 0;
    };
    let kind = objects[0].key.kind;
    let known = memory.read().dictionary(kind);
    let words = known.unwrap_or_else(|| objects[0].json().into());
    let packed: Vec<_> = objects
        .iter()
        .map(|object| object.packed(&words).map(Arc::new))
        .collect();
    let mut state = memory.write();
    for (old, new) in objects.iter().zip(packed) {
        if let Some(new) = new {
            state.replace(old, new);
        }
    }
    state.set_dictionary(kind, words);
    objects.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_are_small() {
        let event = |name: &str| {
            format!(
                r#"{{"apiVersion":"v1","involvedObject":{{"kind":"VirtualMachine","name":"{name}"}},"reason":"Started","message":"started on sim","source":{{"component":"nova-server"}}}}"#
            )
        };
        let dictionary: Arc<str> = event("a").into();
        let packed = Packed::new(&event("b-äöü"), &dictionary).unwrap();
        assert_eq!(packed.text(), event("b-äöü"));
        assert!(packed.bytes.len() < 40, "{}", packed.bytes.len());
        let odd = Packed::new("", &dictionary).unwrap();
        assert_eq!(odd.text(), "");
    }
}
