//! Changes to the text of a TOML file that leave everything else of it as it is, to the byte.
//!
//! toml_edit keeps comments and order but writes line ends and the end of the file in its own way.
//! So the change is taken from its output and spliced into the original text.

use nova_core::config::{find_key, join_path, split_path};
use nova_core::{Failure, Kind, Result};
use similar::{DiffTag, TextDiff};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

/// Most parts of a key. Readers of TOML give up on tables within tables somewhere; no key of ours has more than five.
const DEEPEST: usize = 32;

/// A text that is being changed.
#[derive(Debug)]
pub struct TomlText {
    before: String,
    toml: DocumentMut,
}

impl TomlText {
    /// Reads a text; an empty one is a new file, which starts with its `version`.
    pub fn parse(text: &str) -> Result<Self> {
        let start = if text.trim().is_empty() {
            format!("{text}version = 1\n")
        } else {
            text.to_owned()
        };
        let fault = |message: &str| Failure::new(Kind::Config, message.to_owned());
        let marked = start.strip_prefix(BOM).unwrap_or(&start);
        if marked.starts_with(BOM) {
            return Err(fault("a byte order mark (U+FEFF) stands inside the text"));
        }
        let toml = marked
            .parse()
            .map_err(|error: toml_edit::TomlError| fault(error.message()))?;
        Ok(Self {
            before: text.to_owned(),
            toml,
        })
    }

    /// Sets a dotted key; missing tables are made.
    pub fn set(&mut self, key: &str, value: Value) -> Result<()> {
        let mut names = self.spelling(key);
        if names.len() > DEEPEST {
            return Err(Failure::usage(format!(
                "a key of {} parts: at most {DEEPEST} are taken",
                names.len()
            )));
        }
        let Some(last) = names.pop().filter(|last| !last.is_empty()) else {
            return Err(Failure::usage(format!("`{key}` is not a key")));
        };
        let table = self.table_of(key, &names)?;
        match table.get_mut(&last) {
            Some(Item::Value(old)) => {
                // The comment behind the old value belongs to the key, not to the value.
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            Some(item) if !item.is_none() => {
                return Err(Failure::new(
                    Kind::Config,
                    format!("`{key}` is a table; set one of its keys"),
                ));
            }
            _ => {
                table.insert(&last, Item::Value(value));
            }
        }
        Ok(())
    }

    /// Removes a dotted key, and tables that it leaves empty; `false` when it was not there.
    pub fn unset(&mut self, key: &str) -> bool {
        let mut removed = false;
        // A file may have it in two spellings.
        loop {
            let names = self.spelling(key);
            if !remove(self.toml.as_table_mut(), &names) {
                return removed;
            }
            removed = true;
        }
    }

    /// Changes the table called `name` of a named list, made when missing. Answers whether it is
    /// new.
    pub fn upsert(
        &mut self,
        list: &str,
        name: &str,
        change: impl FnOnce(&mut Table),
    ) -> Result<bool> {
        let tables = self.named_list(list)?;
        if let Some(found) = tables.iter_mut().find(|table| is_named(table, name)) {
            change(found);
            return Ok(false);
        }
        let mut table = Table::new();
        table.insert("name", name.into());
        change(&mut table);
        tables.push(table);
        Ok(true)
    }

    /// Removes the table called `name` of a named list; `false` when it was not there.
    pub fn remove_named(&mut self, list: &str, name: &str) -> Result<bool> {
        if self.toml.get(list).is_none() {
            return Ok(false);
        }
        let tables = self.named_list(list)?;
        let before = tables.len();
        tables.retain(|table| !is_named(table, name));
        let removed = before != tables.len();
        if tables.is_empty() {
            self.toml.remove(list);
        }
        Ok(removed)
    }

    /// The text of a key that is one.
    #[must_use]
    pub fn text_of(&self, key: &str) -> Option<&str> {
        let mut item = self.toml.as_item();
        for name in self.spelling(key) {
            item = item.get(&name)?;
        }
        item.as_str()
    }

    /// The value of a key as the file spells it.
    #[must_use]
    pub fn shown(&self, key: &str) -> Option<String> {
        let mut item = self.toml.as_item();
        for name in self.spelling(key) {
            item = item.get(&name)?;
        }
        let mut value = item.as_value()?.clone();
        value.decor_mut().clear();
        Some(value.to_string())
    }

    /// The text as it was.
    #[must_use]
    pub fn before(&self) -> &str {
        &self.before
    }

    /// The changed text.
    #[must_use]
    pub fn after(&self) -> String {
        let after = self.toml.to_string();
        let untouched = self.before.parse::<DocumentMut>();
        match untouched.map(|document| document.to_string()) {
            Ok(as_written) => splice(&self.before, &as_written, &after).unwrap_or(after),
            Err(_) => after,
        }
    }

    /// The names of a key as the file spells them: `log-level` where it says so.
    fn spelling(&self, key: &str) -> Vec<String> {
        let mut names = split_path(key);
        let mut table: Option<&dyn TableLike> = Some(self.toml.as_table());
        for name in &mut names {
            let Some(inner) = table else { break };
            if !inner.contains_key(name) {
                let same = |key: &&str| key.replace('-', "_") == *name;
                let own = inner
                    .iter()
                    .map(|(key, _)| key)
                    .find(same)
                    .map(str::to_owned);
                *name = own.unwrap_or_else(|| name.clone());
            }
            table = inner.get(name).and_then(Item::as_table_like);
        }
        names
    }

    fn table_of(&mut self, key: &str, names: &[String]) -> Result<&mut dyn TableLike> {
        let mut table: &mut dyn TableLike = self.toml.as_table_mut();
        for name in names {
            let item = table.entry(name).or_insert_with(|| {
                let mut made = Table::new();
                // A table that only holds tables needs no header of its own.
                made.set_implicit(true);
                Item::Table(made)
            });
            if item.is_none() {
                *item = Item::Table(Table::new());
            }
            table = item.as_table_like_mut().ok_or_else(|| {
                Failure::new(Kind::Config, format!("`{name}` of `{key}` is not a table"))
            })?;
        }
        Ok(table)
    }

    fn named_list(&mut self, list: &str) -> Result<&mut ArrayOfTables> {
        let item = self
            .toml
            .entry(list)
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(inline) = item.as_array() {
            *item = Item::ArrayOfTables(tables_of(inline));
        }
        item.as_array_of_tables_mut().ok_or_else(|| {
            Failure::new(Kind::Config, format!("`{list}` is not an array of tables"))
        })
    }
}

const BOM: char = '\u{feff}';

/// `contexts = [{ name = "a" }]` as `[[contexts]]`, which has room for comments.
fn tables_of(inline: &toml_edit::Array) -> ArrayOfTables {
    let tables = inline
        .iter()
        .filter_map(|value| value.as_inline_table().cloned());
    tables.map(toml_edit::InlineTable::into_table).collect()
}

fn is_named(table: &Table, name: &str) -> bool {
    table.get("name").and_then(Item::as_str) == Some(name)
}

fn remove(table: &mut dyn TableLike, path: &[String]) -> bool {
    let [first, rest @ ..] = path else {
        return false;
    };
    if rest.is_empty() {
        return table.remove(first).is_some();
    }
    let Some(inner) = table.get_mut(first).and_then(Item::as_table_like_mut) else {
        return false;
    };
    let removed = remove(inner, rest);
    if removed && inner.is_empty() && !is_described(table.get(first)) {
        table.remove(first);
    }
    removed
}

/// Whether comments stand above a table: they are about more than the key that went.
fn is_described(item: Option<&Item>) -> bool {
    let decor = item.and_then(Item::as_table).map(Table::decor);
    let above = decor.and_then(|decor| decor.prefix()?.as_str().map(str::to_owned));
    above.is_some_and(|above| above.contains('#'))
}

/// Puts the lines that differ between `written` and `changed` into `original`, of which `written`
/// is the form with plain line ends.
fn splice(original: &str, written: &str, changed: &str) -> Option<String> {
    if original == written {
        return Some(changed.to_owned());
    }
    let places = places(original, written)?;
    let diff = TextDiff::from_lines(written, changed);
    let lines = |from: usize, to: usize| {
        let length = |to: usize| {
            (0..to)
                .filter_map(|at| diff.old_slice(at))
                .map(str::len)
                .sum()
        };
        let (from, to): (usize, usize) = (length(from), length(to));
        &original[places[from]..places[to]]
    };
    let usual = if original.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let mut out = original[..places[0]].to_owned();
    for op in diff.ops() {
        let (tag, old, new) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            out.push_str(lines(old.start, old.end));
            continue;
        }
        for (at, line) in new.filter_map(|at| diff.new_slice(at)).enumerate() {
            // A last line without an end gets one before another line follows it.
            if !out.is_empty() && !out.ends_with(['\n', BOM]) {
                out.push_str(usual);
            }
            let replaced =
                (old.start + at < old.end).then(|| lines(old.start + at, old.start + at + 1));
            out.push_str(line.trim_end_matches(['\r', '\n']));
            out.push_str(replaced.map_or(usual, end_of));
        }
    }
    Some(out)
}

/// The end of a line: one of two kinds, or none.
fn end_of(line: &str) -> &str {
    &line[line.trim_end_matches(['\r', '\n']).len()..]
}

/// For every byte of `written`, and its end, the byte of `original` that it comes from.
fn places(original: &str, written: &str) -> Option<Vec<usize>> {
    let bytes = original.as_bytes();
    let mut at = if original.starts_with(BOM) {
        BOM.len_utf8()
    } else {
        0
    };
    let mut places = Vec::with_capacity(written.len() + 1);
    for (index, byte) in written.bytes().enumerate() {
        // The first byte of a line end stands for both.
        places.push(at);
        if bytes.get(at) == Some(&byte) {
            at += 1;
        } else if byte == b'\n' && bytes[at..].starts_with(b"\r\n") {
            at += 2;
        } else if byte == b'\n' && at == bytes.len() && index + 1 == written.len() {
            // The end of the last line was added.
        } else {
            return None;
        }
    }
    places.push(at);
    (at == bytes.len()).then_some(places)
}

/// Reads a value as typed on the command line, checked against the key's type.
pub fn value_of(key: &str, text: &str) -> Result<Value> {
    use nova_core::config::KeyType as T;
    let kind = find_key(key).map(|known| known.kind);
    let parsed = match kind {
        Some(T::Text | T::Quantity | T::Duration | T::Format | T::OneOf(_)) => None,
        Some(T::TextList) if !text.trim_start().starts_with('[') => Some(list_of(text)),
        _ => text.parse::<Value>().ok(),
    };
    let mut value = parsed.unwrap_or_else(|| Value::from(text));
    value.decor_mut().clear();
    let plain: toml::Table = toml::from_str(&format!("x = {value}"))
        .map_err(|error| Failure::usage(format!("`{text}` is not a value: {}", error.message())))?;
    nova_core::config::check_value(key, &plain["x"])
        .map_err(|fault| Failure::new(Kind::Config, fault))?;
    Ok(value)
}

fn list_of(text: &str) -> Value {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    Value::Array(items.collect())
}

/// The key as it is written to a file: its own spelling inside the scope that was named.
#[must_use]
pub fn own_key(scope: &[String], key: &str) -> String {
    let inner = find_key(key).map_or_else(
        || key.to_owned(),
        |known| {
            // An operator, or a scope inside the key, stays.
            if split_path(key).len() == split_path(known.name).len() && !key.ends_with(['+', '-']) {
                known.name.to_owned()
            } else {
                key.to_owned()
            }
        },
    );
    let names: Vec<String> = scope.iter().cloned().chain(split_path(&inner)).collect();
    join_path(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, key: &str, value: &str) -> String {
        let mut edited = TomlText::parse(text).unwrap();
        edited.set(key, value_of(key, value).unwrap()).unwrap();
        edited.after()
    }

    fn unset(text: &str, key: &str) -> String {
        let mut edited = TomlText::parse(text).unwrap();
        assert!(edited.unset(key), "{key}");
        edited.after()
    }

    #[test]
    fn line_ends_marks_and_comments_stay() {
        let text = "\u{feff}# mine\r\nversion = 1\r\n\r\n[global]\r\ntimeout = \"5s\" # why\r\n";
        assert_eq!(set(text, "global.timeout", "9s"), text.replace("5s", "9s"));
        assert_eq!(
            set(text, "global.color", "never"),
            format!("{text}color = \"never\"\r\n")
        );
        assert_eq!(
            unset(text, "global.timeout"),
            "\u{feff}# mine\r\nversion = 1\r\n"
        );
        let twice = TomlText::parse("\u{feff}\u{feff}version = 1\n").unwrap_err();
        assert!(twice.message().contains("byte order mark"), "{twice:?}");
    }

    #[test]
    fn what_is_set_can_be_read_again_however_deep() {
        let deep = |parts: usize| vec!["a"; parts].join(".");
        let mut edited = TomlText::parse("").unwrap();
        edited.set(&deep(DEEPEST), 1.into()).unwrap();
        assert!(TomlText::parse(&edited.after()).is_ok());
        assert!(edited.set(&deep(DEEPEST + 1), 1.into()).is_err());
    }

    #[test]
    fn a_last_line_without_an_end_gets_one_only_when_another_follows() {
        assert_eq!(set("a.b = 1", "a.b", "2"), "a.b = 2");
        assert_eq!(set("a = 1", "c", "3"), "a = 1\nc = 3\n");
    }

    #[test]
    fn inline_tables_dotted_keys_and_the_files_own_spelling_are_kept() {
        assert_eq!(
            set(
                "global = { timeout = \"5s\" } # x\n",
                "global.timeout",
                "9s"
            ),
            "global = { timeout = \"9s\" } # x\n"
        );
        assert_eq!(
            set("global.timeout = \"5s\"\n", "global.timeout", "9s"),
            "global.timeout = \"9s\"\n"
        );
        assert_eq!(
            set(
                "[global]\nlog-level = \"warn\"\n",
                "global.log_level",
                "info"
            ),
            "[global]\nlog-level = \"info\"\n"
        );
        assert_eq!(
            set("", "global.timeout", "9s"),
            "version = 1\n\n[global]\ntimeout = \"9s\"\n"
        );
    }

    #[test]
    fn what_is_no_table_is_a_failure_and_never_a_panic() {
        for (text, key) in [
            ("a = 1\n", "a.b"),
            ("[a.b]\nc = 1\n", "a.b"),
            ("[[a]]\n", "a.b"),
            ("", ""),
        ] {
            let mut edited = TomlText::parse(text).unwrap();
            assert!(edited.set(key, 1.into()).is_err(), "{key} in {text}");
            assert_eq!(edited.text_of("nothing.there"), None);
        }
        let mut edited = TomlText::parse("a = 1\n").unwrap();
        assert!(!edited.unset("a.b.c") && !edited.unset(""));
    }

    #[test]
    fn names_with_dots_are_one_name() {
        assert_eq!(
            set("[aliases]\n", "aliases.\"a.b\"", "vm list"),
            "[aliases]\n\"a.b\" = \"vm list\"\n"
        );
    }

    /// Pieces of configuration files, good and odd.
    const PIECES: [&str; 20] = [
        "# comment",
        "",
        "version = 1",
        "[global]",
        "[global] # here",
        "timeout = \"5s\" # why",
        "global.color = 'never'",
        "global = { color = \"auto\", n = 1 }",
        "[a.b]",
        "[[users]]",
        "name = \"ä日本\"",
        "text = \"\"\"\n# no comment\n\"\"\"",
        "list = [ 1, # one\n  2 ]",
        "\"quoted.key\" = 1",
        "a-b = 3",
        "a_b = 4",
        "  [indented]  ",
        "x.y.z = 1979-05-27",
        "[profiles.\"my ci\"]",
        "extends='base'",
    ];
    const KEYS: [&str; 12] = [
        "global.timeout",
        "global.color",
        "global",
        "a.b.c",
        "a_b",
        "users",
        "\"quoted.key\"",
        "profiles.\"my ci\".x",
        "list",
        "text",
        "x.y.z",
        "new.table.key",
    ];

    fn checked(text: &str, key: &str, set: bool) {
        let Ok(mut edited) = TomlText::parse(text) else {
            return;
        };
        let existed = edited.shown(key).is_some();
        if !text.trim().is_empty() {
            assert_eq!(edited.after(), text, "untouched");
        }
        let done = if set {
            edited.set(key, 7.into()).is_ok()
        } else {
            edited.unset(key)
        };
        let after = edited.after();
        let mut again = TomlText::parse(&after).unwrap();
        if !done {
            return;
        }
        if set {
            assert_eq!(
                again.shown(key).as_deref(),
                Some("7"),
                "{key} in {text:?} gave {after:?}"
            );
            again.set(key, 7.into()).unwrap();
            assert_eq!(again.after(), after, "the same again");
            let comments = text
                .lines()
                .filter(|line| !existed && line.trim_start().starts_with('#'));
            comments
                .for_each(|line| assert!(after.contains(line), "{line} of {text:?} in {after:?}"));
        } else {
            assert_eq!(again.shown(key), None, "{key} in {text:?} gave {after:?}");
        }
        let others = |text: &str| {
            let table: toml::Table = text.trim_start_matches(BOM).parse().unwrap();
            let mut rest = TomlText::parse(&table.to_string()).unwrap();
            rest.unset(key);
            rest.unset("version");
            let rest: toml::Table = rest.toml.to_string().parse().unwrap();
            without_empty(rest)
        };
        assert_eq!(
            others(&after),
            others(text),
            "{key} in {text:?} gave {after:?}"
        );
    }

    /// A table that held only the key goes with it.
    fn without_empty(table: toml::Table) -> toml::Table {
        let inner = table.into_iter().map(|(name, value)| match value {
            toml::Value::Table(inner) => (name, toml::Value::Table(without_empty(inner))),
            value => (name, value),
        });
        inner
            .filter(|(_, value)| value.as_table().is_none_or(|inner| !inner.is_empty()))
            .collect()
    }

    proptest::proptest! {
        #[test]
        fn a_change_keeps_everything_else(
            pieces in proptest::collection::vec(0..PIECES.len(), 0..9),
            ends in 0..3_u8,
            mark in proptest::bool::ANY,
            last in proptest::bool::ANY,
            key in 0..KEYS.len(),
            set in proptest::bool::ANY,
        ) {
            let end = ["\n", "\r\n", "\n\n"][usize::from(ends)];
            let lines: Vec<&str> = pieces.iter().map(|piece| PIECES[*piece]).collect();
            let mark = if mark { "\u{feff}" } else { "" };
            let text = format!("{mark}{}{}", lines.join(end), if last { end } else { "" });
            checked(&text, KEYS[key], set);
        }
    }
}
