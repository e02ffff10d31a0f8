//! Faults in the form of a JSON text.

/// What a JSON text may go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    /// A value, or the end of a list that has just begun.
    ValueOrEnd,
    Key,
    /// A key, or the end of an object that has just begun.
    KeyOrEnd,
    Colon,
    /// What follows a value.
    After,
}

/// The first fault of a JSON text; nothing where its form is sound.
pub(in crate::api::write) fn syntax_fault(bytes: &[u8]) -> Option<String> {
    scan(bytes).err()
}

fn scan(bytes: &[u8]) -> Result<(), String> {
    let mut text = Text { bytes, at: 0 };
    let mut open: Vec<u8> = Vec::new();
    let mut expect = Expect::Value;
    loop {
        let Some(c) = text.visible() else {
            let complete = expect == Expect::After && open.is_empty();
            return if complete { Ok(()) } else { Err(end()) };
        };
        expect = match (expect, c) {
            (Expect::ValueOrEnd, b']') | (Expect::KeyOrEnd, b'}') => {
                open.pop();
                Expect::After
            }
            (Expect::Value | Expect::ValueOrEnd, b'{') => {
                open.push(c);
                Expect::KeyOrEnd
            }
            (Expect::Value | Expect::ValueOrEnd, b'[') => {
                open.push(c);
                Expect::ValueOrEnd
            }
            (Expect::Value | Expect::ValueOrEnd, _) => {
                text.scalar(c)?;
                Expect::After
            }
            (Expect::Key | Expect::KeyOrEnd, b'"') => {
                text.string()?;
                Expect::Colon
            }
            (Expect::Key | Expect::KeyOrEnd, _) => {
                return bad(c, "looking for beginning of object key string");
            }
            (Expect::Colon, b':') => Expect::Value,
            (Expect::Colon, _) => return bad(c, "after object key"),
            (Expect::After, _) => after(c, &mut open)?,
        };
    }
}

/// What comes after a value in what is open.
fn after(c: u8, open: &mut Vec<u8>) -> Result<Expect, String> {
    match (open.last(), c) {
        (Some(b'{'), b',') => Ok(Expect::Key),
        (Some(b'['), b',') => Ok(Expect::Value),
        (Some(b'{'), b'}') | (Some(b'['), b']') => {
            open.pop();
            Ok(Expect::After)
        }
        (None, _) => bad(c, "after top-level value"),
        (Some(b'{'), _) => bad(c, "after object key:value pair"),
        (Some(_), _) => bad(c, "after array element"),
    }
}

fn end() -> String {
    "unexpected end of JSON input".to_owned()
}

fn bad<T>(c: u8, place: &str) -> Result<T, String> {
    let c = match c {
        b'\'' => "\\'".to_owned(),
        b'"' => "\"".to_owned(),
        0x20..0x7f => char::from(c).to_string(),
        // Go shows a byte as the character of that number.
        c => char::from(c).escape_debug().to_string(),
    };
    Err(format!("invalid character '{c}' {place}"))
}

struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Text<'_> {
    fn next(&mut self) -> Option<u8> {
        let c = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(c)
    }

    /// The next byte that is not white.
    fn visible(&mut self) -> Option<u8> {
        loop {
            match self.next()? {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                c => return Some(c),
            }
        }
    }

    fn must(&mut self) -> Result<u8, String> {
        self.next().ok_or_else(end)
    }

    fn scalar(&mut self, first: u8) -> Result<(), String> {
        match first {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(first),
            c => bad(c, "looking for beginning of value"),
        }
    }

    /// The rest of a word.
    fn literal(&mut self, word: &str) -> Result<(), String> {
        for wanted in word.bytes().skip(1) {
            let c = self.must()?;
            if c != wanted {
                let wanted = char::from(wanted);
                return bad(c, &format!("in literal {word} (expecting '{wanted}')"));
            }
        }
        Ok(())
    }

    /// The rest of a string.
    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.must()? {
                b'"' => return Ok(()),
                b'\\' => match self.must()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let c = self.must()?;
                            if !c.is_ascii_hexdigit() {
                                return bad(c, "in \\u hexadecimal character escape");
                            }
                        }
                    }
                    c => return bad(c, "in string escape code"),
                },
                c if c < 0x20 => return bad(c, "in string literal"),
                _ => {}
            }
        }
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn digit(&mut self, place: &str) -> Result<u8, String> {
        match self.must()? {
            c if c.is_ascii_digit() => Ok(c),
            c => bad(c, place),
        }
    }

    /// The rest of a number.
    fn number(&mut self, first: u8) -> Result<(), String> {
        let first = match first {
            b'-' => self.digit("in numeric literal")?,
            digit => digit,
        };
        if first != b'0' {
            self.digits();
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn faults_of_form_are_told_in_the_words_of_the_decoder() {
        let cases = [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            (
                "{not json",
                "invalid character 'n' looking for beginning of object key string",
            ),
            (
                r#"{"a":}"#,
                "invalid character '}' looking for beginning of value",
            ),
            (
                r#"{"a":1} x"#,
                "invalid character 'x' after top-level value",
            ),
            (
                r#"{"a":1,}"#,
                "invalid character '}' looking for beginning of object key string",
            ),
            (r#"{"a" 1}"#, "invalid character '1' after object key"),
            (
                r#"{"a":tru}"#,
                "invalid character '}' in literal true (expecting 'e')",
            ),
            (
                "hello",
                "invalid character 'h' looking for beginning of value",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            (
                r#"{"a":1 "b"}"#,
                "invalid character '\"' after object key:value pair",
            ),
            (
                "[1,]",
                "invalid character ']' looking for beginning of value",
            ),
            (r#"["\x"]"#, "invalid character 'x' in string escape code"),
            ("-x", "invalid character 'x' in numeric literal"),
            (
                "[1.]",
                "invalid character ']' after decimal point in numeric literal",
            ),
            (
                "'a'",
                "invalid character '\\'' looking for beginning of value",
            ),
        ];
        for (text, fault) in cases {
            assert_eq!(
                syntax_fault(text.as_bytes()).as_deref(),
                Some(fault),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_a_parser_reads_has_no_fault(text in "[\\[\\]{}:,\"a1.e-]{0,40}") {
            let reads = serde_json::from_str::<Value>(&text).is_ok();
            let fault = syntax_fault(text.as_bytes());
            // Numbers beyond all bounds are sound in form.
            prop_assert!(!reads || fault.is_none());
            prop_assert!(reads || fault.is_some() || text.contains('e'));
        }
    }
}
