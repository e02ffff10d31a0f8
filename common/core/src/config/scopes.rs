//! Which `[profiles.P]` and `[environments.E]` apply.

use super::load::Source;
use super::path;
use crate::{Failure, Globals, Kind, Result, suggest};

/// Environments that need no table: their names say what they are.
const WELL_KNOWN: [&str; 4] = ["dev", "test", "staging", "prod"];

/// The chosen names, and the tables that they mean, lowest first.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    pub(crate) profile: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) tables: Vec<String>,
}

/// Chooses by flag, variable, `--config`, and the files from the highest to the lowest.
pub(crate) fn choose(files: &[Source], globals: &Globals) -> Result<Scopes> {
    let profile = chosen(files, globals, "current_profile", globals.profile.as_ref());
    let environment = chosen(
        files,
        globals,
        "current_environment",
        globals.environment.as_ref(),
    );
    let mut tables = Vec::new();
    if let Some(name) = &profile {
        for name in inheritance(files, name)? {
            tables.push(path::join(&["profiles", &name]));
        }
    }
    if let Some(name) = &environment {
        if !WELL_KNOWN.contains(&name.as_str()) {
            must_exist(files, "environment", name)?;
        }
        tables.push(path::join(&["environments", name]));
    }
    Ok(Scopes {
        profile,
        environment,
        tables,
    })
}

fn chosen(
    files: &[Source],
    globals: &Globals,
    key: &str,
    named: Option<&String>,
) -> Option<String> {
    let typed = globals.config.iter().rev().find_map(|setting| {
        let (name, value) = setting.split_once('=')?;
        (super::canonical(name.trim()) == key).then(|| value.trim().to_owned())
    });
    let found = named.cloned().or(typed).or_else(|| text_of(files, key));
    found.filter(|name| !name.is_empty())
}

/// The text of a base key in the highest file that has it.
fn text_of(files: &[Source], key: &str) -> Option<String> {
    let values = files
        .iter()
        .rev()
        .filter_map(|file| file.parsed.leaves.get(key));
    values
        .filter_map(|(value, _)| value.as_str())
        .map(str::to_owned)
        .next()
}

/// A profile with those that it extends, lowest first.
fn inheritance(files: &[Source], name: &str) -> Result<Vec<String>> {
    let mut chain = vec![name.to_owned()];
    must_exist(files, "profile", name)?;
    while let Some(last) = chain.last()
        && let Some(parent) = text_of(files, &path::join(&["profiles", last, "extends"]))
    {
        let circle = chain.contains(&parent);
        must_exist(files, "profile", &parent)?;
        chain.push(parent);
        if circle {
            let message = format!(
                "profiles extend each other in a circle: {}",
                chain.join(" -> ")
            );
            return Err(Failure::new(Kind::Config, message));
        }
    }
    chain.reverse();
    Ok(chain)
}

fn must_exist(files: &[Source], what: &str, name: &str) -> Result<()> {
    let known = names(files, &format!("{what}s"));
    if known.iter().any(|known| known == name) {
        return Ok(());
    }
    let failure = Failure::new(
        Kind::NotFound,
        format!("{what} \"{name}\" is not configured"),
    );
    Err(
        match suggest::hint(name, known.iter().map(String::as_str)) {
            Some(hint) => failure.with_hint(hint),
            None => failure.with_hint(format!(
                "make it with: nova config set {what}s.{name}.global.timeout 30s"
            )),
        },
    )
}

/// The names of all tables of a section.
pub(crate) fn names(files: &[Source], section: &str) -> Vec<String> {
    let keys = files.iter().flat_map(|file| file.parsed.leaves.keys());
    names_in(keys.map(String::as_str), section)
}

/// The names of all tables of a section among these keys.
pub(crate) fn names_in<'k>(keys: impl Iterator<Item = &'k str>, section: &str) -> Vec<String> {
    let mut names: Vec<String> = keys
        .map(path::split)
        .filter(|names| names[0] == section && names.len() > 1)
        .map(|mut names| names.swap_remove(1))
        .collect();
    names.sort();
    names.dedup();
    names
}
