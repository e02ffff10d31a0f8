//! `nova WORD…`: what is found, what is passed on, and what is said when nothing is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Sandbox;

/// Puts a script on the sandbox's PATH, outside the directory of first-party tools.
fn script(sandbox: &mut Sandbox, name: &str, text: &str) {
    let dir = sandbox.path().join("extensions");
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    let old = format!("{}:/usr/bin:/bin", sandbox.path().join("bin").display());
    sandbox.env("PATH", format!("{}:{old}", dir.display()));
}

#[test]
fn a_script_on_path_just_works_and_gets_the_contract() {
    let mut sandbox = Sandbox::new();
    let text = "#!/bin/sh\necho \"hello $* ns=$NOVA_NAMESPACE out=$NOVA_OUTPUT cmd=$NOVA_COMMAND call=$NOVA_INVOCATION p=$NOVA_PROTOCOL\"\ntest -x \"$NOVA\" || exit 9\nexit 7\n";
    script(&mut sandbox, "nova-hello", text);
    let output = sandbox.run("nova -n prod -o json hello world --flag");
    assert_eq!(output.code, 7, "{output}");
    assert_eq!(
        output.stdout,
        "hello world --flag ns=prod out=json cmd=hello call=nova hello p=1\n"
    );
    let listed = sandbox.run("nova --list").ok();
    assert!(listed.contains("hello"), "{listed}");
}

#[test]
fn the_longest_name_wins_and_first_party_nouns_are_reserved() {
    let mut sandbox = Sandbox::new();
    script(&mut sandbox, "nova-foo-bar", "#!/bin/sh\necho \"bar $*\"\n");
    script(&mut sandbox, "nova-foo", "#!/bin/sh\necho \"foo $*\"\n");
    script(&mut sandbox, "nova-config", "#!/bin/sh\necho stolen\n");
    script(
        &mut sandbox,
        "nova-vm-backup",
        "#!/bin/sh\necho \"backup $*\"\n",
    );
    assert_eq!(sandbox.run("nova foo bar x").ok(), "bar x\n");
    assert_eq!(sandbox.run("nova foo-bar x").ok(), "bar x\n");
    assert_eq!(sandbox.run("nova foo baz").ok(), "foo baz\n");
    assert!(!sandbox.run("nova config paths").ok().contains("stolen"));
    assert_eq!(sandbox.run("nova vm backup a").ok(), "backup a\n");
    sandbox.run("nova top").fails(127, &["not installed"]);
}

#[test]
fn unknown_words_get_the_nearest_ones_and_exit_2() {
    let sandbox = Sandbox::new();
    sandbox.run("nova confg view").fails(2, &["config"]);
    sandbox.run("nova zzzzzz").fails(2, &["zzzzzz"]);
    sandbox.run("nova --bogus vm list").fails(2, &["--bogus"]);
    let bare = sandbox.run("nova").ok();
    assert!(bare.contains("nova vm"), "{bare}");
    assert!(sandbox.run("nova --version").ok().starts_with("nova "));
    assert!(sandbox.run("ghost --version").ok().starts_with("ghost "));
    let help = sandbox.run("nova help config get").ok();
    assert_eq!(help, sandbox.run("nova config get --help").ok());
}

#[test]
fn files_that_cannot_run_say_why() {
    let mut sandbox = Sandbox::new();
    script(&mut sandbox, "nova-plain", "#!/bin/sh\n");
    let path = sandbox.path().join("extensions/nova-plain");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    sandbox.run("nova plain").fails(126, &["not executable"]);
    script(&mut sandbox, "nova-lost", "#!/no/such/interpreter\n");
    sandbox
        .run("nova lost")
        .fails(127, &["/no/such/interpreter"]);
    script(&mut sandbox, "nova-bare", "echo no shebang\n");
    sandbox.run("nova bare").fails(126, &["#!"]);
    script(
        &mut sandbox,
        "nova-loop",
        "#!/bin/sh\nexec \"$NOVA\" loop\n",
    );
    sandbox.run("nova loop").fails(3, &["loop"]);
}

#[test]
fn aliases_come_last_and_loops_are_shown() {
    let sandbox = Sandbox::new();
    let text = "[aliases]\nwhere = [\"config\", \"paths\"]\na = \"b\"\nb = \"a\"\nsh = \"!echo shell $1\"\n";
    sandbox.write(".config/nova/config.toml", text);
    assert!(sandbox.run("nova where").ok().contains("runtime"));
    sandbox.run("nova a").fails(3, &["a -> b -> a"]);
    assert_eq!(sandbox.run("nova sh x").ok(), "shell x\n");
}

#[test]
fn nothing_is_executed_from_the_current_directory() {
    let mut sandbox = Sandbox::new();
    let planted = sandbox.path().join("cwd/nova-planted");
    std::fs::write(&planted, "#!/bin/sh\necho planted\n").unwrap();
    std::fs::set_permissions(Path::new(&planted), PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!(":.:{}:/usr/bin:/bin", sandbox.path().join("bin").display());
    sandbox.env("PATH", path);
    sandbox.run("nova planted").fails(2, &["planted"]);
}
