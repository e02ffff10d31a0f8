//! Waiting until an object is as wanted.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::error::ApiError;
use super::records::{Body, Record, WHOLE};
use super::resources::{Decoded, ListOptions, Resources};
use super::watch::{Feed, Step};
use crate::types::{FieldPath, KindInfo, WatchEventType};

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitFor {
    /// The object is gone.
    Delete,
    /// The object exists.
    Create,
    /// A condition has a status.
    Condition(String, String),
    /// `status.phase` has a value.
    Phase(String),
    /// The machine has an address.
    Address,
    /// A field exists, or has a value.
    Field(FieldPath, Option<String>),
    /// The server has taken this generation of the spec in.
    Observed(i64),
    /// All of these.
    All(Vec<Self>),
    /// One of these.
    Any(Vec<Self>),
}

/// Why a text says nothing to wait for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is nothing to wait for; use delete, create, ready, running, stopped, paused, agent, ip, condition=TYPE[=STATUS], phase=PHASE or jsonpath=PATH[=VALUE]"
)]
pub struct ConditionError(String);

impl FromStr for WaitFor {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let bad = || ConditionError(text.to_owned());
        let condition = |type_: &str| Self::Condition(type_.to_owned(), "True".to_owned());
        let phase = |phase: &str| Self::Phase(phase.to_owned());
        match text.split_once('=') {
            Some(("condition", rest)) if !rest.is_empty() => {
                let (type_, status) = rest.split_once('=').unwrap_or((rest, "True"));
                Ok(Self::Condition(type_.to_owned(), status.to_owned()))
            }
            Some(("phase", rest)) if !rest.is_empty() => Ok(phase(rest)),
            Some(("jsonpath", rest)) => field(rest).ok_or_else(bad),
            Some(_) => Err(bad()),
            None => Ok(match text.to_ascii_lowercase().as_str() {
                "delete" | "deleted" => Self::Delete,
                "create" | "created" => Self::Create,
                "ready" => condition("Ready"),
                "agent" => condition("AgentConnected"),
                "ip" => Self::Address,
                "running" => phase("Running"),
                "stopped" => phase("Stopped"),
                "paused" => phase("Paused"),
                _ => return Err(bad()),
            }),
        }
    }
}

/// `PATH[=VALUE]`, where the path may be braced and then contain `=`.
fn field(text: &str) -> Option<WaitFor> {
    let split = match text.find('}') {
        Some(end) if text.starts_with('{') => end + 1,
        _ => text.find('=').unwrap_or(text.len()),
    };
    let (path, value) = text.split_at(split);
    let value = match value.strip_prefix('=') {
        Some(value) => Some(value.to_owned()),
        None if value.is_empty() => None,
        None => return None,
    };
    Some(WaitFor::Field(path.parse().ok()?, value))
}

impl fmt::Display for WaitFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delete => f.write_str("delete"),
            Self::Create => f.write_str("create"),
            Self::Condition(type_, status) => write!(f, "condition={type_}={status}"),
            Self::Phase(phase) => write!(f, "phase={phase}"),
            Self::Address => f.write_str("ip"),
            Self::Field(path, None) => write!(f, "jsonpath={path}"),
            Self::Field(path, Some(value)) => write!(f, "jsonpath={path}={value}"),
            Self::Observed(generation) => write!(f, "generation {generation}"),
            Self::All(parts) => f.write_str(&joined(parts, " and ")),
            Self::Any(parts) => f.write_str(&joined(parts, " or ")),
        }
    }
}

fn joined(parts: &[WaitFor], word: &str) -> String {
    parts
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(word)
}

impl WaitFor {
    /// Whether an object that does not exist (yet) may be waited for.
    fn bears_absence(&self) -> bool {
        match self {
            Self::Create => true,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::bears_absence),
            _ => false,
        }
    }

    /// Whether an object is so; `None` is an object that does not exist.
    #[must_use]
    pub fn holds(&self, object: Option<&Value>) -> bool {
        match (self, object) {
            (Self::All(parts), _) => return parts.iter().all(|part| part.holds(object)),
            (Self::Any(parts), _) => return parts.iter().any(|part| part.holds(object)),
            _ => {}
        }
        let Some(object) = object else {
            return *self == Self::Delete;
        };
        match self {
            Self::All(_) | Self::Any(_) | Self::Delete => false,
            Self::Create => true,
            Self::Observed(generation) => object["status"]["observedGeneration"]
                .as_i64()
                .is_some_and(|observed| observed >= *generation),
            Self::Condition(type_, status) => has_condition(object, type_, status),
            Self::Phase(phase) => object["status"]["phase"]
                .as_str()
                .is_some_and(|have| have.eq_ignore_ascii_case(phase)),
            Self::Address => {
                let addresses = object["status"]["addresses"].as_array();
                addresses.is_some_and(|all| all.iter().any(|one| one["ip"].is_string()))
            }
            Self::Field(path, None) => path.find(object).is_some_and(|value| !value.is_null()),
            Self::Field(path, Some(wanted)) => path
                .find(object)
                .is_some_and(|value| text(value) == *wanted),
        }
    }
}

/// A condition counts only when it speaks of the current spec.
fn has_condition(object: &Value, type_: &str, status: &str) -> bool {
    let generation = object["metadata"]["generation"].as_i64();
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| {
        let current = match (condition["observedGeneration"].as_i64(), generation) {
            (Some(observed), Some(generation)) => observed >= generation,
            _ => true,
        };
        let matches = |key: &str, wanted: &str| {
            condition[key]
                .as_str()
                .is_some_and(|have| have.eq_ignore_ascii_case(wanted))
        };
        current && matches("type", type_) && matches("status", status)
    })
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl<T: Decoded> Resources<T> {
    /// Waits until an object is as wanted, and answers its state then; nothing when it is gone.
    ///
    /// Fails with [`ApiError::TimedOut`] after `deadline`, at once when `or_fail` holds, and when the object is deleted while
    /// something else is waited for.
    pub async fn wait(
        &self,
        name: &str,
        until: &WaitFor,
        or_fail: Option<&WaitFor>,
        deadline: Duration,
    ) -> Result<Option<Value>, ApiError> {
        let wait = self.wait_for_ever(name, until, or_fail);
        match tokio::time::timeout(deadline, wait).await {
            Ok(result) => result,
            Err(_) => Err(ApiError::TimedOut {
                what: format!("{until} of {}", label(self.info(), name)),
                after: deadline,
            }),
        }
    }

    async fn wait_for_ever(
        &self,
        name: &str,
        until: &WaitFor,
        or_fail: Option<&WaitFor>,
    ) -> Result<Option<Value>, ApiError> {
        let mut feed = Feed::new(self.clone(), ListOptions::named(name), WHOLE);
        let mut exists = false;
        loop {
            let object = match feed.next().await? {
                Step::Columns(_) => continue,
                Step::Listed(record) => {
                    exists = true;
                    value(record)
                }
                Step::EndOfList if exists => continue,
                Step::EndOfList | Step::Changed(WatchEventType::Deleted, _)
                    if until.holds(None) =>
                {
                    return Ok(None);
                }
                Step::EndOfList if until.bears_absence() => continue,
                // The server's own words for a name that does not exist.
                Step::EndOfList => Some(self.get_value(name).await?),
                Step::Changed(WatchEventType::Deleted, _) => {
                    return Err(ApiError::Gone(label(self.info(), name)));
                }
                Step::Changed(_, record) => value(record),
            };
            if until.holds(object.as_ref()) {
                return Ok(object);
            }
            if let Some(failure) = or_fail.filter(|failure| failure.holds(object.as_ref())) {
                return Err(ApiError::Never(format!(
                    "{} met {failure} before {until}",
                    label(self.info(), name)
                )));
            }
        }
    }
}

fn value(record: Record) -> Option<Value> {
    match record.body {
        Body::Object(raw) => serde_json::from_slice(raw.get().as_bytes()).ok(),
        Body::Cells(..) => None,
    }
}

/// `vm "a"`, as errors name an object.
pub(crate) fn label(info: &KindInfo, name: &str) -> String {
    format!("{} \"{name}\"", info.word())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(until: &str, object: &Value) -> bool {
        until.parse::<WaitFor>().unwrap().holds(Some(object))
    }

    #[test]
    fn every_form_looks_at_the_right_place() {
        let object = json!({
            "metadata": {"generation": 3},
            "status": {
                "phase": "Running", "addresses": [{"ip": "10.0.2.15"}],
                "conditions": [
                    {"type": "Ready", "status": "True", "observedGeneration": 3},
                    {"type": "AgentConnected", "status": "True", "observedGeneration": 2},
                    {"type": "Degraded", "status": "False"}
                ]
            }
        });
        for until in [
            "ready",
            "running",
            "ip",
            "create",
            "condition=Ready",
            "condition=degraded=false",
            "phase=running",
            "jsonpath={.status.phase}=Running",
            "jsonpath=.status.phase",
            "jsonpath=status.conditions[0].status=True",
        ] {
            assert!(holds(until, &object), "{until}");
        }
        for until in [
            "agent",
            "stopped",
            "delete",
            "condition=Nope",
            "jsonpath=.status.nope",
            "jsonpath=.status.phase=Stopped",
        ] {
            assert!(!holds(until, &object), "{until}");
        }
        assert!(WaitFor::Delete.holds(None));
        assert!(!WaitFor::Create.holds(None));
    }

    #[test]
    fn nonsense_lists_what_is_possible() {
        for text in [
            "",
            "soon",
            "condition=",
            "jsonpath=",
            "jsonpath={.a}x",
            "size=3",
        ] {
            let error = text.parse::<WaitFor>().unwrap_err().to_string();
            assert!(error.contains("condition=TYPE[=STATUS]"), "{text}");
        }
    }
}
