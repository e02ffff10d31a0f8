//! The steps from one version of the file format to the next, each a pure function over the text.
//!
//! | step | what changes |
//! | --- | --- |
//! | 0 → 1 | `version` is written; kebab-case keys of ours become snake case; `defaults.output`, `preferences.{colors,pager,editor}` become `global.{output,color,pager,editor}` |

use nova_core::config::KEYS;
use nova_core::{Failure, Kind, Result};
use toml_edit::{DocumentMut, Item, Key, Table, Value};

/// A step from the version of its place in the list to the next.
const STEPS: [fn(&mut DocumentMut); 1] = [to_version_1];

/// The text in the present version.
pub(crate) fn run(text: &str) -> Result<String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        Failure::new(Kind::Config, error.message().to_owned())
    })?;
    let version = document
        .get("version")
        .and_then(Item::as_integer)
        .unwrap_or(0);
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done >= STEPS.len() {
        return Ok(text.to_owned());
    }
    for step in &STEPS[done..] {
        step(&mut document);
    }
    Ok(document.to_string())
}

/// Old keys and their present ones.
const MOVES: [(&str, &str, &str); 4] = [
    ("defaults", "output", "output"),
    ("preferences", "colors", "color"),
    ("preferences", "pager", "pager"),
    ("preferences", "editor", "editor"),
];

fn to_version_1(document: &mut DocumentMut) {
    let first = document.iter().next().map(|(name, _)| name.to_owned());
    let opening = first.and_then(|name| take_opening(document.as_table_mut(), &name));
    snake(document.as_table_mut(), true);
    move_keys(document.as_table_mut());
    for scopes in ["profiles", "environments"] {
        let tables = document.get_mut(scopes).and_then(Item::as_table_mut);
        for (_, scope) in tables.into_iter().flat_map(Table::iter_mut) {
            if let Some(scope) = scope.as_table_mut() {
                snake(scope, true);
                move_keys(scope);
            }
        }
    }
    stamp(document, 1, opening.unwrap_or_default());
}

/// The version stands first, below the comments that the file begins with.
fn stamp(document: &mut DocumentMut, version: i64, opening: String) {
    let mut rest = std::mem::take(document.as_table_mut());
    rest.remove("version");
    let root = document.as_table_mut();
    let mut key = Key::new("version");
    key.leaf_decor_mut().set_prefix(opening);
    root.insert_formatted(&key, Item::Value(version.into()));
    let names: Vec<Key> = rest
        .iter()
        .filter_map(|(name, _)| rest.key(name).cloned())
        .collect();
    for key in names {
        if let Some((_, item)) = rest.remove_entry(&key) {
            root.insert_formatted(&key, item);
        }
    }
}

/// Comments above the first entry up to the last empty line belong to the file, not to the entry.
fn take_opening(table: &mut Table, name: &str) -> Option<String> {
    let take = |text: &str| {
        let end = text.rfind("\n\n").map(|at| at + 2)?;
        Some((text[..end].to_owned(), text[end..].to_owned()))
    };
    let is_value = table.get(name).is_some_and(Item::is_value);
    if is_value {
        let mut key = table.key_mut(name)?;
        let prefix = key.leaf_decor().prefix()?.as_str()?.to_owned();
        let (opening, own) = take(&prefix)?;
        key.leaf_decor_mut()
            .set_prefix(own.trim_start_matches('\n'));
        return Some(opening);
    }
    let inner = table.get_mut(name)?.as_table_mut()?;
    let prefix = inner.decor().prefix()?.as_str()?.to_owned();
    let (opening, own) = take(&prefix)?;
    inner.decor_mut().set_prefix(own);
    Some(opening)
}

fn move_keys(table: &mut Table) {
    for (section, old, new) in MOVES {
        let Some(inner) = table.get_mut(section).and_then(Item::as_table_like_mut) else {
            continue;
        };
        let Some(item) = inner.remove(old) else {
            continue;
        };
        if inner.is_empty() {
            table.remove(section);
        }
        let item = modern(old, item);
        let global = table.entry("global").or_insert(Item::Table(Table::new()));
        if let Some(global) = global.as_table_like_mut()
            && !global.contains_key(new)
        {
            global.insert(new, item);
        }
    }
}

/// `colors = true` is `color = "auto"`.
fn modern(old: &str, item: Item) -> Item {
    match (old, item.as_bool()) {
        ("colors", Some(on)) => {
            let mut value = Value::from(if on { "auto" } else { "never" });
            if let Some(old) = item.as_value() {
                *value.decor_mut() = old.decor().clone();
            }
            Item::Value(value)
        }
        _ => item,
    }
}

/// Keys of ours in snake case, where they stand; names that users chose stay.
fn snake(table: &mut Table, top: bool) {
    let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let own = name.replace('-', "_");
        if own != name && is_ours(&own) && !table.contains_key(&own) {
            rename(table, &name, &own);
        }
        let sections = ["global", "defaults", "preferences"];
        if top
            && sections.contains(&own.as_str())
            && let Some(inner) = table.get_mut(&own).and_then(Item::as_table_mut)
        {
            snake(inner, false);
        }
    }
}

fn is_ours(name: &str) -> bool {
    KEYS.iter()
        .any(|key| key.name.split('.').any(|part| part == name))
}

/// Renames in place: order and comments stay.
fn rename(table: &mut Table, old: &str, new: &str) {
    let names: Vec<Key> = table
        .iter()
        .filter_map(|(name, _)| table.key(name).cloned())
        .collect();
    for key in names {
        let Some((_, item)) = table.remove_entry(&key) else {
            continue;
        };
        let key = if key.get() == old {
            Key::new(new)
                .with_leaf_decor(key.leaf_decor().clone())
                .with_dotted_decor(key.dotted_decor().clone())
        } else {
            key
        };
        table.insert_formatted(&key, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# My settings.\n\n# where to go\ncurrent-context = \"prod\" # home\n\n[defaults]\noutput = \"json\"\n\
cpu = 2\n\n[preferences]\ncolors = false # never\nconfirm-destructive = \"bulk\"\n\n[aliases]\nmy-own = \"vm list\"\n";

    #[test]
    fn version_0_becomes_version_1_and_keeps_its_comments() {
        let new = run(OLD).unwrap();
        assert_eq!(
            new,
            "# My settings.\n\nversion = 1\n# where to go\ncurrent_context = \"prod\" # home\n\n[defaults]\ncpu = 2\n\n\
[preferences]\nconfirm_destructive = \"bulk\"\n\n[aliases]\nmy-own = \"vm list\"\n\n[global]\noutput = \"json\"\n\
color = \"never\" # never\n"
        );
        assert_eq!(run(&new).unwrap(), new);
    }

    #[test]
    fn the_present_version_and_an_empty_file_are_fine() {
        let now = "version = 1\n[defaults]\noutput = \"json\"\n";
        assert_eq!(run(now).unwrap(), now);
        assert_eq!(run("").unwrap(), "version = 1\n");
    }
}
