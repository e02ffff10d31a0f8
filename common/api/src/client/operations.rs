//! Following operations to their end.

use std::time::Duration;

use nova_core::progress::{Amount, Progress};
use nova_http::Method;
use serde_json::Number;

use super::error::ApiError;
use super::records::{Body, Record, WHOLE};
use super::resources::{ListOptions, Resources};
use super::wait::label;
use super::watch::{Feed, Step};
use crate::types::{Operation, OperationPhase, StepState, WatchEventType};

impl Resources<Operation> {
    /// Follows an operation until it ends, and fails as it does. Its steps drive `progress`.
    ///
    /// Operations survive the server, so this survives a restart of it.
    pub async fn follow(
        &self,
        name: &str,
        progress: Option<&Progress>,
        deadline: Duration,
    ) -> Result<Operation, ApiError> {
        let operation = match tokio::time::timeout(deadline, self.until_final(name, progress)).await
        {
            Ok(operation) => operation?,
            Err(_) => {
                return Err(ApiError::TimedOut {
                    what: label(self.info(), name),
                    after: deadline,
                });
            }
        };
        if operation.phase() == OperationPhase::Succeeded {
            return Ok(operation);
        }
        Err(ApiError::Operation(Box::new(operation)))
    }

    async fn until_final(
        &self,
        name: &str,
        progress: Option<&Progress>,
    ) -> Result<Operation, ApiError> {
        let mut feed = Feed::new(self.clone(), ListOptions::named(name), WHOLE);
        let mut exists = false;
        loop {
            let operation = match feed.next().await? {
                Step::Columns(_) => continue,
                Step::EndOfList if exists => continue,
                Step::EndOfList => Some(self.get(name).await?),
                Step::Changed(WatchEventType::Deleted, _) => {
                    return Err(ApiError::Gone(label(self.info(), name)));
                }
                Step::Listed(record) | Step::Changed(_, record) => decode(&record),
            };
            exists = true;
            let Some(operation) = operation else { continue };
            if let Some(progress) = progress {
                show(progress, &operation);
            }
            if operation.is_final() {
                return Ok(operation);
            }
        }
    }

    /// Asks for an operation to be stopped.
    pub async fn cancel(&self, name: &str) -> Result<Operation, ApiError> {
        let path = self.below(name, "cancel");
        Ok(self
            .api()
            .send(self.namespace(), |http| http.request(Method::POST, &path))
            .await?
            .json()?)
    }
}

fn decode(record: &Record) -> Option<Operation> {
    match &record.body {
        Body::Object(raw) => serde_json::from_slice(raw.get().as_bytes()).ok(),
        Body::Cells(..) => None,
    }
}

/// Shows the step that runs now.
fn show(progress: &Progress, operation: &Operation) {
    let steps = operation
        .status
        .as_ref()
        .map_or(&[][..], |status| &status.phases);
    let Some(step) = steps.iter().find(|step| step.state == StepState::Running) else {
        return;
    };
    progress.phase(&step.name);
    let number = |value: &Option<Number>| value.as_ref().and_then(Number::as_u64);
    if let Some(current) = number(&step.current) {
        let total = number(&step.total).unwrap_or(0);
        progress.update(Amount {
            current,
            total,
            unit: step.unit.as_deref().unwrap_or(""),
        });
    }
}
