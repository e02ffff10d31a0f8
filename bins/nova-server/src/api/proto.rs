//! The few messages that kubectl sends as protobuf although everybody else writes JSON.
//!
//! The envelope is `k8s\0` and a `runtime.Unknown` (1 type, 2 raw). Field numbers are those of
//! Kubernetes' `generated.proto` files; unknown fields are passed over, as the format demands.

use serde_json::{Map, Value, json};

use super::error::ApiError;

/// Media type of such a body.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
const MAGIC: &[u8] = b"k8s\0";

/// What a field holds.
enum Field {
    Text,
    /// A repeated text.
    Texts,
    /// A map of texts.
    Map,
    Message(Schema),
}

type Schema = &'static [(u64, &'static str, Field)];

const META: Schema = &[
    (1, "name", Field::Text),
    (2, "generateName", Field::Text),
    (3, "namespace", Field::Text),
    (11, "labels", Field::Map),
    (12, "annotations", Field::Map),
    (14, "finalizers", Field::Texts),
];
const NAMESPACE: Schema = &[
    (1, "metadata", Field::Message(META)),
    (
        2,
        "spec",
        Field::Message(&[(1, "finalizers", Field::Texts)]),
    ),
];
const ATTRIBUTES: Schema = &[
    (1, "namespace", Field::Text),
    (2, "verb", Field::Text),
    (3, "group", Field::Text),
    (4, "version", Field::Text),
    (5, "resource", Field::Text),
    (6, "subresource", Field::Text),
    (7, "name", Field::Text),
];
const ACCESS: Schema = &[
    (1, "metadata", Field::Message(META)),
    (
        2,
        "spec",
        Field::Message(&[
            (1, "resourceAttributes", Field::Message(ATTRIBUTES)),
            (
                2,
                "nonResourceAttributes",
                Field::Message(&[(1, "path", Field::Text), (2, "verb", Field::Text)]),
            ),
        ]),
    ),
];
const RULES: Schema = &[
    (1, "metadata", Field::Message(META)),
    (2, "spec", Field::Message(&[(1, "namespace", Field::Text)])),
];
const SUBJECT: Schema = &[(1, "metadata", Field::Message(META))];
const ENVELOPE: Schema = &[(
    1,
    "type",
    Field::Message(&[(1, "apiVersion", Field::Text), (2, "kind", Field::Text)]),
)];

/// The object in an envelope.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, ApiError> {
    let broken = || ApiError::bad_request("the body is not a protobuf that this server reads");
    let envelope = bytes.strip_prefix(MAGIC).ok_or_else(broken)?;
    let head = message(envelope, ENVELOPE).ok_or_else(broken)?;
    let raw = fields(envelope)
        .ok_or_else(broken)?
        .into_iter()
        .find(|(number, _)| *number == 2);
    let raw = raw.map_or(&[][..], |(_, raw)| raw);
    let kind = head["type"]["kind"].as_str().unwrap_or_default();
    let schema = match kind {
        "Namespace" => NAMESPACE,
        "SelfSubjectAccessReview" => ACCESS,
        "SelfSubjectRulesReview" => RULES,
        "SelfSubjectReview" => SUBJECT,
        _ => return Err(ApiError::unsupported_media_type(&["application/json"])),
    };
    let mut object = message(raw, schema).ok_or_else(broken)?;
    object["apiVersion"] = head["type"]["apiVersion"].clone();
    object["kind"] = json!(kind);
    Ok(object)
}

fn message(bytes: &[u8], schema: Schema) -> Option<Value> {
    let mut object = Map::new();
    for (number, content) in fields(bytes)? {
        let Some((_, name, field)) = schema.iter().find(|(known, ..)| *known == number) else {
            continue;
        };
        match field {
            Field::Text if content.is_empty() => {}
            Field::Text => drop(object.insert((*name).to_owned(), text(content)?)),
            Field::Message(inner) => {
                object.insert((*name).to_owned(), message(content, inner)?);
            }
            Field::Texts => {
                let list = object.entry(*name).or_insert_with(|| json!([]));
                list.as_array_mut()?.push(text(content)?);
            }
            Field::Map => {
                let entry = message(
                    content,
                    &[(1, "key", Field::Text), (2, "value", Field::Text)],
                )?;
                let map = object.entry(*name).or_insert_with(|| json!({}));
                let key = entry["key"].as_str().unwrap_or_default().to_owned();
                let value = entry.get("value").cloned().unwrap_or(json!(""));
                map.as_object_mut()?.insert(key, value);
            }
        }
    }
    Some(Value::Object(object))
}

fn text(bytes: &[u8]) -> Option<Value> {
    String::from_utf8(bytes.to_vec()).ok().map(Value::String)
}

/// Length-delimited fields in order; numbers are passed over, since none is read.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let length = match tag & 7 {
            0 => {
                varint(&mut bytes)?;
                continue;
            }
            1 => 8,
            5 => 4,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            _ => return None,
        };
        let (content, rest) = bytes.split_at_checked(length)?;
        if tag & 7 == 2 {
            found.push((tag >> 3, content));
        }
        bytes = rest;
    }
    Some(found)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        [&[number << 3 | 2, length][..], content].concat()
    }

    fn namespace() -> Vec<u8> {
        let kind = [field(1, b"v1"), field(2, b"Namespace")].concat();
        let label = [field(1, b"team"), field(2, b"a")].concat();
        let meta = [field(1, b"prod"), vec![7 << 3, 5], field(11, &label)].concat();
        let raw = field(1, &meta);
        [MAGIC.to_vec(), field(1, &kind), field(2, &raw)].concat()
    }

    #[test]
    fn a_namespace_is_read() {
        let object = decode(&namespace()).unwrap();
        let expected = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "prod", "labels": {"team": "a"}}});
        assert_eq!(object, expected);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(cut in 0usize..60, noise in proptest::collection::vec(any::<u8>(), 0..60)) {
            let whole = namespace();
            let mut bytes = whole[..cut.min(whole.len())].to_vec();
            bytes.extend(&noise);
            drop(decode(&bytes));
            drop(decode(&[MAGIC, &noise].concat()));
        }
    }
}
