//! Where the server of this call is.

use std::path::PathBuf;

use nova_core::{Cx, Result};

/// Flags that choose a server.
#[derive(Debug, clap::Args)]
pub(crate) struct PlaceArgs {
    /// Directory of everything that the server keeps
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl PlaceArgs {
    /// The data directory, absolute.
    pub(crate) fn data(&self, cx: &Cx) -> Result<PathBuf> {
        match &self.data_dir {
            Some(dir) => Ok(absolute(dir.clone())),
            None => Ok(cx.paths()?.server_data()),
        }
    }
}

/// A path that means the same after a change of directory.
pub(crate) fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
