//! Images that machines boot from (nova-api §4.2).

use serde::{Deserialize, Serialize};

use super::meta::{Condition, ObjectMeta};
use super::open_enum::open_enum;
use super::quantity::Quantity;
use super::resource::{KindInfo, NameRule, Scope, resource};

/// An image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// `nova.dev/v1`.
    #[serde(default)]
    pub api_version: String,
    /// `Image`.
    #[serde(default)]
    pub kind: String,
    /// Name, labels, versions.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Wanted state.
    #[serde(default)]
    pub spec: ImageSpec,
    /// Observed state, written by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ImageStatus>,
}

resource!(
    Image,
    KindInfo {
        group: "nova.dev",
        version: "v1",
        kind: "Image",
        plural: "images",
        singular: "image",
        short_names: &["img", "imgs"],
        scope: Scope::Namespaced,
        names: NameRule::Label,
    }
);

/// Namespace whose images every other namespace may use.
pub const PUBLIC_NAMESPACE: &str = "public";

open_enum! {
    /// What an image consists of.
    ImageType {
        /// One bootable disk.
        Disk => "disk",
        /// Kernel, initial RAM disk and command line.
        Direct => "direct",
    }
}

open_enum! {
    /// Agent inside an image.
    ImageAgent {
        /// The QEMU guest agent.
        Qga => "qga",
        /// Our own.
        Nova => "nova",
        /// None.
        None => "none",
    }
}

/// Wanted state of an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ImageSpec {
    /// What it consists of; absent means a disk.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<ImageType>,
    /// Where its files come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<ImageSource>,
    /// Its files by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<ImageFiles>,
    /// Kernel command line of a direct-boot image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmdline: Option<String>,
    /// Operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Processor architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// Least memory that it boots with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_memory: Option<Quantity>,
    /// Least size of the disk made from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_disk: Option<Quantity>,
    /// Agent inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<ImageAgent>,
    /// Further names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
    /// Login user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_user: Option<String>,
}

/// Where the files of an image come from; exactly one is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ImageSource {
    /// Downloaded by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Uploaded by a client through `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<bool>,
    /// Disk of a machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vm: Option<String>,
    /// Image of the LXD engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lxd: Option<String>,
    /// Recipe built on this machine, such as `tiny`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
}

/// Files of an image by role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ImageFiles {
    /// Bootable disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<ImageFile>,
    /// Kernel of a direct-boot image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<ImageFile>,
    /// Initial RAM disk of a direct-boot image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initrd: Option<ImageFile>,
}

/// One file of an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ImageFile {
    /// Digest, 64 lower-case hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// `qcow2`, `raw`, `kernel`, `initramfs` and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

open_enum! {
    /// Where an image is in its life.
    ImagePhase {
        /// Waits for its files.
        Pending => "Pending",
        /// Files are being fetched.
        Downloading => "Downloading",
        /// Files are being received.
        Uploading => "Uploading",
        /// Usable.
        Ready => "Ready",
        /// Unusable.
        Failed => "Failed",
        /// Being removed.
        Deleting => "Deleting",
    }
}

/// Observed state of an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ImageStatus {
    /// Where it is in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<ImagePhase>,
    /// Percent received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// Size that a guest sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_size: Option<Quantity>,
    /// Space taken on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// Digest of the whole image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Machines that use it, names or a count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_by: Option<serde_json::Value>,
    /// Details.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
