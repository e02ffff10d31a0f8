//! The nearest names for a word that nothing answers to.

use crate::answer::Dispatcher;
use crate::files::Probe;
use crate::listing;
use crate::options::Options;
use crate::problem::Problem;
use crate::words::is_word;

/// More suggestions than this are noise.
const MOST: usize = 3;

/// The answer to an unknown word: near names over all sources, and the cached plugin index.
pub(crate) fn unknown(dispatcher: &Dispatcher<'_>, word: &str, options: &Options) -> Problem {
    let names = listing::names(dispatcher, options);
    let synonyms = dispatcher.family.synonyms;
    Problem::Unknown {
        family: dispatcher.family.name.to_string(),
        word: word.to_owned(),
        near: near(word, &names, synonyms),
        in_index: is_word(word) && indexed(dispatcher, word),
    }
}

/// At most three of `names`, best first: synonyms, then by edit distance, then prefixes.
pub(crate) fn near(word: &str, names: &[String], synonyms: &[(&str, &str)]) -> Vec<String> {
    let word = word.to_lowercase();
    let meant = synonyms.iter().filter(|(typed, _)| *typed == word);
    let mut ranked: Vec<(usize, String)> =
        meant.map(|(_, right)| (0, (*right).to_owned())).collect();
    let scored = names
        .iter()
        .filter_map(|name| Some((rank(&word, name)?, name.clone())));
    ranked.extend(scored);
    ranked.sort();
    let mut found: Vec<String> = Vec::new();
    for (_, name) in ranked {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found.truncate(MOST);
    found
}

/// Distance in edits, a transposition counting one; `None` when `name` is too far away.
/// A name that goes on where the word ends counts as near as two edits.
fn rank(word: &str, name: &str) -> Option<usize> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    if name == word {
        // It was met and passed over: offering it again would not help.
        return None;
    }
    let distance = strsim::damerau_levenshtein(word, name);
    let close = (distance <= limit).then_some(distance);
    let prefix = (!word.is_empty() && name.starts_with(word)).then_some(2);
    close.into_iter().chain(prefix).min()
}

/// Whether a cached plugin index has an extension of that name. An index is kept as it is
/// published: `plugins/<first two letters>/<name>.toml`.
fn indexed(dispatcher: &Dispatcher<'_>, word: &str) -> bool {
    let Some(cache) = dispatcher
        .input
        .folder("NOVA_CACHE_DIR", "XDG_CACHE_HOME", ".cache")
    else {
        return false;
    };
    let indexes = cache.join("index");
    let file = format!("plugins/{}/{word}.toml", &word[..word.len().min(2)]);
    let names = dispatcher.files.names(&indexes).into_iter();
    names
        .map(|index| indexes.join(index).join(&file))
        .any(|path| dispatcher.files.probe(&path) != Probe::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, problem};

    fn among(word: &str, names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        near(word, &names, &[("remove", "delete")])
    }

    #[test]
    fn distance_grows_with_length_and_stops_at_three() {
        assert_eq!(among("vn", &["vm", "node"]), ["vm"]);
        assert_eq!(among("imgae", &["image"]), ["image"]);
        assert_eq!(among("nmaespcae", &["namespace"]), ["namespace"]);
        assert_eq!(among("abcdefghijkl", &["abcdefgh"]), Vec::<String>::new());
    }

    #[test]
    fn prefixes_and_synonyms_count_and_three_are_enough() {
        assert_eq!(among("net", &["network"]), ["network"]);
        assert_eq!(among("remove", &["remote"]), ["delete", "remote"]);
        assert_eq!(among("x1", &["x2", "x3", "x4", "x5"]).len(), 3);
    }

    #[test]
    fn every_source_is_searched() {
        let files = Fake::default()
            .program("/a/nova-hello")
            .config("[aliases]\nlsvm = 'vm list'\n");
        assert!(problem(&files, "nova helo").hints()[0].contains("\"hello\""));
        assert!(problem(&files, "nova lsvn").hints()[0].contains("\"lsvm\""));
        assert!(problem(&files, "nova netwrok").hints()[0].contains("\"network\""));
        assert!(problem(&files, "nova verson").hints()[0].contains("\"version\""));
        assert!(problem(&files, "nova disk").hints()[0].contains("\"storage\""));
    }

    #[test]
    fn what_was_passed_over_is_not_offered() {
        let files = Fake::default().open("/a").program("/a/nova-hello");
        assert_eq!(
            problem(&files, "nova hello").hints()[0],
            "see all commands: nova help -a"
        );
    }

    #[test]
    fn the_cached_index_is_named_offline() {
        let files = Fake::default().plain("/h/.cache/nova/index/main/plugins/ba/backup.toml");
        let hints = problem(&files, "nova backup").hints();
        assert!(
            hints
                .iter()
                .any(|hint| hint.contains("nova plugin install backup")),
            "{hints:?}"
        );
    }
}
