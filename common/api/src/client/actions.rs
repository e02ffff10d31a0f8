//! Verbs of virtual machines that are more than writing an object.

use nova_http::{BodyStream, Lines, Method};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::resources::{Resources, WriteOptions};
use crate::types::{ExecOutput, ExecRequest, Operation, VirtualMachine};

/// What a verb set going.
#[derive(Debug, Clone)]
pub enum Action {
    /// Nothing had to be done.
    Unchanged,
    /// An operation that does it.
    Started(Box<Operation>),
}

/// How a machine is stopped.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StopOptions {
    /// Time the guest is given; absent means what its spec says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_period_seconds: Option<u64>,
    /// Do not ask the guest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    /// Whether force follows the grace period; absent means what its spec says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate: Option<bool>,
}

/// How a machine is restarted.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartOptions {
    /// `soft`, `hard` or `cold`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
    /// Time the guest is given; absent means what its spec says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_period_seconds: Option<u64>,
    /// Do not ask the guest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
}

/// Which part of which log.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// `console`, `engine` or `agent`; absent means the console.
    pub source: Option<String>,
    /// Go on as the log grows.
    pub follow: bool,
    /// Only the last lines.
    pub tail_lines: Option<u64>,
    /// Only what came after this instant (RFC 3339) or in this last while (a duration).
    pub since: Option<String>,
    /// At most this many bytes.
    pub limit_bytes: Option<u64>,
    /// Which boot: 0 is the current one, -1 the one before.
    pub boot: Option<i64>,
    /// Put the time before every line.
    pub timestamps: bool,
}

impl Resources<VirtualMachine> {
    /// Starts a machine, or resumes a paused one.
    pub async fn start(
        &self,
        name: &str,
        paused: bool,
        write: &WriteOptions,
    ) -> Result<Action, ApiError> {
        let body = if paused {
            json!({"paused": true})
        } else {
            json!({})
        };
        self.act(name, "start", &body, write).await
    }

    /// Stops a machine.
    pub async fn stop(
        &self,
        name: &str,
        how: &StopOptions,
        write: &WriteOptions,
    ) -> Result<Action, ApiError> {
        self.act(name, "stop", how, write).await
    }

    /// Restarts a machine.
    pub async fn restart(
        &self,
        name: &str,
        how: &RestartOptions,
        write: &WriteOptions,
    ) -> Result<Action, ApiError> {
        self.act(name, "restart", how, write).await
    }

    /// Halts a machine with its memory.
    pub async fn pause(&self, name: &str, write: &WriteOptions) -> Result<Action, ApiError> {
        self.act(name, "pause", &json!({}), write).await
    }

    /// Lets a paused machine go on.
    pub async fn resume(&self, name: &str, write: &WriteOptions) -> Result<Action, ApiError> {
        self.act(name, "resume", &json!({}), write).await
    }

    async fn act(
        &self,
        name: &str,
        verb: &str,
        body: &impl Serialize,
        write: &WriteOptions,
    ) -> Result<Action, ApiError> {
        let (path, key) = (self.below(name, verb), write.key());
        let dry_run = write.dry_run.then_some("All");
        let build = |http: &nova_http::Client| {
            http.request(Method::POST, &path)
                .query_opt("dryRun", dry_run)
                .idempotency_key(&key)
                .json(body)
        };
        let answer = self.api().send_body(self.namespace(), build).await?;
        if answer.status == 202 {
            Ok(Action::Started(Box::new(answer.json()?)))
        } else {
            Ok(Action::Unchanged)
        }
    }

    /// Runs a command and collects its output, at most 1 MiB; for short commands.
    pub async fn exec_collect(
        &self,
        name: &str,
        request: &ExecRequest,
    ) -> Result<ExecOutput, ApiError> {
        let path = self.below(name, "exec");
        let build =
            |http: &nova_http::Client| http.request(Method::POST, &path).json(request).once();
        Ok(self
            .api()
            .send_body(self.namespace(), build)
            .await?
            .json()?)
    }

    /// A log as it stands, or as it grows.
    pub async fn logs(&self, name: &str, options: &LogOptions) -> Result<BodyStream, ApiError> {
        let path = self.below(name, "logs");
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let (tail, limit) = (number(options.tail_lines), number(options.limit_bytes));
        let boot = options.boot.map(|boot| boot.to_string());
        let run = async || {
            let request = self.api().http().get(&path);
            let request = request
                .query_opt("source", options.source.as_deref())
                .query_opt("follow", options.follow.then_some("true"))
                .query_opt("tailLines", tail.as_deref())
                .query_opt("since", options.since.as_deref())
                .query_opt("limitBytes", limit.as_deref())
                .query_opt("boot", boot.as_deref())
                .query_opt("timestamps", options.timestamps.then_some("true"));
            request
                .open()
                .await
                .map_err(|error| ApiError::of(error, self.namespace(), false))
        };
        self.api().reviving(run).await
    }

    /// One sample of what a machine uses.
    pub async fn stats(&self, name: &str) -> Result<Value, ApiError> {
        let path = self.below(name, "stats");
        Ok(self
            .api()
            .send(self.namespace(), |http| http.get(&path))
            .await?
            .json()?)
    }

    /// Samples as they are taken, one JSON object per line.
    pub async fn stats_watch(&self, name: &str, step: Option<&str>) -> Result<Lines, ApiError> {
        let path = self.below(name, "stats");
        let run = async || {
            let request = self
                .api()
                .http()
                .get(&path)
                .query("watch", "true")
                .query_opt("step", step);
            request
                .lines()
                .await
                .map_err(|error| ApiError::of(error, self.namespace(), false))
        };
        self.api().reviving(run).await
    }

    /// What the guest agent says about itself.
    pub async fn agent(&self, name: &str) -> Result<Value, ApiError> {
        let path = self.below(name, "agent");
        Ok(self
            .api()
            .send(self.namespace(), |http| http.get(&path))
            .await?
            .json()?)
    }
}
