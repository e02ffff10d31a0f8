//! Objects as text, and where in it lies what is asked for most.

use std::ops::Range;

use serde_json::{Map, Value};

/// Where parts of an encoded object lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spans {
    /// The value of `metadata`.
    pub(super) metadata: Span,
    /// The member `metadata.managedFields`, with one of the commas beside it; empty when there is none.
    pub(super) owners: Span,
}

/// A range of bytes; no object is longer than 4 GiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// A range of bytes of a text.
    pub(super) fn new(range: Range<usize>) -> Self {
        let short = |at: usize| u32::try_from(at).unwrap_or_default();
        Self {
            start: short(range.start),
            end: short(range.end),
        }
    }

    /// As what slices are made with.
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// An object as text.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) text: String,
    pub(super) spans: Spans,
    revision: Range<usize>,
}

impl Encoded {
    /// Encodes an object with its keys sorted, without blanks, so that equal content is equal text.
    pub(super) fn new(object: &Value) -> serde_json::Result<Self> {
        let (mut out, mut revision) = (Vec::with_capacity(4096), 0..0);
        let mut spans = Spans::default();
        let none = Map::new();
        members(
            &mut out,
            object.as_object().unwrap_or(&none),
            |out, name, value| {
                let (start, fields) = (out.len(), value.as_object());
                let Some(fields) = fields.filter(|_| name == "metadata") else {
                    return serde_json::to_writer(out, value);
                };
                members(out, fields, |out, name, value| {
                    let start = out.len();
                    serde_json::to_writer(&mut *out, value)?;
                    match name {
                        "managedFields" => spans.owners = Span::new(start..out.len()),
                        "resourceVersion" => revision = start..out.len(),
                        _ => {}
                    }
                    Ok(())
                })?;
                spans.metadata = Span::new(start..out.len());
                Ok(())
            },
        )?;
        let text = String::from_utf8(out).map_err(serde::ser::Error::custom)?;
        spans.owners = whole_member(&text, spans.owners.range());
        Ok(Self {
            text,
            spans,
            revision,
        })
    }

    /// Sets the revision in an object that has one.
    pub(super) fn set_revision(&mut self, rv: u64) {
        let (old, new) = (self.revision.clone(), format!("\"{rv}\""));
        let moved = |at: u32| {
            let at = at as usize;
            let after = at >= old.end;
            if after {
                at - old.len() + new.len()
            } else {
                at
            }
        };
        let shift = |span: Span| Span::new(moved(span.start)..moved(span.end));
        self.spans = Spans {
            metadata: shift(self.spans.metadata),
            owners: shift(self.spans.owners),
        };
        self.text.replace_range(old.clone(), &new);
        self.revision.end = old.start + new.len();
    }
}

/// Writes an object whose values `value` writes.
fn members(
    out: &mut Vec<u8>,
    fields: &Map<String, Value>,
    mut value: impl FnMut(&mut Vec<u8>, &str, &Value) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    let mut before = b'{';
    for (name, field) in fields {
        out.push(before);
        serde_json::to_writer(&mut *out, name)?;
        out.push(b':');
        value(out, name, field)?;
        before = b',';
    }
    if fields.is_empty() {
        out.push(b'{');
    }
    out.push(b'}');
    Ok(())
}

/// The member `managedFields` whose value lies at `value`, with a comma, so that the rest without it is an object again.
pub(super) fn whole_member(text: &str, value: Range<usize>) -> Span {
    const KEY: &str = "\"managedFields\":";
    if value.is_empty() {
        return Span::default();
    }
    let (start, end) = (value.start - KEY.len(), value.end);
    let bytes = text.as_bytes();
    if bytes.get(start.wrapping_sub(1)) == Some(&b',') {
        Span::new(start - 1..end)
    } else {
        Span::new(start..end + usize::from(bytes.get(end) == Some(&b',')))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_encoded_as_serde_does_and_its_parts_are_known() {
        let metadata = [
            json!({"a": 1, "managedFields": [{"x": "ä\""}], "name": "b", "resourceVersion": "9"}),
            json!({"managedFields": [], "resourceVersion": "9", "uid": "u"}),
            json!({"managedFields": {}}),
            json!({}),
        ];
        for metadata in metadata {
            let object =
                json!({"apiVersion": "v1", "metadata": metadata, "spec": {"managedFields": 1}});
            let encoded = Encoded::new(&object).unwrap();
            assert_eq!(encoded.text, object.to_string());
            let span = encoded.spans.metadata.range();
            assert_eq!(encoded.text[span], metadata.to_string());
            let mut rest = encoded.text.clone();
            rest.replace_range(encoded.spans.owners.range(), "");
            let mut wanted = object.clone();
            wanted["metadata"]
                .as_object_mut()
                .unwrap()
                .remove("managedFields");
            assert_eq!(rest, wanted.to_string());
        }
        assert_eq!(Encoded::new(&json!({})).unwrap().text, "{}");
    }

    #[test]
    fn a_new_revision_moves_what_comes_after_it() {
        let object = json!({"metadata": {"a": 1, "resourceVersion": "9", "uid": "u"}, "spec": 1});
        let mut encoded = Encoded::new(&object).unwrap();
        for rv in [12_345, 7] {
            encoded.set_revision(rv);
            let mut wanted = object.clone();
            wanted["metadata"]["resourceVersion"] = json!(rv.to_string());
            let fresh = Encoded::new(&wanted).unwrap();
            assert_eq!((&encoded.text, encoded.spans), (&fresh.text, fresh.spans));
        }
    }
}
