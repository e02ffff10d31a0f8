//! What the dispatcher knows about a command family, as data.

use std::borrow::Cow;

use crate::families;

/// A command family: the tools `nova-*`, `ghost-*` or `gonuget-*`, and how it speaks.
#[derive(Debug, Clone)]
pub struct Family {
    /// The command's own name; tools are called `NAME-TOOL`.
    pub name: Cow<'static, str>,
    /// One sentence for the top of the help page.
    pub about: &'static str,
    /// Command lines for the help page, each with what it does.
    pub examples: &'static [(&'static str, &'static str)],
    /// First-party tools. Their names and aliases are reserved.
    pub tools: &'static [Tool],
    /// Words that belong to a tool and stay in its arguments: `nova get vm` is `nova-object get vm`.
    pub rewrites: &'static [(&'static str, &'static str)],
    /// Wrong orders and foreign words, with the right command. Never executed.
    pub corrections: &'static [Correction],
    /// Words people try, with the word that they mean.
    pub synonyms: &'static [(&'static str, &'static str)],
    /// How errors and help are worded.
    pub voice: Voice,
}

/// A first-party tool.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// The noun; the executable is `FAMILY-NOUN`.
    pub name: &'static str,
    /// One line, verb first, without a period.
    pub summary: &'static str,
    /// Plural, kind and short forms of the noun.
    pub aliases: &'static [&'static str],
}

/// A call in the wrong order and the command that was meant.
#[derive(Debug, Clone, Copy)]
pub struct Correction {
    /// Leading words, compared without case; `*` is any noun of the family.
    pub typed: &'static [&'static str],
    /// The right words after the family's name; `*` repeats the noun.
    pub right: &'static str,
}

/// How a family words its errors and its help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// `error:` with hints; short global options; aliases.
    Toolkit,
    /// As the dotnet command line: `Error:`, long options, no aliases.
    Dotnet,
}

impl Family {
    /// The family of the command name `name`; an unknown name has extensions only.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "nova" => families::NOVA,
            "ghost" => families::GHOST,
            "gonuget" => families::GONUGET,
            other => Self {
                name: Cow::Owned(other.to_owned()),
                ..families::OTHER
            },
        }
    }

    /// The first-party tool that `word` names or abbreviates.
    #[must_use]
    pub fn tool(&self, word: &str) -> Option<&'static Tool> {
        self.tools
            .iter()
            .find(|tool| tool.name == word || tool.aliases.contains(&word))
    }

    /// The tool that takes `word` as its first argument.
    #[must_use]
    pub fn rewrite(&self, word: &str) -> Option<&'static Tool> {
        let (_, tool) = self.rewrites.iter().find(|(typed, _)| *typed == word)?;
        self.tool(tool)
    }

    /// Whether `word` can only ever mean a first-party tool.
    #[must_use]
    pub fn reserves(&self, word: &str) -> bool {
        self.tool(word).is_some() || self.rewrite(word).is_some()
    }

    /// The file name of the program for `words`: `nova-foo-bar`.
    #[must_use]
    pub fn program(&self, words: &str) -> String {
        format!("{}-{words}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_answer_to_plural_kind_and_short_forms() {
        let nova = Family::named("nova");
        for (typed, tool) in [
            ("vms", "vm"),
            ("virtualmachine", "vm"),
            ("img", "image"),
            ("ns", "namespace"),
            ("op", "operation"),
            ("no", "node"),
            ("net", "network"),
        ] {
            assert_eq!(nova.tool(typed).map(|t| t.name), Some(tool), "{typed}");
        }
        assert_eq!(nova.rewrite("get").map(|t| t.name), Some("object"));
    }

    #[test]
    fn no_word_means_two_tools() {
        for family in ["nova", "ghost", "gonuget"].map(Family::named) {
            let mut seen = std::collections::BTreeSet::new();
            let names = family
                .tools
                .iter()
                .flat_map(|t| t.aliases.iter().chain([&t.name]));
            for word in names.chain(family.rewrites.iter().map(|(word, _)| word)) {
                assert!(seen.insert(*word), "{} {word}", family.name);
            }
        }
    }

    #[test]
    fn summaries_are_verb_first_lines_without_a_period() {
        for family in ["nova", "ghost", "gonuget"].map(Family::named) {
            for tool in family.tools {
                assert!(
                    tool.summary.len() <= 72 && !tool.summary.ends_with('.'),
                    "{}",
                    tool.name
                );
                assert!(
                    tool.summary.starts_with(|c: char| c.is_ascii_uppercase()),
                    "{}",
                    tool.name
                );
            }
        }
    }

    #[test]
    fn gonuget_has_no_aliases_at_all() {
        assert!(
            Family::named("gonuget")
                .tools
                .iter()
                .all(|tool| tool.aliases.is_empty())
        );
    }

    #[test]
    fn every_correction_leads_to_a_tool_of_the_family() {
        for family in ["nova", "ghost", "gonuget"].map(Family::named) {
            for row in family.corrections {
                let noun = row.right.split(' ').next().unwrap();
                assert!(
                    noun == "*" || family.reserves(noun),
                    "{} {}",
                    family.name,
                    row.right
                );
            }
        }
    }
}
