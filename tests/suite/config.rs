//! `nova config`: layers, origins, edits in place, and what is never written.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Sandbox, Terminal};

const FILE: &str = ".config/nova/config.toml";

#[test]
fn set_keeps_comments_order_and_mode_and_secrets_are_private() {
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
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    // The file keeps its mode until there is a secret in it.
    assert_eq!(mode(), 0o644);
    sandbox
        .run_with_input("nova config set-user ana --token-stdin", b"tok\n")
        .ok();
    assert_eq!(mode(), 0o600);
    std::fs::write(&path, &now).unwrap();
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

/// The layers of `cli-conventions` §4, lowest first, each saying something about the log level.
const LAYERS: [&str; 8] = [
    "default", "system", "user", "context", "project", "variable", "config", "flag",
];

/// Lets a layer say `word`; answers what the command line needs for that.
fn say(sandbox: &mut Sandbox, layer: &str, word: &str) -> String {
    let line = format!("[global]\nlog_level = \"{word}\"\n");
    match layer {
        "system" => std::fs::write(sandbox.path().join("etc/config.toml"), line).unwrap(),
        "user" => drop(sandbox.write(".config/nova/conf.d/user.toml", &line)),
        "context" => {
            let text = format!(
                "current_context = \"here\"\n[[contexts]]\nname = \"here\"\n[contexts.global]\nlog_level = \"{word}\"\n"
            );
            sandbox.write(".config/nova/conf.d/context.toml", &text);
        }
        "project" => std::fs::write(sandbox.path().join("cwd/nova.toml"), line).unwrap(),
        "variable" => drop(sandbox.env("NOVA_GLOBAL__LOG_LEVEL", word)),
        "config" => return format!(" --config global.log_level={word}"),
        "flag" => return format!(" --log-level {word}"),
        _ => {}
    }
    String::new()
}

/// How the origin of a layer reads.
fn origin_of(layer: &str) -> &str {
    match layer {
        "default" => "default",
        "system" => "etc/config.toml:2",
        "user" => "user.toml:2",
        "context" => "context here",
        "project" => "nova.toml:2",
        "variable" => "$NOVA_GLOBAL__LOG_LEVEL",
        "config" => "--config",
        _ => "--log-level",
    }
}

#[test]
fn of_every_two_layers_the_higher_one_wins_and_says_what_it_hides() {
    for (low, lower) in LAYERS.iter().enumerate() {
        for higher in &LAYERS[low + 1..] {
            let mut sandbox = Sandbox::new();
            std::fs::create_dir(sandbox.path().join("etc")).unwrap();
            let mut flags = say(&mut sandbox, lower, "error");
            flags += &say(&mut sandbox, higher, "off");
            let shown = sandbox
                .run(&format!("nova config view --origin -o json{flags}"))
                .json();
            let rows = shown["items"].as_array().unwrap();
            let row = rows
                .iter()
                .find(|row| row["key"] == "global.log_level")
                .unwrap();
            assert_eq!(row["value"], "off", "{higher} over {lower}: {row}");
            let origin = row["origin"].as_str().unwrap();
            assert!(
                origin.ends_with(origin_of(higher)),
                "{higher} over {lower}: {row}"
            );
            let hidden = row["shadowed"][0].as_str().unwrap();
            assert!(
                hidden.ends_with(origin_of(lower)),
                "{higher} over {lower}: {row}"
            );
        }
    }
}

#[test]
fn within_a_file_profiles_and_then_the_environment_lie_over_its_keys() {
    let mut sandbox = Sandbox::new();
    sandbox.write(
        FILE,
        "[global]\ntimeout = \"1s\"\nconnect_timeout = \"1s\"\nretry_attempts = 1\n\
[profiles.base.global]\ntimeout = \"2s\"\nconnect_timeout = \"2s\"\n\
[profiles.ci]\nextends = \"base\"\nglobal.timeout = \"3s\"\n\
[profiles.round]\nextends = \"round\"\n\
[environments.prod.global]\nconnect_timeout = \"4s\"\n",
    );
    let get = |sandbox: &Sandbox, key: &str, flags: &str| {
        sandbox.run(&format!("nova config get {key} {flags}")).ok()
    };
    let both = "--profile ci --environment prod";
    assert_eq!(get(&sandbox, "global.timeout", ""), "1s\n");
    assert_eq!(get(&sandbox, "global.timeout", both), "3s\n");
    assert_eq!(
        get(&sandbox, "global.connect_timeout", "--profile ci"),
        "2s\n"
    );
    assert_eq!(get(&sandbox, "global.connect_timeout", both), "4s\n");
    assert_eq!(get(&sandbox, "global.retry_attempts", both), "1\n");
    sandbox
        .run("nova config view --profile round")
        .fails(3, &["round -> round"]);
    sandbox
        .run("nova config view --profile cj")
        .fails(11, &["did you mean \"ci\"?"]);
    sandbox.env("NOVA_PROFILE", "ci");
    assert_eq!(get(&sandbox, "global.timeout", ""), "3s\n");
    assert_eq!(get(&sandbox, "global.timeout", "--profile base"), "2s\n");
    sandbox.run("nova config use-environment prod").ok();
    let listed = sandbox.run("nova config list-environments").ok();
    assert!(listed.contains("*         prod"), "{listed}");
    sandbox.run("nova config diff base ci").fails(1, &[]);
}

#[test]
fn a_project_file_can_neither_run_programs_nor_relax_rules_before_it_is_trusted() {
    let mut sandbox = Sandbox::new();
    let project = sandbox.path().join("cwd/nova.toml");
    let text = "[global]\npager = \"touch /tmp/never-nova\"\noutput = \"wide\"\n[preferences]\nconfirm_destructive = \"never\"\n\
[aliases]\nx = \"!touch /tmp/never-nova\"\n[[clusters]]\nname = \"c\"\nserver = \"https://evil\"\n";
    std::fs::write(&project, text).unwrap();
    let shown = sandbox.run("nova config view");
    for key in [
        "`global.pager`",
        "`aliases.x`",
        "`clusters`",
        "nova config trust",
        "can only be stricter",
    ] {
        assert!(shown.stderr.contains(key), "{shown}");
    }
    assert!(
        !shown.stdout.contains("never-nova") && !shown.stdout.contains("evil"),
        "{shown}"
    );
    assert!(shown.stdout.contains("output = \"wide\""), "{shown}");
    sandbox.run("nova config trust").fails(2, &["--yes"]);
    sandbox.run("nova config trust --yes").ok();
    assert!(
        sandbox
            .run("nova config view")
            .ok()
            .contains("https://evil")
    );
    std::fs::write(&project, text.replace("evil", "worse")).unwrap();
    let shown = sandbox.run("nova config view");
    assert!(
        !shown.stdout.contains("worse") && shown.stderr.contains("trust"),
        "{shown}"
    );
    sandbox.env("NOVA_WARNINGS", "off");
    sandbox.run("nova config trust --forget").ok();
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_unless_forced() {
    let sandbox = Sandbox::new();
    sandbox
        .run("nova config set defaults.memry 1Gi")
        .fails(3, &["did you mean `defaults.memory`?", "--force"]);
    sandbox
        .run("nova config set global.anything-else 1")
        .fails(3, &["nova config schema", "--force"]);
    sandbox
        .run("nova config set defaults.memry 1Gi --force")
        .ok();
    let shown = sandbox.run("nova config validate");
    assert!(
        shown.stderr.contains("unknown key `defaults.memry`"),
        "{shown}"
    );
    sandbox
        .run("nova config validate --strict")
        .fails(3, &["config.toml:4: unknown key"]);
}

/// An editor that runs a shell script on the file.
fn editor(sandbox: &mut Sandbox, script: &str) {
    let path = sandbox.write("editor.sh", &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    // Arguments in the variable are arguments.
    sandbox.env("NOVA_EDITOR", format!("sh '{}'", path.display()));
}

#[test]
fn edit_stores_only_what_is_valid_and_keeps_the_rest_for_you() {
    let mut sandbox = Sandbox::new();
    let text = "# mine\nversion = 1\n[defaults]\nmemory = \"1Gi\" # enough\n";
    let path = sandbox.write(FILE, text);
    let now = || std::fs::read_to_string(&path).unwrap();
    editor(&mut sandbox, "sed -i s/1Gi/4Gi/ \"$1\"");
    assert_eq!(
        sandbox.run("nova config edit").ok(),
        "config/~/.config/nova/config.toml edited\n"
    );
    assert_eq!(now(), text.replace("1Gi", "4Gi"));
    editor(&mut sandbox, "true");
    let same = sandbox.run("nova config edit");
    assert!(
        same.stdout.contains("unchanged") && same.stderr.contains("cancelled, no changes"),
        "{same}"
    );
    editor(&mut sandbox, ": > \"$1\"");
    assert!(
        sandbox
            .run("nova config edit")
            .stderr
            .contains("cancelled, no changes")
    );
    editor(&mut sandbox, "sed -i s/4Gi/lots/ \"$1\"");
    let bad = sandbox
        .run("nova config edit")
        .fails(3, &["config.toml:4", "quantity", "your edit is kept in "]);
    let kept = bad
        .stderr
        .rsplit("kept in ")
        .next()
        .unwrap()
        .trim()
        .to_owned();
    assert!(std::fs::read_to_string(&kept).unwrap().contains("lots"));
    std::fs::remove_file(&kept).unwrap();
    editor(&mut sandbox, "exit 3");
    sandbox
        .run("nova config edit")
        .fails(1, &["nothing was changed"]);
    sandbox.env("NOVA_EDITOR", "no-such-editor --wait");
    sandbox
        .run("nova config edit")
        .fails(127, &["no-such-editor", "NOVA_EDITOR"]);
    assert_eq!(now(), text.replace("1Gi", "4Gi"));
}

#[test]
fn edit_opens_again_with_the_fault_on_top() {
    let mut sandbox = Sandbox::new();
    let path = sandbox.write(FILE, "version = 1\n");
    // The first time it breaks the file, the second time it mends what it was told.
    editor(
        &mut sandbox,
        "if grep -q '^# error: .*true or false' \"$1\"; then sed -i 's/accessible = 3/accessible = true/' \"$1\"; \
else printf '[preferences]\\naccessible = 3\\n' >> \"$1\"; fi",
    );
    let ended = Terminal::run(&sandbox, 80, "nova config edit").end(80);
    assert!(ended.ok().contains("edited"));
    let now = std::fs::read_to_string(&path).unwrap();
    assert_eq!(now, "version = 1\n[preferences]\naccessible = true\n");
}

#[test]
fn many_writers_at_once_lose_nothing() {
    let sandbox = Sandbox::new();
    let all = sandbox
        .shell("for n in $(seq 60); do nova config set aliases.a$n \"vm list\" & done; wait");
    assert_eq!(all.code, 0, "{all}");
    let text = std::fs::read_to_string(sandbox.home().join(FILE)).unwrap();
    assert_eq!(text.matches("vm list").count(), 60, "{text}");
}

#[test]
fn a_context_is_renamed_with_everything_that_speaks_of_it() {
    let sandbox = Sandbox::new();
    let text = "current_context = \"old\" # now\n\n[[contexts]] # mine\nname = \"old\" # short\nnamespace = \"web\"\n\n\
[[contexts]]\nname = \"other\"\n";
    let path = sandbox.write(FILE, text);
    sandbox.run("nova config rename-context old new").ok();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        text.replace("\"old\"", "\"new\"")
    );
    sandbox
        .run("nova config rename-context new other")
        .fails(4, &["exists already"]);
    sandbox
        .run("nova config rename-context nwe x")
        .fails(11, &["did you mean \"new\"?"]);
}

const DESIGN: &str = "current-context: prod\ncontexts:\n- name: prod\n  cluster: c\n  user: ana\n  namespace: web\n\
clusters:\n- name: c\n  server: https://127.0.0.1:1\n  certificate-authority: /ca.pem\n  insecure-skip-tls-verify: true\n\
users:\n- name: ana\n  token: nova_canary_8\n  client-certificate: /c.pem\n  client-key: /k.pem\n\
defaults:\n  cpu: 2\n  memory: 4Gi\n  disk: 20Gi\n  image: tiny\n  output: wide\n\
preferences:\n  colors: false\n  pager: less -S\n  editor: vi\n  confirm-destructive: true\n";

#[test]
fn the_kube_style_yaml_is_read_changed_imported_and_written() {
    let sandbox = Sandbox::new();
    let yaml = sandbox.write(".config/nova/config.yaml", DESIGN);
    assert_eq!(sandbox.run("nova config current-context").ok(), "prod\n");
    assert_eq!(sandbox.run("nova config get global.output").ok(), "wide\n");
    let origin = sandbox.run("nova config view --origin").ok();
    assert!(origin.contains("config.yaml:20"), "{origin}");
    sandbox.run("nova config set defaults.memory 8Gi").ok();
    assert!(!sandbox.home().join(FILE).exists());
    let now = std::fs::read_to_string(&yaml).unwrap();
    assert!(
        now.contains("memory: 8Gi") && now.contains("colors: false"),
        "{now}"
    );
    let exported = sandbox.run("nova config export --format yaml");
    assert!(
        !exported.stdout.contains("canary") && exported.stderr.contains("--raw"),
        "{exported}"
    );

    let other = Sandbox::new();
    let file = other.write("config.yaml", DESIGN);
    other
        .run(&format!("nova config import {}", file.display()))
        .ok();
    assert!(other.home().join(FILE).exists());
    let written = other.run("nova config export --format yaml --raw").ok();
    for line in DESIGN.lines() {
        assert!(
            written.contains(line.trim_start_matches("- ").trim()),
            "{line} in\n{written}"
        );
    }
    let again = Sandbox::new();
    let file = again.write("again.yaml", &written);
    again
        .run(&format!("nova config import {}", file.display()))
        .ok();
    assert_eq!(
        again.run("nova config export --format yaml --raw").ok(),
        written
    );
}

#[test]
fn comments_of_a_yaml_file_are_never_lost() {
    let sandbox = Sandbox::new();
    let yaml = sandbox.write(".config/nova/config.yaml", "# mine\ndefaults:\n  cpu: 2\n");
    sandbox
        .run("nova config set defaults.cpu 4")
        .fails(3, &["comments", "nova config migrate"]);
    let moved = sandbox.run("nova config migrate").ok();
    assert!(moved.contains("config.yaml.bak-v0"), "{moved}");
    assert!(
        !yaml.exists()
            && sandbox
                .home()
                .join(".config/nova/config.yaml.bak-v0")
                .exists()
    );
    sandbox.run("nova config set defaults.cpu 4").ok();
}

#[test]
fn cloudtop_json_is_imported_and_a_wrong_file_tells_its_place() {
    let sandbox = Sandbox::new();
    let json = r#"{"version": "1.0", "defaults": {"refresh_interval": "30s", "output_format": "table", "show_cached": true},
"cache": {"enabled": true, "backend": "memory", "ttl": "5m", "max_size": 1000},
"output": {"color_enabled": true, "timestamps": true, "columns": {"compute": ["name", "status"]}},
"providers": {"gcp": {"enabled": true, "auth": {"method": "service_account", "key_file": "~/sa.json"}, "options": {"project_id": "p"}},
"neon": {"enabled": true, "auth": {"method": "api_key", "env_api_key": "NEON_API_KEY"}}}}"#;
    let file = sandbox.write("cloudtop.json", json);
    let line = format!("nova config import {}", file.display());
    let dry = sandbox.run(&format!("{line} --dry-run")).ok();
    assert!(
        dry.contains("project = \"p\"") && !sandbox.home().join(FILE).exists(),
        "{dry}"
    );
    sandbox.run(&line).ok();
    assert_eq!(
        sandbox
            .run("nova config get providers.gcp.credentials_file")
            .ok(),
        "~/sa.json\n"
    );
    assert_eq!(sandbox.run("nova config get top.cache.ttl").ok(), "5m\n");
    let bad = sandbox.write("bad.yaml", "defaults:\n  cpu: banana\n");
    sandbox
        .run(&format!("nova config import {}", bad.display()))
        .fails(3, &["bad.yaml:2", "quantity"]);
}

#[test]
fn old_versions_are_migrated_and_newer_ones_refused() {
    let sandbox = Sandbox::new();
    let old = "# mine\n\n[defaults]\noutput = \"json\" # always\n";
    let path = sandbox.write(FILE, old);
    assert_eq!(
        sandbox.run("nova config get global.output").ok(),
        "\"json\"\n"
    );
    let shown = sandbox.run("nova config migrate --dry-run -o table").ok();
    assert!(
        shown.contains("+version = 1") && shown.contains("-[defaults]"),
        "{shown}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), old);
    sandbox.run("nova config migrate").ok();
    let new = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        new,
        "# mine\n\nversion = 1\n\n[global]\noutput = \"json\" # always\n"
    );
    assert_eq!(
        std::fs::read_to_string(path.with_extension("toml.bak-v0")).unwrap(),
        old
    );
    std::fs::write(
        &path,
        "version = 2\n[global]\ntimeout = \"9s\"\nfuture = {}\n",
    )
    .unwrap();
    sandbox
        .run("nova config view")
        .fails(3, &["config.toml:1: version 2 is newer", "--lax"]);
    assert_eq!(
        sandbox.run("nova config get global.timeout --lax").ok(),
        "9s\n"
    );
}

#[test]
fn the_schema_is_a_json_schema_and_a_table() {
    let sandbox = Sandbox::new();
    let schema = sandbox.run("nova config schema -o json").json();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let table = sandbox.run("nova config schema").ok();
    for section in ["global", "defaults", "preferences"] {
        let keys = schema["properties"][section]["properties"]
            .as_object()
            .unwrap();
        for key in keys.keys() {
            assert!(
                table.contains(&format!("{section}.{key}")),
                "{section}.{key}"
            );
        }
    }
    assert!(table.contains("users[].client_key"), "{table}");
}

#[test]
fn secrets_that_others_can_read_are_told_with_the_command_that_helps() {
    let sandbox = Sandbox::new();
    let path = sandbox.write(
        FILE,
        "version = 1\n[[users]]\nname = \"ana\"\ntoken = \"nova_canary_3\"\n",
    );
    let shown = sandbox.run("nova config get users");
    assert!(
        shown
            .stderr
            .contains(&format!("chmod 600 {}", path.display())),
        "{shown}"
    );
    assert!(
        !shown.stdout.contains("canary") && shown.stdout.contains("REDACTED"),
        "{shown}"
    );
    assert!(
        sandbox
            .run("nova config get users --raw")
            .ok()
            .contains("canary")
    );
}
