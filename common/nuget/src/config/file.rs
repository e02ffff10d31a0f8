//! One configuration file.

use std::path::Path;

use roxmltree::{Document, Node};

use super::error::ConfigError;
use super::surroundings::Surroundings;

/// Attributes in their order; values with their variables expanded, keys as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(pub Vec<(String, String)>);

impl Attributes {
    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether an attribute says `true`.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
}

/// An entry of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the element: `add`, or the name of a source that has credentials.
    pub element: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// What is inside.
    pub children: Vec<Self>,
}

impl Entry {
    /// What tells it apart in its section: the key, the name, or the element itself.
    #[must_use]
    pub fn identity(&self) -> &str {
        let named = ["key", "name", "packageSource"];
        let found = named.iter().find_map(|name| self.attributes.get(name));
        found.unwrap_or(&self.element)
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &str {
        self.attributes.get("value").unwrap_or_default()
    }
}

/// A section as one file has it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    /// Entries of further files do not count.
    pub(super) clears: bool,
    pub(super) entries: Vec<Entry>,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) sections: Vec<Section>,
}

impl File {
    pub(super) fn read(path: &Path, around: &Surroundings) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io {
            what: "read",
            path: path.to_owned(),
            source,
        })?;
        let document = Document::parse(&text).map_err(|source| ConfigError::NotXml {
            path: path.to_owned(),
            source,
        })?;
        let root = document.root_element();
        if !root.tag_name().name().eq_ignore_ascii_case("configuration") {
            return Err(ConfigError::WrongRoot(path.to_owned()));
        }
        let reader = Reader { path, around };
        let mut sections: Vec<Section> = Vec::new();
        for node in root.children().filter(Node::is_element) {
            let name = node.tag_name().name();
            // Of several sections of one name the first counts.
            if !sections.iter().any(|section| section.name == name) {
                sections.push(reader.section(node)?);
            }
        }
        Ok(Self { sections })
    }
}

struct Reader<'r> {
    path: &'r Path,
    around: &'r Surroundings,
}

impl Reader<'_> {
    fn section(&self, node: Node<'_, '_>) -> Result<Section, ConfigError> {
        let mut section = Section {
            name: node.tag_name().name().to_owned(),
            clears: false,
            entries: Vec::new(),
        };
        for child in node.children().filter(Node::is_element) {
            if child.tag_name().name() == "clear" {
                section.clears = true;
                section.entries.clear();
                continue;
            }
            let entry = self.entry(child)?;
            // Of several entries of one key the first counts.
            let known = section
                .entries
                .iter()
                .any(|known| known.identity() == entry.identity());
            if !known {
                section.entries.push(entry);
            }
        }
        Ok(section)
    }

    fn entry(&self, node: Node<'_, '_>) -> Result<Entry, ConfigError> {
        let element = node.tag_name().name();
        if element.eq_ignore_ascii_case("add") {
            self.check(node)?;
        }
        let attribute = |attribute: roxmltree::Attribute<'_, '_>| {
            let value = match attribute.name() {
                "key" => attribute.value().to_owned(),
                _ => self.around.expand(attribute.value()),
            };
            (attribute.name().to_owned(), value)
        };
        let children = node.children().filter(Node::is_element);
        Ok(Entry {
            element: element.to_owned(),
            attributes: Attributes(node.attributes().map(attribute).collect()),
            children: children
                .map(|child| self.entry(child))
                .collect::<Result<_, _>>()?,
        })
    }

    /// An `add` has a key and a value; the key is not empty.
    fn check(&self, node: Node<'_, '_>) -> Result<(), ConfigError> {
        let element = || node.tag_name().name().to_owned();
        for attribute in ["key", "value"] {
            if node.attribute(attribute).is_none() {
                return Err(ConfigError::Missing {
                    path: self.path.to_owned(),
                    element: element(),
                    attribute,
                });
            }
        }
        if node.attribute("key") == Some("") {
            return Err(ConfigError::Empty {
                path: self.path.to_owned(),
                element: element(),
                attribute: "key",
            });
        }
        Ok(())
    }
}
