//! `nova config`: layers, origins, edits in place, and what is never written.

use std::os::unix::fs::PermissionsExt;

use crate::support::Sandbox;

const FILE: &str = ".config/nova/config.toml";

#[test]
fn set_keeps_comments_and_order_and_is_private() {
    let sandbox = Sandbox::new();
    let text = "# mine\nversion = 1\n\n[defaults] # here\nmemory = \"1Gi\" # enough\n";
    let path = sandbox.write(FILE, text);
    sandbox.run("nova config set defaults.memory 2Gi").ok();
    sandbox.run("nova config set defaults.cpu 2").ok();
    let now = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        now,
        "# mine\nversion = 1\n\n[defaults] # here\nmemory = \"2Gi\" # enough\ncpu = \"2\"\n"
    );
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    sandbox.run("nova config unset defaults.cpu").ok();
    sandbox.run("nova config unset defaults.memory").ok();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "# mine\nversion = 1\n"
    );
}

#[test]
fn every_value_tells_its_origin_and_what_it_hides() {
    let mut sandbox = Sandbox::new();
    sandbox.write(FILE, "[global]\ntimeout = \"20s\"\n");
    sandbox.env("NOVA_GLOBAL__RETRY_ATTEMPTS", "7");
    let shown = sandbox.run("nova config view --origin -o json").json();
    let row = |key: &str| {
        let rows = shown["items"].as_array().unwrap();
        rows.iter().find(|row| row["key"] == key).unwrap().clone()
    };
    assert_eq!(
        row("global.retry_attempts")["origin"],
        "$NOVA_GLOBAL__RETRY_ATTEMPTS"
    );
    assert!(
        row("global.timeout")["origin"]
            .as_str()
            .unwrap()
            .ends_with("config.toml:2")
    );
    assert_eq!(row("global.timeout")["shadowed"][0], "default");
    assert_eq!(row("global.color")["origin"], "default");
    let flagged = sandbox
        .run("nova config get global.timeout --config global.timeout=1m")
        .ok();
    assert_eq!(flagged, "1m\n");
}

#[test]
fn a_broken_file_is_one_error_with_its_place_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let path = sandbox.write(FILE, "version = 1\n[global\n");
    let place = &["config.toml:2", "hint: mend the file"];
    for line in [
        "nova config view",
        "nova config set defaults.cpu 2",
        "nova vm list",
    ] {
        let output = sandbox.run(line).fails(3, place);
        assert_eq!(output.stderr.matches("error:").count(), 1, "{output}");
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "version = 1\n[global\n"
    );
    sandbox.run("nova config --help").ok();
    sandbox.run("nova config --version").ok();
}

#[test]
fn tokens_are_stored_privately_and_never_shown() {
    let sandbox = Sandbox::new();
    sandbox
        .run_with_input(
            "nova config set-user ana --token-stdin",
            b"nova_canary_7f\n",
        )
        .ok();
    sandbox
        .run("nova config set-cluster prod --server https://127.0.0.1:1")
        .ok();
    sandbox
        .run("nova config set-context prod --cluster prod --user ana --current")
        .ok();
    for line in [
        "nova config view",
        "nova config view --origin",
        "nova config view -o yaml",
        "nova config get-contexts -o json",
    ] {
        let output = sandbox.run(line);
        assert!(!output.stdout.contains("nova_canary_7f"), "{output}");
    }
    assert_eq!(sandbox.run("nova config current-context").ok(), "prod\n");
    let output = sandbox
        .run("nova config set-cluster x --server https://u:nova_canary_9@h")
        .fails(2, &["must not hold"]);
    assert!(!output.stderr.contains("nova_canary_9"), "{output}");
}

#[test]
fn wrong_values_and_names_are_refused_with_a_hint() {
    let sandbox = Sandbox::new();
    sandbox
        .run("nova config set global.timeout soon")
        .fails(3, &["duration"]);
    sandbox
        .run("nova config set global.output jsn")
        .fails(3, &["table, wide, json"]);
    sandbox
        .run("nova config set defaults.cpu banana")
        .fails(3, &["quantity"]);
    sandbox
        .run("nova config use-context nowhere")
        .fails(11, &["nowhere"]);
    sandbox
        .run("nova config get global.timout")
        .fails(11, &["did you mean \"global.timeout\"?"]);
    sandbox.run("nova config viev").fails(2, &["view"]);
    assert!(!sandbox.home().join(FILE).exists());
}
