//! What an engine's error means: a word, whether waiting helps, and the answer that clients get.

use crate::api::error::ApiError;
use crate::engine::EngineError;
use crate::store::Key;

/// One CamelCase word for conditions and events.
pub(super) fn reason(error: &EngineError) -> &'static str {
    match error {
        EngineError::MissingProgram { .. } => "MissingProgram",
        EngineError::MissingFile { .. } => "MissingFile",
        EngineError::Invalid(_) => "Invalid",
        EngineError::Conflict(_) => "Conflict",
        EngineError::Insufficient(_) => "InsufficientResources",
        EngineError::NotRunning => "NotRunning",
        EngineError::AgentUnavailable(_) => "AgentUnavailable",
        EngineError::Guest(_) => "GuestError",
        EngineError::Timeout { .. } => "Timeout",
        EngineError::NotSupported(_) => "NotSupported",
        EngineError::Other(_) => "EngineError",
    }
}

/// Whether the cause can pass without anybody changing the spec.
pub(super) fn can_pass(error: &EngineError) -> bool {
    !matches!(
        error,
        EngineError::Invalid(_) | EngineError::NotSupported(_)
    )
}

/// The error of a request on the VM `key`.
pub(super) fn answer(error: &EngineError, engine: &str, key: &Key) -> ApiError {
    let text = error.to_string();
    let made = match error {
        EngineError::MissingProgram { program, .. } => {
            let hint = format!("install {program} on the machine that runs nova-server");
            ApiError::unavailable("EngineUnavailable", text).hint(hint)
        }
        EngineError::Invalid(_) => ApiError::unprocessable(text),
        EngineError::Conflict(_) => ApiError::conflict_because(key, &text),
        EngineError::Insufficient(_) => ApiError::insufficient(text),
        EngineError::NotRunning => ApiError::invalid_state(key, "Stopped", &["start"], &text),
        EngineError::AgentUnavailable(_) => ApiError::unavailable("AgentUnavailable", text),
        EngineError::Timeout { .. } => ApiError::guest_timeout(key, text),
        EngineError::NotSupported(_) => ApiError::not_supported(text),
        EngineError::MissingFile { .. } | EngineError::Guest(_) | EngineError::Other(_) => {
            let raw = text.clone();
            ApiError::engine(engine, text, &raw)
        }
    };
    made.on(key)
}
