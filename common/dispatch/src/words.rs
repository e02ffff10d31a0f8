//! Which arguments are command words, and the file names that they stand for.

use std::ffi::OsString;

/// More leading words than this never name a command.
pub(crate) const MOST: usize = 5;

/// Whether `text` can be a command word: `[A-Za-z0-9][A-Za-z0-9_.-]*`.
pub(crate) fn is_word(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-');
    text.bytes()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric())
        && text.bytes().all(inner)
}

/// The leading words of a command line, up to the first flag or other argument.
pub(crate) fn leading(line: &[OsString]) -> Vec<&str> {
    let words = line
        .iter()
        .map_while(|arg| arg.to_str().filter(|text| is_word(text)));
    words.take(MOST).collect()
}

/// The names of a command of these words: joined by `-`, and kubectl's spelling where a `-`
/// inside a word is `_`.
pub(crate) fn names(words: &[&str]) -> Vec<String> {
    let joined = words.join("-");
    let inner: Vec<String> = words.iter().map(|word| word.replace('-', "_")).collect();
    let variant = inner.join("-");
    if variant == joined {
        vec![joined]
    } else {
        vec![joined, variant]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &[&str]) -> Vec<String> {
        let line: Vec<OsString> = line.iter().map(OsString::from).collect();
        leading(&line).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn words_end_at_the_first_flag_or_strange_argument() {
        assert_eq!(words(&["foo", "bar", "--x", "baz"]), ["foo", "bar"]);
        assert_eq!(words(&["foo", "./x", "bar"]), ["foo"]);
        assert_eq!(words(&["-x", "foo"]), Vec::<String>::new());
        assert_eq!(words(&["", "foo"]), Vec::<String>::new());
        assert_eq!(words(&["..", "foo"]), Vec::<String>::new());
    }

    #[test]
    fn five_words_at_most() {
        assert_eq!(
            words(&["a", "b", "c", "d", "e", "f"]),
            ["a", "b", "c", "d", "e"]
        );
    }

    #[test]
    fn a_dash_inside_a_word_may_be_an_underscore_in_the_file() {
        assert_eq!(names(&["foo-bar", "x"]), ["foo-bar-x", "foo_bar-x"]);
        assert_eq!(names(&["foo", "bar"]), ["foo-bar"]);
    }
}
