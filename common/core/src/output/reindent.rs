//! From a server's JSON text to kubectl's layout without a tree in between.
//!
//! The fast way copies and indents in one pass. It gives up (and the caller takes the tree) where
//! text cannot be copied: keys out of order or with escapes, or nesting deeper than anyone sends.

use super::json;

/// Deeper objects take the slow way, which has limits of its own.
const DEEPEST: usize = 100;

/// A line end and the blanks of the deepest level that is written at once.
const LINE: [u8; 1 + 4 * 32] = {
    let mut line = [b' '; 1 + 4 * 32];
    line[0] = b'\n';
    line
};

/// The bytes at which a string needs a look: its end, an escape, and what Go escapes. U+2028 and
/// U+2029 start with 0xe2.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let (mut at, bytes) = (0, b"\"\\<>&\xe2");
    while at < bytes.len() {
        stops[bytes[at] as usize] = true;
        at += 1;
    }
    stops
};

/// Writes `raw` indented at `level`, or compact without one. False if the text is not fit for it;
/// `out` is then as before.
pub(super) fn reindent(raw: &str, level: Option<usize>, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut scanner = Scanner {
        bytes: raw.as_bytes(),
        text: raw,
        at: 0,
        compact: level.is_none(),
    };
    let written = scanner.value(level.unwrap_or(0), 0, out).is_some();
    scanner.blanks();
    let whole = written && scanner.at == raw.len();
    if !whole {
        out.truncate(start);
    }
    whole
}

struct Scanner<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    compact: bool,
}

impl<'a> Scanner<'a> {
    fn blanks(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn line(&self, level: usize, out: &mut Vec<u8>) {
        if self.compact {
            return;
        }
        if let Some(line) = LINE.get(..=4 * level) {
            out.extend_from_slice(line);
        } else {
            out.push(b'\n');
            out.resize(out.len() + 4 * level, b' ');
        }
    }

    fn value(&mut self, level: usize, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        self.blanks();
        match self.bytes.get(self.at)? {
            b'{' if depth < DEEPEST => self.object(level, depth, out),
            b'[' if depth < DEEPEST => self.array(level, depth, out),
            b'"' => self.string(out),
            b'-' | b'0'..=b'9' => self.number(out),
            b't' => self.word("true", out),
            b'f' => self.word("false", out),
            b'n' => self.word("null", out),
            _ => None,
        }
    }

    fn object(&mut self, level: usize, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        self.at += 1;
        out.push(b'{');
        if self.take(b'}') {
            out.push(b'}');
            return Some(());
        }
        let mut last: Option<&'a str> = None;
        loop {
            self.blanks();
            self.line(level + 1, out);
            let key = self.key()?;
            if last.is_some_and(|last| last >= key) {
                return None;
            }
            last = Some(key);
            out.push(b'"');
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(if self.compact { b"\":" } else { b"\": " });
            if !self.take(b':') {
                return None;
            }
            self.value(level + 1, depth + 1, out)?;
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return None;
            }
            out.push(b',');
        }
        self.line(level, out);
        out.push(b'}');
        Some(())
    }

    fn array(&mut self, level: usize, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        self.at += 1;
        out.push(b'[');
        if self.take(b']') {
            out.push(b']');
            return Some(());
        }
        loop {
            self.line(level + 1, out);
            self.value(level + 1, depth + 1, out)?;
            if self.take(b']') {
                break;
            }
            if !self.take(b',') {
                return None;
            }
            out.push(b',');
        }
        self.line(level, out);
        out.push(b']');
        Some(())
    }

    /// A key that can be copied, without its quotes.
    fn key(&mut self) -> Option<&'a str> {
        let (start, end, plain) = self.quoted()?;
        plain.then(|| &self.text[start + 1..end - 1])
    }

    /// A string from quote to quote, and whether Go would write it the same.
    fn quoted(&mut self) -> Option<(usize, usize, bool)> {
        let start = self.at;
        if self.bytes.get(start) != Some(&b'"') {
            return None;
        }
        let (mut at, mut plain) = (start + 1, true);
        loop {
            at += self
                .bytes
                .get(at..)?
                .iter()
                .position(|byte| STOPS[usize::from(*byte)])?;
            match self.bytes[at] {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
            plain = false;
        }
        self.at = at + 1;
        Some((start, at + 1, plain))
    }

    fn string(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let (start, end, plain) = self.quoted()?;
        let raw = &self.text[start..end];
        if plain {
            out.extend_from_slice(raw.as_bytes());
        } else {
            let decoded: String = serde_json::from_str(raw).ok()?;
            out.extend_from_slice(json::to_line(&decoded).ok()?.as_bytes());
        }
        Some(())
    }

    fn number(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let start = self.at;
        while matches!(
            self.bytes.get(self.at),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        ) {
            self.at += 1;
        }
        let raw = &self.text[start..self.at];
        // Eighteen digits are an integer that needs no second look; `-0` is one too many.
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        let short = raw.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if short && (raw == "0" || !digits.starts_with('0')) {
            out.extend_from_slice(raw.as_bytes());
        } else {
            let number: serde_json::Number = serde_json::from_str(raw).ok()?;
            out.extend_from_slice(json::to_line(&number).ok()?.as_bytes());
        }
        Some(())
    }

    fn word(&mut self, word: &str, out: &mut Vec<u8>) -> Option<()> {
        if !self.text[self.at..].starts_with(word) {
            return None;
        }
        self.at += word.len();
        out.extend_from_slice(word.as_bytes());
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_fast_way_writes_what_the_slow_way_writes() {
        let documents = [
            r#"{"a":1,"b":[],"c":{},"d":[1,-2.50,1e400,9007199254740993,12345678901234567890,-0],"e":"<x>\u0041\/\u2028 é"}"#,
            r#" { "a" : [ true , false , null , "q\"" ] , "b" : { "c" : [ [ 1 ] ] } } "#,
            r#""s""#,
        ];
        for raw in documents {
            let raw = raw.replace("1e400", "1e21");
            let value: Value = serde_json::from_str(&raw).unwrap();
            let mut out = Vec::new();
            assert!(reindent(&raw, Some(0), &mut out), "{raw}");
            out.push(b'\n');
            assert_eq!(
                String::from_utf8(out).unwrap(),
                json::to_pretty(&value).unwrap()
            );
            let mut out = Vec::new();
            assert!(reindent(&raw, None, &mut out));
            assert_eq!(
                String::from_utf8(out).unwrap(),
                json::to_line(&value).unwrap()
            );
        }
    }

    #[test]
    fn what_cannot_be_copied_is_left_to_the_tree() {
        for raw in [
            r#"{"b":1,"a":2}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":1"#,
            r#"{"a":1}x"#,
            "[1 2]",
            "nul",
        ] {
            let mut out = b"kept".to_vec();
            assert!(!reindent(raw, Some(0), &mut out), "{raw}");
            assert_eq!(out, b"kept");
        }
    }
}
