//! The group of files that fits a project best.

use super::pattern::Properties;
use super::places::Kind;
use crate::framework::{Framework, RuntimeGraph, nearest};

/// What a project is.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// Its framework.
    pub framework: &'w Framework,
    /// The machine it is to run on, if it is for one.
    pub rid: Option<&'w str>,
    /// Which machines take what is made for others.
    pub runtimes: &'w RuntimeGraph,
}

/// The files of a package, by their paths in it.
#[derive(Debug, Clone, Default)]
pub struct PackageFiles(Vec<String>);

/// The files that were chosen; none, where the package says that there is nothing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'p> {
    /// Their paths, in order.
    pub files: Vec<&'p str>,
    /// The language of programs that they are for, where there is one.
    pub language: Option<String>,
}

impl PackageFiles {
    /// Files by their paths, with `/` between folders.
    pub fn new(paths: impl IntoIterator<Item = String>) -> Self {
        let mut paths: Vec<String> = paths.into_iter().collect();
        paths.sort_unstable();
        Self(paths)
    }

    /// The best group of a kind. A project for one machine takes what is made for it, before looking at what is for all.
    #[must_use]
    pub fn best(&self, kind: Kind, wanted: &Wanted<'_>) -> Option<Group<'_>> {
        let groups = self.groups(kind);
        let rids = [wanted.rid.map(Some), Some(None)];
        let best = rids
            .into_iter()
            .flatten()
            .find_map(|rid| wanted.best(&groups, rid))?;
        let files = self.0.iter().map(String::as_str);
        Some(Group {
            files: files.filter(|path| kind.holds(path, best)).collect(),
            language: best.language.clone(),
        })
    }

    /// What folders of the kind say, each once.
    fn groups(&self, kind: Kind) -> Vec<Properties> {
        let mut groups: Vec<Properties> = Vec::new();
        for path in &self.0 {
            let said = kind.properties(path, !kind.counts_folders());
            groups.extend(said.filter(|said| !groups.contains(said)));
        }
        groups
    }
}

impl Kind {
    fn properties(self, path: &str, strict: bool) -> Option<Properties> {
        self.patterns()
            .iter()
            .find_map(|pattern| pattern.matches(path, strict))
    }

    fn holds(self, path: &str, group: &Properties) -> bool {
        self.properties(path, true)
            .is_some_and(|said| said == *group)
    }
}

impl Wanted<'_> {
    /// The best of those for a machine, or of those for all.
    fn best<'g>(&self, groups: &'g [Properties], rid: Option<&str>) -> Option<&'g Properties> {
        let fits = |group: &&Properties| self.takes(group, rid);
        groups.iter().filter(fits).reduce(|best, other| {
            if self.is_better(best, other, rid) {
                other
            } else {
                best
            }
        })
    }

    fn takes(&self, group: &Properties, rid: Option<&str>) -> bool {
        let machine = match (rid, &group.rid) {
            (Some(rid), Some(theirs)) => self.runtimes.accepts(rid, theirs),
            (None, None) => true,
            _ => false,
        };
        machine
            && group
                .framework
                .as_ref()
                .is_some_and(|theirs| self.framework.accepts(theirs))
    }

    /// The nearer framework counts before the nearer machine.
    fn is_better(&self, best: &Properties, other: &Properties, rid: Option<&str>) -> bool {
        let (Some(a), Some(b)) = (&best.framework, &other.framework) else {
            return false;
        };
        if a != b {
            return nearest(self.framework, &[a, b]) == Some(b);
        }
        let distance = |group: &Properties| {
            let expanded = rid.map(|rid| self.runtimes.expand(rid));
            let place = expanded.and_then(|all| {
                all.iter()
                    .position(|each| Some(*each) == group.rid.as_deref())
            });
            place.unwrap_or(usize::MAX)
        };
        distance(other) < distance(best)
    }
}
