//! `nova vm` in breadth, on the simulated engine.

use serde_json::Value;

use crate::support::{Sandbox, Server};

/// A sandbox with a server on the simulator and an image to boot.
fn sim() -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, "sim");
    sandbox.import_stub_image("stub");
    (sandbox, server)
}

fn phases(sandbox: &Sandbox) -> Vec<(String, String)> {
    let list = sandbox.run("nova vm list -o json").json();
    let items = list["items"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    items
        .iter()
        .map(|vm| (text(&vm["metadata"]["name"]), text(&vm["status"]["phase"])))
        .collect()
}

fn all_are(sandbox: &Sandbox, phase: &str) {
    for (name, is) in phases(sandbox) {
        assert_eq!(is, phase, "{name}");
    }
}

#[test]
fn created_vms_are_listed_stopped_through_a_pipe_and_deleted() {
    let (sandbox, _server) = sim();
    let made = sandbox.run("nova vm create a b c --image stub").ok();
    assert_eq!(made, "vm/a created\nvm/b created\nvm/c created\n");
    let names = sandbox.run("nova vm list -o name").ok();
    assert_eq!(
        names,
        "virtualmachine.nova.dev/a\nvirtualmachine.nova.dev/b\nvirtualmachine.nova.dev/c\n"
    );
    let stopped = sandbox.shell("nova vm list -o name | nova vm stop -").ok();
    assert_eq!(stopped.lines().count(), 3, "{stopped}");
    assert!(
        stopped.lines().all(|line| line.contains(" stopped")),
        "{stopped}"
    );
    all_are(&sandbox, "Stopped");
    let table = sandbox.run("nova vm list").ok();
    assert!(table.starts_with("NAME   STATUS    READY"), "{table}");
    sandbox.run("nova vm delete 'a' 'b*' c --yes").ok();
    let empty = sandbox.run("nova vm list");
    assert_eq!((empty.stdout.as_str(), empty.code), ("", 0));
    assert!(
        empty
            .stderr
            .contains("No resources found in default namespace."),
        "{empty}"
    );
}

#[test]
fn verbs_report_each_missing_vm_and_exit_8_or_11() {
    let (sandbox, _server) = sim();
    sandbox.run("nova vm create web-1 web-10 --image stub").ok();
    let mixed = sandbox.run("nova vm stop web-1 web-11 nope");
    assert_eq!(mixed.code, 8, "{mixed}");
    assert!(mixed.stdout.starts_with("vm/web-1 stopped"), "{mixed}");
    assert!(
        mixed.stderr.contains("\"web-11\" not found")
            && mixed.stderr.contains("\"nope\" not found"),
        "{mixed}"
    );
    sandbox
        .run("nova vm stop nope")
        .fails(11, &["\"nope\" not found"]);
    let json = sandbox.run("nova vm start web-1 nope -o json");
    let list: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(list["kind"], "OutcomeList");
    assert_eq!(list["items"][1]["error"]["class"], "not-found");
    sandbox.run("nova vm get web-1 nope").fails(8, &["nope"]);
}

#[test]
fn the_state_table_holds_for_every_verb() {
    let (sandbox, _server) = sim();
    sandbox.run("nova vm create a --image stub --no-start").ok();
    all_are(&sandbox, "Stopped");
    assert_eq!(sandbox.run("nova vm stop a").ok(), "vm/a unchanged\n");
    sandbox
        .run("nova vm restart a")
        .fails(4, &["nova vm start"]);
    sandbox.run("nova vm pause a").fails(4, &[]);
    sandbox.run("nova vm resume a").fails(4, &["nova vm start"]);
    sandbox
        .run("nova vm exec a -- true")
        .fails(125, &["nova vm start"]);
    sandbox.run("nova vm start a").ok();
    assert_eq!(sandbox.run("nova vm start a").ok(), "vm/a unchanged\n");
    assert_eq!(sandbox.run("nova vm resume a").ok(), "vm/a unchanged\n");
    sandbox.run("nova vm pause a").ok();
    all_are(&sandbox, "Paused");
    assert_eq!(sandbox.run("nova vm pause a").ok(), "vm/a unchanged\n");
    sandbox
        .run("nova vm exec a -- true")
        .fails(125, &["resume"]);
    sandbox.run("nova vm start a").ok();
    all_are(&sandbox, "Running");
    sandbox.run("nova vm restart a --cold").ok();
    all_are(&sandbox, "Running");
    sandbox.run("nova vm pause a").ok();
    sandbox.run("nova vm stop a").ok();
    all_are(&sandbox, "Stopped");
    sandbox.run("nova vm start a --paused").ok();
    all_are(&sandbox, "Paused");
    sandbox.run("nova vm delete a -y").ok();
    assert!(phases(&sandbox).is_empty());
}

#[test]
fn selectors_patterns_and_fields_choose() {
    let (sandbox, _server) = sim();
    sandbox
        .run("nova vm create web-1 web-2 --image stub --label app=web")
        .ok();
    sandbox
        .run("nova vm create db --image stub --label app=db,tier=back")
        .fails(2, &[]);
    sandbox
        .run("nova vm create db --image stub --label app=db --label tier=back --no-start")
        .ok();
    let names = |line: &str| {
        sandbox
            .run(line)
            .ok()
            .replace("virtualmachine.nova.dev/", "")
    };
    assert_eq!(names("nova vm list -o name -l app=web"), "web-1\nweb-2\n");
    assert_eq!(
        names("nova vm list -o name -l 'app in (db,x),!nothing'"),
        "db\n"
    );
    assert_eq!(
        names("nova vm list -o name --field-selector status.phase=Stopped"),
        "db\n"
    );
    assert_eq!(
        names("nova vm list -o name --state running"),
        "web-1\nweb-2\n"
    );
    assert_eq!(names("nova vm list 'web-*' -o name"), "web-1\nweb-2\n");
    assert_eq!(names("nova vm stop -l app=web -o name"), "web-1\nweb-2\n");
    sandbox.run("nova vm list -l 'a=(b)'").fails(2, &[]);
    sandbox
        .run("nova vm stop 'x*'")
        .fails(11, &["no VM matches"]);
    sandbox.run("nova vm stop").fails(2, &["no VM is named"]);
    sandbox
        .run("nova vm stop vm/web-1 db")
        .fails(2, &["cannot be mixed"]);
    let labelled = sandbox.run("nova vm list -L app --show-labels").ok();
    assert!(
        labelled.lines().next().unwrap().ends_with("APP   LABELS"),
        "{labelled}"
    );
    assert!(labelled.contains("app=db,tier=back"), "{labelled}");
}

#[test]
fn dry_runs_change_nothing_and_print_the_object() {
    let (sandbox, _server) = sim();
    let client = sandbox
        .run("nova vm create a --image stub --memory 1G --dry-run -o json")
        .json();
    assert_eq!(client["spec"]["resources"]["memory"], "1Gi");
    assert_eq!(client["kind"], "VirtualMachine");
    let server = sandbox
        .run("nova vm create a --image stub --dry-run=server")
        .ok();
    assert_eq!(server, "vm/a created (server dry run)\n");
    sandbox
        .run("nova vm create a --image nowhere --dry-run=server")
        .fails(3, &["nowhere"]);
    assert!(phases(&sandbox).is_empty());
    sandbox.run("nova vm create a --image stub").ok();
    assert_eq!(
        sandbox.run("nova vm stop a --dry-run=server").ok(),
        "vm/a stopped (server dry run)\n"
    );
    assert_eq!(
        sandbox.run("nova vm delete a --dry-run").ok(),
        "vm/a deleted (dry run)\n"
    );
    all_are(&sandbox, "Running");
}

#[test]
fn manifests_come_from_files_and_standard_input() {
    let (sandbox, _server) = sim();
    let yaml = b"apiVersion: nova.dev/v1\nkind: VirtualMachine\nmetadata: {name: a}\nspec: {image: stub}\n---\napiVersion: nova.dev/v1\nkind: VirtualMachine\nmetadata: {name: b}\nspec: {image: stub, runState: Stopped}\n";
    assert_eq!(
        sandbox.run_with_input("nova vm create -f -", yaml).ok(),
        "vm/a created\nvm/b created\n"
    );
    assert_eq!(
        phases(&sandbox),
        [
            ("a".into(), "Running".into()),
            ("b".into(), "Stopped".into())
        ]
    );
    sandbox
        .run_with_input("nova vm create -f -", yaml)
        .fails(4, &["already exists", "nova get vm/"]);
    let odd = b"kind: VirtualMachine\nmetadata: {name: c}\nspec: {imagee: stub}\n";
    sandbox
        .run_with_input("nova vm create -f -", odd)
        .fails(3, &["imagee"]);
    let twice = b"kind: VirtualMachine\nkind: X\n";
    sandbox
        .run_with_input("nova vm create -f -", twice)
        .fails(3, &["standard input"]);
    sandbox
        .run_with_input("nova vm create -f -", b"kind: Pod\nmetadata: {name: c}\n")
        .fails(3, &["Pod"]);
}

#[test]
fn wrong_input_is_one_clear_error_before_anything_happens() {
    let (sandbox, _server) = sim();
    for (line, code, part) in [
        ("nova vm create Bad_Name --image stub", 2, "lower-case"),
        (
            "nova vm create Bad_Name --image stub",
            2,
            "did you mean \"bad-name\"?",
        ),
        ("nova vm create a", 2, "--image"),
        ("nova vm create a --image stub --memory lots", 2, "lots"),
        ("nova vm create a --image stub --cpu 0", 2, "CPU"),
        ("nova vm create a --image stub --bogus", 2, "--bogus"),
        ("nova vm create a --image nowhere", 3, "nova image list -A"),
        ("nova vm create a --image stup", 3, "did you mean \"stub\"?"),
        ("nova vm create a --image stub --ttl 30", 2, "unit"),
        ("nova vm lst", 2, "did you mean \"list\""),
        ("nova vm list -n a,b", 2, "--all-namespaces"),
        ("nova vm create a a --image stub", 2, "twice"),
        ("nova vm remove a", 2, "delete"),
        ("nova vm list -o jsn", 2, "json"),
        ("nova vm wait a --for=redy", 2, "is nothing to wait for"),
        (
            "nova vm list -n nowhere-such",
            0,
            "No resources found in nowhere-such namespace.",
        ),
    ] {
        let output = sandbox.run(line).fails(code, &[part]);
        assert!(output.stderr.matches("error:").count() <= 1, "{output}");
    }
    assert!(phases(&sandbox).is_empty());
    let json = sandbox.run("nova vm get nope -o json");
    let error: Value = serde_json::from_str(&json.stderr).unwrap_or_else(|e| panic!("{e}: {json}"));
    assert_eq!(
        (error["kind"].as_str(), error["class"].as_str()),
        (Some("Error"), Some("not-found"))
    );
}

#[test]
fn deletes_ask_and_refuse_without_somebody_to_ask() {
    let (sandbox, _server) = sim();
    sandbox.run("nova vm create a b --image stub").ok();
    sandbox.run("nova vm delete a").fails(2, &["--yes"]);
    sandbox.run("nova vm delete --all").fails(2, &["--yes"]);
    assert_eq!(phases(&sandbox).len(), 2);
    sandbox.run("nova vm delete --all --force -y").ok();
    assert!(phases(&sandbox).is_empty());
    sandbox.run("nova vm delete a -y").fails(11, &[]);
    assert_eq!(
        sandbox.run("nova vm delete a -y --ignore-not-found").ok(),
        "vm/a unchanged\n"
    );
}

#[test]
fn waits_end_with_124_and_or_fail_ends_them_at_once() {
    let (sandbox, _server) = sim();
    sandbox.run("nova vm create a --image stub").ok();
    assert_eq!(
        sandbox.run("nova vm wait a --for=ready").ok(),
        "vm/a condition met\n"
    );
    assert_eq!(
        sandbox
            .run("nova vm wait a --for=jsonpath={.status.phase}=Running")
            .ok(),
        "vm/a condition met\n"
    );
    sandbox
        .run("nova vm wait a --for=stopped --timeout 300ms")
        .fails(124, &[]);
    sandbox
        .run("nova vm wait a --for=stopped --or-fail=running --timeout 5s")
        .fails(1, &["met phase=Running before phase=Stopped"]);
    sandbox
        .run("nova vm wait a --for=stopped --for=running --any")
        .ok();
    sandbox.run("nova vm delete a -y --no-wait").ok();
    sandbox.run("nova vm wait a --for=delete").ok();
}

#[test]
fn a_vm_with_a_ttl_goes_by_itself() {
    let (sandbox, _server) = sim();
    sandbox.run("nova vm create a --image stub --ttl 1s").ok();
    sandbox
        .run("nova vm wait a --for=delete --timeout 20s")
        .ok();
    assert!(phases(&sandbox).is_empty());
}

#[test]
fn updates_say_what_waits_for_a_restart() {
    let (sandbox, _server) = sim();
    sandbox.run("nova vm create a --image stub").ok();
    let labelled = sandbox.run("nova vm update a --label tier=front").ok();
    assert_eq!(labelled, "vm/a updated\n");
    assert_eq!(
        sandbox.run("nova vm update a --label tier=front").ok(),
        "vm/a unchanged\n"
    );
    let waits = sandbox
        .run("nova vm update a --set resources.memory=256Mi")
        .ok();
    assert!(
        waits.contains("spec.resources.memory needs a restart"),
        "{waits}"
    );
    sandbox.run("nova vm restart a --cold").ok();
    let vm = sandbox.run("nova vm get a -o json").json();
    assert_eq!(vm["metadata"]["labels"]["tier"], "front");
    assert!(
        vm["status"]["pendingChanges"]
            .as_array()
            .is_none_or(Vec::is_empty),
        "{vm}"
    );
    sandbox
        .run("nova vm update a --set resourcez.cpu=4")
        .fails(3, &["resourcez"]);
    sandbox
        .run("nova vm update a")
        .fails(2, &["nothing to change"]);
}

#[test]
fn edit_applies_keeps_and_cancels() {
    let (mut sandbox, _server) = sim();
    sandbox.run("nova vm create a --image stub").ok();
    sandbox.run("nova vm edit a").fails(2, &["NOVA_EDITOR"]);
    sandbox.env(
        "NOVA_EDITOR",
        "sed -i 's/^  name: a$/  name: a\\n  labels: {by: hand}/'",
    );
    sandbox.run("nova vm edit a").ok();
    let vm = sandbox.run("nova vm get a -o json").json();
    assert_eq!(vm["metadata"]["labels"]["by"], "hand");
    sandbox.env("NOVA_EDITOR", "true");
    let same = sandbox.run("nova vm edit a");
    assert!(
        same.stderr.contains("cancelled, no changes") && same.code == 0,
        "{same}"
    );
    sandbox.env("NOVA_EDITOR", "sed -i 's/^spec:/spek:/'");
    let kept = sandbox.run("nova vm edit a");
    assert!(
        kept.code != 0 && kept.stderr.contains("your edit is kept in "),
        "{kept}"
    );
    let path = kept.stderr.split("kept in ").nth(1).unwrap().trim();
    std::fs::remove_file(path).unwrap();
}

#[test]
fn watches_print_changes_as_they_come() {
    let (sandbox, _server) = sim();
    sandbox.run("nova vm create a --image stub").ok();
    let mut command = sandbox.command("nova vm list -w -o json --output-watch-events --timeout 4s");
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    sandbox.run("nova vm stop a").ok();
    sandbox.run("nova vm delete a -y").ok();
    let output = crate::support::wait_for("nova vm list -w", child);
    let events: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.first().unwrap()["type"], "ADDED", "{output}");
    assert_eq!(events.last().unwrap()["type"], "DELETED", "{output}");
    assert!(
        events
            .iter()
            .any(|e| e["object"]["status"]["phase"] == "Stopped"),
        "{output}"
    );
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let (sandbox, _server) = sim();
    sandbox
        .run("nova vm create a b c d --image stub --no-start")
        .ok();
    let output = sandbox.shell("nova vm list -o json | head -n 1; echo ${PIPESTATUS[0]}");
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("{\n0\n", ""),
        "{output}"
    );
}
