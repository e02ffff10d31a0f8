//! Surroundings that are broken: one clear error each, the right code, nothing half-written.

use std::path::Path;
use std::process::Command;

use crate::support::{Output, Sandbox, Server};

/// A directory with something mounted on it, unmounted when dropped.
struct Mount(std::path::PathBuf);

impl Mount {
    fn new(arguments: &[&str], at: &Path) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let status = Command::new("mount")
            .args(arguments)
            .arg(at)
            .status()
            .unwrap();
        assert!(status.success(), "mount {arguments:?}");
        Self(at.to_owned())
    }

    fn tmpfs(at: &Path, size: &str) -> Self {
        Self::new(
            &[
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=700"),
                "tmpfs",
            ],
            at,
        )
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[track_caller]
fn one_error(output: Output, code: i32, parts: &[&str]) {
    let output = output.fails(code, parts);
    assert_eq!(output.stderr.matches("error:").count(), 1, "{output}");
}

#[test]
fn a_read_only_home_is_named() {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    let _mount = Mount::new(&["--bind", home.to_str().unwrap()], &home);
    let status = Command::new("mount")
        .args(["-o", "remount,ro,bind"])
        .arg(&home)
        .status()
        .unwrap();
    assert!(status.success());
    one_error(
        sandbox.run("nova config set defaults.cpu 2"),
        1,
        &["read-only"],
    );
    let listed = sandbox.run("nova vm list");
    assert_ne!(listed.code, 0, "{listed}");
    one_error(
        listed.clone(),
        listed.code,
        &["Read-only file system", "NOVA_DATA_DIR"],
    );
    sandbox.run("nova config view").ok();
    sandbox.run("nova vm --help").ok();
}

#[test]
fn a_full_disk_loses_nothing_and_the_server_lives_on() {
    let mut sandbox = Sandbox::new();
    let data = sandbox.path().join("data");
    let _mount = Mount::tmpfs(&data, "4m");
    sandbox.env("NOVA_DATA_DIR", &data);
    let server = Server::start(&sandbox, "sim");
    sandbox.import_stub_image("stub");
    sandbox.run("nova vm create before --image stub").ok();
    let filler = data.join("filler");
    drop(
        Command::new("dd")
            .args(["if=/dev/zero", "bs=64k"])
            .arg(format!("of={}", filler.display()))
            .output(),
    );
    let refused = sandbox.run("nova vm create during --image stub --timeout 20s");
    assert_ne!(refused.code, 0, "{refused}");
    assert_eq!(refused.stderr.matches("error:").count(), 1, "{refused}");
    sandbox.run("nova vm get before").ok();
    std::fs::remove_file(filler).unwrap();
    sandbox.run("nova vm create after --image stub").ok();
    drop(server);
    let _again = Server::start(&sandbox, "sim");
    let names = sandbox.run("nova vm list -o name").ok();
    assert!(
        names.contains("/before\n") && names.contains("/after\n"),
        "{names}"
    );
    assert!(
        !names.contains("/during\n") || refused.stderr.contains("time"),
        "{names}"
    );
}

#[test]
fn a_full_config_disk_keeps_the_old_file() {
    let mut sandbox = Sandbox::new();
    let dir = sandbox.path().join("config");
    let _mount = Mount::tmpfs(&dir, "64k");
    sandbox.env("NOVA_CONFIG_DIR", &dir);
    sandbox.run("nova config set defaults.cpu 2").ok();
    let before = std::fs::read(dir.join("config.toml")).unwrap();
    drop(
        Command::new("dd")
            .args(["if=/dev/zero", "bs=1k"])
            .arg(format!("of={}", dir.join("filler").display()))
            .output(),
    );
    one_error(
        sandbox.run("nova config set defaults.cpu 3"),
        1,
        &["cannot write", "hint:"],
    );
    assert_eq!(std::fs::read(dir.join("config.toml")).unwrap(), before);
    assert_eq!(
        std::fs::read_dir(&dir).unwrap().count(),
        3,
        "config.toml, its lock and the filler"
    );
}

#[test]
fn an_explicit_endpoint_is_never_started_and_is_named() {
    let mut sandbox = Sandbox::new();
    let socket = sandbox.path().join("nowhere.sock");
    let endpoint = format!("unix:{}", socket.display());
    one_error(
        sandbox.run(&format!("nova vm list --endpoint {endpoint}")),
        6,
        &[&endpoint, "hint:"],
    );
    sandbox.env("NOVA_ENDPOINT", "https://127.0.0.1:9");
    one_error(
        sandbox.run("nova vm list"),
        6,
        &["https://127.0.0.1:9", "hint:"],
    );
    sandbox.env("NOVA_ENDPOINT", "ftp://x");
    let odd = sandbox.run("nova vm list");
    one_error(odd.clone(), odd.code, &["unix:"]);
    assert!(!socket.exists());
}

#[test]
fn a_second_server_and_a_busy_port_are_refused() {
    let sandbox = Sandbox::new();
    let _server = Server::start(&sandbox, "sim");
    one_error(
        sandbox.run("nova-server run --engine sim"),
        4,
        &["nova-server"],
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap();
    let other = sandbox.path().join("other");
    let line = format!(
        "nova-server run --engine sim --data-dir {} --socket {}/s.sock --listen {port}",
        other.display(),
        sandbox.path().display(),
    );
    let busy = sandbox.run(&line);
    assert_ne!(busy.code, 0);
    one_error(busy.clone(), busy.code, &[&port.to_string()]);
}

#[test]
fn another_user_is_refused_at_the_socket() {
    let sandbox = Sandbox::new();
    let _server = Server::start(&sandbox, "sim");
    let socket = sandbox.path().join("run/nova/nova.sock");
    for path in [
        sandbox.path(),
        &sandbox.path().join("run"),
        &sandbox.path().join("run/nova"),
    ] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
    }
    std::fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let home = sandbox.path().join("other");
    std::fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
    let tool = sandbox.path().join("nova-vm");
    std::fs::copy(env!("CARGO_BIN_EXE_nova-box"), &tool).unwrap();
    let line = format!(
        "setpriv --reuid 65534 --regid 65534 --clear-groups env HOME={} NOVA_ENDPOINT=unix:{} {} list",
        home.display(),
        socket.display(),
        tool.display(),
    );
    let output = sandbox.run(&line);
    assert_eq!(output.code, 5, "{output}");
    assert_eq!(output.stderr.matches("error:").count(), 1, "{output}");
}

#[test]
fn without_qemu_one_error_names_the_package() {
    let mut sandbox = Sandbox::new();
    let bin = sandbox.path().join("bin");
    for program in ["env", "sh", "bash"] {
        std::os::unix::fs::symlink(Path::new("/usr/bin").join(program), bin.join(program)).unwrap();
    }
    sandbox.env("PATH", &bin);
    let _server = Server::start(&sandbox, "qemu");
    sandbox.import_stub_image("stub");
    let output = sandbox.run("nova vm create a --image stub --timeout 20s");
    assert_ne!(output.code, 0, "{output}");
    one_error(
        output.clone(),
        output.code,
        &["qemu-system-x86", "qemu-utils"],
    );
}

#[test]
fn planted_secrets_appear_nowhere() {
    let mut sandbox = Sandbox::new();
    sandbox.env("NOVA_TOKEN", "nova_canary_token_51");
    sandbox.env(
        "NOVA_ENDPOINT",
        "https://ana:canary_password_52@127.0.0.1:9",
    );
    let mut said = String::new();
    for line in [
        "nova vm list",
        "nova vm list -vvv",
        "nova vm list -o json",
        "nova config view",
        "nova config view --origin",
    ] {
        let output = sandbox.run(line);
        said.push_str(&output.stdout);
        said.push_str(&output.stderr);
    }
    sandbox.env("NOVA_ENDPOINT", "https://127.0.0.1:9");
    let output = sandbox.run("nova vm list -vvv --log-file log.txt");
    said.push_str(&output.stderr);
    for secret in ["nova_canary_token_51", "canary_password_52"] {
        assert!(!said.contains(secret), "{secret} was said:\n{said}");
        let found = Command::new("grep")
            .args(["-rl", secret])
            .arg(sandbox.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&found.stdout), "", "{secret}");
    }
}
