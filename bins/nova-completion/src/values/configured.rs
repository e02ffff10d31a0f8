//! What the configuration knows: contexts, clusters, users, and its own keys.

use nova_core::Format;
use nova_core::complete::Candidate;
use nova_core::config::{Config, KEYS, KeyType, find_key};
use nova_core::paths::Paths;

use super::Question;
use crate::scope;

/// A list of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Contexts,
    Clusters,
    Users,
    Keys,
    /// `KEY=`, for `--config`.
    Settings,
    /// Values of the key before.
    ValueOf,
}

/// Those that begin with what was typed.
pub(crate) fn matching(what: What, question: &Question) -> Vec<Candidate> {
    let typed = question.typed.as_str();
    let all = match what {
        What::Keys => keys(""),
        What::Settings => match typed.split_once('=') {
            Some((key, _)) => values(key, &format!("{key}=")),
            None => keys("="),
        },
        What::ValueOf => values(question.before.first().map_or("", String::as_str), ""),
        What::Contexts | What::Clusters | What::Users => named(what),
    };
    let mut fits: Vec<Candidate> = all
        .into_iter()
        .filter(|found| found.value.starts_with(typed) && !question.before.contains(&found.value))
        .collect();
    fits.sort_by(|a, b| a.value.cmp(&b.value));
    fits
}

fn keys(end: &str) -> Vec<Candidate> {
    let scalar = KEYS.iter().filter(|key| key.kind != KeyType::NamedList);
    scalar
        .map(|key| Candidate::new(format!("{}{end}", key.name), key.about))
        .collect()
}

fn values(key: &str, head: &str) -> Vec<Candidate> {
    let words: Vec<&str> = match find_key(key).map(|key| key.kind) {
        Some(KeyType::OneOf(words)) => words.to_vec(),
        Some(KeyType::Bool) => vec!["true", "false"],
        Some(KeyType::Format) => Format::ALL.iter().map(|(name, _)| *name).collect(),
        _ => Vec::new(),
    };
    let whole = |word: &&str| Candidate::new(format!("{head}{word}"), "");
    words.iter().map(whole).collect()
}

fn named(what: What) -> Vec<Candidate> {
    let Some(config) = Paths::from_env()
        .ok()
        .and_then(|paths| scope::configuration(&paths))
    else {
        return Vec::new();
    };
    match what {
        What::Contexts => contexts(&config),
        What::Clusters => names(&config, "clusters", "server"),
        _ => names(&config, "users", ""),
    }
}

fn contexts(config: &Config) -> Vec<Candidate> {
    let about = |context: &nova_core::config::ContextConfig| {
        let server = context
            .cluster
            .as_deref()
            .and_then(|name| config.cluster(name));
        server.map_or_else(|| "this machine".to_owned(), |cluster| cluster.server)
    };
    let all = config.contexts();
    all.iter()
        .map(|context| Candidate::new(&context.name, about(context)))
        .collect()
}

/// The names of a list, with one of their fields.
fn names(config: &Config, list: &str, field: &str) -> Vec<Candidate> {
    let items = config.get(list).and_then(|entry| entry.value.as_array());
    let text = |item: &toml::Value, key: &str| item.get(key)?.as_str().map(str::to_owned);
    let items = items.into_iter().flatten();
    items
        .filter_map(|item| {
            let about = text(item, field).unwrap_or_default();
            Some(Candidate::new(text(item, "name")?, about))
        })
        .collect()
}
