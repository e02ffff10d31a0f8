//! Completion in real shells, and its promises: fast, quiet, never starting anything.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::support::{Peer, Sandbox, Server, Shell, need};

/// A sandbox with machines on the simulator, and a cache of its own.
fn machines() -> (Sandbox, Server) {
    let mut sandbox = Sandbox::new();
    let cache = sandbox.home().join(".cache/nova");
    sandbox.env("NOVA_CACHE_DIR", cache);
    let server = Server::start(&sandbox, "sim");
    sandbox.import_stub_image("stub");
    let made = "nova vm create web-1 web-2 db --image stub --label app=shop --label tier=front";
    sandbox.run(made).ok();
    // The first look is also the one that fills the cache.
    for line in ["vm stop |", "vm create x --image |", "-n |", "vm list -l |"] {
        sandbox.eventually(line, |answer| answer.lines().count() > 1);
    }
    (sandbox, server)
}

impl Sandbox {
    /// The answer to a Tab; `|` stands for an empty word.
    fn tab(&self, line: &str) -> String {
        let words = shell_words::split(line).unwrap();
        let words: Vec<String> = words
            .iter()
            .map(|w| if w == "|" { String::new() } else { w.clone() })
            .collect();
        self.run(&format!("nova __complete {}", shell_words::join(words)))
            .ok()
    }

    fn eventually(&self, line: &str, good: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let answer = self.tab(line);
            if good(&answer) {
                return answer;
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{line}: {answer}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn script(&mut self, name: &str, text: &str) {
        let dir = self.path().join("extensions");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(name), text).unwrap();
        std::fs::set_permissions(dir.join(name), PermissionsExt::from_mode(0o755)).unwrap();
        let bin = self.path().join("bin");
        let path = format!("{}:{}:/usr/bin:/bin", bin.display(), dir.display());
        self.env("PATH", path);
    }
}

/// The same session in every shell.
fn session(shell: &mut Shell) {
    assert_eq!(shell.completes("nova vm sto"), "nova vm stop");
    assert_eq!(shell.completes("nova vm stop d"), "nova vm stop db");
    assert_eq!(
        shell.completes("nova vm stop web-1 web-"),
        "nova vm stop web-1 web-2"
    );
    assert_eq!(shell.completes("nova-vm resta"), "nova-vm restart");
    assert_eq!(shell.completes("nova -n def"), "nova -n default");
    assert_eq!(
        shell.completes("nova vm create x --image=st"),
        "nova vm create x --image=stub"
    );
    assert_eq!(
        shell.completes("nova vm wait db --for=phase=Runn"),
        "nova vm wait db --for=phase=Running"
    );
    assert_eq!(
        shell.completes("nova vm list -l tier=fr"),
        "nova vm list -l tier=front"
    );
    assert_eq!(
        shell.completes("nova vm list -o jsonl --no-head"),
        "nova vm list -o jsonl --no-headers"
    );
    assert_eq!(
        shell.completes("nova config set defaults.mem"),
        "nova config set defaults.memory"
    );
    assert_eq!(
        shell.completes("nova vm create -f planted-f"),
        "nova vm create -f planted-file.yaml"
    );
    assert_eq!(
        shell.completes("nova hello --tone=f"),
        "nova hello --tone=formal"
    );
    let offered = shell.offers("nova vm sta");
    assert!(
        offered.contains("start") && offered.contains("stats"),
        "{offered}"
    );
    assert!(offered.contains("Start VMs"), "{offered}");
}

const HELLO: &str = "#!/bin/sh\n#:nova [completion]\n#:nova mode = 'static'\n#:nova [[completion.command]]\n#:nova names = 'vm'\n#:nova [[completion.command.flag]]\n#:nova name = '--tone'\n#:nova values = ['warm', 'formal']\n";

fn furnish(sandbox: &mut Sandbox) {
    sandbox.script("nova-hello", HELLO);
    std::fs::write(sandbox.path().join("cwd/planted-file.yaml"), "").unwrap();
}

#[test]
fn bash_completes_after_the_one_line_that_nova_completion_prints() {
    let (mut sandbox, _server) = machines();
    furnish(&mut sandbox);
    sandbox.env("SHELL", "/bin/bash");
    let line = sandbox.run("nova completion").ok();
    assert_eq!(line.lines().count(), 1, "{line}");
    let mut shell = Shell::start(&sandbox, "bash", line.trim_end());
    session(&mut shell);
    drop(shell);
    // A new shell needs nothing more.
    let mut shell = Shell::start(&sandbox, "bash", "true");
    assert_eq!(shell.completes("nova vm resta"), "nova vm restart");
    // Also one that has not heard of our directory yet, as login shells have not when they read ~/.bashrc.
    let bare = "env PATH=/usr/bin:/bin bash --rcfile .bashrc -i -c 'complete -p nova'";
    std::fs::copy(
        sandbox.home().join(".bashrc"),
        sandbox.path().join("cwd/.bashrc"),
    )
    .unwrap();
    let known = sandbox.run(bare).ok();
    assert_eq!(known, "complete -F _nova_complete nova\n");
}

#[test]
fn zsh_completes_with_descriptions() {
    if !need(Peer::Zsh, "zsh_completes_with_descriptions") {
        return;
    }
    let (mut sandbox, _server) = machines();
    furnish(&mut sandbox);
    let line = sandbox.run("env SHELL=/usr/bin/zsh nova completion").ok();
    let mut shell = Shell::start(&sandbox, "zsh -f", line.trim_end());
    session(&mut shell);
    let offered = shell.offers("nova vm stop web-");
    assert!(offered.contains("-- Running"), "{offered}");
}

#[test]
fn fish_completes_with_descriptions() {
    if !need(Peer::Fish, "fish_completes_with_descriptions") {
        return;
    }
    let (mut sandbox, _server) = machines();
    furnish(&mut sandbox);
    let mut shell = Shell::start(
        &sandbox,
        "fish --no-config",
        "nova completion fish | source",
    );
    session(&mut shell);
    let offered = shell.offers("nova vm stop web-");
    assert!(offered.contains("(Running)"), "{offered}");
}

#[test]
fn every_verb_that_takes_names_completes_them() {
    let (sandbox, _server) = machines();
    let verbs = [
        "get", "describe", "update", "edit", "delete", "start", "stop", "restart", "pause",
    ];
    for verb in verbs
        .into_iter()
        .chain(["resume", "exec", "logs", "events", "stats", "wait", "list"])
    {
        let answer = sandbox.tab(&format!("vm {verb} w"));
        assert!(
            answer.starts_with("web-1\tRunning\nweb-2\t"),
            "vm {verb}: {answer}"
        );
    }
    for (line, expected) in [
        ("image get s", "stub\t"),
        ("image delete |", "stub\t"),
        ("namespace get d", "default\t"),
        ("ns delete pub", "public\t"),
        ("vm stop vm/d", "vm/db\t"),
        ("get v", "vm\t"),
        ("get vm d", "db\t"),
        ("get vm/d", "vm/db\t"),
        ("delete images s", "stub\t"),
        ("vm list -o js", "json\t"),
        ("vm list -l ti", "tier=\n:6"),
        ("vm list -L ti", "tier\n:4"),
        ("vm list -l app=shop,tier=", "app=shop,tier=front\n"),
        ("vm wait db --for del", "delete\t"),
        ("vm update db --label ap", "app=\n"),
    ] {
        let answer = sandbox.eventually(line, |answer| answer.starts_with(expected));
        assert!(answer.starts_with(expected), "{line}: {answer}");
    }
    let operation = sandbox.eventually("operation get |", |answer| answer.lines().count() > 1);
    assert!(operation.lines().next().unwrap().len() >= 36, "{operation}");
    let node = sandbox.eventually("node get |", |answer| answer.lines().count() > 1);
    assert!(node.contains("Ready") || node.contains('\t'), "{node}");
}

#[test]
fn names_on_the_line_are_not_offered_again_and_new_ones_appear() {
    let (sandbox, _server) = machines();
    assert_eq!(sandbox.tab("vm stop web-1 w"), "web-2\tRunning\n:4\n");
    sandbox.run("nova vm create zebra --image stub").ok();
    let answer = sandbox.eventually("vm stop z", |answer| answer.starts_with("zebra"));
    assert_eq!(answer, "zebra\tRunning\n:4\n");
    sandbox.run("nova namespace create other").ok();
    sandbox
        .run("nova -n other vm create elsewhere --image stub")
        .fails(3, &[]);
    assert_eq!(sandbox.tab("-n other vm stop |"), ":4\n");
}

#[test]
fn contexts_and_keys_come_from_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox
        .run("nova config set-cluster lab --server https://lab.example:1")
        .ok();
    sandbox
        .run("nova config set-context prod --cluster lab")
        .ok();
    sandbox.run("nova config set-context play").ok();
    assert_eq!(
        sandbox.tab("config use-context pr"),
        "prod\thttps://lab.example:1\n:4\n"
    );
    assert_eq!(
        sandbox.tab("vm list --context |"),
        "play\tthis machine\nprod\thttps://lab.example:1\n:4\n"
    );
    assert_eq!(
        sandbox.tab("--context=pl"),
        "--context=play\tthis machine\n:4\n"
    );
    assert_eq!(sandbox.tab("config set global.color al"), "always\n:4\n");
    assert!(
        sandbox
            .tab("config get defaults.")
            .contains("defaults.memory\t")
    );
}

#[test]
fn a_tab_starts_no_server_and_a_dead_or_silent_one_delays_none() {
    let mut sandbox = Sandbox::new();
    let cache = sandbox.home().join(".cache/nova");
    sandbox.env("NOVA_CACHE_DIR", cache);
    assert_eq!(sandbox.tab("vm stop |"), ":4\n");
    assert!(
        !sandbox
            .home()
            .join(".local/share/nova/server/lock")
            .exists()
    );
    // One that accepts and never answers.
    let socket = sandbox.path().join("silent.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let endpoint = format!("unix:{}", socket.display());
    let times: Vec<Duration> = (0..3)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(
                sandbox.tab(&format!("--endpoint {endpoint} vm stop |")),
                ":4\n"
            );
            start.elapsed()
        })
        .collect();
    drop(listener);
    assert!(times[0] < Duration::from_secs(2), "{times:?}");
    assert!(times[1] + times[2] < Duration::from_secs(1), "{times:?}");
}

#[test]
fn names_outlive_their_server() {
    let (sandbox, server) = machines();
    server.kill();
    assert_eq!(sandbox.tab("vm stop d"), "db\tRunning\n:4\n");
}

#[test]
fn ten_thousand_names_are_answered_from_the_cache() {
    let (sandbox, _server) = machines();
    let scope = std::fs::read_dir(sandbox.home().join(".cache/nova/complete")).unwrap();
    let scope = scope.flatten().next().unwrap().path();
    let mut names: Vec<String> = (0..10_000).map(|n| format!("vm-{n}\tRunning\n")).collect();
    names.sort();
    std::fs::write(scope.join("default/virtualmachines"), names.concat()).unwrap();
    let answer = sandbox.tab("vm stop vm-77");
    assert_eq!(answer.lines().count(), 1 + 1 + 10 + 100, "{answer}");
}

#[test]
fn extensions_complete_as_their_manifest_says_and_are_not_run_without() {
    let mut sandbox = Sandbox::new();
    sandbox.script("nova-plain", "#!/bin/sh\ntouch \"$HOME/ran\"\n");
    assert_eq!(sandbox.tab("plain |"), ":0\n");
    assert!(!sandbox.home().join("ran").exists());
    let cobra = "#!/bin/sh\n#:nova completion.mode = 'cobra'\ncat >/dev/null\n[ \"$1 $2 $NOVA_COMPLETING\" = '__complete deep 1' ] || exit 1\nprintf 'moon\\tnear\\nsun\\tfar\\n:2\\n'\n";
    sandbox.script("nova-cobra", cobra);
    assert_eq!(sandbox.tab("cobra deep |"), "moon\tnear\nsun\tfar\n:2\n");
    let clap = "#!/bin/sh\n#:nova completion.mode = 'clap'\n[ \"$COMPLETE $1 $2 $3\" = 'fish -- nova-clapped ha' ] && printf 'hard\\tnot easy\\n'\n";
    sandbox.script("nova-clapped", clap);
    assert_eq!(sandbox.tab("clapped ha"), "hard\tnot easy\n:0\n");
    sandbox.script("nova-apart", "#!/bin/sh\n#:nova completion.mode = 'exec'\n");
    sandbox.script(
        "nova_complete-apart",
        "#!/bin/sh\necho \"got-$1\"\necho ':4'\n",
    );
    assert_eq!(sandbox.tab("apart word"), "got-word\n:4\n");
    sandbox.script(
        "nova-slow",
        "#!/bin/sh\n#:nova completion.mode = 'cobra'\nsleep 60\n",
    );
    let start = Instant::now();
    assert_eq!(sandbox.tab("slow |"), ":0\n");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn verbs_of_extensions_are_offered_after_their_noun_and_complete() {
    let mut sandbox = Sandbox::new();
    let text = "#!/bin/sh\n#:nova summary = 'Back it up'\n#:nova [completion]\n#:nova mode = 'static'\n#:nova [[completion.command]]\n#:nova values = ['now', 'later']\n";
    sandbox.script("nova-vm-backup", text);
    assert_eq!(sandbox.tab("vm ba"), "backup\tBack it up\n:4\n");
    assert_eq!(sandbox.tab("vm backup n"), "now\n:4\n");
    assert!(sandbox.tab("hel").starts_with("help\t"));
    assert!(sandbox.tab("help form").starts_with("formats\t"));
    assert!(sandbox.tab("help vm st").starts_with("start\t"));
    assert_eq!(sandbox.tab("vm backup l"), "later\n:4\n");
}
