//! Objects of any kind: get, apply, diff, delete, explain, api-resources, and raw requests.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use crate::support::{Sandbox, Server};

const TWO: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: prod}
---
apiVersion: nova.dev/v1
kind: VirtualMachine
metadata: {name: web, labels: {app: web}}
spec: {runState: Stopped, resources: {cpu: 1, memory: 128Mi}}
---
apiVersion: nova.dev/v1
kind: VirtualMachine
metadata: {name: db, namespace: prod, labels: {app: db}}
spec: {runState: Stopped, resources: {cpu: 2, memory: 256Mi}}
";

/// A server on the simulator with two VMs, one in a namespace of its own.
fn with_two() -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "sim");
    let file = sandbox.write("two.yaml", TWO);
    let applied = sandbox
        .run(&format!("nova apply -f {}", file.display()))
        .ok();
    let lines = "namespace/prod created\n\
                 virtualmachine.nova.dev/web created\n\
                 virtualmachine.nova.dev/db created\n";
    assert_eq!(applied, lines);
    (sandbox, server)
}

#[test]
fn apply_creates_configures_and_leaves_alone() {
    let (sandbox, _server) = with_two();
    let apply = |text: &str, flags: &str| {
        sandbox.run_with_input(&format!("nova apply -f - {flags}"), text.as_bytes())
    };
    let unchanged = apply(TWO, "").ok();
    assert_eq!(unchanged.matches(" unchanged\n").count(), 3, "{unchanged}");
    let larger = TWO.replace("cpu: 1", "cpu: 4");
    let web = |words: &str| format!("virtualmachine.nova.dev/web {words}\n");
    let planned = apply(&larger, "--dry-run").ok();
    assert!(planned.contains(&web("configured (dry run)")), "{planned}");
    let rehearsed = apply(&larger, "--dry-run=server").ok();
    assert!(
        rehearsed.contains(&web("configured (server dry run)")),
        "{rehearsed}"
    );
    let cpu = || sandbox.run("nova get vm/web -o json").json()["spec"]["resources"]["cpu"].clone();
    assert_eq!(cpu(), 1);
    let done = apply(&larger, "").ok();
    assert!(done.contains(&web("configured")), "{done}");
    assert_eq!(cpu(), 4);
    let names = apply(&larger, "-o name").ok();
    assert_eq!(names.lines().count(), 3, "{names}");
    let objects = apply(&larger, "-o json").json();
    assert_eq!(objects["items"][1]["spec"]["resources"]["cpu"], 4);
    assert!(objects["items"][1]["metadata"]["managedFields"].is_null());
}

#[test]
fn apply_keeps_what_others_own_until_it_is_forced() {
    let (sandbox, _server) = with_two();
    let other = "apiVersion: nova.dev/v1\nkind: VirtualMachine\nmetadata: {name: web}\n\
                 spec: {resources: {cpu: 8}}\n";
    let apply = |flags: &str| {
        let line = format!("nova apply -f - --field-manager other {flags}");
        sandbox.run_with_input(&line, other.as_bytes())
    };
    apply("").fails(
        4,
        &[
            "conflict with \"nova\": .spec.resources.cpu",
            "--force-conflicts",
        ],
    );
    assert_eq!(
        apply("--force-conflicts").ok(),
        "virtualmachine.nova.dev/web configured\n"
    );
    let owned = sandbox
        .run("nova get vm/web -o json --show-managed-fields")
        .json();
    let managers = owned["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .clone();
    assert!(
        managers.iter().any(|entry| entry["manager"] == "other"),
        "{owned}"
    );
    sandbox
        .run("nova vm update web --label a=b --field-manager labeller")
        .ok();
    let owned = sandbox
        .run("nova get vm/web -o json --show-managed-fields")
        .ok();
    assert!(owned.contains("\"labeller\""), "{owned}");
}

#[test]
fn diff_tells_difference_from_trouble_by_its_exit_code() {
    let (mut sandbox, _server) = with_two();
    let diff =
        |sandbox: &Sandbox, text: &str| sandbox.run_with_input("nova diff -f -", text.as_bytes());
    assert_eq!(diff(&sandbox, TWO).ok(), "");
    let changed = TWO.replace("memory: 128Mi", "memory: 1Gi");
    let output = diff(&sandbox, &changed);
    assert_eq!(output.code, 1, "{output}");
    let name = "nova.dev.v1.VirtualMachine.default.web";
    for line in [
        &format!("--- live/{name}\n+++ merged/{name}\n"),
        "-    memory: 128Mi\n+    memory: 1Gi\n",
    ] {
        assert!(output.stdout.contains(line), "{output}");
    }
    let wrong = TWO.replace("memory: 128Mi", "memory: much");
    assert!(diff(&sandbox, &wrong).code > 1);
    let applied = sandbox.run_with_input("nova apply --diff -f -", changed.as_bytes());
    assert_eq!((applied.code, &applied.stdout), (1, &output.stdout));
    sandbox.env("NOVA_EXTERNAL_DIFF", "diff -rq");
    let external = diff(&sandbox, &changed);
    assert_eq!(external.code, 1, "{external}");
    assert!(external.stdout.starts_with("Files "), "{external}");
    sandbox.env("NOVA_EXTERNAL_DIFF", "no-such-program");
    diff(&sandbox, &changed).fails(127, &["no-such-program"]);
}

#[test]
fn get_finds_kinds_by_every_name_and_several_at_once() {
    let (sandbox, _server) = with_two();
    for word in [
        "vm",
        "vms",
        "VirtualMachine",
        "virtualmachines.nova.dev",
        "virtualmachines.v1.nova.dev",
    ] {
        let names = sandbox.run(&format!("nova get {word} -o name")).ok();
        assert_eq!(names, "virtualmachine.nova.dev/web\n", "{word}");
    }
    assert_eq!(
        sandbox.run("nova get vm").ok(),
        sandbox.run("nova vm list").ok()
    );
    let tables = sandbox.run("nova get vm,ns,image").ok();
    let (vms, namespaces) = tables.split_once("\n\n").unwrap();
    assert!(vms.contains("virtualmachine.nova.dev/web"), "{tables}");
    assert!(
        namespaces.starts_with("NAME ") && namespaces.contains("namespace/prod"),
        "{tables}"
    );
    let list = sandbox.run("nova get vm/web ns/prod -o json").json();
    let kinds: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| &o["kind"])
        .collect();
    assert_eq!(kinds, ["VirtualMachine", "Namespace"]);
    let piped = sandbox
        .shell("nova get vm -A -l app=web -o name | nova get - -o yaml")
        .ok();
    assert!(piped.starts_with("apiVersion: nova.dev/v1\n"), "{piped}");
    let all = sandbox.run("nova get all -A -o name").ok();
    assert_eq!(all.lines().count(), 2, "{all}");
    let file = sandbox.home().join("two.yaml");
    let names = sandbox
        .run(&format!("nova get -f {} -o name", file.display()))
        .ok();
    assert_eq!(
        names,
        "namespace/prod\nvirtualmachine.nova.dev/web\nvirtualmachine.nova.dev/db\n"
    );
}

#[test]
fn get_says_what_is_missing_and_how_it_is_meant() {
    let (sandbox, _server) = with_two();
    sandbox
        .run("nova get vmz")
        .fails(11, &["no kind `vmz`", "did you mean \"vm\""]);
    let partly = sandbox.run("nova get vm/web vm/nope -o name");
    assert_eq!(partly.stdout, "virtualmachine.nova.dev/web\n", "{partly}");
    partly.fails(8, &["vm \"nope\" not found"]);
    assert_eq!(sandbox.run("nova get vm/nope --ignore-not-found").ok(), "");
    sandbox
        .run("nova get")
        .fails(2, &["no kind is named", "nova get vm"]);
    sandbox
        .run("nova get vm/web db")
        .fails(2, &["cannot be mixed"]);
    sandbox
        .run("nova get vm,ns --sort-by .metadata.name")
        .fails(2, &["of one kind"]);
    sandbox
        .run("nova get vm web -l app=web")
        .fails(2, &["cannot be combined"]);
    let empty = sandbox.run("nova get image,vm -l none=none");
    assert_eq!((empty.code, empty.stdout.as_str()), (0, ""), "{empty}");
    assert!(
        empty
            .stderr
            .contains("No resources found in default namespace."),
        "{empty}"
    );
}

#[test]
fn delete_asks_first_and_never_deletes_in_a_dry_run() {
    let (sandbox, _server) = with_two();
    sandbox.run("nova delete vm web").fails(2, &["--yes"]);
    let exists = || sandbox.run("nova get vm -A -o name").ok().lines().count();
    for flag in ["--dry-run", "--dry-run=server"] {
        let dry = sandbox
            .run(&format!("nova delete vm -l app=web {flag}"))
            .ok();
        assert!(
            dry.starts_with("virtualmachine.nova.dev/web deleted ("),
            "{dry}"
        );
        assert_eq!(exists(), 2);
    }
    // kubectl says it in the body instead of the query.
    let body = sandbox.write(
        "options.json",
        r#"{"kind":"DeleteOptions","dryRun":["All"]}"#,
    );
    let path = "/apis/nova.dev/v1/namespaces/default/virtualmachines/web";
    sandbox
        .run(&format!(
            "nova server request DELETE {path} -f {}",
            body.display()
        ))
        .ok();
    assert_eq!(exists(), 2);
    sandbox
        .run("nova delete vm")
        .fails(2, &["no object is named", "--all"]);
    sandbox
        .run("nova delete vm nope --yes")
        .fails(11, &["vm \"nope\" not found"]);
    let gone = sandbox
        .run("nova delete vm/nope --ignore-not-found --yes")
        .ok();
    assert_eq!(gone, "virtualmachine.nova.dev/nope unchanged\n");
    let selected = sandbox
        .run("nova delete vm -l app=web --cascade=foreground --yes")
        .ok();
    assert_eq!(selected, "virtualmachine.nova.dev/web deleted\n");
    assert_eq!(exists(), 1);
    let file = sandbox.home().join("two.yaml");
    let rest = sandbox.run(&format!(
        "nova delete -f {} --ignore-not-found --yes",
        file.display()
    ));
    assert!(rest.ok().ends_with("namespace/prod deleted\n"));
    sandbox
        .run("nova get ns/prod")
        .fails(11, &["namespace \"prod\" not found"]);
}

#[test]
fn explain_knows_fields_from_the_server_and_codes_without_one() {
    let sandbox = Sandbox::new();
    for (word, part) in [
        ("InvalidState", "HTTP 409, exit code 4"),
        ("not-found", "NotFound (reason, HTTP 404, exit code 11)"),
        ("124", "124 (exit code, timeout)"),
    ] {
        let page = sandbox.run(&format!("nova explain {word}")).ok();
        assert!(
            page.contains(part) && page.contains("WHAT TO DO:"),
            "{page}"
        );
    }
    let codes = sandbox.run("nova explain --codes -o json").json();
    assert!(codes["items"].as_array().unwrap().len() > 60);
    assert!(!sandbox.home().join(".local/share/nova/server").exists());
    let _server = Server::start(&sandbox, "sim");
    let page = sandbox.run("nova explain vm.spec.disks").ok();
    assert!(
        page.contains("FIELD: disks <[]") && page.contains("  size\t<"),
        "{page}"
    );
    let tree = sandbox.run("nova explain vm --recursive").ok();
    assert!(tree.contains("\n    resources\t<"), "{tree}");
    sandbox
        .run("nova explain vm.spec.disk")
        .fails(11, &["no field `disk` in spec", "\"disks\""]);
    sandbox
        .run("nova explain NotFond")
        .fails(11, &["did you mean \"NotFound\"?"]);
}

#[test]
fn every_reason_that_the_server_gives_is_explained() {
    let sandbox = Sandbox::new();
    let codes = sandbox.run("nova explain --codes -o name").ok();
    let known: Vec<&str> = codes.lines().collect();
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("bins/nova-server/src");
    let make = std::fs::read_to_string(dir.join("api/error/make.rs")).unwrap();
    // Constructors name Kubernetes' reason, our code and our reason as three texts in a row.
    let words =
        regex_lite::Regex::new(r#"Words\(\s*StatusCode::\w+,((?:\s*(?:"\w+"|reason),?)+)\s*\)"#);
    let mut seen = 0;
    for found in words.unwrap().captures_iter(&make) {
        for word in found[1]
            .split(',')
            .map(|word| word.trim().trim_matches('"'))
        {
            let variable = word.is_empty() || word == "reason";
            assert!(variable || known.contains(&word), "{word} is not explained");
            seen += usize::from(!variable);
        }
    }
    assert!(seen > 40, "{seen}");
    for reason in [
        "InUse",
        "Immutable",
        "UnknownField",
        "TestFailed",
        "ApplyConflict",
        "TokenMissing",
    ] {
        assert!(known.contains(&reason), "{reason}");
    }
}

#[test]
fn api_resources_lists_kinds_and_selects_among_them() {
    let sandbox = Sandbox::new();
    let _server = Server::start(&sandbox, "sim");
    let table = sandbox.run("nova api-resources").ok();
    assert!(table.starts_with("NAME "), "{table}");
    let row = table
        .lines()
        .find(|line| line.starts_with("virtualmachines "))
        .unwrap();
    assert!(
        row.contains("nova.dev/v1") && row.ends_with("true         VirtualMachine"),
        "{row}"
    );
    let names = |flags: &str| {
        sandbox
            .run(&format!("nova api-resources -o name {flags}"))
            .ok()
    };
    assert!(names("--namespaced=false").contains("namespaces\n"));
    assert!(!names("--namespaced").contains("namespaces\n"));
    assert_eq!(
        names("--categories all --verbs list"),
        "images.nova.dev\nvirtualmachines.nova.dev\n"
    );
    let json = sandbox
        .run("nova api-resources --api-group nova.dev -o json")
        .json();
    assert!(
        json["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|kind| kind["group"] == "nova.dev")
    );
    assert_eq!(sandbox.run("nova api-versions").ok(), "nova.dev/v1\nv1\n");
}

#[test]
fn manifests_come_from_trees_patterns_and_the_web_and_faults_name_their_place() {
    let sandbox = Sandbox::new();
    let _server = Server::start(&sandbox, "sim");
    let vm = |name: &str| {
        format!(
            "apiVersion: nova.dev/v1\nkind: VirtualMachine\nmetadata: {{name: {name}}}\nspec: {{runState: Stopped}}\n"
        )
    };
    sandbox.write("m/a.yaml", &vm("a"));
    sandbox.write("m/below/b.yml", &vm("b"));
    sandbox.write("m/notes.txt", "not: read");
    let dir = sandbox.home().join("m").display().to_string();
    let applied = |arguments: &str| {
        sandbox
            .run(&format!("nova apply --dry-run {arguments}"))
            .ok()
    };
    assert_eq!(applied(&format!("-f {dir}")).lines().count(), 1);
    assert_eq!(applied(&format!("-R -f {dir}")).lines().count(), 2);
    assert_eq!(
        applied(&format!("-f '{dir}/b*/*.yml'")),
        "virtualmachine.nova.dev/b created (dry run)\n"
    );
    let address = serve_once(vm("far"));
    assert_eq!(
        applied(&format!("-f {address}")),
        "virtualmachine.nova.dev/far created (dry run)\n"
    );
    let broken = sandbox.write(
        "broken.yaml",
        "apiVersion: nova.dev/v1\nkind: VirtualMachine\nkind: Image\n",
    );
    for verb in ["apply", "vm create", "delete", "diff"] {
        let output = sandbox.run(&format!("nova {verb} -f {}", broken.display()));
        let place = format!("error: {}:3:1: ", broken.display());
        assert_eq!(output.code, 3, "{output}");
        assert_eq!(output.stderr.lines().count(), 1, "{output}");
        assert!(output.stderr.starts_with(&place), "{output}");
    }
    let kind = sandbox.write(
        "kind.yaml",
        "apiVersion: nova.dev/v1\nkind: VirtualMaschine\nmetadata: {name: a}\n",
    );
    sandbox
        .run(&format!("nova apply -f {}", kind.display()))
        .fails(3, &["kind.yaml: the server has no kind", "VirtualMachine"]);
}

/// Answers one request for a page and ends.
fn serve_once(text: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/far.yaml", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _read = stream.read(&mut request).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
        stream.write_all((head + &text).as_bytes()).unwrap();
    });
    address
}

#[test]
fn a_raw_request_prints_the_answer_as_it_is() {
    let (sandbox, _server) = with_two();
    let version = sandbox.run("nova server request GET /version").json();
    assert_eq!(version["engine"], "sim");
    let path = "/apis/nova.dev/v1/namespaces/default/virtualmachines/web";
    let change = sandbox.write("patch.json", r#"{"metadata":{"labels":{"raw":"1"}}}"#);
    let line = format!(
        "nova server request PATCH {path} -f {} --content-type application/merge-patch+json",
        change.display()
    );
    assert_eq!(sandbox.run(&line).json()["metadata"]["labels"]["raw"], "1");
    let head = sandbox
        .run(&format!("nova server request get {path} -i"))
        .ok();
    assert!(
        head.starts_with("HTTP 200\n") && head.contains("\netag: "),
        "{head}"
    );
    let missing = sandbox.run(&format!("nova server request GET {path}x"));
    let status: Value = serde_json::from_str(&missing.stdout).unwrap();
    assert_eq!(status["reason"], "NotFound");
    missing.fails(11, &["vm \"webx\" not found"]);
    sandbox
        .run("nova server request FETCH /")
        .fails(2, &["the methods are"]);
    sandbox
        .run("nova server request GET version")
        .fails(2, &["a path begins with /"]);
}
