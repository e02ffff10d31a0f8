//! Objects as they are kept, in memory and in the database, and machines of the simulator: compressed against a typical
//! object of their kind, with which they share most of their words. That makes a tenth of them, and takes less than it saves
//! in writing and copying.

use std::cell::Cell;

use lz4_flex::block::{
    compress_prepend_size_with_dict, decompress_into_with_dict, uncompressed_size,
};

/// Kind of what is remembered of a machine.
pub(crate) const MACHINES: &str = "machinerecords";

/// Texts to compress against, with the kind they are for; numbered from 1. Databases depend on them, so one is never changed
/// or moved: a better one is added at the end, with a layout step of the database that keeps older servers away from it.
const WORDS: &[(&str, &str)] = &[
    (
        "virtualmachines",
        include_str!("words/virtualmachine-1.json"),
    ),
    ("operations", include_str!("words/operation-1.json")),
    (MACHINES, include_str!("words/machinerecord-1.json")),
    ("events", include_str!("words/event-1.json")),
];
/// Number of a text that was not compressed.
const PLAIN: u8 = 0;
/// Largest object that is unpacked; far more than is ever stored.
const LONGEST: usize = 64 << 20;
/// Most room that a thread keeps for the next object.
const KEPT_ROOM: usize = 64 << 10;

thread_local! {
    /// Room to unpack in.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A compressed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    bytes: Box<[u8]>,
    words: u8,
}

/// What is stored cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[error("its content cannot be unpacked")]
pub(crate) struct Broken;

impl Packed {
    /// Compresses the text of an object of `kind`.
    pub(crate) fn new(kind: &str, text: &str) -> Self {
        // The others have metadata like a VM's.
        let at = WORDS.iter().rposition(|(of, _)| *of == kind).unwrap_or(0);
        let words = u8::try_from(at + 1).unwrap_or(PLAIN);
        let bytes = compress_prepend_size_with_dict(text.as_bytes(), dictionary(words));
        Self {
            bytes: bytes.into(),
            words,
        }
    }

    /// Unpacks what is stored, `bytes` compressed against text number `words`, into `room`.
    pub(crate) fn unpack<'r>(
        words: u8,
        bytes: &[u8],
        room: &'r mut Vec<u8>,
    ) -> Result<&'r str, Broken> {
        if words == PLAIN {
            room.splice(.., bytes.iter().copied());
            return std::str::from_utf8(room).map_err(|_| Broken);
        }
        let known = usize::from(words) <= WORDS.len();
        let (length, packed) = uncompressed_size(bytes).map_err(|_| Broken)?;
        if !known || length > LONGEST {
            return Err(Broken);
        }
        if room.len() < length {
            room.resize(length, 0);
        }
        let end = decompress_into_with_dict(packed, &mut room[..length], dictionary(words));
        let text = end.ok().and_then(|end| room.get(..end));
        std::str::from_utf8(text.ok_or(Broken)?).map_err(|_| Broken)
    }

    /// Shows the text. What was packed here can be unpacked; a fault of ours reads as an empty text.
    pub(crate) fn with<T>(&self, show: impl FnOnce(&str) -> T) -> T {
        // Not borrowed while the text is shown: whoever sees one object may want another.
        let mut room = ROOM.take();
        let text = Self::unpack(self.words, &self.bytes, &mut room);
        debug_assert!(text.is_ok(), "a packed object is broken");
        let shown = show(text.unwrap_or_default());
        if room.len() <= KEPT_ROOM {
            ROOM.set(room);
        }
        shown
    }

    /// Length of the text.
    pub(crate) fn length(&self) -> usize {
        uncompressed_size(&self.bytes).map_or(0, |(length, _)| length)
    }

    /// As it is stored: the compressed text, and the number of what it was compressed against.
    pub(crate) fn stored(&self) -> (u8, &[u8]) {
        (self.words, &self.bytes)
    }
}

fn dictionary(words: u8) -> &'static [u8] {
    let at = usize::from(words).wrapping_sub(1);
    WORDS.get(at).map_or(&[], |(_, text)| text.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn texts_come_back_and_typical_ones_are_small() {
        for (kind, words) in WORDS {
            let mut object: Value = serde_json::from_str(words).unwrap();
            object["metadata"]["name"] = "another-name-äöü".into();
            object["metadata"]["uid"] = "01a219ef-1609-72c6-b0c9-6d88a51946e0".into();
            let text = object.to_string();
            let packed = Packed::new(kind, &text);
            assert_eq!(packed.with(str::to_owned), text);
            assert_eq!(packed.length(), text.len());
            assert!(packed.bytes.len() < 150, "{kind}: {}", packed.bytes.len());
        }
        for text in ["", "{}", &"x".repeat(100_000)] {
            assert_eq!(Packed::new("images", text).with(str::to_owned), text);
        }
    }

    #[test]
    fn words_never_change_since_databases_depend_on_them() {
        let known = [
            "435f4c4100d8599e",
            "66e0102f88655b55",
            "4e66255407c23040",
            "e13dc5867fdd7d8e",
        ];
        let digest = |(_, words): &(&str, &str)| {
            let digest = Sha256::digest(words.as_bytes());
            crate::app::hex(&digest)[..16].to_owned()
        };
        let found: Vec<String> = WORDS.iter().map(digest).collect();
        assert_eq!(
            found[..known.len()],
            known,
            "add a text instead of changing one"
        );
    }

    #[test]
    fn what_is_broken_is_told() {
        let unpack =
            |words, bytes: &[u8]| Packed::unpack(words, bytes, &mut Vec::new()).map(str::to_owned);
        assert_eq!(unpack(PLAIN, b"{}").unwrap(), "{}");
        let packed = Packed::new("events", "some text that is long enough");
        let (words, bytes) = packed.stored();
        assert!(unpack(200, bytes).is_err());
        assert!(unpack(words, &bytes[..bytes.len() / 2]).is_err());
        assert!(unpack(words, b"").is_err() && unpack(words, &[255; 9]).is_err());
        assert!(unpack(PLAIN, &[255]).is_err());
    }
}
