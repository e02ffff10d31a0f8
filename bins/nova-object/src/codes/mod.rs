//! What every error code, reason and exit code means, and what helps.

mod exits;
mod reasons;

use serde::Serialize;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Sort {
    /// Status of a process.
    ExitCode,
    /// One of the closed set of classes in `nova.code` of an error.
    Code,
    /// The exact reason in `nova.reason`, or Kubernetes' in `reason`.
    Reason,
    /// Why an operation ended as it did.
    OperationReason,
}

impl Sort {
    /// As tables and sentences call it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ExitCode => "exit code",
            Self::Code => "error code",
            Self::Reason => "reason",
            Self::OperationReason => "operation reason",
        }
    }
}

/// One entry.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// The word as errors carry it; for an exit code its number.
    pub(crate) word: &'static str,
    /// A second word for the same: the class of an exit code.
    pub(crate) alias: &'static str,
    pub(crate) sort: Sort,
    /// HTTP status, where a server answers with it; 0 elsewhere.
    pub(crate) http: u16,
    /// Exit code of a command that ends with it.
    pub(crate) exit: u8,
    /// What it says.
    pub(crate) meaning: &'static str,
    /// Where it comes from.
    pub(crate) cause: &'static str,
    /// What to do.
    pub(crate) remedy: &'static str,
}

/// Every entry, exit codes first.
pub(crate) fn all() -> impl Iterator<Item = &'static Entry> {
    exits::EXITS.iter().chain(reasons::REASONS)
}

/// The entries that a word names, without regard to case and dashes.
pub(crate) fn named(word: &str) -> Vec<&'static Entry> {
    let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    let word = plain(word);
    let matches = |entry: &&Entry| {
        plain(entry.word) == word || (!entry.alias.is_empty() && plain(entry.alias) == word)
    };
    all().filter(matches).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_api::Code;
    use nova_core::Kind;

    #[test]
    fn every_exit_code_of_the_toolkit_is_explained() {
        let kinds = [
            Kind::Failed,
            Kind::Usage,
            Kind::Config,
            Kind::Conflict,
            Kind::Auth,
            Kind::Unavailable,
            Kind::Integrity,
            Kind::Partial,
            Kind::NotFound,
            Kind::Cancelled,
            Kind::Timeout,
            Kind::NotExecutable,
            Kind::Vanished,
            Kind::Internal,
        ];
        for kind in kinds {
            let found = named(&kind.code().to_string());
            assert!(
                found.iter().any(|entry| entry.alias == kind.class()),
                "{kind:?}"
            );
        }
        for code in ["0", "9", "10", "125", "130", "143"] {
            assert_eq!(named(code).len(), 1, "{code}");
        }
    }

    #[test]
    fn every_code_of_the_closed_set_is_explained() {
        let codes = [
            Code::ValidationError,
            Code::Unauthorized,
            Code::Forbidden,
            Code::NotFound,
            Code::Conflict,
            Code::Expired,
            Code::Timeout,
            Code::RateLimited,
            Code::InternalError,
            Code::Unavailable,
        ];
        for code in codes {
            let found = named(&code.to_string());
            assert!(found.iter().any(|entry| entry.sort == Sort::Code), "{code}");
        }
        assert!(!named("NetworkError").is_empty());
    }

    #[test]
    fn every_reason_leads_to_an_exit_code_that_is_explained() {
        for entry in all() {
            assert!(!named(&entry.exit.to_string()).is_empty(), "{}", entry.word);
            for text in [entry.meaning, entry.cause, entry.remedy] {
                assert!(
                    text.len() > 10 && text.ends_with('.'),
                    "{}: {text}",
                    entry.word
                );
            }
        }
    }

    #[test]
    fn words_are_found_however_they_are_spelled() {
        assert_eq!(named("invalidstate")[0].word, "InvalidState");
        assert_eq!(named("NOT-FOUND").len(), 3);
        assert!(named("vm").is_empty());
    }
}
