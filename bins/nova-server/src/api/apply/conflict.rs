//! What an apply and other managers want differently.

use super::managers::{Entry, Managers};
use super::set::Set;

/// Fields that others own and that an apply would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflicts(Vec<(Entry, Set)>);

impl Conflicts {
    /// Looks for them.
    pub(super) fn check(others: &Managers, brought: &Set) -> Result<(), Self> {
        let each = others.0.iter().filter_map(|entry| {
            let both = entry.fields.intersection(brought);
            (!both.is_empty()).then(|| (entry.clone(), both))
        });
        let mut found: Vec<(Entry, Set)> = each.collect();
        found.sort_by(|(a, _), (b, _)| a.order().cmp(&b.order()));
        if found.is_empty() {
            return Ok(());
        }
        Err(Self(found))
    }

    /// Those that are not about these fields.
    pub(crate) fn outside(&self, allowed: &Set) -> Option<Self> {
        let left = self.0.iter().filter_map(|(entry, set)| {
            let set = set.difference(allowed);
            (!set.is_empty()).then(|| (entry.clone(), set))
        });
        let left: Vec<_> = left.collect();
        (!left.is_empty()).then_some(Self(left))
    }

    /// Whose field it is, in words, and its path; one for each field.
    pub(crate) fn causes(&self) -> Vec<(String, String)> {
        let each = self.0.iter().flat_map(|(entry, set)| {
            let who = format!("conflict with {}", entry.describe());
            set.paths().into_iter().map(move |path| (who.clone(), path))
        });
        each.collect()
    }

    /// Kubernetes' sentence for all of them.
    pub(crate) fn message(&self) -> String {
        let causes = self.causes();
        if let [(who, path)] = &causes[..] {
            return format!("Apply failed with 1 conflict: {who}: {path}");
        }
        let lines = self.0.iter().flat_map(|(entry, set)| {
            let head = format!("conflicts with {}:", entry.describe());
            let paths = set.paths().into_iter().map(|path| format!("- {path}"));
            std::iter::once(head).chain(paths)
        });
        let lines: Vec<String> = lines.collect();
        let count = causes.len();
        format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
    }
}
