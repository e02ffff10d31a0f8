//! From a VM object and its image to the machine that an engine runs.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use nova_api::types::{
    Image, ImageAgent, ImageFile, ImagePhase, ImageType, NicSpec, PortSpec, Quantity,
    VirtualMachine,
};
use serde_json::json;

use super::cloud_init;
use super::disks;
use super::limits;
use super::mac::stable_mac;
use crate::api::error::Cause;
use crate::engine::{Accelerator, Boot, Machine, MachineType, Nic, Port, Protocol};

/// Guest memory where neither the spec nor the image says.
const MEMORY: u64 = 256 << 20;

/// Where images and their files are found.
pub(super) trait Library {
    /// The image of this name, in the namespace of the VM or in `public`.
    fn image(&self, name: &str) -> Option<Image>;
    /// The file with this digest.
    fn file(&self, sha256: &str) -> PathBuf;
    /// Name of this node.
    fn node(&self) -> &str;
}

/// Why a VM cannot be turned into a machine.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Blocked {
    /// No such image.
    ImageNotFound(String),
    /// It exists and cannot be used yet.
    ImageNotReady(String),
    /// It exists and never will be usable.
    ImageFailed(String),
    /// It is to run on a node that is not this one.
    NodeNotFound(String),
    /// The spec asks for something impossible.
    Invalid(Vec<Cause>),
}

impl Blocked {
    /// Whether only a change by somebody helps.
    pub(super) fn is_hopeless(&self) -> bool {
        !matches!(self, Self::ImageNotReady(_))
    }
}

pub(super) type Faults = Vec<Cause>;

/// Resolves a VM. All faults of the spec are reported at once.
pub(super) fn resolve(vm: &VirtualMachine, library: &dyn Library) -> Result<Machine, Blocked> {
    let spec = &vm.spec;
    if let Some(node) = spec.placement.as_ref().and_then(|p| p.node.as_deref())
        && node != library.node()
    {
        return Err(Blocked::NodeNotFound(node.into()));
    }
    let image = boot_image(vm, library)?;
    let mut faults = Faults::new();
    limits::check(vm, &mut faults);
    let uid = vm.metadata.uid.clone().unwrap_or_default();
    let nics = spec.networks.clone().unwrap_or_else(|| {
        vec![NicSpec {
            name: "default".into(),
            ..NicSpec::default()
        }]
    });
    let ports = spec.ports.as_deref().unwrap_or_default();
    let machine = Machine {
        cpus: cpus(vm, &mut faults),
        memory: memory(vm, image.as_ref(), &mut faults),
        machine_type: machine_type(vm, &mut faults),
        accelerator: accelerator(vm, &mut faults),
        cpu_model: spec.machine.as_ref().and_then(|m| m.cpu_model.clone()),
        boot: boot(vm, image.as_ref(), library)?,
        disks: disks::resolve(vm, image.as_ref(), library, &mut faults)?,
        networks: nics.iter().map(|nic| interface(&uid, nic)).collect(),
        ports: ports
            .iter()
            .enumerate()
            .filter_map(|(i, p)| port(i, p, &mut faults))
            .collect(),
        cloud_init: cloud_init::seed(vm, &mut faults),
        agent: has_agent(vm, image.as_ref()),
        namespace: vm.metadata.namespace.clone().unwrap_or_default(),
        name: vm.metadata.name.clone(),
        uid,
    };
    if faults.is_empty() {
        Ok(machine)
    } else {
        Err(Blocked::Invalid(faults))
    }
}

/// Whether an agent is expected to answer.
fn has_agent(vm: &VirtualMachine, image: Option<&Image>) -> bool {
    match vm
        .spec
        .guest
        .as_ref()
        .and_then(|guest| guest.agent.as_deref())
    {
        Some("none") => false,
        Some("required") => true,
        _ => image
            .and_then(|image| image.spec.agent.as_ref())
            .is_some_and(|agent| *agent != ImageAgent::None),
    }
}

fn boot_image(vm: &VirtualMachine, library: &dyn Library) -> Result<Option<Image>, Blocked> {
    let kernel = vm
        .spec
        .boot
        .as_ref()
        .and_then(|boot| boot.kernel.as_deref());
    match vm.spec.image.as_deref().or(kernel) {
        Some(name) => ready_image(name, library).map(Some),
        None => Ok(None),
    }
}

pub(super) fn ready_image(name: &str, library: &dyn Library) -> Result<Image, Blocked> {
    let image = library
        .image(name)
        .ok_or_else(|| Blocked::ImageNotFound(name.into()))?;
    match image
        .status
        .as_ref()
        .and_then(|status| status.phase.as_ref())
    {
        Some(ImagePhase::Ready) => Ok(image),
        Some(ImagePhase::Failed | ImagePhase::Deleting) => Err(Blocked::ImageFailed(name.into())),
        _ => Err(Blocked::ImageNotReady(name.into())),
    }
}

fn cpus(vm: &VirtualMachine, faults: &mut Faults) -> u32 {
    let Some(cpu) = vm.spec.resources.as_ref().and_then(|r| r.cpu.as_ref()) else {
        return 1;
    };
    let whole = cpu.millis().map(|millis| millis.div_ceil(1000));
    if let Some(n @ 1..=512) = whole.and_then(|n| u32::try_from(n).ok()) {
        return n;
    }
    let text = "must be between 1m and 512";
    faults.push(Cause::invalid("spec.resources.cpu", &json!(cpu), text));
    1
}

fn memory(vm: &VirtualMachine, image: Option<&Image>, faults: &mut Faults) -> u64 {
    let least = image
        .and_then(|i| i.spec.min_memory.as_ref())
        .and_then(Quantity::bytes);
    let Some(wanted) = vm.spec.resources.as_ref().and_then(|r| r.memory.as_ref()) else {
        return least.unwrap_or_default().max(MEMORY);
    };
    let bytes = wanted.bytes().unwrap_or_default();
    let mut refuse = |text: &str| {
        faults.push(Cause::invalid(
            "spec.resources.memory",
            &json!(wanted),
            text,
        ));
    };
    match least {
        _ if bytes < 1 << 20 => refuse("must be at least 1Mi"),
        Some(least) if bytes < least => {
            let least = Quantity::from_bytes(least);
            refuse(&format!("the image needs at least {least}"));
        }
        _ => {}
    }
    bytes
}

fn machine_type(vm: &VirtualMachine, faults: &mut Faults) -> MachineType {
    match vm.spec.machine.as_ref().and_then(|m| m.type_.as_deref()) {
        None | Some("q35") => MachineType::Q35,
        Some("microvm") => MachineType::Microvm,
        Some(other) => {
            let known = ["q35", "microvm"];
            faults.push(Cause::unsupported(
                "spec.machine.type",
                &json!(other),
                &known,
            ));
            MachineType::Q35
        }
    }
}

fn accelerator(vm: &VirtualMachine, faults: &mut Faults) -> Accelerator {
    match vm
        .spec
        .machine
        .as_ref()
        .and_then(|m| m.accelerator.as_deref())
    {
        None | Some("auto") => Accelerator::Auto,
        Some("kvm") => Accelerator::Kvm,
        Some("tcg") => Accelerator::Tcg,
        Some(other) => {
            let known = ["auto", "kvm", "tcg"];
            faults.push(Cause::unsupported(
                "spec.machine.accelerator",
                &json!(other),
                &known,
            ));
            Accelerator::Auto
        }
    }
}

pub(super) fn is_direct(image: &Image) -> bool {
    image.spec.type_ == Some(ImageType::Direct)
}

fn boot(
    vm: &VirtualMachine,
    image: Option<&Image>,
    library: &dyn Library,
) -> Result<Boot, Blocked> {
    let Some(image) = image.filter(|image| is_direct(image)) else {
        return Ok(Boot::Disk);
    };
    let spec = vm.spec.boot.as_ref();
    let files = image.spec.files.clone().unwrap_or_default();
    let kernel = path(files.kernel.as_ref(), library)
        .ok_or_else(|| Blocked::ImageFailed(image.metadata.name.clone()))?;
    let initrd = match spec.and_then(|boot| boot.initrd.as_deref()) {
        Some(name) => initrd_of(name, library)?,
        None => path(files.initrd.as_ref(), library),
    };
    let cmdline = spec
        .and_then(|boot| boot.cmdline.clone())
        .or_else(|| image.spec.cmdline.clone());
    Ok(Boot::Direct {
        kernel,
        initrd,
        cmdline: named(cmdline.unwrap_or_default(), vm),
    })
}

/// A guest without disk and without cloud-init learns its name from the kernel's command line: the
/// kernel hands words that it does not know to the first process as variables.
fn named(cmdline: String, vm: &VirtualMachine) -> String {
    if cmdline.split(' ').any(|word| word.starts_with("hostname=")) {
        return cmdline;
    }
    let guest = vm.spec.guest.as_ref();
    let name = guest.and_then(|guest| guest.hostname.as_deref());
    format!("{cmdline} hostname={}", name.unwrap_or(&vm.metadata.name))
        .trim()
        .to_owned()
}

fn initrd_of(name: &str, library: &dyn Library) -> Result<Option<PathBuf>, Blocked> {
    let files = ready_image(name, library)?.spec.files.unwrap_or_default();
    Ok(path(files.initrd.as_ref(), library))
}

pub(super) fn path(file: Option<&ImageFile>, library: &dyn Library) -> Option<PathBuf> {
    Some(library.file(file?.sha256.as_deref()?))
}

fn interface(uid: &str, nic: &NicSpec) -> Nic {
    let mac = nic.mac.as_deref().map(str::to_lowercase);
    Nic {
        name: nic.name.clone(),
        mac: mac.unwrap_or_else(|| stable_mac(uid, &nic.name)),
    }
}

fn port(i: usize, spec: &PortSpec, faults: &mut Faults) -> Option<Port> {
    let protocol = match spec.protocol.as_deref() {
        None | Some("tcp") => Protocol::Tcp,
        Some("udp") => Protocol::Udp,
        Some(other) => {
            let field = format!("spec.ports[{i}].protocol");
            faults.push(Cause::unsupported(field, &json!(other), &["tcp", "udp"]));
            return None;
        }
    };
    if spec.guest == 0 {
        faults.push(Cause::required(format!("spec.ports[{i}].guest"), ""));
        return None;
    }
    let host_ip = match spec.host_ip.as_deref().map(str::parse::<IpAddr>) {
        None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(Ok(ip)) => ip,
        Some(Err(_)) => {
            let field = format!("spec.ports[{i}].hostIP");
            faults.push(Cause::invalid(
                field,
                &json!(spec.host_ip),
                "must be an IP address",
            ));
            return None;
        }
    };
    let word = if protocol == Protocol::Udp {
        "udp"
    } else {
        "tcp"
    };
    let name = spec
        .name
        .clone()
        .unwrap_or_else(|| format!("{word}-{}", spec.guest));
    let host = spec.host.unwrap_or(0);
    Some(Port {
        name,
        host_ip,
        host,
        guest: spec.guest,
        protocol,
    })
}
