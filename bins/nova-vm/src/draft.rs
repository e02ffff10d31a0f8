//! A new VM from flags and defaults.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use nova_api::{
    CloudInitSpec, GuestSpec, ObjectMeta, Quantity, RestartPolicy, RunState, VirtualMachine,
    VmName, VmResources, VmSpec,
};
use nova_core::{Context, Cx, Failure, Kind, Result, input};
use serde_json::Value;

use crate::flags::{Annotation, DiskFlag, Label, PortFlag, parse_duration};

/// Flags that describe a new VM.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Draft {
    /// Boot image
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,

    /// Virtual CPUs
    #[arg(long, value_name = "N", value_parser = parse_cpu)]
    cpu: Option<Quantity>,

    /// Memory, as 512Mi or 2G
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    memory: Option<Quantity>,

    /// Disk size, as 20Gi; repeat for data disks: SIZE[,name=N][,readonly]
    #[arg(long, value_name = "DISK")]
    disk: Vec<DiskFlag>,

    /// Label to set; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<Label>,

    /// Annotation to set; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<Annotation>,

    /// Delete the VM this long after its creation, as 4h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    ttl: Option<Duration>,

    /// Forward a port of this host: [IP:]HOST:GUEST[/udp]; repeatable
    #[arg(long, value_name = "PORT")]
    port: Vec<PortFlag>,

    /// cloud-init user data from a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    cloud_init: Option<String>,

    /// When to start a VM that ended again: Always, OnFailure, Never
    #[arg(long, value_name = "POLICY", value_parser = parse_restart)]
    restart: Option<RestartPolicy>,

    /// Start the VM; this is the default
    #[arg(long, overrides_with = "no_start")]
    start: bool,

    /// Leave the VM off
    #[arg(long, overrides_with = "start")]
    no_start: bool,
}

fn parse_cpu(text: &str) -> Result<Quantity, String> {
    let cpu: Quantity = text.parse().map_err(|error| format!("{error}"))?;
    match cpu.millis() {
        Some(millis) if millis > 0 => Ok(cpu),
        _ => Err("a VM needs some CPU, as 2 or 500m".to_owned()),
    }
}

fn parse_size(text: &str) -> Result<Quantity, String> {
    Quantity::parse_vm_size(text).map_err(|error| error.to_string())
}

fn parse_restart(text: &str) -> Result<RestartPolicy, String> {
    match text.to_lowercase().as_str() {
        "always" => Ok(RestartPolicy::Always),
        "onfailure" | "on-failure" => Ok(RestartPolicy::OnFailure),
        "never" => Ok(RestartPolicy::Never),
        _ => Err("known are Always, OnFailure and Never".to_owned()),
    }
}

impl Draft {
    /// One object per name.
    pub(crate) fn objects(&self, cx: &Cx, names: &[String]) -> Result<Vec<Value>> {
        let spec = self.spec(cx)?;
        let namespace = cx.namespace()?;
        let mut objects = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(Failure::usage(format!("`{name}` is named twice")));
            }
            let name: VmName = name.parse()?;
            let mut vm = VirtualMachine::new(name.as_str(), spec.clone());
            vm.metadata = self.metadata(name.as_str(), &namespace);
            let object = serde_json::to_value(&vm);
            objects.push(object.context(Kind::Internal, || "encoding the VM".into())?);
        }
        Ok(objects)
    }

    fn metadata(&self, name: &str, namespace: &str) -> ObjectMeta {
        let labels = self
            .label
            .iter()
            .map(|Label(key, value)| (key.clone(), value.clone()));
        let notes = self
            .annotation
            .iter()
            .map(|Annotation(key, value)| (key.clone(), value.clone()));
        let some = |map: BTreeMap<String, String>| (!map.is_empty()).then_some(map);
        ObjectMeta {
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
            labels: some(labels.collect()),
            annotations: some(notes.collect()),
            ..ObjectMeta::default()
        }
    }

    fn spec(&self, cx: &Cx) -> Result<VmSpec> {
        let defaults = Defaults::read(cx)?;
        let disks = match (self.disk.as_slice(), &defaults.disk) {
            ([], None) => None,
            ([], Some(disk)) => Some(vec![disk.spec(0)]),
            (disks, _) => Some(
                disks
                    .iter()
                    .enumerate()
                    .map(|(at, disk)| disk.spec(at))
                    .collect(),
            ),
        };
        let ports: Vec<_> = self.port.iter().map(PortFlag::spec).collect();
        let run_state = if self.no_start {
            RunState::Stopped
        } else {
            RunState::Running
        };
        Ok(VmSpec {
            run_state: Some(run_state),
            restart_policy: self.restart.clone(),
            image: Some(self.image.clone().or(defaults.image).ok_or_else(no_image)?),
            resources: Some(VmResources {
                cpu: self.cpu.clone().or(defaults.cpu),
                memory: self.memory.clone().or(defaults.memory),
                ..VmResources::default()
            }),
            disks,
            ports: (!ports.is_empty()).then_some(ports),
            guest: self.guest()?,
            ttl_seconds_after_creation: self.ttl.map(seconds).transpose()?,
            ..VmSpec::default()
        })
    }

    fn guest(&self) -> Result<Option<GuestSpec>> {
        let Some(source) = &self.cloud_init else {
            return Ok(None);
        };
        let user_data = input::text(Path::new(source))?;
        let cloud_init = CloudInitSpec {
            user_data: Some(user_data),
            ..CloudInitSpec::default()
        };
        Ok(Some(GuestSpec {
            cloud_init: Some(cloud_init),
            ..GuestSpec::default()
        }))
    }
}

fn no_image() -> Failure {
    Failure::usage("no boot image is named")
        .with_hint("pass --image IMAGE, or set one for good: nova config set defaults.image tiny")
        .with_hint("list images with: nova image list -A")
}

fn seconds(ttl: Duration) -> Result<i64> {
    match i64::try_from(ttl.as_secs()) {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err(Failure::usage("--ttl must be at least a second")),
    }
}

/// `defaults` of the configuration.
#[derive(Debug, Default)]
struct Defaults {
    image: Option<String>,
    cpu: Option<Quantity>,
    memory: Option<Quantity>,
    disk: Option<DiskFlag>,
}

impl Defaults {
    fn read(cx: &Cx) -> Result<Self> {
        let config = cx.config()?;
        Ok(Self {
            image: config
                .text("defaults.image")
                .filter(|image| !image.is_empty()),
            cpu: parsed(cx, "defaults.cpu", parse_cpu)?,
            memory: parsed(cx, "defaults.memory", parse_size)?,
            disk: parsed(cx, "defaults.disk", str::parse)?,
        })
    }
}

fn parsed<T>(cx: &Cx, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>> {
    let config = cx.config()?;
    let Some(text) = config.text(key).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let origin = config
        .get(key)
        .map(|entry| entry.origin.to_string())
        .unwrap_or_default();
    let fault = |error| Failure::new(Kind::Config, format!("{origin}: `{key}`: {error}"));
    read(&text).map(Some).map_err(fault)
}
