//! `nova server run`: the server itself, in the foreground.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use nova_core::units::parse_duration;
use nova_core::{Cx, Failure, Kind, Result};

use super::places::{PlaceArgs, absolute};
use crate::engine::sim::SimOptions;
use crate::supervise::{EngineChoice, Options, run as supervise};

/// Idle time after which a server that a tool started ends.
const IDLE: Duration = Duration::from_mins(10);

/// Run a server in the foreground
///
/// It listens on a Unix socket for this user, and with --listen also for others over TLS. Virtual
/// machines run on when it ends; the next server finds them again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova server run\n\
\x20 nova server run --engine sim\n\
\x20 nova server run --listen 0.0.0.0:8643")]
pub(crate) struct RunArgs {
    /// What runs the machines: qemu, or sim for machines that only exist in memory
    #[arg(long, value_name = "ENGINE", default_value = "qemu", value_parser = ["qemu", "sim"])]
    engine: String,

    #[command(flatten)]
    place: PlaceArgs,

    /// Unix socket to listen on
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// Address to listen on for others, over TLS; may be repeated
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Vec<SocketAddr>,

    /// Loopback address to listen on without TLS; may be repeated
    #[arg(long, value_name = "ADDR:PORT")]
    insecure_http: Vec<SocketAddr>,

    /// File to write when requests are answered
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,

    /// End after this long without client, running machine or pending time to live
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    idle_exit: Option<Duration>,

    /// Started by a tool: ends when idle, and may be replaced by another version
    #[arg(long, hide = true)]
    on_demand: bool,

    /// Latencies and faults of the simulator, as JSON
    #[arg(long, hide = true, value_name = "JSON")]
    sim_options: Option<String>,
}

pub(crate) fn run(cx: &Cx, args: RunArgs) -> Result<()> {
    if let Some(address) = args
        .insecure_http
        .iter()
        .find(|address| !address.ip().is_loopback())
    {
        let message = format!("--insecure-http takes loopback addresses only, not {address}");
        return Err(Failure::usage(message).with_hint("use --listen, which speaks TLS"));
    }
    let data = args.place.data(cx)?;
    let socket = match args.socket {
        Some(socket) => absolute(socket),
        None => cx.paths()?.server_socket(),
    };
    let idle = args.on_demand.then_some(IDLE);
    let options = Options {
        engine: engine(&args.engine, args.sim_options.as_deref())?,
        data,
        socket,
        listen: args.listen,
        plain_http: args.insecure_http,
        ready_file: args.ready_file.map(absolute),
        on_demand: args.on_demand,
        idle_exit: args.idle_exit.or(idle),
    };
    supervise(cx, &options)
}

fn engine(name: &str, sim: Option<&str>) -> Result<EngineChoice> {
    if name != "sim" {
        return Ok(EngineChoice::Qemu);
    }
    let options = sim.map_or(Ok(SimOptions::default()), serde_json::from_str);
    options.map(EngineChoice::Sim).map_err(|error| {
        Failure::new(
            Kind::Usage,
            format!("--sim-options cannot be read: {error}"),
        )
    })
}
