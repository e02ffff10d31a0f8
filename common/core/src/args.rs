//! Flags that many commands share, and the names they take.

use std::io::BufRead;

use crate::{Context, Failure, Kind, Result};

/// Flags of commands that list objects.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ListArgs {
    /// List objects of all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,

    /// Only objects whose labels match, as app=web,tier!=db
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,

    /// Only objects whose fields match, as status.phase=Running
    #[arg(long, value_name = "SELECTOR")]
    pub field_selector: Option<String>,

    /// Go on and print changes as they come
    #[arg(short, long)]
    pub watch: bool,

    /// Print changes only, not the list
    #[arg(long)]
    pub watch_only: bool,

    /// Show the kind of each change
    #[arg(long)]
    pub output_watch_events: bool,

    /// Write each change of a watch as a line of its own, also on a terminal
    #[arg(long)]
    pub append: bool,

    /// Print at most this many objects; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub limit: u64,

    /// Fetch this many objects per request
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub chunk_size: u64,

    /// Leave the header line out
    #[arg(long)]
    pub no_headers: bool,

    /// Never cut cells or leave columns out to fit the terminal
    #[arg(long)]
    pub no_trunc: bool,

    /// Show all labels as the last column
    #[arg(long)]
    pub show_labels: bool,

    /// Show these labels as columns
    #[arg(short = 'L', long, value_name = "KEY", value_delimiter = ',')]
    pub label_columns: Vec<String>,

    /// Show names as kind.group/name
    #[arg(long)]
    pub show_kind: bool,

    /// Sort by a field, as .metadata.creationTimestamp
    #[arg(long, value_name = "PATH")]
    pub sort_by: Option<String>,

    /// Reverse the order of --sort-by
    #[arg(long, requires = "sort_by")]
    pub reverse: bool,

    /// Say nothing about named objects that do not exist
    #[arg(long)]
    pub ignore_not_found: bool,
}

/// Where a dry run is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum DryRun {
    /// Really do it.
    #[default]
    None,
    /// Check here; nothing is changed.
    Client,
    /// Let the server do everything but store it.
    Server,
}

/// The flag of commands that can be tried without an effect.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct DryRunArgs {
    /// Change nothing: check here (client) or let the server check (server)
    #[arg(long, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "client", hide_possible_values = true)]
    dry_run: Option<DryRun>,
}

impl DryRunArgs {
    /// Where to check; `None` is to do it.
    #[must_use]
    pub fn mode(self) -> DryRun {
        self.dry_run.unwrap_or_default()
    }

    /// Whether it is to be done.
    #[must_use]
    pub fn is_meant(self) -> bool {
        self.mode() == DryRun::None
    }
}

/// Replaces `-` among `names` by the names on standard input: one per line, blank lines and lines
/// that start with `#` skipped. Standard input is read only when `-` is there.
pub fn names_with_stdin(names: &[String]) -> Result<Vec<String>> {
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        if name == "-" {
            read_names(std::io::stdin().lock(), &mut all)?;
        } else {
            all.push(name.clone());
        }
    }
    if all.is_empty() && names.iter().any(|name| name == "-") {
        return Err(Failure::usage("no names on standard input")
            .with_hint("pipe one name per line, for example from: nova vm list -o name"));
    }
    Ok(all)
}

fn read_names(input: impl BufRead, names: &mut Vec<String>) -> Result<()> {
    for line in input.lines() {
        let line = line.context(Kind::Failed, || {
            "cannot read names from standard input".into()
        })?;
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            names.push(line.to_owned());
        }
    }
    Ok(())
}

/// Whether `name` is a shell pattern.
#[must_use]
pub fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// Whether `name` matches the shell pattern: `*`, `?`, and `[a-z]` or `[!a-z]`.
#[must_use]
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    matches(&pattern, &name)
}

fn matches(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', rest @ ..] => (0..=name.len()).any(|skip| matches(rest, &name[skip..])),
        ['?', rest @ ..] => !name.is_empty() && matches(rest, &name[1..]),
        ['[', rest @ ..] => class_matches(rest, name),
        [c, rest @ ..] => name.first() == Some(c) && matches(rest, &name[1..]),
    }
}

/// `rest` is what follows the opening bracket; an unclosed one is a plain character.
fn class_matches(rest: &[char], name: &[char]) -> bool {
    let (negated, body) = match rest {
        ['!' | '^', body @ ..] => (true, body),
        body => (false, body),
    };
    let Some(end) = body.iter().skip(1).position(|c| *c == ']').map(|at| at + 1) else {
        return name.first() == Some(&'[') && matches(rest, &name[1..]);
    };
    let Some(first) = name.first() else {
        return false;
    };
    in_class(&body[..end], *first) != negated && matches(&body[end + 1..], &name[1..])
}

fn in_class(class: &[char], c: char) -> bool {
    match class {
        [low, '-', high, rest @ ..] => (*low..=*high).contains(&c) || in_class(rest, c),
        [one, rest @ ..] => *one == c || in_class(rest, c),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_lines_without_comments_and_blanks() {
        let mut names = Vec::new();
        read_names("# list\nvm/a\n\n  b  \n".as_bytes(), &mut names).unwrap();
        assert_eq!(names, ["vm/a", "b"]);
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        let yes = [
            ("web-*", "web-1"),
            ("*", ""),
            ("w?b", "wab"),
            ("[a-c]x", "bx"),
            ("[!a]x", "bx"),
            ("a*b*c", "a1b2c"),
            ("[", "["),
        ];
        let no = [
            ("web-*", "db"),
            ("w?b", "wb"),
            ("[a-c]x", "dx"),
            ("[!a]x", "ax"),
            ("a", "ab"),
        ];
        for (pattern, name) in yes {
            assert!(glob_matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in no {
            assert!(!glob_matches(pattern, name), "{pattern} {name}");
        }
    }
}
