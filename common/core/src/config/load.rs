//! Reading every layer, and laying them over each other in the order of `cli-conventions`.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use toml::Value;

use super::file::{self, Layer, ParsedFile, parse_file_as};
use super::{Config, Entry, KEYS, Origin, check, keys, merge, path as key_path, scopes, trust};
use crate::paths::Paths;
use crate::{Failure, Globals, Kind, Result, env};

/// A configuration file that exists.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) layer: Layer,
    pub(crate) path: PathBuf,
    pub(crate) parsed: ParsedFile,
}

/// Variables of other programs that say what a key says; they stand below every file.
const COMMON_VARIABLES: [(&str, &str); 3] = [
    ("global.pager", env::PAGER),
    ("global.editor", env::EDITOR),
    ("global.editor", env::VISUAL),
];

/// Variables of ours that say what a key says.
const OWN_VARIABLES: [(&str, &str); 2] = [
    ("global.pager", env::NOVA_PAGER),
    ("global.editor", env::NOVA_EDITOR),
];

impl Config {
    /// Reads every layer. A broken file is one error with file, line and column.
    pub fn load(paths: &Paths, globals: &Globals) -> Result<Self> {
        let mut warnings = Vec::new();
        let files = read_files(paths, globals, &mut warnings)?;
        let scopes = scopes::choose(&files, globals)?;
        let mut config = assemble(&files, &scopes, globals, None)?;
        if let Some(settings) = config.context_settings(globals) {
            config = assemble(&files, &scopes, globals, Some(settings))?;
        }
        config.environment = scopes.environment;
        config.profile = scopes.profile;
        config.warnings.extend(warnings);
        Ok(config)
    }

    /// What the files say by themselves: no defaults, variables or flags, and profiles,
    /// environments and contexts are only tables among others.
    pub fn of_files(paths: &Paths, globals: &Globals) -> Result<Self> {
        let mut config = Self::default();
        for file in read_files(paths, globals, &mut Vec::new())? {
            config.add_parsed(&file.path, &file.parsed, &[]);
        }
        Ok(config)
    }

    /// What the context in use sets besides cluster, user and namespace.
    fn context_settings(&self, globals: &Globals) -> Option<(String, toml::Table)> {
        // A context that does not exist is the error of whoever needs it.
        let context = self.context(globals.context.as_deref()).ok()??;
        let tables = self.get("contexts")?.value.as_array()?;
        let named =
            |table: &&Value| table.get("name").and_then(Value::as_str) == Some(&context.name);
        let own = tables.iter().find(named)?.as_table()?.clone();
        let settings: toml::Table = own
            .into_iter()
            .filter(|(name, value)| value.is_table() && check::holds_settings(name))
            .collect();
        (!settings.is_empty()).then_some((context.name, settings))
    }

    fn add_defaults(&mut self) {
        for key in KEYS {
            if let Some(default) = key.default_value() {
                self.set(key.name, default, &Origin::Default);
            }
        }
        for (key, name) in COMMON_VARIABLES {
            if let Some(text) = env::get(name) {
                self.set(key, Value::String(text), &Origin::Variable(name.to_owned()));
            }
        }
    }

    fn add_parsed(&mut self, path: &Path, parsed: &ParsedFile, scopes: &[String]) {
        for (key, (value, line)) in merge::overlay(&parsed.leaves, scopes) {
            self.set(&key, value, &Origin::File(path.to_owned(), line));
        }
    }

    fn add_table(
        &mut self,
        above: &mut Vec<String>,
        table: toml::Table,
        origin: &Origin,
    ) -> Result<()> {
        for (name, value) in table {
            above.push(name);
            match value {
                Value::Table(inner) if !inner.is_empty() => self.add_table(above, inner, origin)?,
                value => self.add_value(&key_path::join(above), value, origin)?,
            }
            above.pop();
        }
        Ok(())
    }

    fn add_variables(&mut self, globals: &Globals) -> Result<()> {
        for (name, text) in env::with_prefix("NOVA_") {
            if let Some(key) = merge::key_of_variable(&name) {
                self.add_text(&key, &text, &Origin::Variable(name))?;
            }
        }
        for (key, name) in OWN_VARIABLES {
            if let Some(text) = env::get(name) {
                self.add_text(key, &text, &Origin::Variable(name.to_owned()))?;
            }
        }
        for setting in globals.settings.iter().filter(|setting| !setting.is_flag()) {
            let origin = Origin::Variable(setting.source.to_owned());
            self.add_text(setting.key, &setting.value, &origin)?;
        }
        Ok(())
    }

    fn add_flags(&mut self, globals: &Globals, scopes: &[String]) -> Result<()> {
        for setting in &globals.config {
            match setting.split_once('=') {
                Some((key, text)) => {
                    self.add_text(key.trim(), text.trim(), &Origin::Flag("--config"))?;
                }
                None => self.add_config_file(setting, scopes, globals.lax)?,
            }
        }
        for setting in globals.settings.iter().filter(|setting| setting.is_flag()) {
            self.add_text(setting.key, &setting.value, &Origin::Flag(setting.source))?;
        }
        if globals.no_pager {
            self.set(
                "global.pager",
                Value::String(String::new()),
                &Origin::Flag("--no-pager"),
            );
        }
        Ok(())
    }

    /// `--config FILE`: a file whose keys count as if they were typed.
    fn add_config_file(&mut self, name: &str, scopes: &[String], lax: bool) -> Result<()> {
        let path = Path::new(name);
        let parsed = parse_file_as(path, lax)?.ok_or_else(|| {
            Failure::usage(format!(
                "--config needs KEY=VALUE or a file, and `{name}` is neither"
            ))
        })?;
        self.warnings.extend(parsed.unknown.iter().cloned());
        self.add_parsed(path, &parsed, scopes);
        Ok(())
    }

    fn add_text(&mut self, key: &str, text: &str, origin: &Origin) -> Result<()> {
        self.add_value(key, merge::value_of_text(key, text), origin)
    }

    fn add_value(&mut self, key: &str, value: Value, origin: &Origin) -> Result<()> {
        check::check_value(key, &value)
            .map_err(|fault| Failure::new(Kind::Config, format!("{origin}: {fault}")))?;
        self.set(key, value, origin);
        Ok(())
    }

    fn set(&mut self, key: &str, value: Value, origin: &Origin) {
        let names = key_path::split(key);
        let value = file::translate(&names, value);
        let key = keys::canonical(key);
        let target = key.trim_end_matches(['+', '-']).to_owned();
        let old = self.entries.remove(&target);
        let (target, merged) = merge::join(&key, old.as_ref().map(|old| &old.value), value);
        let mut shadowed = Vec::new();
        if let Some(old) = old {
            shadowed.push(old.origin);
            shadowed.extend(old.shadowed);
        }
        let entry = Entry {
            value: merged,
            origin: origin.clone(),
            shadowed,
        };
        self.entries.insert(target, entry);
    }
}

fn read_files(paths: &Paths, globals: &Globals, warnings: &mut Vec<String>) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    for (layer, path) in file::files(paths) {
        let Some(mut parsed) = parse_file_as(&path, globals.lax)? else {
            continue;
        };
        warnings.append(&mut parsed.unknown);
        if layer == Layer::Project {
            warnings.extend(trust::restrict(paths, &path, &mut parsed)?);
        }
        warnings.extend(open_secrets(&path, &parsed));
        warnings.extend(hidden_sibling(&path));
        files.push(Source {
            layer,
            path,
            parsed,
        });
    }
    Ok(files)
}

fn assemble(
    files: &[Source],
    scopes: &scopes::Scopes,
    globals: &Globals,
    context: Option<(String, toml::Table)>,
) -> Result<Config> {
    let mut config = Config::default();
    config.add_defaults();
    let (project, own): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| file.layer == Layer::Project);
    for file in own {
        config.add_parsed(&file.path, &file.parsed, &scopes.tables);
    }
    if let Some((name, settings)) = context {
        config.add_table(&mut Vec::new(), settings, &Origin::Context(name))?;
    }
    for file in project {
        config.add_project(file, &scopes.tables);
    }
    config.add_variables(globals)?;
    config.add_flags(globals, &scopes.tables)?;
    Ok(config)
}

impl Config {
    /// A project file may ask for more questions, never for fewer.
    fn add_project(&mut self, file: &Source, scopes: &[String]) {
        const KEY: &str = "preferences.confirm_destructive";
        let before = self.get(KEY).cloned();
        self.add_parsed(&file.path, &file.parsed, scopes);
        let strictness = |entry: Option<&Entry>| match entry
            .map(|entry| entry.value.to_string())
            .unwrap_or_default()
            .trim_matches('"')
        {
            "never" | "false" => 0,
            "bulk" => 1,
            _ => 2,
        };
        if strictness(self.get(KEY)) < strictness(before.as_ref()) {
            self.warnings.push(format!(
                "{}: `{KEY}` of a project can only be stricter than yours; it is ignored",
                file.path.display()
            ));
            self.entries
                .extend(before.map(|before| (KEY.to_owned(), before)));
        }
    }
}

/// A token that others of this machine can read.
fn open_secrets(path: &Path, parsed: &ParsedFile) -> Option<String> {
    let users = parsed.leaves.get("users")?.0.as_array()?;
    let secret = |user: &Value| {
        ["token", "client_key_data"].iter().any(|field| {
            let value = user.get(field).and_then(Value::as_str);
            value.is_some_and(|text| !text.starts_with("secret://"))
        })
    };
    let open = users.iter().any(secret) && std::fs::metadata(path).ok()?.mode() & 0o077 != 0;
    let shown = path.display();
    open.then(|| {
        format!("{shown} holds secrets and others may read it; protect it with: chmod 600 {shown}")
    })
}

/// Two files for one purpose: say which one is not read.
fn hidden_sibling(path: &Path) -> Option<String> {
    if path.file_name()? != "config.toml" {
        return None;
    }
    let other = path.with_file_name("config.yaml");
    other.exists().then(|| {
        format!(
            "{} is not read, since config.toml stands beside it",
            other.display()
        )
    })
}
