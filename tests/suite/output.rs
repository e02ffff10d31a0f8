//! The recorded `get` cases of kubectl, against a server that serves their objects.

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{FixtureApi, Output, Sandbox, Server};

/// What the vectors' own list of deviations makes of a case: exit code, and text where that differs.
const DEVIATIONS: [(&str, i32, Option<&str>); 4] = [
    ("get/sort-nowhere", 2, None),
    ("get/sort-bad", 2, None),
    ("get/sort-load-json", 0, Some("db-1 web-1 web-10")),
    ("get/found-and-missing", 8, None),
];

fn vectors() -> Value {
    serde_json::from_str(include_str!("../fixtures/output/vectors.json")).unwrap()
}

/// `get vm ARGS` is `nova-vm list ARGS` without names and `nova-vm get NAMES ARGS` with them; what
/// is about kubectl's own grammar has the nearest form of ours.
fn command(case: &Value) -> String {
    let words: Vec<&str> = case["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w.as_str().unwrap())
        .collect();
    let rest = match words.as_slice() {
        ["get"] => return "nova-vm".to_owned(),
        ["get", "vmz"] => return "nova vmz".to_owned(),
        ["gett", ..] => return "nova-vm gett".to_owned(),
        ["get", "vm", rest @ ..] | ["get", rest @ ..] => rest,
        other => panic!("{other:?}"),
    };
    let named = rest.first().is_some_and(|word| !word.starts_with('-'));
    let verb = if named { "get" } else { "list" };
    format!("nova-vm {verb} {}", shell_words::join(rest))
}

fn wanted_code(case: &Value) -> i32 {
    match case["stderr"]["class"].as_str() {
        _ if case["exit"] == 0 => 0,
        Some("not-found") if case["args"].as_array().unwrap().len() > 4 => 8,
        Some("not-found") => 11,
        _ => 2,
    }
}

fn run(case: &Value) -> Output {
    let mut sandbox = Sandbox::new();
    let socket = sandbox.path().join("api.sock");
    let _api = FixtureApi::start(&socket, &vectors());
    sandbox.env("NOVA_ENDPOINT", format!("unix:{}", socket.display()));
    let line = command(case);
    let watching = case["args"]
        .as_array()
        .unwrap()
        .iter()
        .any(|a| a == "-w" || a == "--watch-only");
    if watching {
        let lines = case["stdout"].as_str().unwrap().lines().count();
        return first_lines(&sandbox, &line, lines);
    }
    sandbox.run(&line)
}

/// A watch does not end when the stream does, so it is ended after the lines that are waited for.
fn first_lines(sandbox: &Sandbox, line: &str, count: usize) -> Output {
    let mut command = sandbox.command(line);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = stdout.read(&mut chunk) {
            drop(sender.send(chunk[..length].to_vec()));
        }
    });
    let (mut bytes, start) = (Vec::new(), Instant::now());
    let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count() - 1;
    while lines(&bytes) < count && start.elapsed() < Duration::from_secs(20) {
        bytes.extend(
            receiver
                .recv_timeout(Duration::from_millis(100))
                .unwrap_or_default(),
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let stdout = String::from_utf8(bytes).unwrap();
    Output {
        command: line.to_owned(),
        code: 0,
        stdout,
        stderr: String::new(),
    }
}

fn as_yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// Nothing when the case passes.
fn fault(case: &Value) -> Option<String> {
    let id = case["id"].as_str().unwrap();
    let output = run(case);
    let deviation = DEVIATIONS.iter().find(|(known, ..)| *known == id);
    let code = deviation.map_or_else(|| wanted_code(case), |(_, code, _)| *code);
    let text = deviation
        .and_then(|(.., text)| *text)
        .or(case["stdout"].as_str())
        .unwrap();
    let same = match id {
        // Values count, not bytes: we quote more than kubectl does.
        "get/yaml-one" | "get/yaml-list" => as_yaml(&output.stdout) == as_yaml(text),
        // Trailing blanks of a line are removed.
        "get/label-columns" => output.stdout == text.replace("db    \n", "db\n"),
        _ => output.stdout == text,
    };
    let notice = match case["stderr"]["class"].as_str() {
        Some("notice") if code == 0 => output
            .stderr
            .contains(case["stderr"]["detail"].as_str().unwrap()),
        _ => true,
    };
    let fine = same && notice && output.code == code;
    (!fine).then(|| format!("{id}: wanted {code} {text:?}\n{output}"))
}

#[test]
fn every_recorded_get_answers_as_kubectl_did() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    let cases: Vec<&Value> = cases
        .iter()
        .filter(|case| case["id"].as_str().unwrap().starts_with("get/"))
        .collect();
    assert_eq!(cases.len(), 58);
    let faults: Vec<String> = cases.iter().filter_map(|case| fault(case)).collect();
    assert!(
        faults.is_empty(),
        "{} of {} fail:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
}

#[test]
fn every_verb_prints_in_every_format() {
    let sandbox = Sandbox::new();
    let _server = Server::start(&sandbox, "sim");
    sandbox.import_stub_image("tiny");
    let print = |line: &str| sandbox.run(line).ok();
    let create = "nova-vm create --image tiny --no-start";
    assert_eq!(
        print(&format!("{create} a -o jsonpath={{.metadata.name}}")),
        "a"
    );
    let columns = "-o custom-columns=N:.metadata.name,P:.spec.image";
    assert_eq!(
        print(&format!("{create} b c {columns}")),
        "N     P\nb     tiny\nc     tiny\n"
    );
    let stop = |flags: &str| print(&format!("nova-vm stop a b {flags}"));
    let name = "virtualmachine.nova.dev";
    assert_eq!(
        stop("-o csv"),
        format!("TARGET,CHANGE\n{name}/a,unchanged\n{name}/b,unchanged\n")
    );
    assert_eq!(
        stop("-o tsv --columns change"),
        "CHANGE\nunchanged\nunchanged\n"
    );
    assert_eq!(stop("--template '{{.kind}}'"), "OutcomeList");
    assert_eq!(
        stop("-o 'jsonpath={.items[*].change}'"),
        "unchanged unchanged"
    );
    assert_eq!(
        stop("-o custom-columns=C:.change"),
        "C\nunchanged\nunchanged\n"
    );
    let list = |flags: &str| print(&format!("nova-vm list {flags}"));
    assert_eq!(
        list("--columns name,cpu"),
        "NAME   CPU\na      1\nb      1\nc      1\n"
    );
    assert_eq!(
        list("-o csv --columns N:.metadata.name,G:.metadata.generation"),
        "N,G\na,1\nb,1\nc,1\n"
    );
    assert_eq!(
        list("-o md --columns name"),
        "| NAME |\n| --- |\n| a |\n| b |\n| c |\n"
    );
    assert_eq!(
        list("--sort-by metadata.name --reverse -o name --no-headers")
            .lines()
            .next(),
        Some("virtualmachine.nova.dev/c")
    );
    sandbox
        .run("nova-vm list --columns nam")
        .fails(2, &["no column `nam`", "did you mean `name`?"]);
    let nodes = print("nova-node list -o csv");
    assert!(nodes.starts_with("NAME,STATUS,"), "{nodes}");
}
