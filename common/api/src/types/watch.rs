//! Events of a watch (nova-api §6).

use serde::{Deserialize, Serialize};

use super::open_enum::open_enum;

open_enum! {
    /// What happened.
    WatchEventType {
        /// The object is new, or entered the selection.
        Added => "ADDED",
        /// The object changed.
        Modified => "MODIFIED",
        /// The object is gone, or left the selection.
        Deleted => "DELETED",
        /// Nothing up to this revision.
        Bookmark => "BOOKMARK",
        /// The watch ends with a `Status`.
        Error => "ERROR",
    }
}

/// One event of a watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchEvent<T> {
    /// What happened.
    #[serde(rename = "type")]
    pub type_: WatchEventType,
    /// The object, the revision of a bookmark, or a `Status`.
    pub object: T,
}

/// Annotation of the bookmark that ends the initial state.
pub const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";
