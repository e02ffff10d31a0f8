//! Which sources a package may come from.

use super::merge::Settings;

/// Patterns of package ids, each with the sources that it is mapped to.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// Patterns in lower case, without the star at their end; the sources in the order of the configuration.
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    /// What an id is, or begins with.
    text: String,
    /// Whether ids may go on.
    open: bool,
    sources: Vec<String>,
}

impl Mapping {
    /// Patterns with the source that each belongs to.
    pub fn new<'p>(patterns: impl IntoIterator<Item = (&'p str, &'p str)>) -> Self {
        let mut mapping = Self::default();
        for (source, pattern) in patterns {
            mapping.add(source, pattern.trim());
        }
        mapping
    }

    fn add(&mut self, source: &str, pattern: &str) {
        let lower = pattern.to_lowercase();
        let (text, open) = match lower.strip_suffix('*') {
            Some(text) => (text, true),
            None => (lower.as_str(), false),
        };
        let at = self.patterns.iter().position(|known| known.text == text);
        let at = at.unwrap_or_else(|| {
            self.patterns.push(Pattern {
                text: text.to_owned(),
                open,
                sources: Vec::new(),
            });
            self.patterns.len() - 1
        });
        let known = &mut self.patterns[at];
        known.open |= open;
        if !known.sources.iter().any(|name| name == source) {
            known.sources.push(source.to_owned());
        }
    }

    /// Whether packages are mapped at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// The sources for a package: those of its exact id, else of the longest beginning of it. None means that it cannot
    /// be had.
    #[must_use]
    pub fn sources(&self, id: &str) -> &[String] {
        let id = id.trim().to_lowercase();
        let fits = |pattern: &&Pattern| {
            pattern.text == id || (pattern.open && id.starts_with(&pattern.text))
        };
        let longest = self
            .patterns
            .iter()
            .filter(fits)
            .max_by_key(|pattern| pattern.text.len());
        longest.map_or(&[], |pattern| &pattern.sources)
    }
}

impl Settings {
    /// The mapping of packages to sources.
    #[must_use]
    pub fn mapping(&self) -> Mapping {
        let sources = self.closest_first("packageSourceMapping");
        let patterns = sources.iter().flat_map(|merged| {
            let children = merged.entry.children.iter();
            children.filter_map(|child| {
                Some((merged.entry.identity(), child.attributes.get("pattern")?))
            })
        });
        Mapping::new(patterns)
    }
}
