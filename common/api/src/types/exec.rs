//! Frames of the exec stream (nova-api §5.2).
//!
//! ```text
//! client                                server
//!   | -- text ExecRequest ----------------> |
//!   | <------------- text started{pid} ---- |   or error{…}, then close
//!   | -- binary 0+data, text resize … ----> |
//!   | <---- binary 1+data, binary 2+data -- |
//!   | <------------- text exit{code} ------ |   always exit or error before close
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::status::Status;

/// WebSocket subprotocol.
pub const EXEC_PROTOCOL: &str = "nova.exec.v1";
/// Channel byte of standard input; an empty payload ends it.
pub const STDIN: u8 = 0;
/// Channel byte of standard output.
pub const STDOUT: u8 = 1;
/// Channel byte of standard error.
pub const STDERR: u8 = 2;

/// First text frame of the client, and body of the collecting POST form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecRequest {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment beside the guest's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// User in the guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Give it a terminal.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tty: bool,
    /// Standard input will be sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stdin: bool,
    /// Columns of the terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cols: Option<u16>,
    /// Rows of the terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// Give the command up after this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// Wait this long for the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_agent_seconds: Option<u64>,
    /// `auto`, `agent` or `ssh`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
}

/// Text frames from the client after the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ExecControl {
    /// The terminal has a new size.
    Resize {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// Deliver a signal.
    Signal {
        /// Name without `SIG`: `INT`, `TERM`, `KILL`.
        name: String,
    },
}

/// Text frames from the server.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ExecNotice {
    /// The command runs.
    Started {
        /// Process in the guest.
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<i64>,
        /// How it is reached.
        #[serde(skip_serializing_if = "Option::is_none")]
        transport: Option<String>,
    },
    /// The command ended; nothing follows.
    Exit(ExecExit),
    /// It could not be run or was lost; nothing follows.
    Error {
        /// Why.
        #[serde(flatten)]
        status: Box<Status>,
    },
}

impl ExecNotice {
    /// Reads a frame. By hand, since a derived reader of tagged variants buffers everything first, which doubles the code.
    pub fn read(frame: &[u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Started {
            #[serde(rename = "type")]
            type_: String,
            pid: Option<i64>,
            transport: Option<String>,
        }
        let head: Started = serde_json::from_slice(frame)?;
        match head.type_.as_str() {
            "started" => Ok(Self::Started {
                pid: head.pid,
                transport: head.transport,
            }),
            "exit" => serde_json::from_slice(frame).map(Self::Exit),
            "error" => serde_json::from_slice(frame).map(|status| Self::Error { status }),
            other => Err(serde::de::Error::custom(format!("unknown frame `{other}`"))),
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecExit {
    /// Exit code, when it exited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// Signal number, when one ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// How long it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Output was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

impl ExecExit {
    /// Status for a shell: the exit code, or 128 plus the signal.
    #[must_use]
    pub fn shell_status(&self) -> i32 {
        match (self.code, self.signal) {
            (_, Some(signal)) if signal > 0 => 128 + signal,
            (Some(code), _) => code,
            (None, _) => 0,
        }
    }
}

/// Answer of the collecting POST form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecOutput {
    /// How it ended.
    #[serde(flatten)]
    pub exit: ExecExit,
    /// Standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error; bytes that are not UTF-8 are replaced.
    pub stderr: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_documented_shape() {
        let resize = ExecControl::Resize { cols: 80, rows: 24 };
        assert_eq!(
            serde_json::to_string(&resize).unwrap(),
            r#"{"type":"resize","cols":80,"rows":24}"#
        );
        let exit: ExecNotice =
            ExecNotice::read(br#"{"type":"exit","code":7,"durationMs":12}"#).unwrap();
        let ExecNotice::Exit(exit) = exit else {
            panic!("{exit:?}")
        };
        assert_eq!(exit.shell_status(), 7);
        let killed = ExecExit {
            signal: Some(9),
            ..ExecExit::default()
        };
        assert_eq!(killed.shell_status(), 137);
    }

    #[test]
    fn an_error_frame_carries_a_status() {
        let text = r#"{"type":"error","kind":"Status","apiVersion":"v1","status":"Failure","message":"agent gone","reason":"ServiceUnavailable","code":503,"nova":{"code":"Unavailable","reason":"AgentUnavailable"}}"#;
        let ExecNotice::Error { status } = ExecNotice::read(text.as_bytes()).unwrap() else {
            panic!()
        };
        assert_eq!(status.exact_reason(), "AgentUnavailable");
    }
}
