//! What templates compute with: JSON, Go's own integers, and nothing at all.

use std::borrow::Cow;

use serde_json::Value;

use crate::output::go::{self, GoNumber};

/// A value during a run.
#[derive(Debug, Clone)]
pub(super) enum Val<'a> {
    /// A key that is not there; also what it yields further on.
    Missing,
    /// JSON of the object or made by a function.
    Json(Cow<'a, Value>),
    /// A constant or a length: Go's `int`, where JSON has `int64`.
    Int(i64),
}

static NULL: Value = Value::Null;

impl<'a> Val<'a> {
    pub(super) fn borrowed(value: &'a Value) -> Self {
        Self::Json(Cow::Borrowed(value))
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::from(Value::String(text.into()))
    }

    /// Constants hold integers as Go's `int`.
    pub(super) fn constant(value: &'a Value) -> Self {
        value
            .as_i64()
            .map_or_else(|| Self::borrowed(value), Self::Int)
    }

    /// As JSON; nothing becomes null, and Go's integers null too: ask [`Val::number`] first.
    pub(super) fn json(&self) -> &Value {
        match self {
            Self::Json(value) => value,
            Self::Missing | Self::Int(_) => &NULL,
        }
    }

    pub(super) fn into_json(self) -> Value {
        match self {
            Self::Missing => Value::Null,
            Self::Int(int) => int.into(),
            Self::Json(value) => value.into_owned(),
        }
    }

    pub(super) fn number(&self) -> Option<GoNumber> {
        match self {
            Self::Int(int) => Some(GoNumber::Int(*int)),
            Self::Json(value) => match value.as_ref() {
                Value::Number(number) => Some(GoNumber::of(number)),
                _ => None,
            },
            Self::Missing => None,
        }
    }

    pub(super) fn int(&self) -> Option<i64> {
        match self.number()? {
            GoNumber::Int(int) => Some(int),
            GoNumber::Float(_) => None,
        }
    }

    pub(super) fn str(&self) -> Option<&str> {
        self.json().as_str()
    }

    pub(super) fn is_nil(&self) -> bool {
        !matches!(self, Self::Int(_)) && self.json().is_null()
    }

    /// Go's truth: nothing, zero and empty are false.
    pub(super) fn truth(&self) -> bool {
        if let Some(number) = self.number() {
            return number.as_f64() != 0.0;
        }
        match self.json() {
            Value::Bool(truth) => *truth,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::Null | Value::Number(_) => false,
        }
    }

    /// What `{{.}}` prints.
    pub(super) fn shown(&self) -> String {
        if self.is_nil() {
            "<no value>".to_owned()
        } else {
            self.printed()
        }
    }

    /// `%v`; nothing is `<nil>`.
    pub(super) fn printed(&self) -> String {
        match self {
            Self::Int(int) => int.to_string(),
            other => go::print(other.json()),
        }
    }

    /// What Go calls the type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Int(_) => "int",
            other => go::type_name(other.json()),
        }
    }

    pub(super) fn key(&self, name: &str) -> Option<Self> {
        match self {
            Self::Json(Cow::Borrowed(value)) => value.as_object()?.get(name).map(Self::borrowed),
            Self::Json(Cow::Owned(value)) => value.as_object()?.get(name).cloned().map(Self::from),
            Self::Missing | Self::Int(_) => None,
        }
    }

    pub(super) fn item(&self, at: usize) -> Option<Self> {
        match self {
            Self::Json(Cow::Borrowed(value)) => value.as_array()?.get(at).map(Self::borrowed),
            Self::Json(Cow::Owned(value)) => value.as_array()?.get(at).cloned().map(Self::from),
            Self::Missing | Self::Int(_) => None,
        }
    }
}

impl From<Value> for Val<'_> {
    fn from(value: Value) -> Self {
        Self::Json(Cow::Owned(value))
    }
}
