//! Flags of verbs that change something: how long to wait, and whether to change it at all.

use std::time::Duration;

use nova_api::client::{WaitFor, WriteOptions};
use nova_core::args::{DryRun, DryRunArgs};
use nova_core::{Cx, Failure, Result};

/// A waiting verb gives up after this time.
const LIMIT: Duration = Duration::from_mins(10);
/// Creating may include a download.
pub(crate) const CREATE_LIMIT: Duration = Duration::from_hours(1);

/// Flags about waiting.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct WaitArgs {
    /// Wait for this condition, as ready, agent or phase=Running, instead of the verb's own
    #[arg(long, value_name = "COND", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    wait: Option<String>,

    /// Return as soon as the server knows what is wanted
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,

    #[command(flatten)]
    dry_run: DryRunArgs,

    /// Owner of the fields that are written
    #[arg(long, value_name = "MANAGER")]
    field_manager: Option<String>,
}

impl WaitArgs {
    /// Where to dry-run.
    pub(crate) fn dry_run(&self) -> DryRun {
        self.dry_run.mode()
    }

    /// Whether to wait at all.
    pub(crate) fn waits(&self) -> bool {
        !self.no_wait
    }

    /// The condition that was named, if one was.
    pub(crate) fn until(&self) -> Result<Option<WaitFor>> {
        let named = self.wait.as_deref().filter(|text| !text.is_empty());
        let read = |text: &str| {
            text.parse()
                .map_err(|error| Failure::usage(format!("{error}")))
        };
        named.map(read).transpose()
    }

    /// The verb's own behaviour, with fields that belong to this manager.
    pub(crate) fn by(field_manager: Option<String>) -> Self {
        Self {
            field_manager,
            ..Self::default()
        }
    }

    /// How to send the change.
    pub(crate) fn write_options(&self) -> WriteOptions {
        let default = WriteOptions::default();
        WriteOptions {
            dry_run: self.dry_run() == DryRun::Server,
            field_manager: self.field_manager.clone().unwrap_or(default.field_manager),
            ..default
        }
    }

    /// How long to wait.
    pub(crate) fn limit(cx: &Cx) -> Duration {
        cx.timeout_or(LIMIT)
    }
}
