//! Go's built-in functions and kubectl's two.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::value::Val;
use super::{format, ours, text};

/// A function that templates can call.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) least: usize,
    pub(super) most: Option<usize>,
    pub(super) call: Call,
}

pub(super) type Made<'a> = Result<Val<'a>, String>;
pub(super) type Call = for<'a> fn(&mut ours::Runtime, &[Val<'a>]) -> Made<'a>;

pub(super) fn find(name: &str) -> Option<&'static Function> {
    BUILT_IN
        .iter()
        .chain(ours::FUNCTIONS)
        .find(|function| function.name == name)
}

pub(super) const fn function(
    name: &'static str,
    least: usize,
    most: Option<usize>,
    call: Call,
) -> Function {
    Function {
        name,
        least,
        most,
        call,
    }
}

static BUILT_IN: &[Function] = &[
    // `and` and `or` are evaluated where they are called, since they stop early.
    function("and", 1, None, |_, _| Ok(Val::Missing)),
    function("or", 1, None, |_, _| Ok(Val::Missing)),
    function("not", 1, Some(1), |_, args| Ok(truth(!args[0].truth()))),
    function("call", 1, None, |_, args| {
        if args[0].is_nil() {
            Err("call of nil".to_owned())
        } else {
            Err(format!("non-function of type {}", args[0].type_name()))
        }
    }),
    function("html", 0, None, |_, args| {
        Ok(Val::text(text::html(&joined(args))))
    }),
    function("js", 0, None, |_, args| {
        Ok(Val::text(text::js(&joined(args))))
    }),
    function("urlquery", 0, None, |_, args| {
        Ok(Val::text(text::url_query(&joined(args))))
    }),
    function("index", 1, None, |_, args| index(args)),
    function("slice", 1, Some(4), |_, args| slice(args)),
    function("len", 1, Some(1), |_, args| length(&args[0])),
    function("print", 0, None, |_, args| {
        Ok(Val::text(format::sprint(args)))
    }),
    function("println", 0, None, |_, args| {
        Ok(Val::text(format::sprintln(args)))
    }),
    function("printf", 1, None, |_, args| match args[0].str() {
        Some(layout) => Ok(Val::text(format::sprintf(layout, &args[1..]))),
        None => Err(format!(
            "wrong type for value; expected string; got {}",
            args[0].type_name()
        )),
    }),
    function("eq", 2, None, |_, args| equal(args)),
    function("ne", 2, Some(2), |_, args| {
        equal(args).map(|value| truth(!value.truth()))
    }),
    function("lt", 2, Some(2), |_, args| ordered(args, Ordering::is_lt)),
    function("le", 2, Some(2), |_, args| ordered(args, Ordering::is_le)),
    function("gt", 2, Some(2), |_, args| ordered(args, Ordering::is_gt)),
    function("ge", 2, Some(2), |_, args| ordered(args, Ordering::is_ge)),
    function("exists", 1, None, |_, args| Ok(truth(exists(args)))),
    function("base64decode", 1, Some(1), |_, args| {
        let Some(text) = args[0].str() else {
            return Err(format!(
                "wrong type; expected string; got {}",
                args[0].type_name()
            ));
        };
        let bytes = STANDARD.decode(text.replace(['\r', '\n'], ""));
        let bytes = bytes.map_err(|error| format!("base64 decode failed: {error}"))?;
        Ok(Val::text(String::from_utf8_lossy(&bytes)))
    }),
];

pub(super) fn truth<'a>(truth: bool) -> Val<'a> {
    Val::from(Value::Bool(truth))
}

fn joined(args: &[Val<'_>]) -> String {
    match args {
        [one] if one.is_nil() => "<no value>".to_owned(),
        args => format::sprint(args),
    }
}

fn index<'a>(args: &[Val<'a>]) -> Made<'a> {
    let (mut value, keys) = (args[0].clone(), &args[1..]);
    if value.is_nil() && !keys.is_empty() {
        return Err("index of untyped nil".to_owned());
    }
    for key in keys {
        value = match value.json() {
            Value::Array(items) => {
                let at = position(key, items.len(), false)?;
                value.item(at).unwrap_or(Val::Missing)
            }
            Value::String(text) => {
                Val::Int(text.as_bytes()[position(key, text.len(), false)?].into())
            }
            Value::Object(_) => match key.str() {
                Some(name) => value.key(name).unwrap_or(Val::Missing),
                None => {
                    return Err(format!(
                        "value has type {}; should be string",
                        key.type_name()
                    ));
                }
            },
            Value::Null => return Err("index of nil pointer".to_owned()),
            _ => return Err(format!("can't index item of type {}", value.type_name())),
        };
    }
    Ok(value)
}

/// An index into something of this length; `end` allows the length itself.
fn position(key: &Val<'_>, length: usize, end: bool) -> Result<usize, String> {
    let Some(at) = key.int() else {
        return Err(if key.is_nil() {
            "cannot index slice/array with nil".to_owned()
        } else {
            format!("cannot index slice/array with type {}", key.type_name())
        });
    };
    let inside = usize::try_from(at)
        .ok()
        .filter(|at| *at < length || (end && *at == length));
    inside.ok_or_else(|| format!("index out of range: {at}"))
}

fn slice<'a>(args: &[Val<'a>]) -> Made<'a> {
    let (value, bounds) = (&args[0], &args[1..]);
    let length = match value.json() {
        Value::String(_) if bounds.len() > 2 => {
            return Err("cannot 3-index slice a string".to_owned());
        }
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Null => return Err("slice of untyped nil".to_owned()),
        _ => return Err(format!("can't slice item of type {}", value.type_name())),
    };
    let bound = |at: usize, default: usize| {
        bounds
            .get(at)
            .map_or(Ok(default), |key| position(key, length, true))
    };
    let (start, end, most) = (bound(0, 0)?, bound(1, length)?, bound(2, length)?);
    if start > end || end > most {
        return Err(format!("invalid slice index: {start} > {end}"));
    }
    Ok(match value.json() {
        Value::String(text) => Val::text(String::from_utf8_lossy(&text.as_bytes()[start..end])),
        Value::Array(items) => Val::from(Value::Array(items[start..end].to_vec())),
        _ => Val::Missing,
    })
}

fn length<'a>(value: &Val<'a>) -> Made<'a> {
    let length = match value.json() {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ if value.is_nil() => return Err("len of untyped nil".to_owned()),
        _ => return Err(format!("len of type {}", value.type_name())),
    };
    Ok(Val::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Whether the first equals any of the others.
fn equal<'a>(args: &[Val<'a>]) -> Made<'a> {
    for other in &args[1..] {
        if pair_equal(&args[0], other)? {
            return Ok(truth(true));
        }
    }
    Ok(truth(false))
}

fn pair_equal(a: &Val<'_>, b: &Val<'_>) -> Result<bool, String> {
    if let (Some(a), Some(b)) = (a.number(), b.number()) {
        return Ok(a.compare(b) == Some(Ordering::Equal));
    }
    if a.is_nil() || b.is_nil() {
        return Ok(a.is_nil() && b.is_nil());
    }
    match (a.json(), b.json()) {
        (Value::String(a), Value::String(b)) => Ok(a == b),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => Err(format!(
            "non-comparable type {}: {}",
            a.type_name(),
            a.printed()
        )),
        _ => Err(INCOMPATIBLE.to_owned()),
    }
}

const INCOMPATIBLE: &str = "incompatible types for comparison";

fn ordered<'a>(args: &[Val<'a>], wanted: fn(Ordering) -> bool) -> Made<'a> {
    let (a, b) = (&args[0], &args[1]);
    let order = match (a.number(), b.number(), a.str(), b.str()) {
        (Some(a), Some(b), ..) => a.compare(b),
        (.., Some(a), Some(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Some(_), _, _, Some(_)) | (_, Some(_), Some(_), _) => return Err(INCOMPATIBLE.to_owned()),
        _ => return Err("invalid type for comparison".to_owned()),
    };
    Ok(truth(order.is_some_and(wanted)))
}

/// Whether a path of keys and indexes leads somewhere.
fn exists(args: &[Val<'_>]) -> bool {
    let mut value = args[0].clone();
    for key in &args[1..] {
        let next = match (key.str(), key.int()) {
            (Some(name), _) => value.key(name),
            (_, Some(at)) => usize::try_from(at).ok().and_then(|at| value.item(at)),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return false,
        }
    }
    true
}
