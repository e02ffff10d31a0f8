//! The recorded cases of NuGet.config.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test ends at the first thing that goes wrong"
)]

mod recorded;

use nuget::config::{ConfigError, Mapping, Password, Settings, Source, Surroundings};
use recorded::{each, same, text};
use serde_json::{Value, json};

/// Writes the files of a case below `root` and reads the configuration there.
fn load(root: &std::path::Path, case: &Value) -> Result<Settings, ConfigError> {
    for (name, content) in case["files"].as_object().unwrap() {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content.as_str().unwrap()).unwrap();
    }
    let dir = root.join(text(case, "workingDirectory"));
    std::fs::create_dir_all(&dir).unwrap();
    let variables = case["environment"].as_object().unwrap().iter();
    let mut around = Surroundings {
        variables: variables
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
        machine: root.join("machine"),
    };
    let home = root.join("home").display().to_string();
    around.variables.insert("HOME".to_owned(), home);
    let settings = Settings::load(&dir, &around)?;
    settings.packages_folder()?;
    Ok(settings)
}

fn shown(source: &Source) -> Value {
    let credentials = source.credentials.as_ref();
    let password = credentials.map(|known| match &known.password {
        Password::Clear(clear) => clear.clone(),
        Password::Encrypted => "<encrypted>".to_owned(),
    });
    json!({
        "name": source.name, "source": source.location, "enabled": source.enabled,
        "protocolVersion": source.protocol, "userName": credentials.map(|known| &known.user), "password": password,
    })
}

fn view(settings: &Settings) -> Value {
    let values = settings.section("config").map(|merged| {
        let entry = &merged.entry;
        (entry.identity().to_owned(), json!(entry.value()))
    });
    json!({
        "configFiles": settings.files(),
        "packageSources": settings.sources().iter().map(shown).collect::<Vec<_>>(),
        "config": values.collect::<serde_json::Map<_, _>>(),
        "globalPackagesFolder": settings.packages_folder().unwrap(),
        "fallbackPackageFolders": settings.fallback_folders(),
        "apiKeys": settings.api_keys().collect::<Vec<_>>(),
    })
}

#[test]
fn files_are_found_and_merged() {
    let count = each("config-merge", "cases", |case| {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let got = match load(&root, case) {
            Ok(settings) => view(&settings),
            Err(error) => json!({"message": error.to_string()}),
        };
        let got = got.to_string().replace(root.to_str().unwrap(), "$ROOT");
        same(&serde_json::from_str(&got).unwrap(), &case["expected"])?;
        let Some(created) = case["createdUserConfig"].as_str() else {
            return Ok(());
        };
        let own = root.join("home/.nuget/NuGet/NuGet.Config");
        let own = std::fs::read_to_string(own).unwrap();
        if own == created { Ok(()) } else { Err(own) }
    });
    assert_eq!(count, 47);
}

#[test]
fn a_package_comes_from_the_sources_that_its_pattern_is_mapped_to() {
    let count = each("source-mapping", "cases", |case| {
        let patterns = case["patternsBySource"].as_object().unwrap().iter();
        let patterns = patterns.flat_map(|(source, patterns)| {
            let patterns = patterns.as_array().unwrap().iter();
            patterns.map(move |pattern| (source.as_str(), pattern.as_str().unwrap()))
        });
        let mapping = Mapping::new(patterns);
        let allowed = mapping.sources(text(case, "packageId"));
        same(&json!({"allowedSources": allowed}), case)
    });
    assert_eq!(count, 56);
}

#[test]
fn one_file_alone_must_exist() {
    let missing = std::path::Path::new("/nowhere/nuget.config");
    let error = Settings::only(missing, &Surroundings::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "File '/nowhere/nuget.config' does not exist."
    );
}
