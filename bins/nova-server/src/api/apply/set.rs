//! Sets of fields, as `metadata.managedFields` writes them.
//!
//! A path element is kept as its key in `fieldsV1`: `f:` and a member's name, `k:` and the key of a
//! list's element as JSON, `v:` and the value of a set's element as JSON, `i:` and an index. Two
//! elements are equal exactly when their texts are.

use serde_json::{Map, Value};

/// Fields of an object, as a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Set(Vec<(Box<str>, Node)>);

/// What a set says of one path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    /// Whether the path itself is in the set.
    member: bool,
    /// Paths below it.
    below: Set,
}

/// Deepest tree that is read from a request.
const MAX_DEPTH: usize = 64;

impl Set {
    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one path; the empty path is the whole object, which nobody owns.
    pub(super) fn insert(&mut self, path: &[Box<str>]) {
        let [first, rest @ ..] = path else { return };
        let node = self.node_mut(first);
        if rest.is_empty() {
            node.member = true;
        } else {
            node.below.insert(rest);
        }
    }

    /// The node of an element, made where there is none.
    fn node_mut(&mut self, element: &str) -> &mut Node {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(element));
        let at = at.unwrap_or_else(|at| {
            self.0.insert(at, (element.into(), Node::default()));
            at
        });
        &mut self.0[at].1
    }

    fn node(&self, element: &str) -> Option<&Node> {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(element));
        at.ok().map(|at| &self.0[at].1)
    }

    /// Whether a direct child is in it.
    pub(super) fn has(&self, element: &str) -> bool {
        self.node(element).is_some_and(|node| node.member)
    }

    /// What it says below a direct child, where it says anything.
    pub(super) fn below(&self, element: &str) -> Option<&Self> {
        let below = &self.node(element)?.below;
        (!below.is_empty()).then_some(below)
    }

    /// Takes a direct child out, and with `deep` everything below it.
    pub(super) fn drop_child(&mut self, element: &str, deep: bool) {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(element));
        let Ok(at) = at else { return };
        self.0[at].1.member = false;
        if deep || self.0[at].1.below.is_empty() {
            self.0.remove(at);
        }
    }

    /// Takes paths out of what is below a direct child.
    pub(super) fn drop_below(&mut self, element: &str, children: &[&str]) {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(element));
        let Ok(at) = at else { return };
        let node = &mut self.0[at].1;
        for child in children {
            node.below.drop_child(child, false);
        }
        if !node.member && node.below.is_empty() {
            self.0.remove(at);
        }
    }

    /// What is in one of them.
    pub(crate) fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        let mut all = self.clone();
        for (element, node) in &other.0 {
            let mine = all.node_mut(element);
            mine.member |= node.member;
            if !node.below.is_empty() {
                mine.below = mine.below.union(&node.below);
            }
        }
        all
    }

    /// What is in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.keep(|element, node| {
            let theirs = other.node(element)?;
            Some(Node {
                member: node.member && theirs.member,
                below: node.below.intersection(&theirs.below),
            })
        })
    }

    /// What is in this one alone. A path and what is below it are different things.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.keep(|element, node| {
            let Some(theirs) = other.node(element) else {
                return Some(node.clone());
            };
            Some(Node {
                member: node.member && !theirs.member,
                below: node.below.difference(&theirs.below),
            })
        })
    }

    /// The set of what `choose` leaves of each node; nodes without anything are left out.
    pub(super) fn keep_named(&self, named: &dyn Fn(&str, bool, &Self) -> (bool, Self)) -> Self {
        self.keep(|element, node| {
            let (member, below) = named(element, node.member, &node.below);
            Some(Node { member, below })
        })
    }

    fn keep(&self, choose: impl Fn(&str, &Node) -> Option<Node>) -> Self {
        let chosen = self.0.iter().filter_map(|(element, node)| {
            let node = choose(element, node)?;
            (node.member || !node.below.is_empty()).then(|| (element.clone(), node))
        });
        Self(chosen.collect())
    }

    /// Every path, those of one level before those below it.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect_paths("", &mut paths);
        paths
    }

    fn collect_paths(&self, prefix: &str, paths: &mut Vec<String>) {
        let path = |element: &str| format!("{prefix}{}", display(element));
        let members = self.0.iter().filter(|(_, node)| node.member);
        paths.extend(members.map(|(element, _)| path(element)));
        for (element, node) in self.0.iter().filter(|(_, node)| !node.below.is_empty()) {
            node.below.collect_paths(&path(element), paths);
        }
    }

    /// The value of `fieldsV1`.
    pub(crate) fn write(&self) -> Value {
        let members = self.0.iter().map(|(element, node)| {
            let mut below = node.below.write();
            if node.member && !node.below.is_empty() {
                below["."] = Value::Object(Map::new());
            }
            (element.to_string(), below)
        });
        Value::Object(members.collect())
    }

    /// Reads `fieldsV1`. Elements of unknown types are left out, as Kubernetes does.
    pub(crate) fn read(fields: &Value) -> Result<Self, String> {
        Self::read_at(fields, 0)
    }

    fn read_at(fields: &Value, depth: usize) -> Result<Self, String> {
        let Some(members) = fields.as_object() else {
            return Ok(Self::default());
        };
        if depth > MAX_DEPTH {
            return Err("the tree is too deep".to_owned());
        }
        let mut set = Self::default();
        for (text, inner) in members.iter().filter(|(text, _)| *text != ".") {
            let Some(element) = canonical(text)? else {
                continue;
            };
            let below = Self::read_at(inner, depth + 1)?;
            let member = below.is_empty() || inner.get(".").is_some();
            *set.node_mut(&element) = Node { member, below };
        }
        Ok(set)
    }
}

/// An element in the form that compares; `None` for a type that is not known.
fn canonical(text: &str) -> Result<Option<Box<str>>, String> {
    let Some((kind, rest)) = text.split_at_checked(2) else {
        return Err("key must be 2 characters long:".to_owned());
    };
    if !kind.ends_with(':') {
        return Err(format!("missing colon: {text}"));
    }
    let broken = |error: &dyn std::fmt::Display| format!("{text}: {error}");
    match kind {
        "f:" => Ok(Some(text.into())),
        "i:" => {
            let index: i64 = rest.parse().map_err(|error| broken(&error))?;
            Ok(Some(format!("i:{index}").into()))
        }
        "k:" => {
            let key: Map<String, Value> =
                serde_json::from_str(rest).map_err(|error| broken(&error))?;
            Ok(Some(format!("k:{}", Value::Object(key)).into()))
        }
        "v:" => {
            let value: Value = serde_json::from_str(rest).map_err(|error| broken(&error))?;
            Ok(Some(format!("v:{value}").into()))
        }
        _ => Ok(None),
    }
}

/// An element as it stands in a path for people: `.name`, `[name="root"]`, `[="x"]`, `[0]`.
fn display(element: &str) -> String {
    let (kind, rest) = element.split_at_checked(2).unwrap_or((element, ""));
    match kind {
        "k:" => {
            let key: Map<String, Value> = serde_json::from_str(rest).unwrap_or_default();
            let parts: Vec<String> = key.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("[{}]", parts.join(","))
        }
        "v:" => format!("[={rest}]"),
        "i:" => format!("[{rest}]"),
        _ => format!(".{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(value: &Value) -> Set {
        Set::read(value).unwrap()
    }

    #[test]
    fn fields_are_read_and_written_alike() {
        let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:disks": {"k:{\"name\":\"root\"}": {".": {}, "f:size": {}}}}});
        assert_eq!(set(&fields).write(), fields);
        assert_eq!(
            set(&fields).paths(),
            [
                ".metadata.labels",
                ".metadata.labels.app",
                ".spec.disks[name=\"root\"]",
                ".spec.disks[name=\"root\"].size"
            ]
        );
    }

    #[test]
    fn sets_combine() {
        let (a, b) = (
            set(&json!({"f:a": {".": {}, "f:x": {}}, "f:b": {}})),
            set(&json!({"f:a": {"f:x": {}}, "f:c": {}})),
        );
        assert_eq!(
            a.union(&b).write(),
            json!({"f:a": {".": {}, "f:x": {}}, "f:b": {}, "f:c": {}})
        );
        assert_eq!(a.intersection(&b).write(), json!({"f:a": {"f:x": {}}}));
        assert_eq!(a.difference(&b).write(), json!({"f:a": {}, "f:b": {}}));
    }

    #[test]
    fn keys_compare_whatever_their_spaces() {
        let spaced = set(&json!({"k:{ \"name\": \"a\" }": {}, "v: 1": {}, "z:new": {}}));
        assert_eq!(spaced.write(), json!({"k:{\"name\":\"a\"}": {}, "v:1": {}}));
        for broken in [json!({"x": {}}), json!({"k:[]": {}}), json!({"i:a": {}})] {
            assert!(Set::read(&broken).is_err(), "{broken}");
        }
    }
}
