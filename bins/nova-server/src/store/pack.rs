//! Objects as they are kept, in memory and in the database: compressed against a typical object of their kind, with which
//! they share most of their words. That makes a tenth of them, and takes less than it saves in writing and copying.

use lz4_flex::block::{
    compress_prepend_size_with_dict, decompress_size_prepended_with_dict, uncompressed_size,
};

/// Texts to compress against, with the kind they are for; numbered from 1. Databases depend on them, so one is never changed
/// or moved: a better one is added at the end, with a layout step of the database that keeps older servers away from it.
const WORDS: &[(&str, &str)] = &[
    (
        "virtualmachines",
        include_str!("words/virtualmachine-1.json"),
    ),
    ("operations", include_str!("words/operation-1.json")),
    (
        crate::control::RECORDS,
        include_str!("words/machinerecord-1.json"),
    ),
    ("events", include_str!("words/event-1.json")),
];
/// Number of a text that was not compressed.
const PLAIN: u8 = 0;
/// Largest object that is unpacked; far more than is ever stored.
const LONGEST: usize = 64 << 20;

/// A compressed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    bytes: Box<[u8]>,
    words: u8,
}

/// What is stored cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[error("its content cannot be unpacked")]
pub(super) struct Broken;

impl Packed {
    /// Compresses the text of an object of `kind`.
    pub(super) fn new(kind: &str, text: &str) -> Self {
        // The others have metadata like a VM's.
        let at = WORDS.iter().rposition(|(of, _)| *of == kind).unwrap_or(0);
        let words = u8::try_from(at + 1).unwrap_or(PLAIN);
        let bytes = compress_prepend_size_with_dict(text.as_bytes(), dictionary(words));
        Self {
            bytes: bytes.into(),
            words,
        }
    }

    /// Unpacks what is stored, `bytes` compressed against text number `words`.
    pub(super) fn unpack(words: u8, bytes: &[u8]) -> Result<String, Broken> {
        if words == PLAIN {
            return String::from_utf8(bytes.to_vec()).map_err(|_| Broken);
        }
        if usize::from(words) > WORDS.len() {
            return Err(Broken);
        }
        let (length, _) = uncompressed_size(bytes).map_err(|_| Broken)?;
        if length > LONGEST {
            return Err(Broken);
        }
        let text = decompress_size_prepended_with_dict(bytes, dictionary(words));
        String::from_utf8(text.map_err(|_| Broken)?).map_err(|_| Broken)
    }

    /// The text. What was packed here can be unpacked; a fault of ours reads as an empty text.
    pub(super) fn text(&self) -> String {
        let text = Self::unpack(self.words, &self.bytes);
        debug_assert!(text.is_ok(), "a packed object is broken");
        text.unwrap_or_default()
    }

    /// Length of the text.
    pub(super) fn length(&self) -> usize {
        uncompressed_size(&self.bytes).map_or(0, |(length, _)| length)
    }

    /// As it is stored: the compressed text, and the number of what it was compressed against.
    pub(super) fn stored(&self) -> (u8, &[u8]) {
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

    use super::*;

    #[test]
    fn texts_come_back_and_typical_ones_are_small() {
        for (kind, words) in WORDS {
            let mut object: Value = serde_json::from_str(words).unwrap();
            object["metadata"]["name"] = "another-name-äöü".into();
            object["metadata"]["uid"] = "01a219ef-1609-72c6-b0c9-6d88a51946e0".into();
            let text = object.to_string();
            let packed = Packed::new(kind, &text);
            assert_eq!((packed.text(), packed.length()), (text.clone(), text.len()));
            assert!(packed.bytes.len() < 150, "{kind}: {}", packed.bytes.len());
        }
        for text in ["", "{}", &"x".repeat(100_000)] {
            assert_eq!(Packed::new("images", text).text(), text);
        }
    }

    #[test]
    fn what_is_broken_is_told() {
        assert_eq!(Packed::unpack(PLAIN, b"{}").unwrap(), "{}");
        let packed = Packed::new("events", "some text that is long enough");
        let (words, bytes) = packed.stored();
        assert!(Packed::unpack(200, bytes).is_err());
        assert!(Packed::unpack(words, &bytes[..bytes.len() / 2]).is_err());
        assert!(Packed::unpack(words, b"").is_err() && Packed::unpack(words, &[255; 9]).is_err());
        assert!(Packed::unpack(PLAIN, &[255]).is_err());
    }
}
