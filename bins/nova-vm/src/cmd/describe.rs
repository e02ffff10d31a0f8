//! `nova vm describe`: everything about a virtual machine, for people.

use nova_api::client::ListOptions;
use nova_api::{Event, FieldSelector, VmName};
use nova_core::args::names_with_stdin;
use nova_core::units::format_age;
use nova_core::{Cx, Failure, Kind, Render, Result, Table};
use nova_http::each;
use serde::Serialize;
use serde_json::Value;

use crate::session::Session;
use crate::targets::{parse, spelled_out};

/// Show everything about VMs, with their latest events
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm describe web-1")]
pub(crate) struct DescribeArgs {
    /// VMs to describe; - reads names from standard input
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

/// Events shown per VM.
const EVENTS: usize = 10;

/// The descriptions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptions {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Description>,
    #[serde(skip)]
    failures: Vec<Failure>,
    #[serde(skip)]
    now: jiff::Timestamp,
}

#[derive(Debug, Serialize)]
struct Description {
    object: Value,
    events: Vec<Event>,
}

pub(crate) async fn run(cx: &Cx, args: &DescribeArgs) -> Result<Descriptions> {
    let typed = names_with_stdin(&args.names)?;
    let session = Session::open(cx).await?;
    let mut names: Vec<VmName> = Vec::new();
    for name in spelled_out(&session, &typed).await? {
        names.push(parse(&name)?);
    }
    let results = each(&names, async |name| describe(&session, name).await).await;
    let mut shown = Descriptions {
        api_version: "nova.dev/v1",
        kind: "VirtualMachineDescriptionList",
        items: Vec::new(),
        failures: Vec::new(),
        now: cx.now(),
    };
    for result in results {
        match result {
            Ok(description) => shown.items.push(description),
            Err(failure) => shown.failures.push(failure),
        }
    }
    Ok(shown)
}

async fn describe(session: &Session<'_>, name: &VmName) -> Result<Description> {
    let object = session.get(name).await?;
    let fields = FieldSelector::default()
        .and_equals("involvedObject.kind", "VirtualMachine")
        .and_equals("involvedObject.name", name.as_str());
    let options = ListOptions {
        fields,
        ..ListOptions::default()
    };
    let mut events = session.api.resource::<Event>().list(&options).await?;
    events.sort_by_key(when);
    let skip = events.len().saturating_sub(EVENTS);
    Ok(Description {
        object,
        events: events.split_off(skip),
    })
}

fn when(event: &Event) -> Option<jiff::Timestamp> {
    event
        .last_timestamp
        .as_ref()
        .and_then(nova_api::Time::timestamp)
}

impl Render for Descriptions {
    fn is_reading(&self) -> bool {
        true
    }

    fn table(&self, table: &mut Table) {
        for (at, item) in self.items.iter().enumerate() {
            if at > 0 {
                table.line("");
            }
            item.lines(self.now)
                .into_iter()
                .for_each(|line| table.line(line));
        }
    }

    fn names(&self) -> Vec<String> {
        let name = |item: &Description| text(&item.object["metadata"]["name"]);
        self.items
            .iter()
            .map(|item| crate::targets::full_name(&name(item)))
            .collect()
    }

    fn failures(&self) -> Vec<&Failure> {
        self.failures.iter().collect()
    }

    fn verdict(&self) -> Option<u8> {
        let kinds: Vec<Kind> = self.failures.iter().map(Failure::kind).collect();
        Kind::of_many(self.items.len(), &kinds).map(Kind::code)
    }
}

impl Description {
    fn lines(&self, now: jiff::Timestamp) -> Vec<String> {
        let (meta, spec, status) = (
            &self.object["metadata"],
            &self.object["spec"],
            &self.object["status"],
        );
        let mut lines = pairs(&[
            ("Name", &meta["name"]),
            ("Namespace", &meta["namespace"]),
            ("Labels", &meta["labels"]),
            ("Annotations", &meta["annotations"]),
            ("Created", &meta["creationTimestamp"]),
            ("UID", &meta["uid"]),
            ("Status", &status["phase"]),
            ("Wanted", &spec["runState"]),
            ("Image", &spec["image"]),
            ("CPU", &spec["resources"]["cpu"]),
            ("Memory", &spec["resources"]["memory"]),
            ("Restart policy", &spec["restartPolicy"]),
            ("Node", &status["node"]),
            ("Engine", &status["engine"]),
            ("Accelerator", &status["accelerator"]),
            ("Process", &status["pid"]),
            ("Started", &status["startedAt"]),
            ("Restarts", &status["restartCount"]),
            ("Guest", &status["guestInfo"]),
            ("Last exit", &status["lastExit"]),
            ("Operation", &status["currentOperation"]),
        ]);
        block(
            &mut lines,
            "Addresses",
            &["network", "ip", "mac", "source"],
            &status["addresses"],
        );
        block(
            &mut lines,
            "Ports",
            &["hostIP", "host", "guest", "protocol"],
            &status["ports"],
        );
        block(
            &mut lines,
            "Disks",
            &["name", "size", "used", "device"],
            &status["disks"],
        );
        let columns = ["type", "status", "reason", "message"];
        block(&mut lines, "Conditions", &columns, &status["conditions"]);
        let columns = ["path", "current", "wanted", "requires"];
        block(
            &mut lines,
            "Pending changes",
            &columns,
            &status["pendingChanges"],
        );
        self.events(&mut lines, now);
        lines
    }

    fn events(&self, lines: &mut Vec<String>, now: jiff::Timestamp) {
        if self.events.is_empty() {
            return lines.push("Events:           <none>".to_owned());
        }
        lines.push("Events:".to_owned());
        let mut table = Table::default();
        table.headers(["  type", "reason", "age", "message"]);
        for event in &self.events {
            let age = when(event).map(|at| format_age(now.duration_since(at).as_secs()));
            table.row([
                format!("  {}", event.type_.as_deref().unwrap_or_default()),
                event.reason.clone().unwrap_or_default(),
                age.unwrap_or_else(|| "<unknown>".to_owned()),
                event.message.clone().unwrap_or_default(),
            ]);
        }
        lines.extend(lines_of(&table));
    }
}

/// `Key:  value` lines; what is absent is left out.
fn pairs(rows: &[(&str, &Value)]) -> Vec<String> {
    let mut table = Table::default();
    for (key, value) in rows.iter().filter(|(_, value)| !is_empty(value)) {
        table.pair(key, shown(value));
    }
    lines_of(&table)
}

/// A heading with a small table below; nothing when the list is empty.
fn block(lines: &mut Vec<String>, title: &str, columns: &[&str], list: &Value) {
    let Some(items) = list.as_array().filter(|items| !items.is_empty()) else {
        return;
    };
    lines.push(format!("{title}:"));
    let mut table = Table::default();
    table.headers(
        columns
            .iter()
            .enumerate()
            .map(|(at, column)| indented(at, column)),
    );
    for item in items {
        let cells = columns
            .iter()
            .enumerate()
            .map(|(at, column)| indented(at, &shown(&item[*column])));
        table.row(cells);
    }
    lines.extend(lines_of(&table));
}

fn indented(at: usize, text: &str) -> String {
    if at == 0 {
        format!("  {text}")
    } else {
        text.to_owned()
    }
}

fn lines_of(table: &Table) -> Vec<String> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    drop(table.write(&mut bytes, true));
    String::from_utf8_lossy(&bytes)
        .lines()
        .map(str::to_owned)
        .collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Maps as `k=v` pairs, scalars as they are.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let pairs = map.iter().filter(|(_, value)| !is_empty(value));
            pairs
                .map(|(key, value)| format!("{key}={}", text(value)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Value::Null => "<none>".to_owned(),
        other => text(other),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
