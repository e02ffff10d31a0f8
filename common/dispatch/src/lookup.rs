//! Longest match over places: from words to a program.

use std::path::PathBuf;

use crate::family::Family;
use crate::files::{Files, Probe};
use crate::places::{Kind, Place};
use crate::words;

/// A program and how many words named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) path: PathBuf,
    pub(crate) place: Place,
    pub(crate) words: usize,
}

/// What a search met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Search {
    pub(crate) hit: Option<Hit>,
    /// The first match that may not be executed.
    pub(crate) refused: Option<PathBuf>,
    /// Matches that were passed over because others can write to their folder.
    pub(crate) distrusted: Vec<PathBuf>,
}

/// What to look for, and where.
pub(crate) struct Query<'a> {
    pub(crate) family: &'a Family,
    pub(crate) places: &'a [Place],
    pub(crate) words: &'a [&'a str],
    /// Fewer words than this do not name anything.
    pub(crate) least: usize,
}

/// Looks for the longest name first; a longer name in a later place beats a shorter one earlier.
///
/// `trust` is asked, once per such match, whether folders that others can write to count.
pub(crate) fn search(files: &dyn Files, query: &Query<'_>, trust: &dyn Fn() -> bool) -> Search {
    let mut found = Search::default();
    for count in (query.least..=query.words.len()).rev() {
        let names = words::names(&query.words[..count]);
        let names: Vec<String> = names
            .iter()
            .map(|name| query.family.program(name))
            .collect();
        for place in query.places {
            for name in &names {
                let path = place.dir.join(name);
                match files.probe(&path) {
                    Probe::Missing => {}
                    Probe::NotExecutable => _ = found.refused.get_or_insert(path),
                    Probe::Program if !safe(files, place, trust) => found.distrusted.push(path),
                    Probe::Program => {
                        found.hit = Some(Hit {
                            path,
                            place: place.clone(),
                            words: count,
                        });
                        return found;
                    }
                }
            }
        }
    }
    found
}

/// Whether nobody else could have put a program there.
pub(crate) fn safe(files: &dyn Files, place: &Place, trust: &dyn Fn() -> bool) -> bool {
    place.kind != Kind::Path || !files.open_to_others(&place.dir) || trust()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::testing::Fake;

    fn path_places() -> Vec<Place> {
        ["/a", "/b"]
            .map(|dir| Place {
                kind: Kind::Path,
                dir: dir.into(),
            })
            .to_vec()
    }

    fn find(files: &Fake, words: &[&str]) -> Search {
        find_if(files, words, false)
    }

    fn find_if(files: &Fake, words: &[&str], trusted: bool) -> Search {
        let family = Family::named("nova");
        let query = Query {
            family: &family,
            places: &path_places(),
            words,
            least: 1,
        };
        search(files, &query, &|| trusted)
    }

    fn hit(files: &Fake, words: &[&str]) -> Option<(PathBuf, usize)> {
        find(files, words).hit.map(|hit| (hit.path, hit.words))
    }

    #[test]
    fn a_longer_name_later_beats_a_shorter_one_earlier() {
        let files = Fake::default()
            .program("/a/nova-foo")
            .program("/b/nova-foo-bar");
        assert_eq!(
            hit(&files, &["foo", "bar", "x"]),
            Some(("/b/nova-foo-bar".into(), 2))
        );
        assert_eq!(hit(&files, &["foo", "x"]), Some(("/a/nova-foo".into(), 1)));
    }

    #[test]
    fn both_spellings_reach_the_same_file() {
        let files = Fake::default()
            .program("/a/nova-foo-bar")
            .program("/a/nova-two_words");
        assert_eq!(
            hit(&files, &["foo-bar", "x"]),
            Some(("/a/nova-foo-bar".into(), 1))
        );
        assert_eq!(
            hit(&files, &["foo", "bar", "x"]),
            Some(("/a/nova-foo-bar".into(), 2))
        );
        assert_eq!(
            hit(&files, &["two-words"]),
            Some(("/a/nova-two_words".into(), 1))
        );
    }

    #[test]
    fn the_first_place_wins_even_with_the_variant_spelling() {
        let files = Fake::default()
            .program("/a/nova-x_y")
            .program("/b/nova-x-y");
        assert_eq!(hit(&files, &["x-y"]), Some(("/a/nova-x_y".into(), 1)));
    }

    #[test]
    fn a_file_that_may_not_be_executed_is_remembered_and_passed_over() {
        let files = Fake::default().plain("/a/nova-foo").program("/b/nova-foo");
        assert_eq!(hit(&files, &["foo"]), Some(("/b/nova-foo".into(), 1)));
        let files = Fake::default().plain("/a/nova-foo");
        assert_eq!(
            find(&files, &["foo"]).refused.as_deref(),
            Some(Path::new("/a/nova-foo"))
        );
    }

    #[test]
    fn folders_that_others_can_write_to_do_not_count_unless_trusted() {
        let files = Fake::default().open("/a").program("/a/nova-foo");
        let found = find(&files, &["foo"]);
        assert_eq!((found.hit, found.distrusted.len()), (None, 1));
        assert!(find_if(&files, &["foo"], true).hit.is_some());
    }
}
