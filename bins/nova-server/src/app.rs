//! What every part of the server shares.

mod activity;
mod images;
mod served;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot};

use crate::api::error::ApiError;
use crate::auth::{Access, Limits};
use crate::control::Controller;
use crate::engine::Engine;
use crate::store::Store;

pub(crate) use activity::{Activity, Guard};
pub(crate) use images::{ImageFiles, UploadError, hex};
pub(crate) use served::{Served, Watching};

/// Directories of the server; both exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dirs {
    /// Database, images, disks: everything that must last.
    pub(crate) data: PathBuf,
    /// Sockets and pid files.
    pub(crate) run: PathBuf,
}

/// Where clients that know no Unix sockets find this server.
#[derive(Debug, Clone)]
pub(crate) struct LoopbackInfo {
    pub(crate) address: SocketAddr,
    /// Certificate of the authority to trust, PEM.
    pub(crate) authority: Arc<str>,
}

/// Somebody who wants to know it.
pub(crate) type LoopbackAsk = oneshot::Sender<Result<LoopbackInfo, ApiError>>;

/// The running server.
pub(crate) struct App {
    /// Objects and their changes.
    pub(crate) store: Arc<Store>,
    /// What runs the machines.
    pub(crate) engine: Arc<dyn Engine>,
    /// Directories.
    pub(crate) dirs: Dirs,
    /// Who uses the server, so that it may end when nobody does.
    pub(crate) activity: Activity,
    /// Files of images.
    pub(crate) images: ImageFiles,
    /// Set once by the supervisor, before the first request.
    pub(crate) controller: OnceLock<Controller>,
    /// What remote identities may take.
    pub(crate) limits: Limits,
    /// Who tokens belong to.
    pub(crate) access: Access,
    /// Opens the loopback listener; set once by the supervisor.
    pub(crate) loopback: OnceLock<mpsc::Sender<LoopbackAsk>>,
    /// Counts of what was served.
    pub(crate) served: Served,
    /// When the server started.
    pub(crate) started: jiff::Timestamp,
}

impl App {
    /// Puts the parts together.
    pub(crate) fn new(store: Arc<Store>, engine: Arc<dyn Engine>, dirs: Dirs) -> Arc<Self> {
        Arc::new(Self {
            access: Access::new(Arc::clone(&store)),
            loopback: OnceLock::new(),
            served: Served::default(),
            store,
            engine,
            images: ImageFiles::new(&dirs.data),
            dirs,
            activity: Activity::default(),
            controller: OnceLock::new(),
            limits: Limits::default(),
            started: jiff::Timestamp::now(),
        })
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("dirs", &self.dirs)
            .finish_non_exhaustive()
    }
}
