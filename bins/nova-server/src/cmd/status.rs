//! `nova server status`: whether a server runs here, and which.

use std::path::PathBuf;

use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

use super::places::PlaceArgs;
use crate::supervise::Running;

/// Show whether the server of this user runs
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova server status\n\
\x20 nova server status -o json")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    place: PlaceArgs,

    /// Exit with 1 when no server runs
    #[arg(long)]
    exit_code: bool,
}

/// What is known of the server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    api_version: &'static str,
    kind: &'static str,
    running: bool,
    data_dir: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Server>,
    #[serde(skip)]
    exit_code: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Server {
    pid: u32,
    version: String,
    socket: PathBuf,
    on_demand: bool,
    engine: String,
    started_at: String,
    machines_on: usize,
}

pub(crate) fn run(cx: &Cx, args: &StatusArgs) -> Result<Status> {
    let data_dir = args.place.data(cx)?;
    let server = match Running::find(&data_dir) {
        Some(running) => Some(look(&running)?),
        None => None,
    };
    Ok(Status {
        api_version: "nova.dev/v1",
        kind: "ServerStatus",
        running: server.is_some(),
        data_dir,
        server,
        exit_code: args.exit_code,
    })
}

fn look(running: &Running) -> Result<Server> {
    let info = running.get("/apis/nova.dev/v1/cluster")?;
    let text = |name: &str| info[name].as_str().unwrap_or_default().to_owned();
    Ok(Server {
        pid: running.lock.pid,
        version: running.lock.version.clone(),
        socket: running.lock.socket.clone(),
        on_demand: running.lock.on_demand,
        engine: text("engine"),
        started_at: text("startedAt"),
        machines_on: running.machines_on()?,
    })
}

impl Render for Status {
    fn table(&self, table: &mut Table) {
        table.pair("Running", if self.running { "yes" } else { "no" });
        if let Some(server) = &self.server {
            table.pair("Pid", server.pid.to_string());
            table.pair("Version", &server.version);
            table.pair("Engine", &server.engine);
            table.pair("Since", &server.started_at);
            table.pair("Socket", server.socket.display().to_string());
            table.pair("Machines on", server.machines_on.to_string());
            table.pair(
                "Ends when idle",
                if server.on_demand { "yes" } else { "no" },
            );
        }
        table.pair("Data", self.data_dir.display().to_string());
    }

    fn verdict(&self) -> Option<u8> {
        (self.exit_code && !self.running).then_some(1)
    }
}
