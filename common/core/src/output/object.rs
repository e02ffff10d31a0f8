//! An object as JSON text, which is parsed only where a format needs that.

use serde_json::Value;

use crate::{Context, Kind, Result};

/// One object of a list. Ten thousand parsed trees take ten times the memory of their text.
#[derive(Debug, Clone)]
pub struct Object(Box<str>);

impl Object {
    /// Keeps JSON text.
    #[must_use]
    pub fn new(json: Box<str>) -> Self {
        Self(json)
    }

    /// The text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0
    }

    /// The parsed object.
    pub fn to_value(&self) -> Result<Value> {
        serde_json::from_str(self.json()).context(Kind::Failed, || "reading an object".to_owned())
    }

    /// The same object after a change.
    pub fn changed(&self, change: impl FnOnce(&mut Value)) -> Result<Self> {
        let mut value = self.to_value()?;
        change(&mut value);
        Self::from_value(&value)
    }

    /// Writes a tree as text.
    pub fn from_value(value: &Value) -> Result<Self> {
        let text = serde_json::to_string(value);
        let text = text.context(Kind::Internal, || "encoding an object".to_owned())?;
        Ok(Self(text.into()))
    }
}
