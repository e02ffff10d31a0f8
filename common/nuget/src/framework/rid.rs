//! Runtime identifiers: the graph of which one includes which.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::version::{Range, RangeError};

/// Which runtime identifier imports which, and what packages need on each.
///
/// The SDK has one for all projects, and packages add to it by a `runtime.json`. Identifiers are
/// compared as they are written, ids of packages in any case. The profiles of `supports` are not
/// read: only projects before PackageReference named them.
#[derive(Debug, Clone, Default)]
pub struct RuntimeGraph {
    runtimes: HashMap<String, Runtime>,
}

#[derive(Debug, Clone, Default)]
struct Runtime {
    imports: Vec<String>,
    needs: Vec<(String, Vec<(String, Range)>)>,
}

/// Why a text is no graph.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeGraphError {
    /// The text is not JSON, or not of this shape.
    #[error("a graph of runtime identifiers cannot be read")]
    Json(#[from] serde_json::Error),
    /// What a package needs is not a range of versions.
    #[error("`{id}` for the runtime `{rid}` has no valid range")]
    Range {
        /// The runtime identifier.
        rid: String,
        /// The package that is needed.
        id: String,
        /// What is wrong with the range.
        source: RangeError,
    },
}

impl RuntimeGraph {
    /// Reads `{"runtimes": {"linux-x64": {"#import": ["linux"], "A": {"A.linux": "1.0"}}}}`.
    pub fn parse(json: &str) -> Result<Self, RuntimeGraphError> {
        let file: Pairs<&RawValue> = serde_json::from_str(json.trim_start_matches('\u{feff}'))?;
        let mut graph = Self::default();
        let of_runtimes = file.0.into_iter().filter(|(name, _)| name == "runtimes");
        for (_, runtimes) in of_runtimes {
            let runtimes: Pairs<Pairs<&RawValue>> = serde_json::from_str(runtimes.get())?;
            for (rid, entries) in runtimes.0 {
                let runtime = Runtime::read(&rid, entries)?;
                graph.runtimes.insert(rid, runtime);
            }
        }
        Ok(graph)
    }

    /// Whether nothing is known of any runtime.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runtimes.is_empty()
    }

    /// Adds what another graph says: imports where there were none, and packages over earlier ones.
    pub fn merge(&mut self, other: Self) {
        for (rid, theirs) in other.runtimes {
            let mine = self.runtimes.entry(rid).or_default();
            if mine.imports.is_empty() {
                mine.imports = theirs.imports;
            }
            for (id, needs) in theirs.needs {
                put(&mut mine.needs, id, needs);
            }
        }
    }

    /// All that is included in a runtime identifier, the nearest first, beginning with itself.
    #[must_use]
    pub fn expand<'g>(&'g self, rid: &'g str) -> Vec<&'g str> {
        let (mut expanded, mut next) = (vec![rid], 0);
        while let Some(each) = expanded.get(next) {
            let runtime = self.runtimes.get(*each);
            for import in runtime.iter().flat_map(|runtime| &runtime.imports) {
                if !expanded.contains(&import.as_str()) {
                    expanded.push(import);
                }
            }
            next += 1;
        }
        expanded
    }

    /// Whether a project for one runtime may use what a package has for another.
    #[must_use]
    pub fn accepts(&self, project: &str, package: &str) -> bool {
        project == package || self.expand(project).contains(&package)
    }

    /// What a package needs besides its dependencies on this runtime, or the nearest it includes.
    #[must_use]
    pub fn needs(&self, rid: &str, package: &str) -> &[(String, Range)] {
        let included = self.expand(rid);
        let mut runtimes = included.iter().filter_map(|rid| self.runtimes.get(*rid));
        let needs = runtimes.find_map(|runtime| {
            let mut needs = runtime.needs.iter();
            needs.find(|(id, _)| id.eq_ignore_ascii_case(package))
        });
        needs.map_or(&[], |(_, needs)| needs)
    }
}

impl Runtime {
    fn read(rid: &str, entries: Pairs<&RawValue>) -> Result<Self, RuntimeGraphError> {
        let mut runtime = Self::default();
        for (name, entry) in entries.0 {
            if name == "#import" {
                runtime.imports = serde_json::from_str(entry.get())?;
            } else {
                let needs: Pairs<String> = serde_json::from_str(entry.get())?;
                put(&mut runtime.needs, name, ranges(rid, needs)?);
            }
        }
        Ok(runtime)
    }
}

fn ranges(rid: &str, needs: Pairs<String>) -> Result<Vec<(String, Range)>, RuntimeGraphError> {
    let range = |(id, range): (String, String)| match range.parse() {
        Ok(range) => Ok((id, range)),
        Err(source) => Err(RuntimeGraphError::Range {
            rid: rid.to_owned(),
            id,
            source,
        }),
    };
    needs.0.into_iter().map(range).collect()
}

/// Replaces the value of an id, or adds it.
fn put<T>(pairs: &mut Vec<(String, T)>, id: String, value: T) {
    let same = |(each, _): &&mut (String, T)| each.eq_ignore_ascii_case(&id);
    match pairs.iter_mut().find(same) {
        Some(pair) => *pair = (id, value),
        None => pairs.push((id, value)),
    }
}

/// The entries of an object as they are in the text, since packages are added in that order.
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PairsVisitor<T> {
    type Value = Pairs<T>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or_default());
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
