//! Aliases: splitting their text, filling in arguments.

use std::ffi::{OsStr, OsString};

/// What an alias stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expansion {
    /// Words and options that replace the alias; resolved again from the start.
    Words(Vec<String>),
    /// A line for `sh -c`.
    Shell(String),
}

/// An alias of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) expansion: Expansion,
    /// Whether it comes before extensions of the same name.
    pub(crate) overrides: bool,
}

impl std::fmt::Display for Expansion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shell(script) => write!(f, "!{script}"),
            Self::Words(words) => {
                let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
                f.write_str(&quoted.join(" "))
            }
        }
    }
}

/// Splits as a shell does: blanks, quotes and backslashes; nothing is substituted.
pub(crate) fn split(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut chars, word.get_or_insert_default())?,
            '\\' => {
                let next = chars.next().ok_or("ends in a backslash")?;
                word.get_or_insert_default().push(next);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(quote: char, chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), String> {
    while let Some(c) = chars.next() {
        match c {
            c if c == quote => return Ok(()),
            '\\' if quote == '"' => match chars.next() {
                Some(next @ ('"' | '\\' | '$' | '`')) => word.push(next),
                Some(next) => word.extend(['\\', next]),
                None => break,
            },
            c => word.push(c),
        }
    }
    Err("has a quote that does not end".to_owned())
}

/// `word` as a shell reads it back.
pub(crate) fn quote(word: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(bare) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Replaces `$1` … `$9` and `$@` in `words` by arguments; what is not used is appended.
///
/// # Errors
/// The number of arguments needed, when there are fewer.
pub(crate) fn fill(words: &[String], args: &[OsString]) -> Result<Vec<OsString>, usize> {
    let (mut out, mut used, mut all) = (Vec::new(), 0, false);
    for word in words {
        match placeholder(word) {
            None => out.push(OsString::from(word)),
            Some(Placeholder::Nth(n)) => {
                out.push(args.get(n - 1).cloned().ok_or_else(|| most(words))?);
                used = used.max(n);
            }
            Some(Placeholder::All) => {
                out.extend(args.iter().cloned());
                all = true;
            }
        }
    }
    if !all {
        out.extend(args[used..].iter().cloned());
    }
    Ok(out)
}

enum Placeholder {
    Nth(usize),
    All,
}

fn placeholder(word: &str) -> Option<Placeholder> {
    match word.as_bytes() {
        [b'$', b'@'] => Some(Placeholder::All),
        [b'$', digit @ b'1'..=b'9'] => Some(Placeholder::Nth(usize::from(digit - b'0'))),
        _ => None,
    }
}

fn most(words: &[String]) -> usize {
    let numbers = words.iter().filter_map(|word| match placeholder(word)? {
        Placeholder::Nth(n) => Some(n),
        Placeholder::All => None,
    });
    numbers.max().unwrap_or(0)
}

/// The arguments of `sh` for a shell alias. A script that does not mention its arguments gets
/// them at its end, as git does.
pub(crate) fn shell(name: &str, script: &str, args: &[OsString]) -> Vec<OsString> {
    let bytes = script.as_bytes();
    let names =
        |pair: &[u8]| pair[0] == b'$' && matches!(pair[1], b'@' | b'*' | b'#' | b'{' | b'1'..=b'9');
    let script = if bytes.windows(2).any(names) {
        script.to_owned()
    } else {
        format!("{script} \"$@\"")
    };
    let head = ["sh", "-c", &script, name].map(|arg| OsStr::new(arg).to_owned());
    head.into_iter().chain(args.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    fn filled(text: &str, args: &[&str]) -> Result<Vec<OsString>, usize> {
        fill(&split(text).unwrap(), &os(args))
    }

    #[test]
    fn splitting_knows_quotes_and_backslashes() {
        assert_eq!(
            split(r#"a 'b c' "d \"e" f\ g '' "#).unwrap(),
            ["a", "b c", "d \"e", "f g", ""]
        );
        assert_eq!(split(r#""a\nb" x"y"z"#).unwrap(), ["a\\nb", "xyz"]);
        assert!(split("a 'b").is_err() && split("a \\").is_err());
    }

    #[test]
    fn arguments_are_appended_or_put_where_the_alias_says() {
        assert_eq!(
            filled("vm list", &["-w"]).unwrap(),
            os(&["vm", "list", "-w"])
        );
        assert_eq!(
            filled("vm exec $1 -- uname", &["a", "-r"]).unwrap(),
            os(&["vm", "exec", "a", "--", "uname", "-r"])
        );
        assert_eq!(
            filled("vm exec $2 -- $@", &["a", "b"]).unwrap(),
            os(&["vm", "exec", "b", "--", "a", "b"])
        );
        assert_eq!(filled("x $1 $3", &["a"]).unwrap_err(), 3);
    }

    #[test]
    fn a_shell_alias_gets_its_arguments_once() {
        assert_eq!(
            shell("x", "echo hi", &os(&["a"])),
            os(&["sh", "-c", "echo hi \"$@\"", "x", "a"])
        );
        assert_eq!(
            shell("x", "echo $1", &os(&["a"])),
            os(&["sh", "-c", "echo $1", "x", "a"])
        );
    }

    #[test]
    fn quoting_is_the_inverse_of_splitting() {
        for word in ["", "a b", "it's", "$x", "plain-1.2", "a\"b"] {
            assert_eq!(split(&quote(word)).unwrap(), [word]);
        }
    }
}
