//! Which argument takes what. The rules go from the flag that every tool has to the verb of one.

use nova_api::KINDS;

use super::Question;
use super::configured::What;

/// Where the values of an argument come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nowhere: sizes, durations, names of things that are yet to be made.
    Nothing,
    /// These words, each with a line about it.
    Fixed(&'static [(&'static str, &'static str)]),
    /// Output formats.
    Formats,
    /// Conditions to wait for.
    Conditions,
    /// Names of objects of a kind.
    Objects(&'static str),
    /// Kinds, and after a slash the names of that kind.
    Kinds,
    /// Label keys of a kind, with `=` and their values or alone.
    Labels { plural: &'static str, values: bool },
    /// What the configuration knows.
    Configured(What),
}

const VMS: &str = "virtualmachines";

/// The source for a question.
pub(crate) fn source(question: &Question) -> Source {
    flag(question)
        .or_else(|| argument(question))
        .or_else(|| by_value_name(question))
        .unwrap_or(Source::Nothing)
}

/// Flags mean the same in every tool.
fn flag(question: &Question) -> Option<Source> {
    let labels = |values| Source::Labels {
        plural: plural_of(question).unwrap_or(VMS),
        values,
    };
    Some(match question.argument.as_str() {
        "--namespace" => Source::Objects("namespaces"),
        "--context" => Source::Configured(What::Contexts),
        "--cluster" => Source::Configured(What::Clusters),
        "--user" if question.tool == "nova-config" => Source::Configured(What::Users),
        "--config" => Source::Configured(What::Settings),
        "--output" => Source::Formats,
        "--image" => Source::Objects("images"),
        "--selector" | "--label" => labels(true),
        "--label-columns" => labels(false),
        "--for" | "--wait" | "--or-fail" | "--until" => Source::Conditions,
        "--field-selector" => Source::Fixed(super::fixed::FIELDS),
        "--sort-by" => Source::Fixed(super::fixed::PATHS),
        "--dry-run" => Source::Fixed(super::fixed::DRY_RUN),
        "--color" => Source::Fixed(super::fixed::COLOR),
        "--progress" => Source::Fixed(super::fixed::PROGRESS),
        "--log-level" => Source::Fixed(super::fixed::LEVELS),
        "--log-format" => Source::Fixed(super::fixed::LOG_FORMATS),
        "--state" => Source::Fixed(super::fixed::STATES),
        "--restart" => Source::Fixed(super::fixed::RESTART),
        "--cascade" => Source::Fixed(super::fixed::CASCADE),
        "--type" if question.verbs == "events" => Source::Fixed(super::fixed::EVENT_TYPES),
        "--type" => Source::Fixed(super::fixed::PATCH_TYPES),
        _ => return None,
    })
}

/// Arguments of verbs.
fn argument(question: &Question) -> Option<Source> {
    if question.argument.starts_with("--") {
        return None;
    }
    let verb = question.verbs.as_str();
    match (question.tool.as_str(), verb) {
        // What is yet to be made has no name to offer.
        (_, "create" | "create-cluster" | "import") => Some(Source::Nothing),
        ("nova-image", "build") => Some(Source::Fixed(super::fixed::RECIPES)),
        ("nova-config", _) => configuration(question),
        ("nova-object", _) => Some(object(question)),
        _ if matches!(question.value_name.as_str(), "NAME" | "PATTERN") => {
            plural_of(question).map(Source::Objects)
        }
        _ => None,
    }
}

fn configuration(question: &Question) -> Option<Source> {
    let what = match (question.verbs.as_str(), question.value_name.as_str()) {
        (_, "KEY") => What::Keys,
        ("set", "VALUE") => What::ValueOf,
        ("set-cluster" | "delete-cluster", _) => What::Clusters,
        ("set-user" | "delete-user", _) => What::Users,
        (verb, "NAME" | "CONTEXT" | "OLD") if verb.ends_with("context") => What::Contexts,
        _ => return None,
    };
    Some(Source::Configured(what))
}

/// `KIND [NAME…]` or `KIND/NAME…`.
fn object(question: &Question) -> Source {
    let first = question.before.first();
    let kind = first
        .filter(|first| !first.contains('/'))
        .and_then(|word| kind_called(word));
    match (first, kind) {
        (Some(_), Some(plural)) if question.verbs != "explain" => Source::Objects(plural),
        (Some(first), None) if !first.contains('/') => Source::Nothing,
        _ => Source::Kinds,
    }
}

/// Arguments that are named after what they take.
fn by_value_name(question: &Question) -> Option<Source> {
    Some(match question.value_name.as_str() {
        "IMAGE" => Source::Objects("images"),
        "NS" | "NAMESPACE" => Source::Objects("namespaces"),
        "VM" => Source::Objects(VMS),
        "NODE" => Source::Objects("nodes"),
        "OPERATION" => Source::Objects("operations"),
        "CONTEXT" => Source::Configured(What::Contexts),
        "COND" => Source::Conditions,
        "KIND" | "TYPE" => Source::Kinds,
        _ => return None,
    })
}

/// The plural of the kind that a tool is about.
fn plural_of(question: &Question) -> Option<&'static str> {
    if question.tool == "nova-object" {
        return kind_called(question.before.first()?);
    }
    kind_called(question.tool.strip_prefix("nova-")?)
}

/// The plural of the kind that a word names.
pub(crate) fn kind_called(word: &str) -> Option<&'static str> {
    let kind = KINDS.iter().find(|kind| kind.is_called(word))?;
    Some(kind.plural)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(tool: &str, verbs: &str, argument: &str, value_name: &str) -> Source {
        with(tool, verbs, argument, value_name, &[])
    }

    fn with(tool: &str, verbs: &str, argument: &str, name: &str, before: &[&str]) -> Source {
        source(&Question {
            tool: tool.to_owned(),
            verbs: verbs.to_owned(),
            argument: argument.to_owned(),
            value_name: name.to_owned(),
            head: String::new(),
            typed: String::new(),
            before: before.iter().map(ToString::to_string).collect(),
        })
    }

    #[test]
    fn names_are_those_of_the_tools_own_kind() {
        assert_eq!(
            asked("nova-vm", "stop", "names", "NAME"),
            Source::Objects(VMS)
        );
        assert_eq!(
            asked("nova-image", "get", "names", "NAME"),
            Source::Objects("images")
        );
        assert_eq!(
            asked("nova-node", "get", "names", "NAME"),
            Source::Objects("nodes")
        );
        assert_eq!(
            asked("nova-operation", "wait", "names", "NAME"),
            Source::Objects("operations")
        );
        assert_eq!(asked("nova-vm", "create", "names", "NAME"), Source::Nothing);
        assert_eq!(
            asked("nova-vm", "create", "--image", "IMAGE"),
            Source::Objects("images")
        );
    }

    #[test]
    fn configuration_knows_contexts_keys_and_values() {
        let of = |verb, name| asked("nova-config", verb, "x", name);
        assert_eq!(
            of("use-context", "NAME"),
            Source::Configured(What::Contexts)
        );
        assert_eq!(of("set", "KEY"), Source::Configured(What::Keys));
        assert_eq!(of("set", "VALUE"), Source::Configured(What::ValueOf));
        assert_eq!(of("set-user", "NAME"), Source::Configured(What::Users));
    }

    #[test]
    fn objects_of_any_kind_come_after_their_kind() {
        let of = |verb, before: &[&str]| with("nova-object", verb, "what", "WHAT", before);
        assert_eq!(of("get", &[]), Source::Kinds);
        assert_eq!(of("get", &["vm"]), Source::Objects(VMS));
        assert_eq!(of("delete", &["images", "a"]), Source::Objects("images"));
        assert_eq!(of("get", &["vm/a"]), Source::Kinds);
        assert_eq!(of("get", &["nothing"]), Source::Nothing);
    }
}
