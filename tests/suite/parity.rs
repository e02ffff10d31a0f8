//! The same question gets the same bytes from our tools and from kubectl, on the same server.

use std::path::{Path, PathBuf};

use crate::support::{Output, Sandbox, Server};

const MACHINES: &str = r#"
apiVersion: nova.dev/v1
kind: VirtualMachine
metadata: {name: web-1, labels: {app: web, tier: front}, annotations: {note: 'a <b> & "c"', nova.dev/owner: alice}}
spec: {image: tiny, resources: {cpu: "2", memory: 512Mi}}
---
apiVersion: nova.dev/v1
kind: VirtualMachine
metadata: {name: db-1, labels: {app: db}}
spec: {image: tiny, resources: {cpu: "4", memory: 2Gi}}
---
apiVersion: nova.dev/v1
kind: VirtualMachine
metadata: {name: web-10, labels: {app: web, tier: back, n: "10"}, annotations: {note: "é日本"}}
spec: {image: tiny, runState: Stopped, resources: {cpu: "1", memory: 1Gi}}
"#;

/// The newest kubectl that `tests/peers/kubectl.sh` found, else the one on PATH.
fn kubectl(test: &str) -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/kubectl");
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    found.retain(|path| path.exists());
    found.sort();
    let on_path = ["/usr/local/bin/kubectl", "/usr/bin/kubectl"].map(PathBuf::from);
    let program = found
        .pop()
        .or_else(|| on_path.into_iter().find(|path| path.exists()));
    if program.is_none() {
        eprintln!("skipped: {test} (kubectl is not installed)");
    }
    program
}

struct Both {
    sandbox: Sandbox,
    kubectl: PathBuf,
    config: PathBuf,
    _server: Server,
}

impl Both {
    fn start(kubectl: PathBuf) -> Self {
        let sandbox = Sandbox::new();
        let server = Server::start_with(&sandbox, "--engine sim --listen 127.0.0.1:0");
        sandbox.import_stub_image("tiny");
        let file = sandbox.write("vms.yaml", MACHINES);
        sandbox
            .run(&format!("nova-vm create -f {}", file.display()))
            .ok();
        let config = sandbox.home().join("kubeconfig");
        sandbox
            .run(&format!(
                "nova-config export-kubeconfig --file {}",
                config.display()
            ))
            .ok();
        Self {
            sandbox,
            kubectl,
            config,
            _server: server,
        }
    }

    fn ours(&self, line: &str) -> Output {
        match line.strip_prefix("get ") {
            Some(rest) => self.sandbox.run(&format!("nova-vm get {rest}")),
            None => self.sandbox.run(&format!("nova-vm list {line}")),
        }
    }

    fn theirs(&self, line: &str) -> Output {
        let rest = line.strip_prefix("get ").unwrap_or(line);
        let kind = if rest.starts_with("vm/") { "" } else { "vm" };
        let (program, config) = (self.kubectl.display(), self.config.display());
        self.sandbox.run(&format!(
            "{program} --kubeconfig {config} get {kind} {rest}"
        ))
    }

    /// Nothing when both agree. Ages tick between the two, so there are three tries.
    fn difference(&self, line: &str) -> Option<String> {
        let mut last = None;
        for _ in 0..3 {
            let (ours, theirs) = (self.ours(line), self.theirs(line));
            let alike = (ours.code == 0) == (theirs.code == 0);
            if alike && trimmed(&ours.stdout) == trimmed(&theirs.stdout) {
                return None;
            }
            last = Some(format!("{line}\n{ours}\n{theirs}"));
        }
        last
    }
}

/// Trailing blanks of a line are the one thing in which our tables differ from kubectl's.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text
        .split('\n')
        .map(|line| line.trim_end_matches(' '))
        .collect();
    lines.join("\n")
}

#[test]
fn every_expression_prints_the_same_bytes_as_kubectl() {
    let Some(kubectl) = kubectl("every_expression_prints_the_same_bytes_as_kubectl") else {
        return;
    };
    let both = Both::start(kubectl);
    let text = include_str!("../fixtures/output/parity.txt");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(lines.len() > 150, "{}", lines.len());
    let wrong: Vec<String> = lines
        .iter()
        .filter_map(|line| both.difference(line))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        lines.len(),
        wrong.join("\n")
    );
}
