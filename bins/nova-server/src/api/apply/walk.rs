//! Walks over values along a shape: what differs, what fields there are, the merge of two, and a
//! value without some of its fields. The rules are those of Kubernetes' structured merge.

use serde_json::{Map, Value};

use super::set::Set;
use super::shape::Shape;

/// How a value is taken apart under its shape.
enum Form<'a> {
    /// Absent or null, which goes along with anything.
    Void,
    /// Member by member.
    Members(&'a Map<String, Value>),
    /// Element by element, each with what tells it apart.
    Items(Vec<(Box<str>, &'a Value)>),
    /// As one.
    Leaf,
}

impl<'a> Form<'a> {
    fn of(shape: &Shape, value: Option<&'a Value>) -> Self {
        match (shape, value) {
            (_, None | Some(Value::Null)) => Self::Void,
            (Shape::Open { .. }, Some(Value::Object(members))) => Self::Members(members),
            (Shape::Keyed { .. } | Shape::Unique, Some(Value::Array(items))) => {
                let keyed = items.iter().map(|item| Some((element(shape, item)?, item)));
                // Elements that nothing tells apart make the list one leaf.
                keyed.collect::<Option<_>>().map_or(Self::Leaf, Self::Items)
            }
            _ => Self::Leaf,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Void => true,
            Self::Members(members) => members.is_empty(),
            Self::Items(items) => items.is_empty(),
            Self::Leaf => false,
        }
    }

    fn members(&self) -> Option<&'a Map<String, Value>> {
        match self {
            Self::Members(members) => Some(members),
            _ => None,
        }
    }

    fn items(&self) -> &[(Box<str>, &'a Value)] {
        match self {
            Self::Items(items) => items,
            _ => &[],
        }
    }
}

/// How two values are taken apart together.
enum Pair<'a> {
    Members(
        Option<&'a Map<String, Value>>,
        Option<&'a Map<String, Value>>,
    ),
    Items(Form<'a>, Form<'a>),
    Leaf,
    /// One is a leaf and the other is not.
    Mixed,
}

impl<'a> Pair<'a> {
    fn of(shape: &Shape, old: Option<&'a Value>, new: Option<&'a Value>) -> Self {
        let (old, new) = (Form::of(shape, old), Form::of(shape, new));
        match (&old, &new) {
            (Form::Leaf, Form::Leaf | Form::Void) | (Form::Void, Form::Leaf) => Self::Leaf,
            // An empty container is a leaf, so that it differs from an absent one.
            _ if old.is_empty() && new.is_empty() => Self::Leaf,
            (Form::Members(_) | Form::Void, Form::Members(_) | Form::Void) => {
                Self::Members(old.members(), new.members())
            }
            (Form::Items(_) | Form::Void, Form::Items(_) | Form::Void) => Self::Items(old, new),
            _ => Self::Mixed,
        }
    }
}

/// What tells an element of a list apart.
fn element(shape: &Shape, item: &Value) -> Option<Box<str>> {
    match shape {
        Shape::Keyed { key, .. } => {
            let object = item.as_object()?;
            let value = object.get(*key).filter(|value| !value.is_null()).cloned();
            let value = value.or_else(|| default_name(key, object))?;
            let key = Value::Object(Map::from_iter([((*key).to_owned(), value)]));
            Some(format!("k:{key}").into())
        }
        _ if item.is_object() || item.is_array() || item.is_null() => None,
        _ => Some(format!("v:{item}").into()),
    }
}

/// The name of a forwarded port that has none: `tcp-22`.
fn default_name(key: &str, object: &Map<String, Value>) -> Option<Value> {
    let guest = object.get("guest").filter(|_| key == "name")?.as_u64()?;
    let protocol = object.get("protocol").and_then(Value::as_str);
    let protocol = protocol.unwrap_or("tcp").to_ascii_lowercase();
    Some(format!("{protocol}-{guest}").into())
}

fn field(name: &str) -> Box<str> {
    format!("f:{name}").into()
}

/// Names of both, each once, in order.
fn names<'a>(
    old: Option<&'a Map<String, Value>>,
    new: Option<&'a Map<String, Value>>,
) -> Vec<&'a str> {
    let old_names = old.into_iter().flat_map(Map::keys);
    let fresh = new.into_iter().flat_map(Map::keys);
    let fresh = fresh.filter(|name| old.is_none_or(|old| !old.contains_key(*name)));
    old_names.chain(fresh).map(String::as_str).collect()
}

/// Fields by what happened to them.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) added: Set,
    pub(super) modified: Set,
    pub(super) removed: Set,
}

impl Comparison {
    /// What differs between two values.
    pub(super) fn of(shape: &Shape, old: &Value, new: &Value) -> Self {
        let mut comparer = Comparer::default();
        comparer.walk(shape, Some(old), Some(new));
        comparer.found
    }

    /// What the new value has that the old one has not, or otherwise.
    pub(super) fn brought(&self) -> Set {
        self.added.union(&self.modified)
    }
}

#[derive(Default)]
struct Comparer {
    path: Vec<Box<str>>,
    found: Comparison,
}

impl Comparer {
    fn walk(&mut self, shape: &Shape, old: Option<&Value>, new: Option<&Value>) {
        if old == new {
            return;
        }
        match Pair::of(shape, old, new) {
            Pair::Members(before, after) => {
                for name in names(before, after) {
                    let (old, new) = (
                        before.and_then(|m| m.get(name)),
                        after.and_then(|m| m.get(name)),
                    );
                    self.below(field(name), shape.member(name), old, new);
                }
            }
            Pair::Items(before, after) => self.items(shape, before.items(), after.items()),
            Pair::Leaf if old.is_some() && new.is_some() => self.found.modified.insert(&self.path),
            Pair::Leaf => {}
            Pair::Mixed => {
                self.found.modified.insert(&self.path);
                self.walk(shape, old, None);
                self.walk(shape, None, new);
                return;
            }
        }
        if old.is_none() {
            self.found.added.insert(&self.path);
        } else if new.is_none() {
            self.found.removed.insert(&self.path);
        }
    }

    fn below(
        &mut self,
        element: Box<str>,
        shape: &Shape,
        old: Option<&Value>,
        new: Option<&Value>,
    ) {
        self.path.push(element);
        self.walk(shape, old, new);
        self.path.pop();
    }

    fn items(
        &mut self,
        shape: &Shape,
        before: &[(Box<str>, &Value)],
        after: &[(Box<str>, &Value)],
    ) {
        let mut seen: Vec<&str> = Vec::new();
        for (element, _) in before.iter().chain(after) {
            if seen.contains(&&**element) {
                continue;
            }
            seen.push(element);
            let (old, new) = (all(before, element), all(after, element));
            match (&old[..], &new[..]) {
                ([] | [_], [] | [_]) => {
                    let (old, new) = (old.first().copied(), new.first().copied());
                    self.below(element.clone(), shape.item(), old, new);
                }
                // Doubles are one leaf: nothing tells which of them is meant.
                (old, new) => self.doubles(element, shape, old, new),
            }
        }
    }

    fn doubles(&mut self, element: &str, shape: &Shape, old: &[&Value], new: &[&Value]) {
        self.path.push(element.into());
        match (old.len() > 1, new.len() > 1) {
            (true, true) if old != new => self.found.modified.insert(&self.path),
            (true, true) => {}
            (true, false) => {
                if let Some(new) = new.first() {
                    self.walk(shape.item(), None, Some(new));
                }
                self.found.removed.insert(&self.path);
            }
            (false, _) => {
                if let Some(old) = old.first() {
                    self.walk(shape.item(), Some(old), None);
                }
                self.found.added.insert(&self.path);
            }
        }
        self.path.pop();
    }
}

fn all<'a>(items: &[(Box<str>, &'a Value)], element: &str) -> Vec<&'a Value> {
    let found = items.iter().filter(|(known, _)| **known == *element);
    found.map(|(_, value)| *value).collect()
}

/// Every field that a value has.
pub(super) fn fields(shape: &Shape, value: &Value) -> Set {
    let mut collector = Collector::default();
    collector.walk(shape, value);
    collector.found
}

#[derive(Default)]
struct Collector {
    path: Vec<Box<str>>,
    found: Set,
}

impl Collector {
    fn walk(&mut self, shape: &Shape, value: &Value) {
        match Form::of(shape, Some(value)) {
            Form::Void => {}
            Form::Leaf => self.found.insert(&self.path),
            Form::Members(members) => {
                for (name, value) in members {
                    self.path.push(field(name));
                    self.walk(shape.member(name), value);
                    let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                    if empty || !shape.declares() {
                        self.found.insert(&self.path);
                    }
                    self.path.pop();
                }
            }
            Form::Items(items) => {
                for (element, item) in &items {
                    self.path.push(element.clone());
                    if all(&items, element).len() == 1 {
                        self.walk(shape.item(), item);
                    }
                    self.found.insert(&self.path);
                    self.path.pop();
                }
            }
        }
    }
}

/// The old value with everything that the new one has.
pub(super) fn merge(shape: &Shape, old: &Value, new: &Value) -> Value {
    merged(shape, Some(old), Some(new)).unwrap_or(Value::Null)
}

fn merged(shape: &Shape, old: Option<&Value>, new: Option<&Value>) -> Option<Value> {
    match Pair::of(shape, old, new) {
        Pair::Members(before, after) => {
            let members = names(before, after).into_iter().filter_map(|name| {
                let (old, new) = (
                    before.and_then(|m| m.get(name)),
                    after.and_then(|m| m.get(name)),
                );
                Some((name.to_owned(), merged(shape.member(name), old, new)?))
            });
            Some(Value::Object(members.collect()))
        }
        Pair::Items(before, after) => Some(merged_items(shape, before.items(), after.items())),
        Pair::Leaf | Pair::Mixed => new.or(old).cloned(),
    }
}

/// The new list's order rules; what only the old one has keeps its place before what follows it.
fn merged_items(
    shape: &Shape,
    before: &[(Box<str>, &Value)],
    after: &[(Box<str>, &Value)],
) -> Value {
    let in_new = |element: &str| after.iter().any(|(known, _)| **known == *element);
    let in_old = |element: &str| before.iter().any(|(known, _)| **known == *element);
    let mut old = before.iter().peekable();
    let mut out = Vec::with_capacity(before.len().max(after.len()));
    for (at, (element, new)) in after.iter().enumerate() {
        let mut rest = after[at..].iter().map(|(element, _)| element);
        let next = rest.find(|element| in_old(element));
        while let Some((known, item)) = old.next_if(|(known, _)| Some(known) != next) {
            if !in_new(known) {
                out.push((*item).clone());
            }
        }
        old.next_if(|(known, _)| known == element);
        // A double is not merged with, but replaced.
        let single = match all(before, element)[..] {
            [one] => Some(one),
            _ => None,
        };
        out.extend(merged(shape.item(), single, Some(new)));
    }
    let left = old.filter(|(known, _)| !in_new(known));
    out.extend(left.map(|(_, item)| (*item).clone()));
    Value::Array(out)
}

/// A value without some fields. Containers that lose everything stay, empty.
pub(super) fn without(shape: &Shape, value: &Value, gone: &Set) -> Value {
    match Form::of(shape, Some(value)) {
        Form::Members(members) => {
            let left = members.iter().filter_map(|(name, value)| {
                let element = field(name);
                let left = left(shape.member(name), &element, value, gone)?;
                Some((name.clone(), left))
            });
            Value::Object(left.collect())
        }
        Form::Items(items) => {
            let left = items
                .iter()
                .filter_map(|(element, item)| left(shape.item(), element, item, gone));
            Value::Array(left.collect())
        }
        Form::Void | Form::Leaf => value.clone(),
    }
}

fn left(shape: &Shape, element: &str, value: &Value, gone: &Set) -> Option<Value> {
    if gone.has(element) {
        return None;
    }
    Some(match gone.below(element) {
        Some(below) => without(shape, value, below),
        None => value.clone(),
    })
}

/// The set with the members of types that it holds something below of: who owns `a.b.c` has a say
/// in whether there is an `a.b`.
pub(super) fn with_parents(shape: &Shape, set: &Set) -> Set {
    set.keep_named(&|element, member, below| {
        let name = element.strip_prefix("f:");
        let inner = name.map_or(shape.item(), |name| shape.member(name));
        let named = name.is_some() && shape.declares() && !below.is_empty();
        (member || named, with_parents(inner, below))
    })
}
