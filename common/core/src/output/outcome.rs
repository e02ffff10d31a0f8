//! What a verb did to each of its targets.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::output::{Render, Table, escape_cell};
use crate::{Failure, Kind};

/// What happened to one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The verb did its work; the word is a past participle: `started`.
    Done(String),
    /// Nothing had to be done.
    Unchanged,
    /// The verb would do its work: a dry run, `client` or `server`.
    WouldDo(String, &'static str),
}

impl Change {
    /// `Done` with its word.
    #[must_use]
    pub fn done(word: impl Into<String>) -> Self {
        Self::Done(word.into())
    }

    fn words(&self) -> String {
        match self {
            Self::Done(word) => word.clone(),
            Self::Unchanged => "unchanged".to_owned(),
            Self::WouldDo(word, "server") => format!("{word} (server dry run)"),
            Self::WouldDo(word, _) => format!("{word} (dry run)"),
        }
    }
}

/// One target and what became of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The target in short form: `vm/web-1`.
    pub target: String,
    /// The target in full form for `-o name`: `virtualmachine.nova.dev/web-1`.
    pub full_name: String,
    /// What happened.
    pub result: Result<Change, Failure>,
    /// The object after the change, for verbs that print it under `-o json|yaml`.
    pub object: Option<Value>,
}

/// The outcomes of one verb on its targets, in the order they were named.
#[derive(Debug, Default)]
pub struct Outcomes {
    items: Vec<Outcome>,
    objects: bool,
}

impl Outcomes {
    /// Outcomes that print as an `OutcomeList` in the object formats.
    #[must_use]
    pub fn new(items: Vec<Outcome>) -> Self {
        Self {
            items,
            objects: false,
        }
    }

    /// Outcomes that print the objects themselves in the object formats: create, update, edit,
    /// apply.
    #[must_use]
    pub fn with_objects(items: Vec<Outcome>) -> Self {
        Self {
            items,
            objects: true,
        }
    }

    /// The outcomes, in order.
    #[must_use]
    pub fn items(&self) -> &[Outcome] {
        &self.items
    }

    fn objects(&self) -> Vec<&Value> {
        self.items
            .iter()
            .filter_map(|item| item.object.as_ref())
            .collect()
    }
}

impl Render for Outcomes {
    fn table(&self, table: &mut Table) {
        for item in &self.items {
            if let Ok(change) = &item.result {
                table.line(format!(
                    "{} {}",
                    escape_cell(&item.target),
                    escape_cell(&change.words())
                ));
            }
        }
    }

    fn grid(&self, table: &mut Table) {
        table.headers(["target", "change"]);
        for item in &self.items {
            let change = item
                .result
                .as_ref()
                .map_or("failed".to_owned(), Change::words);
            table.row([&item.full_name, &change]);
        }
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .filter(|i| i.result.is_ok())
            .map(|i| i.full_name.clone())
            .collect()
    }

    fn documents(&self) -> Option<Vec<Value>> {
        self.objects
            .then(|| self.objects().into_iter().cloned().collect())
    }

    fn failures(&self) -> Vec<&Failure> {
        self.items
            .iter()
            .filter_map(|item| item.result.as_ref().err())
            .collect()
    }

    fn verdict(&self) -> Option<u8> {
        let failures = self.failures();
        let [first, ..] = failures.as_slice() else {
            return None;
        };
        if self.items.len() == 1 {
            return Some(first.code());
        }
        let kinds: Vec<Kind> = failures.iter().map(|failure| failure.kind()).collect();
        Kind::of_many(self.items.len() - kinds.len(), &kinds).map(Kind::code)
    }
}

impl Serialize for Outcomes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("apiVersion", "nova.dev/v1")?;
        map.serialize_entry("kind", "OutcomeList")?;
        map.serialize_entry(
            "items",
            &self.items.iter().map(item_json).collect::<Vec<_>>(),
        )?;
        map.end()
    }
}

fn item_json(item: &Outcome) -> Value {
    match &item.result {
        Ok(change) => {
            let done = !matches!(change, Change::Unchanged);
            serde_json::json!({"target": item.full_name, "change": change.words(), "changed": done})
        }
        Err(failure) => serde_json::json!({
            "target": item.full_name,
            "change": "failed",
            "changed": false,
            "error": {
                "class": failure.kind().class(),
                "message": failure.message(),
                "hints": failure.hints(),
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str, result: Result<Change, Failure>) -> Outcome {
        Outcome {
            target: format!("vm/{name}"),
            full_name: format!("virtualmachine.nova.dev/{name}"),
            result,
            object: None,
        }
    }

    #[test]
    fn the_verdict_follows_the_classes_of_the_failures() {
        let ok = || outcome("a", Ok(Change::done("started")));
        let missing = || outcome("b", Err(Failure::new(Kind::NotFound, "no")));
        assert_eq!(Outcomes::new(vec![ok()]).verdict(), None);
        assert_eq!(Outcomes::new(vec![missing()]).verdict(), Some(11));
        assert_eq!(
            Outcomes::new(vec![missing(), missing()]).verdict(),
            Some(11)
        );
        assert_eq!(Outcomes::new(vec![ok(), missing()]).verdict(), Some(8));
    }

    #[test]
    fn json_lists_every_target_with_its_error() {
        let list = Outcomes::new(vec![
            outcome("a", Ok(Change::Unchanged)),
            outcome("b", Err(Failure::new(Kind::NotFound, "no").with_hint("h"))),
        ]);
        let json = serde_json::to_value(&list).unwrap();
        assert_eq!(json["kind"], "OutcomeList");
        assert_eq!(json["items"][0]["change"], "unchanged");
        assert_eq!(json["items"][1]["error"]["class"], "not-found");
    }
}
