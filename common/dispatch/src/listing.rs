//! Everything that can be called, with where it comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::answer::{Dispatcher, distrust};
use crate::config::Config;
use crate::family::Voice;
use crate::files::Probe;
use crate::launch::PROTOCOL;
use crate::lookup::safe;
use crate::manifest::{self, Manifest};
use crate::options::Options;
use crate::places::{self, Kind, Place};
use crate::text::plain_os;
use crate::words::is_word;

/// Where a command comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    FirstParty,
    Installed,
    OnPath,
    Alias,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) section: Section,
    /// The name without its family; words joined by `-`.
    pub(crate) name: String,
    /// What is typed: `nova vm backup`.
    pub(crate) invocation: String,
    pub(crate) about: Manifest,
    /// The program; absent for aliases and tools that are not installed.
    pub(crate) path: Option<PathBuf>,
    /// What an alias stands for.
    pub(crate) expansion: Option<String>,
    /// What is run instead of this entry.
    pub(crate) shadowed_by: Option<String>,
}

/// Words that the dispatcher answers itself.
pub(crate) const OWN_WORDS: [&str; 3] = ["help", "version", "commands"];

/// The multi-call twin lies beside the tools and is none.
const TWIN: &str = "box";

/// All commands in the order of their sections, then by name.
pub(crate) fn collect(dispatcher: &Dispatcher<'_>, options: &Options) -> Vec<Entry> {
    let mut entries = first_party(dispatcher, options);
    entries.extend(extensions(dispatcher, options));
    let config = if dispatcher.family.voice == Voice::Dotnet {
        None
    } else {
        dispatcher
            .config()
            .map_err(|problem| dispatcher.warn(problem.to_string()))
            .ok()
    };
    if let Some(config) = config {
        aliases(dispatcher, config, &mut entries);
    }
    entries.sort_by(|a, b| {
        (a.section, &a.name, &a.shadowed_by).cmp(&(b.section, &b.name, &b.shadowed_by))
    });
    entries
}

/// Every name that suggestions may offer; reads no manifests and warns of nothing.
pub(crate) fn names(dispatcher: &Dispatcher<'_>, options: &Options) -> Vec<String> {
    let family = &dispatcher.family;
    let mut names: Vec<String> = OWN_WORDS.map(str::to_owned).to_vec();
    names.extend(family.tools.iter().map(|tool| tool.name.to_owned()));
    names.extend(family.rewrites.iter().map(|(word, _)| (*word).to_owned()));
    for place in places::places(dispatcher.input, options.exec_path.as_deref()) {
        if !safe(dispatcher.files, &place, &|| trusts_path(dispatcher)) {
            continue;
        }
        let found = files(dispatcher, &place).into_iter();
        names.extend(
            found
                .filter(|(_, _, probe)| *probe == Probe::Program)
                .map(|(name, ..)| name),
        );
    }
    if family.voice == Voice::Toolkit
        && let Ok(config) = dispatcher.config()
    {
        names.extend(config.aliases.keys().cloned());
    }
    names.retain(|name| name != TWIN);
    names.sort();
    names.dedup();
    names
}

fn first_party(dispatcher: &Dispatcher<'_>, options: &Options) -> Vec<Entry> {
    let family = &dispatcher.family;
    let entry = |tool: &'static crate::family::Tool| {
        let place = dispatcher.installed(tool, options).ok();
        let path = place.map(|place| place.dir.join(family.program(tool.name)));
        let version = path
            .as_deref()
            .and_then(|path| about(dispatcher, path, tool.name).version);
        Entry {
            section: Section::FirstParty,
            name: tool.name.to_owned(),
            invocation: format!("{} {}", family.name, tool.name),
            about: Manifest {
                summary: Some(tool.summary.to_owned()),
                version,
                ..Manifest::default()
            },
            path,
            expansion: None,
            shadowed_by: None,
        }
    };
    family.tools.iter().map(entry).collect()
}

/// Files of the family in a folder: name, path, and whether it can be executed.
fn files(dispatcher: &Dispatcher<'_>, place: &Place) -> Vec<(String, PathBuf, Probe)> {
    let prefix = dispatcher.family.program("");
    let mut found: Vec<_> = dispatcher
        .files
        .names(&place.dir)
        .into_iter()
        .filter_map(|file| {
            let name = file.to_str()?.strip_prefix(&prefix)?;
            let path = place.dir.join(&file);
            let probe = is_word(name).then(|| dispatcher.files.probe(&path))?;
            // A sidecar, a manual or a build file is no command, and a folder neither.
            let other = probe == Probe::NotExecutable && path.extension().is_some();
            (probe != Probe::Missing && !other).then(|| (name.replace('_', "-"), path, probe))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn extensions(dispatcher: &Dispatcher<'_>, options: &Options) -> Vec<Entry> {
    let places = places::places(dispatcher.input, options.exec_path.as_deref());
    let on_path = |place: &Place| {
        places
            .iter()
            .any(|other| other.kind == Kind::Path && other.dir == place.dir)
    };
    let mut winners: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut entries = Vec::new();
    for (index, place) in places.iter().enumerate() {
        // The folder of our own tools is often on PATH as well.
        if places[..index]
            .iter()
            .any(|earlier| earlier.dir == place.dir)
        {
            continue;
        }
        let outside = place.kind == Kind::Path || (place.kind == Kind::Exec && on_path(place));
        let section = if outside {
            Section::OnPath
        } else {
            Section::Installed
        };
        for (name, path, probe) in files(dispatcher, place) {
            let ours = dispatcher
                .family
                .tool(&name)
                .is_some_and(|tool| tool.name == name);
            if place.kind == Kind::Exec && (ours || name == TWIN) {
                continue;
            }
            if probe == Probe::NotExecutable {
                dispatcher.warn(format!("{} is not executable", plain_os(&path)));
            } else if usable(dispatcher, place, &path) {
                let winner = winner(dispatcher, options, &name, &winners);
                winners.entry(name.clone()).or_insert_with(|| path.clone());
                entries.push(extension(dispatcher, section, (name, path), winner));
            }
        }
    }
    entries
}

fn trusts_path(dispatcher: &Dispatcher<'_>) -> bool {
    dispatcher.config().is_ok_and(|config| config.trusts_path)
}

fn usable(dispatcher: &Dispatcher<'_>, place: &Place, path: &Path) -> bool {
    let safe = safe(dispatcher.files, place, &|| trusts_path(dispatcher));
    if !safe {
        dispatcher.warn(distrust(path));
    }
    safe
}

fn extension(
    dispatcher: &Dispatcher<'_>,
    section: Section,
    (name, path): (String, PathBuf),
    shadowed_by: Option<String>,
) -> Entry {
    let family = &dispatcher.family;
    // A name under a first-party noun is a verb of that noun.
    let words = match name.split_once('-') {
        Some((noun, verb)) if family.tool(noun).is_some_and(|tool| tool.name == noun) => {
            format!("{noun} {verb}")
        }
        _ => name.clone(),
    };
    Entry {
        section,
        invocation: format!("{} {words}", family.name),
        about: about(dispatcher, &path, &name),
        name,
        path: Some(path),
        expansion: None,
        shadowed_by,
    }
}

fn about(dispatcher: &Dispatcher<'_>, path: &Path, name: &str) -> Manifest {
    let found = manifest::read(dispatcher.files, path, name).unwrap_or_else(|(path, reason)| {
        dispatcher.warn(format!(
            "cannot read the manifest in {}: {reason}",
            plain_os(path)
        ));
        Manifest::default()
    });
    if let Some(protocol) = &found.protocol {
        dispatcher.warn(format!(
            "{} is made for protocol {protocol}, this is {PROTOCOL}",
            plain_os(path)
        ));
    }
    if found.hooks {
        dispatcher.warn(format!(
            "{} registers hooks, which this release does not run",
            plain_os(path)
        ));
    }
    found
}

/// What runs instead of the extension `name`, if anything does.
fn winner(
    dispatcher: &Dispatcher<'_>,
    options: &Options,
    name: &str,
    winners: &BTreeMap<String, PathBuf>,
) -> Option<String> {
    let family = &dispatcher.family;
    if family.reserves(name) {
        let (tool, _) = dispatcher.reserved(name);
        let program = family.program(tool.name);
        let place = dispatcher.installed(tool, options).ok();
        return Some(place.map_or(program.clone(), |place| plain_os(place.dir.join(program))));
    }
    if OWN_WORDS.contains(&name) {
        return Some(family.name.to_string());
    }
    winners.get(name).map(plain_os)
}

fn aliases(dispatcher: &Dispatcher<'_>, config: &Config, entries: &mut Vec<Entry>) {
    let family = &dispatcher.family;
    for (name, alias) in &config.aliases {
        let fixed = OWN_WORDS.contains(&name.as_str()) || family.reserves(name);
        let rival = entries.iter_mut().find(|entry| {
            entry.section != Section::Alias && entry.name == *name && entry.shadowed_by.is_none()
        });
        let mut shadowed_by = fixed.then(|| family.name.to_string());
        if let Some(rival) = rival {
            if alias.overrides && !fixed {
                rival.shadowed_by = Some(format!("alias {name}"));
            } else {
                let program = family.program(&rival.name);
                shadowed_by = Some(rival.path.as_ref().map_or(program, plain_os));
            }
        }
        entries.push(Entry {
            section: Section::Alias,
            name: name.clone(),
            invocation: format!("{} {name}", family.name),
            about: Manifest::default(),
            path: None,
            expansion: Some(alias.expansion.to_string()),
            shadowed_by,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::Family;
    use crate::testing::{Fake, input};

    fn entries(files: &Fake) -> (Vec<Entry>, Vec<String>) {
        let input = input("nova --list");
        let dispatcher = Dispatcher::new(&input, files, Family::named("nova"));
        let entries = collect(&dispatcher, &Options::default());
        (entries, dispatcher.warnings())
    }

    fn find(files: &Fake, section: Section, name: &str) -> Vec<Option<String>> {
        let found = entries(files).0.into_iter();
        let found = found.filter(|entry| entry.section == section && entry.name == name);
        found.map(|entry| entry.shadowed_by).collect()
    }

    #[test]
    fn installed_tools_have_a_path_and_are_not_listed_again_from_path() {
        let files = Fake::default()
            .program("/opt/bin/nova-vm")
            .program("/opt/bin/nova-box");
        let (entries, _) = entries(&files);
        let vm: Vec<_> = entries.iter().filter(|entry| entry.name == "vm").collect();
        assert_eq!(vm.len(), 1);
        assert_eq!(vm[0].path.as_deref(), Some(Path::new("/opt/bin/nova-vm")));
        assert!(entries.iter().all(|entry| entry.name != "box"));
        assert!(
            entries
                .iter()
                .any(|entry| entry.name == "pool" && entry.path.is_none())
        );
    }

    #[test]
    fn the_store_is_installed_and_path_is_on_path() {
        let store = "/h/.local/share/nova/plugins/bin/nova-x";
        let files = Fake::default()
            .program(store)
            .program("/a/nova-x")
            .program("/opt/bin/nova-y");
        assert_eq!(find(&files, Section::Installed, "x"), [None]);
        assert_eq!(find(&files, Section::OnPath, "x"), [Some(store.to_owned())]);
        assert_eq!(find(&files, Section::OnPath, "y"), [None]);
    }

    #[test]
    fn what_can_never_run_is_shadowed() {
        let files = Fake::default()
            .program("/a/nova-vm")
            .program("/a/nova-help")
            .program("/a/nova-get");
        assert_eq!(
            find(&files, Section::OnPath, "vm"),
            [Some("nova-vm".to_owned())]
        );
        assert_eq!(
            find(&files, Section::OnPath, "help"),
            [Some("nova".to_owned())]
        );
        assert_eq!(
            find(&files, Section::OnPath, "get"),
            [Some("nova-object".to_owned())]
        );
    }

    #[test]
    fn aliases_are_shadowed_unless_they_override() {
        let files = Fake::default().program("/a/nova-x").program("/a/nova-y").config(
            "[aliases]\nx = 'vm list'\ny = { command = 'vm list', override = true }\nvm = 'x'\n",
        );
        assert_eq!(
            find(&files, Section::Alias, "x"),
            [Some("/a/nova-x".to_owned())]
        );
        assert_eq!(find(&files, Section::Alias, "y"), [None]);
        assert_eq!(
            find(&files, Section::OnPath, "y"),
            [Some("alias y".to_owned())]
        );
        assert!(find(&files, Section::Alias, "vm")[0].is_some());
    }

    #[test]
    fn a_verb_under_a_noun_is_shown_as_it_is_typed() {
        let (entries, _) = entries(
            &Fake::default()
                .program("/a/nova-vm-backup")
                .program("/a/nova-foo-bar"),
        );
        let typed = |name: &str| {
            &entries
                .iter()
                .find(|entry| entry.name == name)
                .unwrap()
                .invocation
        };
        assert_eq!(typed("vm-backup"), "nova vm backup");
        assert_eq!(typed("foo-bar"), "nova foo-bar");
    }

    #[test]
    fn odd_files_are_warned_about_and_sidecars_are_not() {
        let files = Fake::default()
            .plain("/a/nova-x")
            .plain("/a/nova-y.toml")
            .program("/b/nova-z")
            .open("/b");
        let (entries, warnings) = entries(&files.file("/h/.config/nova/config.toml", "x = ="));
        assert!(entries.iter().all(|entry| entry.path.is_none()));
        assert_eq!(warnings.len(), 3, "{warnings:?}");
    }
}
