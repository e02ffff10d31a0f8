//! Resolution of specs and images.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nova_api::types::{Image, VirtualMachine};
use serde_json::{Value, json};

use super::resolve::{Blocked, Library, resolve};
use crate::engine::{Boot, DiskSource, Machine};

/// Images by name.
#[derive(Default)]
struct Shelf(BTreeMap<&'static str, Value>);

impl Library for Shelf {
    fn image(&self, name: &str) -> Option<Image> {
        let image = self.0.get(name)?.clone();
        Some(serde_json::from_value(image).unwrap())
    }

    fn file(&self, sha256: &str) -> PathBuf {
        PathBuf::from("/files").join(sha256)
    }

    fn node(&self) -> &'static str {
        "here"
    }
}

fn shelf() -> Shelf {
    let direct = json!({
        "metadata": {"name": "tiny"}, "status": {"phase": "Ready"},
        "spec": {"type": "direct", "agent": "qga", "cmdline": "quiet", "minMemory": "128Mi",
            "files": {"kernel": {"sha256": "k"}, "initrd": {"sha256": "i"}}},
    });
    let disk = json!({
        "metadata": {"name": "debian"}, "status": {"phase": "Ready"},
        "spec": {"type": "disk", "agent": "none",
            "files": {"disk": {"sha256": "d", "format": "raw"}}},
    });
    let late = json!({"metadata": {"name": "late"}, "spec": {}, "status": {"phase": "Uploading"}});
    Shelf([("tiny", direct), ("debian", disk), ("late", late)].into())
}

fn of(spec: &Value) -> Result<Machine, Blocked> {
    let vm =
        json!({"metadata": {"name": "web", "namespace": "default", "uid": "u-1"}, "spec": spec});
    let vm: VirtualMachine = serde_json::from_value(vm).unwrap();
    resolve(&vm, &shelf())
}

#[test]
fn a_direct_image_fills_boot_and_names_the_guest() {
    let machine = of(&json!({"image": "tiny"})).unwrap();
    let boot = Boot::Direct {
        kernel: "/files/k".into(),
        initrd: Some("/files/i".into()),
        cmdline: "quiet hostname=web".into(),
    };
    assert_eq!(machine.boot, boot);
    assert!(machine.agent && machine.disks.is_empty());
    assert_eq!((machine.cpus, machine.memory), (1, 256 << 20));
    assert_eq!(machine.networks.len(), 1);
    assert_eq!(
        machine.networks[0].mac,
        of(&json!({"image": "tiny"})).unwrap().networks[0].mac
    );
}

#[test]
fn a_disk_image_becomes_the_first_disk_whose_size_may_be_given() {
    let machine = of(&json!({"image": "debian"})).unwrap();
    let source = DiskSource::Image {
        path: "/files/d".into(),
        format: "raw".into(),
    };
    assert_eq!(
        (machine.disks[0].name.as_str(), &machine.disks[0].source),
        ("root", &source)
    );
    let disks = json!([{"name": "os", "size": "20Gi"}, {"name": "data", "size": "1Gi"}]);
    let machine = of(&json!({"image": "debian", "disks": disks})).unwrap();
    assert_eq!(machine.disks[0].source, source);
    assert_eq!(machine.disks[0].size, Some(20 << 30));
    assert_eq!(machine.disks[1].source, DiskSource::Blank);
    assert_eq!(machine.boot, Boot::Disk);
}

#[test]
fn millicpus_round_up_and_networks_may_be_none() {
    let spec = json!({"image": "tiny", "networks": [], "resources": {"cpu": "1500m"}});
    let machine = of(&spec).unwrap();
    assert_eq!(machine.cpus, 2);
    assert!(machine.networks.is_empty());
}

#[test]
fn what_is_missing_is_told_apart_from_what_is_late() {
    assert_eq!(
        of(&json!({"image": "no"})),
        Err(Blocked::ImageNotFound("no".into()))
    );
    let late = of(&json!({"image": "late"})).unwrap_err();
    assert!(!late.is_hopeless());
    let elsewhere = of(&json!({"image": "tiny", "placement": {"node": "there"}}));
    assert_eq!(elsewhere, Err(Blocked::NodeNotFound("there".into())));
}

#[test]
fn less_memory_than_the_image_needs_and_nothing_to_boot_are_faults() {
    for spec in [
        json!({"image": "tiny", "resources": {"memory": "64Mi"}}),
        json!({"image": "debian", "disks": [{"name": "root", "image": "debian"}]}),
        json!({}),
    ] {
        assert!(matches!(of(&spec), Err(Blocked::Invalid(_))), "{spec}");
    }
    assert!(of(&json!({"runState": "Stopped"})).is_ok());
}

#[test]
fn the_agent_is_expected_as_image_and_spec_say() {
    let agent = |spec| of(&spec).unwrap().agent;
    assert!(!agent(json!({"image": "debian"})));
    assert!(agent(
        json!({"image": "debian", "guest": {"agent": "required"}})
    ));
    assert!(!agent(json!({"image": "tiny", "guest": {"agent": "none"}})));
}
