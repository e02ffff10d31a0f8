//! `metadata.managedFields`: who owns which fields.

use serde_json::{Map, Value, json};

use super::set::Set;

/// Managers that took their fields by other verbs than apply; beyond these the oldest are one.
const MAX_UPDATERS: usize = 10;
/// The manager that stands for the oldest ones.
const ANCIENT: &str = "ancient-changes";

/// How a manager came to its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// It says in full what it wants.
    Apply,
    /// It changed them.
    Update,
}

/// One manager and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) operation: Operation,
    pub(crate) api_version: String,
    /// Empty for the object itself.
    pub(crate) subresource: String,
    /// When it last changed something, RFC 3339.
    pub(crate) time: Option<String>,
    pub(crate) fields: Set,
}

impl Entry {
    /// Whether two entries are of the same manager. An applier is the same under every version.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// Who this is, for people.
    pub(super) fn describe(&self) -> String {
        let part = match self.subresource.as_str() {
            "" => String::new(),
            subresource => format!(" with subresource {subresource:?}"),
        };
        let version = match self.operation {
            Operation::Apply => String::new(),
            Operation::Update => format!(" using {}", self.api_version),
        };
        format!("{:?}{part}{version}", self.manager)
    }

    /// The order of conflicts in a message.
    pub(super) fn order(&self) -> (&str, Operation, &str, &str) {
        (
            &self.manager,
            self.operation,
            &self.api_version,
            &self.subresource,
        )
    }

    fn read(value: &Value) -> Result<Self, String> {
        let text = |name: &str| value[name].as_str().unwrap_or_default();
        let operation = match text("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return Err("operation must be `Apply` or `Update`".to_owned()),
        };
        if text("apiVersion").is_empty() {
            return Err("apiVersion must not be empty".to_owned());
        }
        if text("fieldsType") != "FieldsV1" {
            return Err(format!("invalid fieldsType {:?}", text("fieldsType")));
        }
        Ok(Self {
            manager: text("manager").to_owned(),
            operation,
            api_version: text("apiVersion").to_owned(),
            subresource: text("subresource").to_owned(),
            time: value["time"].as_str().map(str::to_owned),
            fields: Set::read(&value["fieldsV1"])?,
        })
    }

    fn write(&self) -> Value {
        let mut entry = Map::new();
        let mut set = |name: &str, value: Value| drop(entry.insert(name.to_owned(), value));
        set("apiVersion", json!(self.api_version));
        set("fieldsType", json!("FieldsV1"));
        set("fieldsV1", self.fields.write());
        set("manager", json!(self.manager));
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        set("operation", json!(operation));
        if !self.subresource.is_empty() {
            set("subresource", json!(self.subresource));
        }
        if let Some(time) = &self.time {
            set("time", json!(time));
        }
        Value::Object(entry)
    }
}

/// Puts entries into Kubernetes' order: appliers first, then by age to the second, then by name.
pub(super) fn sort(entries: &mut [Value]) {
    fn rank(entry: &Value) -> [&str; 5] {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let time = text("time");
        [
            text("operation"),
            time.get(..19).unwrap_or(time),
            text("manager"),
            text("apiVersion"),
            text("subresource"),
        ]
    }
    entries.sort_by(|a, b| rank(a).cmp(&rank(b)));
}

/// All managers of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Managers(pub(super) Vec<Entry>);

impl Managers {
    /// Reads the value of `managedFields`; absent is nobody.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let mut all = Self::default();
        for value in value.as_array().into_iter().flatten() {
            let entry = Entry::read(value)?;
            all.0.retain(|known| !known.is_same(&entry));
            all.0.push(entry);
        }
        Ok(all)
    }

    /// The same of what the server itself wrote, where a fault means that nobody is known.
    pub(crate) fn stored(value: &Value) -> Self {
        Self::read(value).unwrap_or_default()
    }

    /// The value of `managedFields`; `None` for nobody.
    pub(crate) fn write(&self) -> Option<Value> {
        let mut entries: Vec<Value> = self.0.iter().map(Entry::write).collect();
        sort(&mut entries);
        (!entries.is_empty()).then_some(Value::Array(entries))
    }

    /// Whether nobody owns anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they differ in more than times.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        let timeless = |managers: &Self| {
            let mut all = managers.clone();
            for entry in &mut all.0 {
                entry.time = None;
            }
            all.write()
        };
        timeless(self) != timeless(other)
    }

    /// Takes fields away from all whom `from` chooses; who has nothing left goes.
    pub(super) fn take(&mut self, gone: &Set, from: impl Fn(&Entry) -> bool) {
        for entry in &mut self.0 {
            if from(entry) {
                entry.fields = entry.fields.difference(gone);
            }
        }
        self.0.retain(|entry| !entry.fields.is_empty());
    }

    /// Gives a manager more fields.
    pub(super) fn give(&mut self, entry: Entry) {
        match self.0.iter_mut().find(|known| known.is_same(&entry)) {
            Some(known) => {
                known.fields = known.fields.union(&entry.fields);
                known.time = entry.time;
            }
            None => self.0.push(entry),
        }
    }

    /// Makes one of the oldest updaters when there are too many.
    pub(super) fn cap(&mut self) {
        let is_update = |entry: &Entry| entry.operation == Operation::Update;
        let excess = |all: &[Entry]| {
            let updaters = all.iter().filter(|entry| is_update(entry)).count();
            updaters.saturating_sub(MAX_UPDATERS)
        };
        if excess(&self.0) == 0 {
            return;
        }
        self.0
            .sort_by(|a, b| (a.operation, &a.time).cmp(&(b.operation, &b.time)));
        let first = self.0.iter().position(is_update).unwrap_or_default();
        // Putting one more away brings the bucket itself, unless it is there already.
        let mut bucket = self.0.remove(first);
        let mut left = excess(&self.0) + 1;
        while left > 0 && self.0.len() > first {
            left -= 1;
            let next = self.0.remove(first);
            bucket.fields = bucket.fields.union(&next.fields);
            bucket.time = next.time;
            ANCIENT.clone_into(&mut bucket.manager);
            bucket.subresource.clear();
        }
        self.give(bucket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: Operation, second: u32, fields: &Value) -> Entry {
        Entry {
            manager: manager.to_owned(),
            operation,
            api_version: "nova.dev/v1".to_owned(),
            subresource: String::new(),
            time: Some(format!("2026-01-01T00:00:{second:02}Z")),
            fields: Set::read(fields).unwrap(),
        }
    }

    #[test]
    fn entries_are_written_in_kubernetes_order() {
        let field = json!({"f:a": {}});
        let managers = Managers(vec![
            entry("b", Operation::Update, 1, &field),
            entry("z", Operation::Apply, 9, &field),
            entry("a", Operation::Update, 1, &field),
            entry("c", Operation::Update, 0, &field),
        ]);
        let written = managers.write().unwrap();
        let order: Vec<_> = written
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["manager"])
            .collect();
        assert_eq!(order, ["z", "c", "a", "b"]);
        assert_eq!(Managers::read(&written).unwrap().write().unwrap(), written);
    }

    #[test]
    fn more_than_ten_updaters_become_ten() {
        let all = (0..14).map(|i| {
            entry(
                &format!("m{i}"),
                Operation::Update,
                i,
                &json!({format!("f:a{i}"): {}}),
            )
        });
        let mut managers = Managers(all.collect());
        managers.cap();
        assert_eq!(managers.0.len(), 10);
        let ancient = managers.0.iter().find(|e| e.manager == ANCIENT).unwrap();
        assert_eq!(ancient.fields.paths(), [".a0", ".a1", ".a2", ".a3", ".a4"]);
        assert_eq!(ancient.time.as_deref(), Some("2026-01-01T00:00:04Z"));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for broken in [
            json!([{}]),
            json!([{"operation": "Fly", "apiVersion": "v1", "fieldsType": "FieldsV1"}]),
            json!([{"operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV2"}]),
        ] {
            assert!(Managers::read(&broken).is_err(), "{broken}");
        }
    }
}
