//! What every part of the server shares.

mod activity;
mod images;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::auth::Limits;
use crate::control::Controller;
use crate::engine::Engine;
use crate::store::Store;

pub(crate) use activity::{Activity, Guard};
pub(crate) use images::{ImageFiles, UploadError, hex};

/// Directories of the server; both exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dirs {
    /// Database, images, disks: everything that must last.
    pub(crate) data: PathBuf,
    /// Sockets and pid files.
    pub(crate) run: PathBuf,
}

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
    /// When the server started.
    pub(crate) started: jiff::Timestamp,
}

impl App {
    /// Puts the parts together.
    pub(crate) fn new(store: Arc<Store>, engine: Arc<dyn Engine>, dirs: Dirs) -> Arc<Self> {
        Arc::new(Self {
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
