//! Words that are the same everywhere.

use nova_core::Format;
use nova_core::complete::Candidate;

type Words = &'static [(&'static str, &'static str)];

pub(crate) const FIELDS: Words = &[
    ("metadata.name=", "name of the object"),
    ("metadata.namespace=", "namespace of the object"),
    ("status.phase=", "state of the object"),
    ("spec.node=", "node that it runs on"),
];
pub(crate) const PATHS: Words = &[
    (".metadata.name", "name"),
    (".metadata.creationTimestamp", "age"),
    (".status.phase", "state"),
    (".spec.resources.cpu", "virtual CPUs"),
    (".spec.resources.memory", "memory"),
];
pub(crate) const DRY_RUN: Words = &[
    ("client", "check here and change nothing"),
    ("server", "let the server check and change nothing"),
    ("none", "do it"),
];
pub(crate) const COLOR: Words = &[
    ("auto", "on terminals"),
    ("always", "also in pipes"),
    ("never", "plain text"),
];
pub(crate) const PROGRESS: Words = &[
    ("auto", "what fits the terminal"),
    ("bar", "a live display"),
    ("plain", "a line now and then"),
    ("json", "one event per line"),
    ("none", "nothing"),
];
pub(crate) const LEVELS: Words = &[
    ("off", ""),
    ("error", ""),
    ("warn", ""),
    ("info", ""),
    ("debug", ""),
    ("trace", ""),
];
pub(crate) const LOG_FORMATS: Words = &[("text", "for people"), ("json", "one object per line")];
pub(crate) const STATES: Words = &[
    ("running", ""),
    ("stopped", ""),
    ("paused", ""),
    ("starting", ""),
    ("stopping", ""),
    ("pending", ""),
    ("failed", ""),
    ("deleting", ""),
];
pub(crate) const RESTART: Words = &[
    ("Always", "start it again whenever it ends"),
    ("OnFailure", "start it again when it crashes"),
    ("Never", "leave it off"),
];
pub(crate) const CASCADE: Words = &[
    ("background", "delete dependants afterwards"),
    ("foreground", "delete dependants first"),
    ("orphan", "leave dependants alone"),
];
pub(crate) const EVENT_TYPES: Words = &[("Normal", ""), ("Warning", "")];
pub(crate) const PATCH_TYPES: Words = &[
    ("merge", "JSON merge patch"),
    ("json", "JSON patch: a list of operations"),
    ("strategic", "strategic merge patch"),
    ("apply", "server-side apply"),
];
pub(crate) const RECIPES: Words = &[("tiny", "BusyBox and the guest agent; boots in a second")];

const CONDITIONS: Words = &[
    ("ready", "running, and its agent answers"),
    ("agent", "the guest agent answers"),
    ("ip", "it has an address"),
    ("create", "it exists"),
    ("delete", "it is gone"),
    ("condition=", "a condition is true: condition=Ready"),
    ("phase=", "it is in a state: phase=Running"),
    (
        "jsonpath=",
        "a field has a value: jsonpath={.status.phase}=Running",
    ),
];
const PHASES: Words = &[
    ("phase=Pending", ""),
    ("phase=Starting", ""),
    ("phase=Running", ""),
    ("phase=Paused", ""),
    ("phase=Stopping", ""),
    ("phase=Stopped", ""),
    ("phase=Failed", ""),
];
const CONDITION_NAMES: Words = &[
    ("condition=Ready", "running, and its agent answers"),
    ("condition=AgentConnected", "the guest agent answers"),
];

/// Those that begin with what was typed.
pub(crate) fn matching(words: Words, typed: &str) -> Vec<Candidate> {
    let fits = words.iter().filter(|(word, _)| word.starts_with(typed));
    fits.map(|(word, about)| Candidate::new(*word, *about))
        .collect()
}

/// What can be waited for; after `phase=` the states.
pub(crate) fn conditions(typed: &str) -> Vec<Candidate> {
    match typed.split_once('=') {
        Some(("phase", _)) => matching(PHASES, typed),
        Some(("condition", _)) => matching(CONDITION_NAMES, typed),
        _ => matching(CONDITIONS, typed),
    }
}

/// Output formats; those that need an argument end in `=`.
pub(crate) fn formats(typed: &str) -> Vec<Candidate> {
    let names = Format::ALL.iter().map(|(name, _)| *name);
    let fits = names.filter(|name| name.starts_with(typed));
    fits.map(|name| Candidate::new(name, about_format(name)))
        .collect()
}

fn about_format(name: &str) -> &'static str {
    match name {
        "table" => "columns for people",
        "wide" => "more columns for people",
        "name" => "kind.group/name per line, for pipes",
        "json" => "one JSON document",
        "jsonl" => "one JSON object per line",
        "yaml" => "YAML documents",
        "csv" => "comma-separated values",
        "tsv" => "tab-separated values",
        "md" => "a Markdown table",
        "custom" => "chosen columns, with --columns",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_lead_from_the_word_to_its_values() {
        assert_eq!(conditions("re")[0].value, "ready");
        assert_eq!(conditions("ph")[0].value, "phase=");
        assert!(
            conditions("phase=R")
                .iter()
                .any(|found| found.value == "phase=Running")
        );
    }

    #[test]
    fn every_format_is_offered() {
        assert_eq!(formats("").len(), Format::ALL.len());
        assert!(formats("js").iter().any(|found| found.value == "json"));
    }
}
