//! Objects and messages of the API as Rust types; no network, no terminal.

mod access;
mod event;
mod exec;
mod field_path;
mod image;
mod kinds;
mod lock;
mod meta;
mod names;
mod namespace;
mod node;
mod open_enum;
mod operation;
mod patch;
mod quantity;
mod resource;
pub mod selector;
mod status;
mod strict;
mod table;
mod time;
mod token;
mod user;
mod version;
mod vm;
mod vm_status;
mod watch;

pub use access::*;
pub use event::*;
pub use exec::*;
pub use field_path::{FieldPath, FieldPathError};
pub use image::*;
pub use kinds::*;
pub use lock::*;
pub use meta::*;
pub use names::*;
pub use namespace::*;
pub use node::*;
pub use operation::*;
pub use patch::*;
pub use quantity::*;
pub use resource::*;
pub use selector::{FieldSelector, Selector, SelectorError, check_label_key, check_label_value};
pub use status::*;
pub use strict::unknown_fields;
pub use table::*;
pub use time::Time;
pub use token::*;
pub use user::*;
pub use version::VersionInfo;
pub use vm::*;
pub use vm_status::*;
pub use watch::*;

/// Name of a virtual machine.
pub type VmName = ObjectName<VirtualMachine>;
/// Name of an image.
pub type ImageName = ObjectName<Image>;
/// Name of an operation.
pub type OperationName = ObjectName<Operation>;
/// Name of a node.
pub type NodeName = ObjectName<Node>;
/// Name of a namespace.
pub type NamespaceName = ObjectName<Namespace>;
