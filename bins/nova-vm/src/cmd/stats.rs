//! `nova vm stats`: what virtual machines use.

use std::time::Duration;

use nova_api::VmName;
use nova_core::units::format_bytes;
use nova_core::{Cx, Failure, Render, Result, Table};
use nova_http::each_bounded;
use serde::Serialize;
use serde_json::{Value, json};

use crate::flags::parse_duration;
use crate::session::Session;
use crate::targets::TargetArgs;

/// Show what VMs use: CPU, memory, network, disk
///
/// Without a name, all that run are shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm stats\n\
\x20 nova vm stats web-1 --watch")]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    targets: TargetArgs,

    /// Go on and print a sample at every interval
    #[arg(short, long)]
    watch: bool,

    /// Time between samples
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse_duration)]
    interval: Duration,
}

/// One sample per VM.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Samples {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Value>,
    #[serde(skip)]
    failures: Vec<Failure>,
    #[serde(skip)]
    code: Option<u8>,
}

pub(crate) async fn run(cx: &Cx, args: &StatsArgs) -> Result<()> {
    let session = Session::open(cx).await?;
    let names = if args.targets.is_empty() {
        session.running().await?
    } else {
        args.targets.resolve(&session).await?.names
    };
    if names.is_empty() && cx.format().is_human() {
        cx.note(&format!("No VMs run in {} namespace.", session.namespace()));
        return Ok(());
    }
    loop {
        let samples = sample(&session, &names, args.targets.max_parallel).await;
        cx.emit(&samples)?;
        if !args.watch {
            return Ok(());
        }
        tokio::time::sleep(args.interval).await;
    }
}

async fn sample(session: &Session<'_>, names: &[VmName], parallel: u16) -> Samples {
    let results = each_bounded(names, usize::from(parallel), async |name| {
        session
            .known(name, session.vms.stats(name.as_str()).await)
            .await
    });
    let mut samples = Samples {
        api_version: "nova.dev/v1",
        kind: "VirtualMachineStatsList",
        items: Vec::new(),
        failures: Vec::new(),
        code: None,
    };
    for (name, result) in names.iter().zip(results.await) {
        match result {
            Ok(usage) => samples
                .items
                .push(json!({"name": name.as_str(), "usage": usage})),
            Err(failure) => samples.failures.push(failure),
        }
    }
    let kinds: Vec<_> = samples.failures.iter().map(Failure::kind).collect();
    samples.code = nova_core::Kind::of_many(samples.items.len(), &kinds).map(nova_core::Kind::code);
    samples
}

impl Render for Samples {
    fn table(&self, table: &mut Table) {
        table.headers([
            "name",
            "cpu",
            "memory",
            "net rx",
            "net tx",
            "disk read",
            "disk write",
        ]);
        for item in &self.items {
            let usage = &item["usage"];
            let bytes = |key: &str| size(&usage[key]);
            let cpu = usage["cpuPercent"].as_f64();
            table.row([
                item["name"].as_str().unwrap_or_default().to_owned(),
                cpu.map_or_else(|| "<unknown>".to_owned(), |cpu| format!("{cpu:.1}%")),
                bytes("memoryUsed"),
                bytes("netRx"),
                bytes("netTx"),
                bytes("diskRead"),
                bytes("diskWrite"),
            ]);
        }
    }

    fn names(&self) -> Vec<String> {
        let name =
            |item: &Value| crate::targets::full_name(item["name"].as_str().unwrap_or_default());
        self.items.iter().map(name).collect()
    }

    fn failures(&self) -> Vec<&Failure> {
        self.failures.iter().collect()
    }

    fn verdict(&self) -> Option<u8> {
        self.code
    }
}

/// Counters come as numbers or as quantities.
fn size(value: &Value) -> String {
    let text = value
        .as_str()
        .and_then(|text| text.parse::<nova_api::Quantity>().ok());
    let bytes = value
        .as_u64()
        .or_else(|| text.and_then(|quantity| quantity.bytes()));
    bytes.map_or_else(|| "<unknown>".to_owned(), format_bytes)
}
