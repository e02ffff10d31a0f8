//! Calls in the wrong order: recognised, answered with the right command, never executed.

use crate::family::{Correction, Family};
use crate::problem::Problem;

/// The right command for a call whose words match a row of the family's corrections.
pub(crate) fn find(family: &Family, words: &[&str]) -> Option<Problem> {
    let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    family.corrections.iter().find_map(|row| {
        let noun = matches(family, row, &lower)?;
        let right = row.right.replace('*', noun);
        Some(Problem::Corrected {
            typed: format!("{} {}", family.name, words[..row.typed.len()].join(" ")),
            right: format!("{} {right}", family.name),
        })
    })
}

/// The noun that stands for `*`, or nothing to replace; `None` when the row does not match.
fn matches(family: &Family, row: &Correction, words: &[String]) -> Option<&'static str> {
    let mut noun = "";
    if words.len() < row.typed.len() {
        return None;
    }
    for (typed, word) in row.typed.iter().zip(words) {
        match *typed {
            "*" => noun = family.tool(word)?.name,
            literal if literal == word => {}
            _ => return None,
        }
    }
    Some(noun)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fake, becomes, problem};

    fn right(line: &str) -> String {
        match problem(&Fake::default(), line) {
            crate::Problem::Corrected { right, .. } => right,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn gonugets_ten_verb_first_forms_and_their_successors() {
        for (typed, meant) in [
            ("add package Foo", "package add"),
            ("list package", "package list"),
            ("remove package Foo", "package remove"),
            ("search package foo", "package search"),
            ("add source https://x", "source add"),
            ("list source", "source list"),
            ("remove source x", "source remove"),
            ("enable x", "source enable"),
            ("disable", "source disable"),
            ("update x", "source update"),
            ("update package x", "package update"),
            ("update source x", "source update"),
            ("ADD Package Foo", "package add"),
            ("why Foo", "package why"),
            ("outdated package", "package outdated"),
            ("tree", "package tree"),
        ] {
            assert_eq!(
                right(&format!("gonuget {typed}")),
                format!("gonuget {meant}"),
                "{typed}"
            );
        }
    }

    #[test]
    fn gonuget_corrects_even_where_an_extension_would_match() {
        let files = Fake::default().program("/a/gonuget-enable");
        assert_eq!(problem(&files, "gonuget enable x").code(), 2);
    }

    #[test]
    fn ghost_answers_foreign_words_and_wrong_orders() {
        assert_eq!(right("ghost create dev"), "ghost up");
        assert_eq!(right("ghost delete dev"), "ghost down");
        assert_eq!(right("ghost cluster status dev"), "ghost status");
        assert_eq!(right("ghost list templates"), "ghost templates list");
    }

    #[test]
    fn nova_turns_verb_and_noun_around() {
        assert_eq!(right("nova list vms"), "nova vm list");
        assert_eq!(right("nova create ns x"), "nova namespace create");
        assert_eq!(right("nova start web-1"), "nova vm start");
    }

    #[test]
    fn an_extension_of_the_name_comes_before_the_correction() {
        let files = Fake::default().program("/a/nova-start");
        assert_eq!(becomes(&files, "nova start x"), "/a/nova-start x");
    }
}
