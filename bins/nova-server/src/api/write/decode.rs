//! What is wrong with the types of a body, field by field.
//!
//! The Rust types say that a body does not fit, and not where. So it is tried: a field is at fault
//! when the body without it is accepted, and its type is that of what would be accepted there.

use serde_json::{Map, Value, json};

use crate::api::error::Cause;
use crate::api::kinds::Kind;

/// Fields that are told of at most.
const MAX_FAULTS: usize = 20;

/// One field that does not fit.
pub(super) struct TypeFault {
    field: String,
    value: Value,
    /// The type that the field has, where it is another.
    wanted: Option<&'static str>,
    /// What the field's own type says.
    why: String,
}

impl TypeFault {
    /// Kubernetes' cause for it.
    pub(super) fn cause(&self) -> Cause {
        let found = type_of(&self.value);
        match self.wanted {
            None => Cause::invalid(&*self.field, &self.value, &self.why),
            Some(wanted) => {
                let field = &self.field;
                let detail = format!("{field} in body must be of type {wanted}: {found:?}");
                Cause::wrong_type(field, found, &detail)
            }
        }
    }

    /// The same in the words of structured merge, which prints values as Go does.
    fn apply_words(&self) -> String {
        let (field, value) = (&self.field, &self.value);
        let detail = match self.wanted {
            None => self.why.clone(),
            Some("integer" | "number") => {
                format!("expected numeric (int or float), got {}", go_type(value))
            }
            Some("string") => {
                let value = go_value(value);
                format!("expected string, got &value.valueUnstructured{{Value:{value}}}")
            }
            Some("object") => format!("expected map, got &{{{}}}", go_plain(value)),
            Some("array") => format!("expected list, got &{{{}}}", go_plain(value)),
            Some(wanted) => format!("expected {wanted}, got &{{{}}}", go_plain(value)),
        };
        format!(".{field}: {detail}")
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn go_value(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_value).collect();
            format!("{}{{{}}}", go_type(value), items.join(", "))
        }
        Value::Object(members) => {
            let members = members.iter();
            let members: Vec<String> = members
                .map(|(name, value)| format!("{name:?}:{}", go_value(value)))
                .collect();
            format!("{}{{{}}}", go_type(value), members.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

fn go_plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_plain).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(members) => {
            let members = members.iter();
            let members: Vec<String> = members
                .map(|(name, value)| format!("{name}:{}", go_plain(value)))
                .collect();
            format!("map[{}]", members.join(" "))
        }
        scalar => scalar.to_string(),
    }
}

/// Every field of the wrong type, or of a value that its type does not take.
pub(super) fn type_faults(kind: &Kind, body: &Value) -> Vec<TypeFault> {
    let fits = |body: &Value| (kind.unknown)(body).is_ok();
    let mut body = body.clone();
    let mut faults = Vec::new();
    while faults.len() < MAX_FAULTS && !fits(&body) {
        let path = find(kind, &mut body);
        if path.is_empty() {
            break;
        }
        faults.push(fault(kind, &mut body, &path));
        drop_field(&mut body, &path);
    }
    faults
}

/// Lists in the places of objects. Our own types would read one as the fields in their order.
pub(super) fn lists_for_objects(kind: &Kind, body: &Value) -> Vec<TypeFault> {
    let mut found = Vec::new();
    collect_lists(kind, body, body, &mut Vec::new(), &mut found);
    found
}

fn collect_lists(
    kind: &Kind,
    body: &Value,
    value: &Value,
    path: &mut Vec<Step>,
    found: &mut Vec<TypeFault>,
) {
    match value {
        Value::Array(_) if is_object(kind, body, path) => found.push(TypeFault {
            field: dotted(path),
            value: value.clone(),
            wanted: Some("object"),
            why: String::new(),
        }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Item(index));
                collect_lists(kind, body, item, path, found);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                // Deep, and nobody's to write by hand.
                if name == "managedFields" && path.len() == 1 {
                    continue;
                }
                path.push(Step::Member(name.clone()));
                collect_lists(kind, body, value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Whether a place takes objects and not just anything.
fn is_object(kind: &Kind, body: &Value, path: &[Step]) -> bool {
    takes(kind, body, path, json!({})) && !takes(kind, body, path, json!(true))
}

/// What keeps a configuration from being applied, as Kubernetes' structured merge says it; empty for
/// nothing.
pub(super) fn apply_faults(kind: &Kind, config: &Value) -> String {
    let mut faults: Vec<String> = match (kind.unknown)(config) {
        Ok(unknown) => {
            // A status may hold what only newer servers know.
            let unknown = unknown
                .iter()
                .filter(|path| !path.starts_with("status."))
                .map(|path| format!(".{path}: field not declared in schema"));
            let lists = lists_for_objects(kind, config);
            unknown
                .chain(lists.iter().map(TypeFault::apply_words))
                .collect()
        }
        Err(_) => type_faults(kind, config)
            .iter()
            .map(TypeFault::apply_words)
            .collect(),
    };
    faults.sort();
    match &faults[..] {
        [one] => one.clone(),
        [] => String::new(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    }
}

/// One step into a value.
#[derive(Debug, Clone)]
enum Step {
    Member(String),
    Item(usize),
}

/// The deepest field that is at fault; the empty path is the whole body.
fn find(kind: &Kind, body: &mut Value) -> Vec<Step> {
    let mut path = Vec::new();
    while let Some(step) = step_below(kind, body, &path) {
        path.push(step);
    }
    path
}

/// A part of what is at `path` that makes the body fail even when it is alone there.
fn step_below(kind: &Kind, body: &mut Value, path: &[Step]) -> Option<Step> {
    let fits = |body: &Value| (kind.unknown)(body).is_ok();
    let whole = at(body, path)?.clone();
    // A list in the place of an object is at fault as a whole.
    if whole.is_array() && wanted(kind, body, path) == Some("object") {
        return None;
    }
    let alone: Vec<(Step, Value)> = match &whole {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let alone = Map::from_iter([(name.clone(), value.clone())]);
                (Step::Member(name.clone()), Value::Object(alone))
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (Step::Item(index), json!([value])))
            .collect(),
        _ => return None,
    };
    // What fails when it is empty fails as itself.
    let empty = if whole.is_object() {
        json!({})
    } else {
        json!([])
    };
    drop(replace(body, path, empty));
    let itself = !fits(body);
    let found = alone.into_iter().filter(|_| !itself).find(|(_, alone)| {
        drop(replace(body, path, alone.clone()));
        !fits(body)
    });
    drop(replace(body, path, whole));
    found.map(|(step, _)| step)
}

fn at<'a>(body: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(body, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Item(index) => value.get(index),
    })
}

fn replace(body: &mut Value, path: &[Step], new: Value) -> Option<Value> {
    let slot = path.iter().try_fold(body, |value, step| match step {
        Step::Member(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    })?;
    Some(std::mem::replace(slot, new))
}

fn drop_field(body: &mut Value, path: &[Step]) {
    let [above @ .., last] = path else { return };
    let slot = above.iter().try_fold(body, |value, step| match step {
        Step::Member(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    });
    match (slot, last) {
        (Some(Value::Object(members)), Step::Member(name)) => drop(members.remove(name)),
        (Some(Value::Array(items)), Step::Item(index)) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

fn fault(kind: &Kind, body: &mut Value, path: &[Step]) -> TypeFault {
    let value = at(body, path).cloned().unwrap_or_default();
    let why = (kind.unknown)(body).err().map(|error| error.to_string());
    let wanted = wanted(kind, body, path).filter(|wanted| *wanted != type_of(&value));
    TypeFault {
        field: dotted(path),
        value,
        wanted,
        why: why.unwrap_or_default(),
    }
}

/// The type that would be accepted in this place, all else being fine.
fn wanted(kind: &Kind, body: &Value, path: &[Step]) -> Option<&'static str> {
    let probes = [
        ("integer", json!(1)),
        ("number", json!(1.5)),
        ("boolean", json!(true)),
        ("string", json!("1")),
        ("string", json!("a")),
        ("object", json!({})),
        ("array", json!([])),
    ];
    let mut accepted = probes
        .into_iter()
        .filter(|(_, probe)| takes(kind, body, path, probe.clone()));
    accepted.next().map(|(name, _)| name)
}

/// Whether a place takes a value; alone, so that other faults do not hide what is accepted.
fn takes(kind: &Kind, body: &Value, path: &[Step], probe: Value) -> bool {
    let mut alone = alone(path, probe);
    for member in ["apiVersion", "kind"] {
        alone[member] = body[member].clone();
    }
    (kind.unknown)(&alone).is_ok()
}

/// A body that has nothing but one field.
fn alone(path: &[Step], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, step| match step {
        Step::Member(name) => Value::Object(Map::from_iter([(name.clone(), inner)])),
        Step::Item(_) => json!([inner]),
    })
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn dotted(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Member(name) => format!(".{name}"),
        Step::Item(index) => format!("[{index}]"),
    });
    let text: String = steps.collect();
    text.trim_start_matches('.').to_owned()
}
