//! `nova server stop`: end the server; its machines run on.

use std::time::Duration;

use nova_core::{Cx, Render, Result, Table};
use serde::Serialize;

use super::places::PlaceArgs;
use crate::supervise::Running;

/// Time that a server gets to end when --timeout says nothing else.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stop the server of this user
///
/// Virtual machines run on; the next server finds them again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\x20 nova server stop")]
pub(crate) struct StopArgs {
    #[command(flatten)]
    place: PlaceArgs,
}

/// What stopping came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stopped {
    api_version: &'static str,
    kind: &'static str,
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    machines_on: usize,
}

pub(crate) fn run(cx: &Cx, args: &StopArgs) -> Result<Stopped> {
    let data = args.place.data(cx)?;
    let mut stopped = Stopped {
        api_version: "nova.dev/v1",
        kind: "ServerStopped",
        changed: false,
        pid: None,
        machines_on: 0,
    };
    if let Some(running) = Running::find(&data) {
        // A server that no longer answers can be stopped all the same.
        stopped.machines_on = running.machines_on().unwrap_or(0);
        running.stop(&data, cx.timeout_or(PATIENCE))?;
        stopped.changed = true;
        stopped.pid = Some(running.lock.pid);
    }
    Ok(stopped)
}

impl Render for Stopped {
    fn table(&self, table: &mut Table) {
        match self.pid {
            Some(pid) => table.line(format!("server stopped (pid {pid})")),
            None => table.line("no server runs"),
        }
        match self.machines_on {
            0 => {}
            1 => table.line("1 virtual machine runs on; the next server finds it again"),
            on => table.line(format!(
                "{on} virtual machines run on; the next server finds them again"
            )),
        }
    }
}
