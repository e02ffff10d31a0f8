//! What all files say together.

use std::path::{Path, PathBuf};

use super::discover;
use super::error::ConfigError;
use super::file::{Entry, File};
use super::surroundings::Surroundings;

/// An entry, and the file it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The entry.
    pub entry: Entry,
    /// How close its file is; 0 is the closest.
    pub rank: usize,
}

/// The whole configuration for work in one folder.
#[derive(Debug)]
pub struct Settings {
    /// The environment it was read in.
    pub(super) around: Surroundings,
    /// The files, the closest first.
    files: Vec<PathBuf>,
    /// Sections by name; entries of the furthest file first.
    sections: Vec<(String, Vec<Merged>)>,
    /// Sources that the machine always adds.
    pub(super) defaults: Vec<Entry>,
}

impl Settings {
    /// Reads what counts in `dir`.
    pub fn load(dir: &Path, around: &Surroundings) -> Result<Self, ConfigError> {
        let mut settings = Self::of(&discover::files(dir, around)?, around)?;
        if let Some(path) = discover::defaults(around) {
            let only = Self::of(&[path], around)?;
            settings.defaults = only
                .section("packageSources")
                .map(|merged| merged.entry.clone())
                .collect();
        }
        Ok(settings)
    }

    /// Reads one file and nothing else.
    pub fn only(path: &Path, around: &Surroundings) -> Result<Self, ConfigError> {
        if !path.is_file() {
            return Err(ConfigError::NoFile(path.to_owned()));
        }
        Self::of(&[path.to_owned()], around)
    }

    fn of(paths: &[PathBuf], around: &Surroundings) -> Result<Self, ConfigError> {
        let read = |path: &PathBuf| File::read(path, around);
        let files: Vec<File> = paths.iter().map(read).collect::<Result<_, _>>()?;
        let mut settings = Self {
            around: around.clone(),
            files: paths.to_owned(),
            sections: Vec::new(),
            defaults: Vec::new(),
        };
        for (rank, file) in files.into_iter().enumerate().rev() {
            for section in file.sections {
                let merged = settings.named(section.name);
                if section.clears {
                    merged.clear();
                }
                for entry in section.entries {
                    put(merged, Merged { entry, rank });
                }
            }
        }
        Ok(settings)
    }

    fn named(&mut self, name: String) -> &mut Vec<Merged> {
        let at = self.sections.iter().position(|(known, _)| *known == name);
        let at = at.unwrap_or_else(|| {
            self.sections.push((name, Vec::new()));
            self.sections.len() - 1
        });
        &mut self.sections[at].1
    }

    /// The files that were read, the closest first.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The entries of a section, those of the furthest file first.
    pub fn section(&self, name: &str) -> impl Iterator<Item = &Merged> {
        let found = self.sections.iter().find(|(known, _)| known == name);
        found.into_iter().flat_map(|(_, entries)| entries)
    }

    /// The entries of a section, those of the closest file first.
    #[must_use]
    pub fn closest_first(&self, name: &str) -> Vec<&Merged> {
        let mut entries: Vec<&Merged> = self.section(name).collect();
        entries.sort_by_key(|merged| merged.rank);
        entries
    }

    /// A value of the section `config`; its key in any case.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Merged> {
        self.section("config")
            .find(|merged| merged.entry.identity().eq_ignore_ascii_case(key))
    }

    /// The folder of the file that an entry is from.
    #[must_use]
    pub fn folder(&self, merged: &Merged) -> &Path {
        let file = self.files.get(merged.rank).and_then(|file| file.parent());
        file.unwrap_or(Path::new("/"))
    }
}

/// Adds an entry, or puts it in the place of the one it replaces.
fn put(entries: &mut Vec<Merged>, new: Merged) {
    let same = |known: &&mut Merged| known.entry.identity() == new.entry.identity();
    match entries.iter_mut().find(same) {
        Some(known) => *known = new,
        None => entries.push(new),
    }
}
