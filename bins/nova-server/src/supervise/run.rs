//! From options to a running server and back to nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nova_core::fs::{PRIVATE, write_atomic, write_failure};
use nova_core::{Context, Cx, Failure, Kind, Result};
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::ending::{Signals, idle};
use super::listen::{self, Socket};
use super::lock::Lock;
use super::remote::Remote;
use super::serve::{Peers, Shop, accept_tcp, accept_unix};
use super::settings::Settings;
use super::{logfile, loopback};
use crate::api;
use crate::api::kinds::image;
use crate::app::{App, Dirs};
use crate::control;
use crate::engine::sim::SimOptions;
use crate::engine::{Engine, EngineDirs, qemu, sim};
use crate::store::{Store, StoreError};

/// Longest time that starting controllers are waited for before the socket opens.
const RECOVERY: Duration = Duration::from_mins(1);

/// What runs the machines.
#[derive(Debug, Clone)]
pub(crate) enum EngineChoice {
    Qemu,
    Sim(SimOptions),
}

/// Everything that the command line decides.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) engine: EngineChoice,
    pub(crate) data: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) plain_http: Vec<SocketAddr>,
    pub(crate) ready_file: Option<PathBuf>,
    pub(crate) on_demand: bool,
    pub(crate) idle_exit: Option<Duration>,
}

/// Runs a server until a signal or idleness ends it.
pub(crate) fn run(cx: &Cx, options: &Options) -> Result<()> {
    // Whatever this process writes is its owner's alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    make_dir(&options.data)?;
    let mut lock = Lock::take(&options.data)?;
    logfile::start(cx, &options.data)?;
    let store = Store::open(&options.data).map_err(|error| store_failure(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2.max(std::thread::available_parallelism().map_or(2, usize::from)))
        .enable_all()
        .build()
        .context(Kind::Failed, || "cannot start the runtime".to_owned())?;
    let result = runtime.block_on(serve(cx, options, &mut lock, &store));
    // Controllers may be in the middle of an engine call; the next server completes what they began.
    runtime.shutdown_timeout(Duration::from_secs(2));
    store.close();
    result
}

fn make_dir(dir: &Path) -> Result<()> {
    nova_core::fs::create_private_dir(dir).map_err(|error| write_failure(dir, &error))
}

fn store_failure(error: &StoreError) -> Failure {
    let kind = match error {
        StoreError::Newer { .. } | StoreError::Corrupt { .. } => Kind::Config,
        _ => Kind::Failed,
    };
    let hint = match error {
        StoreError::Newer { .. } => "use the newer nova-server, or another --data-dir",
        StoreError::Full { .. } => "free some space there",
        StoreError::Corrupt { .. } => "restore it from a backup, or use another --data-dir",
        _ => "check who owns the directory and whether its file system is writable",
    };
    let mut failure = Failure::new(kind, error.to_string()).with_hint(hint);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        failure = failure.with_cause(cause);
        source = cause.source();
    }
    failure
}

async fn serve(cx: &Cx, options: &Options, lock: &mut Lock, store: &Arc<Store>) -> Result<()> {
    let run = options.socket.parent().unwrap_or(Path::new("/")).to_owned();
    let socket = listen::unix(&options.socket)?;
    let remote = Remote::open(options).await?;
    let peers = Peers::of(&Settings::read(&options.data)?)?;
    if peers.any() {
        listen::open_to_others(&options.socket)?;
    }
    let dirs = Dirs {
        data: options.data.clone(),
        run,
    };
    let app = App::new(Arc::clone(store), engine(options, &dirs), dirs);
    if let Err(error) = app.images.remove_parts() {
        tracing::warn!(%error, "what interrupted uploads left could not be removed");
    }
    let mut signals = Signals::new()?;
    let controller = control::start(Arc::clone(&app));
    drop(app.controller.set(controller.clone()));
    tokio::select! {
        recovered = tokio::time::timeout(RECOVERY, controller.recovered()) => {
            if recovered.is_err() {
                tracing::warn!("recovery takes long; serving all the same");
            }
        }
        name = signals.next() => {
            tracing::info!(name, "ended before it was ready");
            return Ok(());
        }
    }
    // What a kill kept from being removed.
    image::sweep(&app).await;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = accept(&app, (socket, peers), remote, stopped);
    lock.announce(&options.data, &options.socket, options.on_demand)?;
    ready(options)?;
    tracing::info!(
        version = api::VERSION, engine = app.engine.name(), data = %options.data.display(),
        socket = %options.socket.display(), listen = ?options.listen, "ready"
    );
    cx.note(&format!(
        "nova-server {} listens on {}",
        api::VERSION,
        options.socket.display()
    ));
    let why = tokio::select! {
        name = signals.next() => name,
        () = idle(&app, options) => "idle",
    };
    tracing::info!(why, "ending");
    app.activity.stop();
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    if let Some(path) = &options.ready_file {
        // Somebody may have removed it already.
        drop(std::fs::remove_file(path));
    }
    say_what_runs_on(cx, &app);
    Ok(())
}

/// Machines outlive their server.
fn say_what_runs_on(cx: &Cx, app: &App) {
    let on = machines_on(app);
    if on > 0 {
        tracing::info!(machines = on, "virtual machines run on");
        let machines = if on == 1 {
            "machine runs"
        } else {
            "machines run"
        };
        cx.note(&format!("nova-server ends; {on} virtual {machines} on"));
    }
}

fn machines_on(app: &App) -> usize {
    let machines = app.store.list("virtualmachines", None);
    let on = |phase: &str| matches!(phase, "Starting" | "Running" | "Paused" | "Stopping");
    machines
        .iter()
        .filter(|vm| {
            on(vm
                .value()
                .pointer("/status/phase")
                .and_then(|p| p.as_str())
                .unwrap_or(""))
        })
        .count()
}

fn engine(options: &Options, dirs: &Dirs) -> Arc<dyn Engine> {
    let dirs = EngineDirs {
        data: dirs.data.clone(),
        run: dirs.run.clone(),
    };
    match &options.engine {
        EngineChoice::Qemu => qemu::open(dirs),
        EngineChoice::Sim(sim) => sim::open(&dirs, sim.clone()),
    }
}

fn accept(
    app: &Arc<App>,
    (socket, peers): (Socket, Peers),
    remote: Remote,
    ended: watch::Receiver<bool>,
) -> JoinSet<()> {
    if let Some(admin) = remote.admin {
        app.access.take_admin(admin);
    }
    let shop = Shop {
        router: api::router(Arc::clone(app)),
        app: Arc::clone(app),
        peers: Arc::new(peers),
        stop: ended,
    };
    let (ask, asks) = mpsc::channel(16);
    drop(app.loopback.set(ask));
    let mut tasks = JoinSet::new();
    tasks.spawn(loopback::run(app.dirs.data.clone(), shop.clone(), asks));
    for listener in remote.listeners {
        tasks.spawn(accept_tcp(listener, remote.tls.clone(), shop.clone()));
    }
    for listener in remote.plain {
        tasks.spawn(accept_tcp(listener, None, shop.clone()));
    }
    tasks.spawn(async move { accept_unix(socket, shop).await });
    tasks
}

/// Tells whoever waits for it that requests are answered.
fn ready(options: &Options) -> Result<()> {
    let Some(path) = &options.ready_file else {
        return Ok(());
    };
    let content = json!({
        "pid": std::process::id(), "version": api::VERSION, "socket": options.socket,
        "listen": options.listen,
    });
    write_atomic(path, format!("{content}\n").as_bytes(), PRIVATE)
        .map_err(|error| write_failure(path, &error))
}
