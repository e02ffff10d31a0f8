//! `nova config export-kubeconfig`, tried with the kubectl of others.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::raw::free_port;
use crate::support::{Output, Sandbox, Server};

/// The newest kubectl that `tests/peers/kubectl.sh` found, else the one on PATH.
fn kubectl(test: &str) -> Option<PathBuf> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/kubectl");
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    let usual = ["/usr/local/bin/kubectl", "/usr/bin/kubectl"].map(PathBuf::from);
    let program = found
        .pop()
        .or_else(|| usual.into_iter().find(|path| path.exists()));
    if program.is_none() {
        eprintln!("skipped: {test} (kubectl is not installed)");
    }
    program
}

struct Rig {
    sandbox: Sandbox,
    kubectl: PathBuf,
}

impl Rig {
    fn new(test: &str) -> Option<Self> {
        let kubectl = kubectl(test)?;
        let sandbox = Sandbox::new();
        Some(Self { sandbox, kubectl })
    }

    fn run(&self, kubeconfig: &str, line: &str) -> Output {
        let program = self.kubectl.display();
        self.sandbox
            .run(&format!("{program} --kubeconfig {kubeconfig} {line}"))
    }
}

#[test]
fn kubectl_works_with_nothing_else_to_do_whatever_becomes_of_the_server() {
    let Some(rig) = Rig::new("kubeconfig") else {
        return;
    };
    let server = Server::start(&rig.sandbox, "sim");
    rig.sandbox
        .run("nova config export-kubeconfig --file k")
        .ok();
    rig.sandbox.create_stopped("web", "");
    let list = rig.run("k", "get vm -o name").ok();
    assert_eq!(list, "virtualmachine.nova.dev/web\n");
    assert_eq!(rig.run("k", "auth can-i * *").ok(), "yes\n");
    let settings = std::fs::read_to_string(server.data().join("server.toml")).unwrap();

    // Killed: kubectl starts another one, on the same port.
    server.kill();
    assert_eq!(rig.run("k", "get vm -o name").ok(), list);
    rig.sandbox.run("nova server stop").ok();
    assert_eq!(rig.run("k", "get vm -o name").ok(), list);
    let data = rig.sandbox.home().join(".local/share/nova/server");
    let again = std::fs::read_to_string(data.join("server.toml")).unwrap();
    assert_eq!(again, settings);
    rig.sandbox.run("nova server stop").ok();
}

#[test]
fn a_server_that_went_idle_is_started_again() {
    let Some(rig) = Rig::new("kubeconfig idle") else {
        return;
    };
    let flags = "--engine sim --idle-exit 1s";
    let mut server = Some(Server::start_with(&rig.sandbox, flags));
    rig.sandbox
        .run("nova config export-kubeconfig --file k")
        .ok();
    rig.run("k", "get vm").ok();
    std::thread::sleep(Duration::from_secs(4));
    let socket = rig.sandbox.path().join("run/nova/nova.sock");
    assert!(!socket.exists(), "the server did not go idle");
    drop(server.take());
    rig.run("k", "get ns default").ok();
    rig.sandbox.run("nova server stop").ok();
}

#[test]
fn a_static_token_is_one_that_can_be_revoked() {
    let Some(rig) = Rig::new("kubeconfig --static-token") else {
        return;
    };
    let _server = Server::start(&rig.sandbox, "sim");
    let text = rig
        .sandbox
        .run("nova config export-kubeconfig --static-token")
        .ok();
    assert!(
        text.contains("token: nova_") && !text.contains("exec:"),
        "{text}"
    );
    rig.sandbox.write("k", &text);
    let file = rig.sandbox.home().join("k").display().to_string();
    rig.run(&file, "get vm").ok();
    let tokens = rig.sandbox.run("nova auth token list -o name").ok();
    let name = tokens.trim().rsplit('/').next().unwrap().to_owned();
    rig.sandbox
        .run(&format!("nova auth token revoke {name} --yes"))
        .ok();
    rig.run(&file, "get vm")
        .fails(1, &["You must be logged in to the server"]);
}

#[test]
fn explain_knows_the_fields() {
    let Some(rig) = Rig::new("kubectl explain") else {
        return;
    };
    let _server = Server::start(&rig.sandbox, "sim");
    rig.sandbox
        .run("nova config export-kubeconfig --file k")
        .ok();
    let text = rig.run("k", "explain vm.spec.resources").ok();
    assert!(text.contains("memoryMin\t<Quantity>"), "{text}");
    let text = rig.run("k", "explain vm --recursive").ok();
    assert!(text.contains("deleteWithVM\t<boolean>"), "{text}");
    for kind in [
        "ns.spec.quota",
        "events.involvedObject",
        "images.spec.files.disk",
        "nodes.status",
    ] {
        let text = rig.run("k", &format!("explain {kind}")).ok();
        assert!(text.contains("FIELDS:"), "{kind}: {text}");
    }
    let typo = r#"{"apiVersion":"nova.dev/v1","kind":"VirtualMachine","metadata":{"name":"t"},"spec":{"cpus":1}}"#;
    let file = rig.sandbox.write("t.json", typo);
    rig.run("k", &format!("create -f {}", file.display()))
        .fails(1, &["strict decoding error: unknown field \"spec.cpus\""]);
}

#[test]
fn a_context_elsewhere_is_exported_with_its_user() {
    let Some(rig) = Rig::new("kubeconfig of a context") else {
        return;
    };
    let port = free_port();
    let server = Server::start_with(
        &rig.sandbox,
        &format!("--engine sim --listen 127.0.0.1:{port}"),
    );
    let run = |line: &str| rig.sandbox.run(line);
    run("nova auth token create ana --role viewer --file t").ok();
    run(&format!(
        "nova auth login --server https://127.0.0.1:{port} --certificate-authority {} --name far --token-file t",
        server.data().join("pki/ca.crt").display()
    ))
    .ok();
    run("nova config export-kubeconfig --file k").ok();
    let who = rig
        .run("k", "auth whoami -o jsonpath={.status.userInfo.username}")
        .ok();
    assert_eq!(who, "ana");
    for (ask, word) in [
        ("get vm", "yes\n"),
        ("create vm", "no\n"),
        ("get pods", "no\n"),
    ] {
        let answer = rig.run("k", &format!("auth can-i {ask}"));
        assert_eq!(answer.stdout, word, "{answer}");
    }
    rig.run("k", "create ns x").fails(
        1,
        &["Error from server (Forbidden): namespaces is forbidden: User \"ana\" cannot create resource \"namespaces\" in API group \"\" at the cluster scope"],
    );
    let rules = rig.run("k", "auth can-i --list").ok();
    assert!(rules.contains("virtualmachines.nova.dev "), "{rules}");
}
