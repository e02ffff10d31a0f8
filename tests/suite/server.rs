//! The server's life: on demand, over TLS, of another version, and machines that outlive it.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use crate::support::{Peer, Sandbox, Server, need};

#[test]
fn a_server_starts_on_demand_and_tools_that_start_it_at_once_share_one() {
    let sandbox = Sandbox::new();
    let line = "nova vm list & nova vm list & nova node list -o name & wait; nova server status";
    let output = sandbox.shell(line);
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.contains("Running:"), "{output}");
    assert!(output.stdout.contains("node.nova.dev/"), "{output}");
    let servers: Vec<_> = sandbox
        .processes()
        .into_iter()
        .filter(|(_, line)| line.contains("nova-server run"))
        .collect();
    assert_eq!(servers.len(), 1, "{servers:?}");
    sandbox.run("nova server stop").ok();
    assert!(sandbox.run("nova server status").ok().contains("no"));
}

#[test]
fn machines_outlive_the_server_and_are_found_again() {
    let test = "machines_outlive_the_server_and_are_found_again";
    if !need(Peer::Qemu, test) {
        return;
    }
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "qemu");
    sandbox.run("nova image build tiny").ok();
    sandbox
        .run("nova vm create a --image tiny --memory 256Mi")
        .ok();
    let facts = || {
        let vm = sandbox.run("nova vm get a -o json").json();
        (
            vm["status"]["pid"].clone(),
            vm["status"]["startedAt"].clone(),
            vm["status"]["phase"].clone(),
        )
    };
    let before = facts();
    server.kill();
    let server = Server::start(&sandbox, "qemu");
    sandbox.run("nova vm exec a -- true").ok();
    assert_eq!(facts(), before);
    let stopped = sandbox.run("nova server stop").ok();
    assert!(stopped.contains("runs on"), "{stopped}");
    drop(server);
    let _server = Server::start(&sandbox, "qemu");
    sandbox.run("nova vm exec a -- true").ok();
    assert_eq!(facts(), before);
    sandbox.run("nova vm delete a -y --force").ok();
    sandbox.nothing_is_left();
}

#[test]
fn a_server_elsewhere_is_reached_over_tls_with_its_token() {
    let sandbox = Sandbox::new();
    let port = free_port();
    let server = Server::start_with(&sandbox, &format!("--engine sim --listen 127.0.0.1:{port}"));
    let token = server.data().join("admin.token");
    let authority = server.data().join("pki/ca.crt");
    assert!(
        authority.exists(),
        "{:?}",
        std::fs::read_dir(server.data().join("pki"))
            .unwrap()
            .flatten()
            .collect::<Vec<_>>()
    );
    for line in [
        format!(
            "nova config set-cluster far --server https://127.0.0.1:{port} --certificate-authority {}",
            authority.display()
        ),
        format!(
            "nova config set-user admin --token-file {}",
            token.display()
        ),
        "nova config set-context far --cluster far --user admin --current".to_owned(),
    ] {
        sandbox.run(&line).ok();
    }
    sandbox.import_stub_image("stub");
    sandbox.run("nova vm create a --image stub").ok();
    assert!(sandbox.run("nova vm list").ok().contains("Running"));
    assert_eq!(sandbox.run("nova vm exec a -- echo hi").ok(), "hi\n");
    let said = std::fs::read_to_string(&token).unwrap();
    for file in ["server.log", "lock"] {
        let text = std::fs::read_to_string(server.data().join(file)).unwrap_or_default();
        assert!(!text.contains(said.trim()), "{file}");
    }
    sandbox
        .run_with_input("nova config set-user admin --token-stdin", b"nova_wrong\n")
        .ok();
    sandbox.run("nova vm list").fails(5, &["hint: "]);
    sandbox.run("nova vm exec a -- echo hi").fails(125, &[]);
    sandbox
        .run(&format!(
            "nova config set-cluster far --server https://127.0.0.1:{}",
            free_port()
        ))
        .ok();
    sandbox
        .run("nova vm list")
        .fails(6, &["https://127.0.0.1:"]);
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn a_server_of_a_distant_version_is_one_error() {
    let sandbox = Sandbox::new();
    let socket = sandbox.path().join("old.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let answers = std::thread::spawn(move || {
        for stream in listener.incoming().take(1) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _size = stream.read(&mut request).unwrap();
            let body = r#"{"gitVersion":"v0.9.0","serverVersion":"0.9.0","minClient":"0.9.0","engine":"sim","features":[]}"#;
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    let output = sandbox.run(&format!(
        "nova vm list --endpoint unix:{}",
        socket.display()
    ));
    assert_ne!(output.code, 0, "{output}");
    assert!(output.stderr.contains("0.9.0"), "{output}");
    assert_eq!(output.stderr.matches("error:").count(), 1, "{output}");
    answers.join().unwrap();
}

#[test]
fn a_record_that_cannot_be_read_costs_no_disk() {
    let test = "a_record_that_cannot_be_read_costs_no_disk";
    if !need(Peer::Qemu, test) {
        return;
    }
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "qemu");
    sandbox.import_stub_image("stub");
    sandbox
        .run("nova vm create a --image stub --no-start --disk 1Mi")
        .ok();
    sandbox.run("nova vm start a --no-wait").ok();
    sandbox.run("nova vm wait a --for=running").ok();
    sandbox.run("nova vm stop a --force").ok();
    let vms = server.data().join("vms");
    server.kill();
    let dir = std::fs::read_dir(&vms)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let record = dir.join("machine.json");
    let before = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, before.replace("\"cpus\"", "\"cpuCount\"")).unwrap();
    let _server = Server::start(&sandbox, "qemu");
    sandbox.run("nova vm list").ok();
    assert!(dir.join("disks").read_dir().unwrap().count() > 0);
    std::fs::write(&record, before).unwrap();
}

#[test]
fn a_server_that_is_started_on_demand_holds_no_pipe_of_its_caller() {
    let sandbox = Sandbox::new();
    let output = sandbox.shell("timeout 30 bash -c 'x=$(nova vm list 3>&1); echo done'");
    assert_eq!(output.stdout, "done\n", "{output}");
}
