//! Where packages lie.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::merge::Settings;
use super::surroundings::normal;

impl Settings {
    /// The folder of all packages: the variable, the configuration, or the user's own. It ends with a slash unless
    /// somebody chose it.
    pub fn packages_folder(&self) -> Result<String, ConfigError> {
        const VARIABLE: &str = "NUGET_PACKAGES";
        if let Some(chosen) = self.around.variable(VARIABLE) {
            if !Path::new(chosen).is_absolute() {
                return Err(ConfigError::NotAbsolute {
                    variable: VARIABLE,
                    value: chosen.to_owned(),
                });
            }
            return Ok(chosen.to_owned());
        }
        if let Some(merged) = self.value("globalPackagesFolder") {
            let chosen = self.folder(merged).join(merged.entry.value());
            return Ok(normal(&chosen).to_string_lossy().into_owned());
        }
        let own = self.around.home().join(".nuget/packages/");
        Ok(own.to_string_lossy().into_owned())
    }

    /// Folders where packages are looked for before any source, in this order.
    #[must_use]
    pub fn fallback_folders(&self) -> Vec<PathBuf> {
        if let Some(chosen) = self.around.variable("NUGET_FALLBACK_PACKAGES") {
            return chosen
                .split(';')
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
                .collect();
        }
        let entries = self.closest_first("fallbackPackageFolders");
        let path = |merged: &&super::merge::Merged| {
            normal(&self.folder(merged).join(merged.entry.value()))
        };
        entries.iter().map(path).collect()
    }
}
