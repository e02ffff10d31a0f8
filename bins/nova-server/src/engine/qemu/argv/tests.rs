//! Command lines as QEMU gets them.

use std::path::PathBuf;

use super::*;
use crate::engine::sample::machine;
use crate::engine::{CloudInit, Nic};

fn line(machine: &Machine, accelerator: &str) -> String {
    let layout = Layout {
        id: "0badcafe".into(),
        data: PathBuf::from("/data/vms/0badcafe"),
        run: PathBuf::from("/run/nova/vm/0badcafe"),
    };
    let words = argv(
        machine,
        Host {
            layout: &layout,
            accelerator,
            sandbox: true,
        },
    )
    .unwrap();
    words.join(" ").replace(" -", "\n-")
}

#[test]
fn a_direct_boot_on_q35() {
    insta::assert_snapshot!(line(&machine(), "tcg"), @r#"
    -name guest=default/web-1,process=nova-web-1,debug-threads=on
    -uuid 01920000-0000-7000-8000-000000000001
    -nodefaults
    -no-user-config
    -display none
    -msg timestamp=on
    -pidfile /run/nova/vm/0badcafe/pid
    -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
    -S
    -machine q35,accel=tcg
    -cpu max
    -m size=262144K
    -smp cpus=1,maxcpus=1
    -object rng-random,id=rng0,filename=/dev/urandom
    -device virtio-rng-pci,rng=rng0,id=vrng0
    -device virtio-balloon-pci,id=balloon0,deflate-on-oom=on
    -qmp unix:/run/nova/vm/0badcafe/qmp.sock,server=on,wait=off
    -qmp unix:/run/nova/vm/0badcafe/qmp-ro.sock,server=on,wait=off
    -chardev socket,id=ser0,path=/run/nova/vm/0badcafe/serial.sock,server=on,wait=off,logfile=/data/vms/0badcafe/serial.log,logappend=on
    -serial chardev:ser0
    -device virtio-serial-pci,id=vser0
    -chardev socket,id=qga0,path=/run/nova/vm/0badcafe/qga.sock,server=on,wait=off
    -device virtserialport,bus=vser0.0,chardev=qga0,name=org.qemu.guest_agent.0,id=qgaport
    -kernel /images/tiny/vmlinuz
    -initrd /images/tiny/initrd
    -append quiet console=ttyS0
    "#);
}

#[test]
fn a_microvm_under_emulation_is_spared_the_clock_calibration() {
    let machine = Machine {
        machine_type: MachineType::Microvm,
        ..machine()
    };
    let line = line(&machine, "tcg");
    assert!(line.contains("-machine microvm,accel=tcg\n"), "{line}");
    assert!(line.ends_with(
        "-append quiet console=ttyS0 reboot=t no_timer_check tsc_early_khz=1000000 lpj=4000000"
    ));
    assert!(!line.contains("-pci"), "{line}");
}

#[test]
fn a_disk_boot_with_network_and_seed() {
    let disk = |name: &str, source, read_only| Disk {
        name: name.into(),
        source,
        size: Some(1 << 30),
        read_only,
        serial: Some(format!("vol,{name}")),
        boot_index: Some(1),
    };
    let image = DiskSource::Image {
        path: "/images/iso,1.raw".into(),
        format: "raw".into(),
    };
    let port = Port {
        name: "tcp-22".into(),
        host_ip: "127.0.0.1".parse().unwrap(),
        host: 0,
        guest: 22,
        protocol: Protocol::Tcp,
    };
    let machine = Machine {
        boot: Boot::Disk,
        disks: vec![
            disk("root", DiskSource::Blank, false),
            disk("cd", image, true),
        ],
        networks: vec![Nic {
            name: "default".into(),
            mac: "52:54:00:00:00:01".into(),
        }],
        ports: vec![port],
        cloud_init: Some(CloudInit {
            user_data: None,
            network_data: None,
            vendor_data: None,
            hostname: "web-1".into(),
        }),
        ..machine()
    };
    let line = line(&machine, "kvm");
    let devices: Vec<_> = line
        .lines()
        .filter(|line| {
            ["-blockdev", "-netdev"].iter().any(|o| line.starts_with(o))
                || line.contains("blk-pci")
                || line.contains("net-pci")
        })
        .collect();
    insta::assert_snapshot!(devices.join("\n"), @r#"
    -blockdev {"discard":"unmap","driver":"qcow2","file":{"discard":"unmap","driver":"file","filename":"/data/vms/0badcafe/disks/root.qcow2"},"node-name":"disk0"}
    -device virtio-blk-pci,drive=disk0,id=vd0,serial=vol,,root,bootindex=1
    -blockdev {"driver":"raw","file":{"driver":"file","filename":"/images/iso,1.raw","read-only":true},"node-name":"disk1","read-only":true}
    -device virtio-blk-pci,drive=disk1,id=vd1,serial=vol,,cd,bootindex=1
    -blockdev {"driver":"raw","file":{"driver":"file","filename":"/data/vms/0badcafe/disks/seed.img","read-only":true},"node-name":"seed","read-only":true}
    -device virtio-blk-pci,drive=seed,id=vdseed,serial=nova-seed
    -netdev user,id=net0,hostfwd=tcp:127.0.0.1:0-:22
    -device virtio-net-pci,netdev=net0,id=nic0,mac=52:54:00:00:00:01
    "#);
    assert!(line.contains("-cpu host,migratable=on"));
}

#[test]
fn a_console_and_clock_of_the_image_are_respected() {
    let arguments = kernel_arguments("console=hvc0 lpj=1", &TCG_CLOCK);
    assert_eq!(
        arguments,
        "console=hvc0 lpj=1 no_timer_check tsc_early_khz=1000000"
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let layout = Layout {
        id: "x".into(),
        data: "/d".into(),
        run: "/r".into(),
    };
    let host = Host {
        layout: &layout,
        accelerator: "tcg",
        sandbox: false,
    };
    let boot = Machine {
        machine_type: MachineType::Microvm,
        boot: Boot::Disk,
        ..machine()
    };
    let model = Machine {
        cpu_model: Some("max,-device,x".into()),
        ..machine()
    };
    for machine in [boot, model] {
        assert!(matches!(argv(&machine, host), Err(EngineError::Invalid(_))));
    }
}
