//! `nova --version`.

use crate::json::Json;
use crate::launch::PROTOCOL;

/// The commit and its date, when the build was told; nothing is asked of git.
const COMMIT: Option<&str> = option_env!("NOVA_BUILD_COMMIT");
const DATE: Option<&str> = option_env!("NOVA_BUILD_DATE");

/// One line, or one JSON document.
pub(crate) fn text(family: &str, json: bool) -> String {
    let version = env!("CARGO_PKG_VERSION");
    if json {
        let document = Json::Object(vec![
            ("apiVersion", Json::text("nova.dev/v1")),
            ("kind", Json::text("Version")),
            ("name", Json::text(family)),
            ("version", Json::text(version)),
            ("commit", Json::maybe(COMMIT)),
            ("date", Json::maybe(DATE)),
            ("protocol", Json::Number(PROTOCOL)),
        ]);
        return format!("{document}\n");
    }
    let build: String = [COMMIT, DATE]
        .into_iter()
        .flatten()
        .flat_map(|part| [part, ", "])
        .collect();
    format!("{family} {version} ({build}protocol {PROTOCOL})\n")
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fake, text};

    #[test]
    fn option_and_word_say_the_same() {
        let line = text(&Fake::default(), "nova --version");
        assert!(
            line.starts_with("nova 0.") && line.ends_with("protocol 1)\n"),
            "{line}"
        );
        assert_eq!(line, text(&Fake::default(), "nova version"));
        assert!(text(&Fake::default(), "ghost -V").starts_with("ghost 0."));
    }

    #[test]
    fn json_names_the_protocol() {
        let document = text(&Fake::default(), "nova version -o json");
        assert!(document.contains("\"kind\":\"Version\"") && document.contains("\"protocol\":1"));
    }
}
