//! What Kubernetes' decoder says of a body that it cannot read. Clients show these words, and people
//! look them up.

use serde_json::Value;

/// The layout of times, as an error names it.
const TIME: &str = "2006-01-02T15:04:05Z07:00";

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
pub(super) fn syntax_fault(bytes: &[u8]) -> Option<String> {
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

/// The name of a JSON type.
pub(super) fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value in the place of something else.
pub(super) fn cannot(value: &Value, place: &str) -> String {
    let found = name_of(value);
    // A number that is too fine for its place is shown.
    let shown = if value.is_f64() {
        format!(" {value}")
    } else {
        String::new()
    };
    format!("json: cannot unmarshal {found}{shown} into Go {place}")
}

/// The first member of an object's metadata that cannot be decoded.
pub(super) fn metadata_fault(metadata: &Value) -> Option<String> {
    match metadata {
        Value::Null => None,
        Value::Object(members) => members
            .iter()
            .find_map(|(name, value)| member_fault(name, value)),
        other => Some(cannot(other, "value of type v1.ObjectMeta")),
    }
}

fn member_fault(name: &str, value: &Value) -> Option<String> {
    let of = |value: &Value, wanted: &str| {
        cannot(
            value,
            &format!("struct field ObjectMeta.{name} of type {wanted}"),
        )
    };
    let text = |value: &Value| !value.is_string() && !value.is_null();
    let list = |wanted: &str, fault: &dyn Fn(&Value) -> Option<String>| match value {
        Value::Array(items) => items.iter().find_map(fault),
        other => Some(of(other, wanted)),
    };
    match name {
        _ if value.is_null() => None,
        "name" | "generateName" | "namespace" | "resourceVersion" | "selfLink" => {
            text(value).then(|| of(value, "string"))
        }
        "uid" => text(value).then(|| of(value, "types.UID")),
        "generation" | "deletionGracePeriodSeconds" => {
            (!value.is_i64()).then(|| of(value, "int64"))
        }
        "creationTimestamp" | "deletionTimestamp" => match value.as_str() {
            Some(time) => time_fault(time),
            None => Some(of(value, "string")),
        },
        "labels" | "annotations" => match value {
            Value::Object(texts) => {
                let wrong = texts.values().find(|value| text(value));
                wrong.map(|wrong| of(wrong, "string"))
            }
            other => Some(of(other, "map[string]string")),
        },
        "finalizers" => list("[]string", &|item| text(item).then(|| of(item, "string"))),
        "ownerReferences" => list("[]v1.OwnerReference", &|owner| match owner {
            Value::Object(members) => members.iter().find_map(|(n, v)| owner_fault(n, v)),
            other => Some(of(other, "v1.OwnerReference")),
        }),
        "managedFields" => list("[]v1.ManagedFieldsEntry", &|entry| {
            (!entry.is_object() && !entry.is_null()).then(|| of(entry, "v1.ManagedFieldsEntry"))
        }),
        _ => None,
    }
}

fn owner_fault(name: &str, value: &Value) -> Option<String> {
    let (fits, wanted) = match name {
        "apiVersion" | "kind" | "name" => (value.is_string(), "string"),
        "uid" => (value.is_string(), "types.UID"),
        "controller" | "blockOwnerDeletion" => (value.is_boolean(), "bool"),
        _ => return None,
    };
    let place = format!("struct field OwnerReference.ownerReferences.{name} of type {wanted}");
    (!fits && !value.is_null()).then(|| cannot(value, &place))
}

fn time_fault(time: &str) -> Option<String> {
    if time.parse::<jiff::Timestamp>().is_ok() {
        return None;
    }
    let starts = |pattern: &str| {
        time.get(..pattern.len()).is_some_and(|start| {
            let alike = |(c, p): (u8, u8)| {
                if p == b'0' {
                    c.is_ascii_digit()
                } else {
                    c == p
                }
            };
            start.bytes().zip(pattern.bytes()).all(alike)
        })
    };
    // How far it reads: a year alone, a day, a time without a zone.
    let (rest, wanted) = if starts("0000-00-00T00:00:00") {
        (&time[19..], "Z07:00")
    } else if starts("0000-00-00") {
        (&time[10..], "T")
    } else {
        (time, "2006")
    };
    Some(format!(
        "parsing time {time:?} as {TIME:?}: cannot parse {rest:?} as {wanted:?}"
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

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

    #[test]
    fn members_of_metadata_of_another_type_are_named_with_theirs() {
        let cases = [
            (json!("x"), "string into Go value of type v1.ObjectMeta"),
            (
                json!({"labels": ["a"]}),
                "array into Go struct field ObjectMeta.labels of type map[string]string",
            ),
            (
                json!({"labels": {"a": 5}}),
                "number into Go struct field ObjectMeta.labels of type string",
            ),
            (
                json!({"finalizers": "x"}),
                "string into Go struct field ObjectMeta.finalizers of type []string",
            ),
            (
                json!({"generation": 1.5}),
                "number 1.5 into Go struct field ObjectMeta.generation of type int64",
            ),
            (
                json!({"ownerReferences": [{"uid": 5}]}),
                "number into Go struct field OwnerReference.ownerReferences.uid of type types.UID",
            ),
        ];
        for (metadata, fault) in cases {
            let found = metadata_fault(&metadata).unwrap();
            assert_eq!(found, format!("json: cannot unmarshal {fault}"));
        }
        let sound = json!({"name": "a", "labels": {"a": null}, "creationTimestamp": null,
            "finalizers": ["a"], "generation": 1, "managedFields": [{}]});
        assert_eq!(metadata_fault(&sound), None);
    }

    #[test]
    fn times_are_told_by_how_far_they_read() {
        let cases = [
            ("hello", "hello", "2006"),
            ("2020-01-01", "", "T"),
            ("2020-01-01T00:00:00", "", "Z07:00"),
        ];
        for (time, rest, wanted) in cases {
            let fault = metadata_fault(&json!({"creationTimestamp": time})).unwrap();
            let end = format!("cannot parse {rest:?} as {wanted:?}");
            assert!(fault.ends_with(&end), "{fault}");
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
