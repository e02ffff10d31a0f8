//! Which configuration files there are, the closest first.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::surroundings::Surroundings;

/// The spellings that are looked for in a folder, in this order.
const NAMES: [&str; 3] = ["nuget.config", "NuGet.config", "NuGet.Config"];

/// What a user has without a file of their own.
const DEFAULT: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <add key="nuget.org" value="https://api.nuget.org/v3/index.json" protocolVersion="3" />
  </packageSources>
</configuration>"#;

/// The files for work in `dir`. The user's own file is made where there is none.
pub(super) fn files(dir: &Path, around: &Surroundings) -> Result<Vec<PathBuf>, ConfigError> {
    let user = around.user_folder();
    let own = user_file(&user)?;
    let mut files: Vec<PathBuf> = dir.ancestors().filter_map(in_folder).collect();
    files.push(own);
    files.extend(configs(&user.join("config")));
    // Folders in the machine's folder belong to editors and are left to them.
    files.extend(configs(&around.machine_folder().join("Config")));
    // A home that is above the work would be met twice.
    let mut seen = Vec::new();
    files.retain(|file| {
        let new = !seen.contains(file);
        seen.push(file.clone());
        new
    });
    Ok(files)
}

/// Sources that the machine always adds.
pub(super) fn defaults(around: &Surroundings) -> Option<PathBuf> {
    Some(around.machine_folder().join("NuGetDefaults.config")).filter(|file| file.is_file())
}

fn in_folder(dir: &Path) -> Option<PathBuf> {
    let mut named = NAMES.iter().map(|name| dir.join(name));
    named.find(|file| file.is_file())
}

fn user_file(folder: &Path) -> Result<PathBuf, ConfigError> {
    if let Some(file) = in_folder(folder) {
        return Ok(file);
    }
    let path = folder.join("NuGet.Config");
    let failed = |source| ConfigError::Io {
        what: "write",
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    nova_core::fs::write_atomic(&path, DEFAULT.as_bytes(), 0o644).map_err(failed)?;
    Ok(path)
}

/// Files that are configurations by their extension, sorted.
fn configs(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("config" | "Config")) && path.is_file()
        })
        .collect();
    files.sort();
    files
}
