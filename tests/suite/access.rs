//! Who may do what: roles, tokens, certificates, and what happens when they end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::raw::{Raw, Socket, free_port, until_end};
use crate::support::{Sandbox, Server};

const VMS: &str = "/apis/nova.dev/v1/namespaces/default/virtualmachines";
/// The connection goes with the answer.
const CLOSE: &str = "connection: close\r\n";
const PROD: &str = "/apis/nova.dev/v1/namespaces/prod/virtualmachines";

/// A server that speaks plain HTTP, with a machine `a` in `default` and `p` in `prod`.
struct Rig {
    sandbox: Sandbox,
    server: Server,
    raw: Raw,
}

impl Rig {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let port = free_port();
        let flags = format!("--engine sim --insecure-http 127.0.0.1:{port}");
        let server = Server::start_with(&sandbox, &flags);
        sandbox.import_stub_image("stub");
        sandbox.run("nova namespace create prod").ok();
        sandbox.run("nova vm create a --image stub").ok();
        sandbox.create_stopped("p", "-n prod");
        Self {
            sandbox,
            server,
            raw: Raw::new(port),
        }
    }

    /// A new token.
    fn token(&self, arguments: &str) -> String {
        let made = self
            .sandbox
            .run(&format!("nova auth token create {arguments}"));
        made.ok().trim().to_owned()
    }

    fn with(&self, arguments: &str) -> Raw {
        self.raw.with(&self.token(arguments))
    }
}

/// One request, and the access review that must agree with it.
struct Act {
    /// Least of the roles that may do it: 0 viewer … 4 admin.
    least: usize,
    method: &'static str,
    path: String,
    body: String,
    /// Verb, kind and name of the review.
    review: (&'static str, &'static str, &'static str),
}

/// The table of nova-api §10: least role, request, what a review calls it, and the body. Writes are rehearsed, so that every
/// role meets the same state.
const TABLE: &str = r#"
0 GET    VMS                                 list vm
0 GET    VMS/a                               get vm a
0 GET    VMS/a/logs                          get vm/logs a
0 GET    VMS/a/stats                         get vm/stats a
0 GET    /apis/nova.dev/v1/nodes             list node
0 GET    /api/v1/namespaces                  list namespace
0 GET    /api/v1/events                      list event
1 POST   VMS/a/start?dryRun=All              start vm a
1 POST   VMS/a/stop?dryRun=All               create vm/stop a
1 POST   VMS/a/exec                          exec vm a                {"command":["echo","x"]}
2 POST   VMS?dryRun=All                      create vm                {"metadata":{"name":"new"},"spec":{"runState":"Stopped"}}
2 PATCH  VMS/a?dryRun=All                    patch vm a               {"metadata":{"labels":{"x":"y"}}}
2 DELETE VMS/a?dryRun=All                    delete vm a
2 DELETE VMS?labelSelector=no%3Dne           deletecollection vm
3 GET    /apis/nova.dev/v1/tokens            list token
4 GET    /apis/nova.dev/v1/users             list user
4 POST   /api/v1/namespaces?dryRun=All       create namespace         {"metadata":{"name":"new"}}
4 PATCH  /api/v1/namespaces/prod?dryRun=All  patch namespace prod     {"metadata":{"labels":{"x":"y"}}}
4 PATCH  VMS/a/status?dryRun=All             patch vm/status a        {"status":{}}
"#;

fn table() -> Vec<Act> {
    TABLE
        .lines()
        .filter(|line| !line.is_empty())
        .map(read)
        .collect()
}

fn read(line: &'static str) -> Act {
    let (line, body) = line.split_at(line.find('{').unwrap_or(line.len()));
    let words: Vec<&str> = line.split_whitespace().collect();
    Act {
        least: words[0].parse().unwrap(),
        method: words[1],
        path: words[2].replacen("VMS", VMS, 1),
        body: body.to_owned(),
        review: (
            words[3],
            words[4],
            words.get(5).copied().unwrap_or_default(),
        ),
    }
}

#[test]
fn each_role_may_do_what_the_table_says_and_reviews_agree() {
    let rig = Rig::new();
    let roles = ["viewer", "operator", "editor", "namespace-admin", "admin"];
    for (rank, role) in roles.into_iter().enumerate() {
        let raw = rig.with(&format!("{role}-token --role {role}"));
        for act in table() {
            let answer = raw.send(act.method, &act.path, &act.body);
            let may = rank >= act.least;
            let line = format!("{role}: {} {}", act.method, act.path);
            assert_eq!(answer.status < 300, may, "{line}: {answer:?}");
            assert!(may || answer.status == 403, "{line}: {answer:?}");
            let (verb, kind, name) = act.review;
            let ask = json!({"verb": verb, "kind": kind, "namespace": "default", "name": name});
            let review = raw.send("POST", "/apis/nova.dev/v1/access-reviews", &ask.to_string());
            assert_eq!(review.json()["allowed"], may, "{line}: {review:?}");
        }
        let who = raw.get("/apis/nova.dev/v1/whoami").json();
        assert_eq!(who["role"], role, "{who}");
    }
}

#[test]
fn a_confined_role_sees_its_own_namespaces_and_nothing_else() {
    let rig = Rig::new();
    let raw = rig.with("e --role editor --namespaces prod");
    let all = raw.get("/apis/nova.dev/v1/virtualmachines");
    assert_eq!(all.names(), ["p"]);
    assert_eq!(raw.get(VMS).names(), Vec::<String>::new());
    let namespaces = raw.get("/api/v1/namespaces").names();
    assert!(namespaces.contains(&"prod".to_owned()), "{namespaces:?}");
    assert!(
        !namespaces.contains(&"default".to_owned()),
        "{namespaces:?}"
    );
    for path in ["", "/logs", "/stats", "/agent"] {
        let answer = raw.get(&format!("{VMS}/a{path}"));
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        // A machine that exists reads like one that does not.
        let nobody = raw.get(&format!("{VMS}/zz{path}"));
        assert_eq!(answer.json()["reason"], nobody.json()["reason"]);
    }
    assert_eq!(raw.get("/api/v1/namespaces/default").status, 404);
    assert_eq!(raw.get("/metrics").status, 403);
    let vm = json!({"metadata": {"name": "new"}, "spec": {"runState": "Stopped"}}).to_string();
    assert_eq!(
        raw.send("POST", &format!("{VMS}?dryRun=All"), &vm).status,
        403
    );
    assert_eq!(
        raw.send("POST", &format!("{PROD}?dryRun=All"), &vm).status,
        201
    );
    assert_eq!(raw.send("DELETE", &format!("{VMS}/a"), "").status, 403);
    assert_eq!(raw.send("POST", &format!("{VMS}/a/stop"), "").status, 403);

    // A watch of everything shows what is in sight.
    let path = "/apis/nova.dev/v1/virtualmachines?watch=true&timeoutSeconds=2";
    let seen = until_end(raw.open("GET", path, "", CLOSE), Duration::from_secs(20));
    assert!(
        seen.contains("\"name\":\"p\"") && !seen.contains("\"name\":\"a\""),
        "{seen}"
    );
}

#[test]
fn a_namespace_admin_gives_out_no_more_than_it_has() {
    let rig = Rig::new();
    let raw = rig.with("n --role namespace-admin --namespaces prod");
    let ask = |name: &str, spec: Value| {
        let token = json!({"metadata": {"name": name}, "spec": spec});
        raw.send("POST", "/auth/tokens", &token.to_string())
    };
    let fine = ask("mine", json!({"role": "editor", "namespaces": ["prod"]}));
    assert_eq!(fine.status, 201, "{fine:?}");
    assert_eq!(ask("wide", json!({"role": "viewer"})).status, 403);
    let other = json!({"role": "viewer", "namespaces": ["default"]});
    assert_eq!(ask("other", other).status, 403);
    assert_eq!(ask("high", json!({"role": "admin"})).status, 403);
    rig.token("foreign --role viewer");
    let own = raw.get("/apis/nova.dev/v1/tokens").names();
    assert_eq!(own, ["mine", "n"]);
    let foreign = "/apis/nova.dev/v1/tokens/foreign";
    assert_eq!(raw.get(foreign).status, 404);
    assert_eq!(raw.send("DELETE", foreign, "").status, 404);
    let mine = raw.send("DELETE", "/apis/nova.dev/v1/tokens/mine", "");
    assert_eq!(mine.status, 200, "{mine:?}");
    // What nobody may do, even with every right: store a token by hand.
    let admin = rig.with("ad --role admin");
    let by_hand = admin.send("POST", "/apis/nova.dev/v1/tokens", "{}");
    assert_eq!(by_hand.status, 405, "{by_hand:?}");
}

#[test]
fn bad_credentials_are_refused_everywhere() {
    let rig = Rig::new();
    let revoked = rig.token("gone --role admin");
    rig.sandbox.run("nova auth token revoke gone --yes").ok();
    let expired = rig.token("short --role admin --expires 1s");
    std::thread::sleep(Duration::from_millis(1200));
    let mut wrong = rig.token("right --role admin");
    wrong.replace_range(20..22, if &wrong[20..22] == "xx" { "yy" } else { "xx" });
    let cases = [
        (rig.raw.clone(), "TokenMissing"),
        (rig.raw.with(&revoked), "TokenRevoked"),
        (rig.raw.with(&expired), "TokenExpired"),
        (rig.raw.with(&wrong), "TokenRevoked"),
        (rig.raw.with("nova_garbage"), "TokenRevoked"),
        (rig.raw.with("x"), "TokenRevoked"),
    ];
    let item = format!("{VMS}/a");
    let requests = [
        ("GET", VMS.to_owned()),
        ("GET", format!("{VMS}?watch=true")),
        ("GET", item.clone()),
        ("GET", format!("{item}/logs?follow=true")),
        ("GET", format!("{item}/stats?watch=true")),
        ("GET", format!("{item}/exec")),
        ("POST", format!("{item}/start")),
        ("POST", VMS.to_owned()),
        ("DELETE", item),
        ("GET", "/apis".to_owned()),
        ("GET", "/openapi/v3".to_owned()),
        ("GET", "/metrics".to_owned()),
        ("GET", "/apis/nova.dev/v1/whoami".to_owned()),
        ("GET", "/apis/nova.dev/v1/cluster".to_owned()),
        ("POST", "/auth/tokens".to_owned()),
        ("GET", "/no/such/path".to_owned()),
    ];
    for (raw, reason) in cases {
        for (method, path) in &requests {
            let answer = raw.send(method, path, "");
            let line = format!("{method} {path}: {answer:?}");
            assert_eq!(
                (answer.status, answer.reason().as_str()),
                (401, reason),
                "{line}"
            );
            let challenge = "www-authenticate: Bearer error=\"invalid_token\"";
            assert!(answer.head.contains(challenge), "{line}");
        }
        let watch = raw.websocket("/apis/nova.dev/v1/watch", "nova.watch.v1");
        assert_eq!(watch.err(), Some(401), "{reason}");
    }
    assert_eq!(rig.raw.get("/version").status, 200);
    assert_eq!(rig.raw.get("/healthz").status, 200);
}

#[test]
fn what_is_open_ends_with_its_token() {
    let rig = Rig::new();
    let begin = |raw: &Raw| {
        let watch = raw.open("GET", &format!("{VMS}?watch=true"), "", CLOSE);
        let logs = raw.open("GET", &format!("{VMS}/a/logs?follow=true"), "", CLOSE);
        let mut exec = raw
            .websocket(&format!("{VMS}/a/exec"), "nova.exec.v1")
            .ok()
            .unwrap();
        exec.send(r#"{"command":["sleep","600"]}"#);
        assert_eq!(exec.next().unwrap()["type"], "started");
        (watch, logs, exec)
    };
    let check = |open: (_, _, Socket), reason: &str| {
        let (watch, logs, mut exec) = open;
        let told = until_end(watch, Duration::from_secs(10));
        let event = told
            .lines()
            .find(|line| line.contains("\"ERROR\""))
            .expect(&told);
        assert!(event.contains(reason), "{event}");
        let _log = until_end(logs, Duration::from_secs(10));
        let last = exec.next().unwrap();
        assert_eq!(
            (&last["type"], &last["nova"]["reason"]),
            (&json!("error"), &json!(reason))
        );
        assert_eq!(exec.next(), None);
    };
    let raw = rig.with("one --role operator");
    let open = begin(&raw);
    rig.sandbox.run("nova auth token revoke one --yes").ok();
    check(open, "TokenRevoked");

    let raw = rig.with("two --role operator --expires 2s");
    check(begin(&raw), "TokenExpired");

    let raw = rig.with("three --role operator --user ana");
    let open = begin(&raw);
    let disable = json!({"spec": {"disabled": true}}).to_string();
    let admin = rig.with("ad --role admin");
    let answer = admin.send("PATCH", "/apis/nova.dev/v1/users/ana", &disable);
    assert_eq!(answer.status, 200, "{answer:?}");
    check(open, "TokenRevoked");
    assert_eq!(raw.get(VMS).status, 401);
    let enable = json!({"spec": {"disabled": false}}).to_string();
    admin.send("PATCH", "/apis/nova.dev/v1/users/ana", &enable);
    assert_eq!(raw.get(VMS).status, 200);
    // A user takes the tokens along.
    admin.send("DELETE", "/apis/nova.dev/v1/users/ana", "");
    assert_eq!(raw.get(VMS).status, 401);
    let left = admin.get("/apis/nova.dev/v1/tokens").names();
    assert!(!left.contains(&"three".to_owned()), "{left:?}");
}

fn faults_end_nothing_but_themselves(socket: &mut Socket) {
    for (ask, reason) in [
        ("{", "BadRequest"),
        (
            r#"{"id":"x","op":"subscribe","kind":"nothing"}"#,
            "BadRequest",
        ),
        (r#"{"id":"vms","op":"subscribe","kind":"vm"}"#, "BadRequest"),
        (r#"{"id":"t","op":"subscribe","kind":"users"}"#, "Forbidden"),
        (
            r#"{"id":"old","op":"subscribe","kind":"vm","resourceVersion":"1"}"#,
            "Expired",
        ),
    ] {
        socket.send(ask);
        let event = socket.next().unwrap();
        // The log of a young server reaches back to its beginning.
        if ask.contains("\"old\"") && event["type"] != "ERROR" {
            continue;
        }
        assert_eq!(event["type"], "ERROR", "{ask}: {event}");
        assert_eq!(event["object"]["reason"], reason, "{ask}: {event}");
    }
}

#[test]
fn one_socket_carries_many_watches() {
    let rig = Rig::new();
    let raw = rig.with("e --role editor");
    let mut socket = raw
        .websocket("/apis/nova.dev/v1/watch", "nova.watch.v1")
        .ok()
        .unwrap();
    socket.send(r#"{"id":"vms","op":"subscribe","kind":"vm","sendInitialEvents":true,"allowWatchBookmarks":true}"#);
    let mut names = Vec::new();
    loop {
        let event = socket.next().unwrap();
        assert_eq!(event["id"], "vms", "{event}");
        if event["type"] == "BOOKMARK" {
            break;
        }
        assert_eq!(event["type"], "ADDED");
        names.push(
            event["object"]["metadata"]["name"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(names, ["a", "p"]);
    socket.send(
        r#"{"id":"ns","op":"subscribe","kind":"namespaces","fieldSelector":"metadata.name=prod"}"#,
    );
    let event = socket.next().unwrap();
    assert_eq!(
        (&event["id"], &event["type"]),
        (&json!("ns"), &json!("ADDED"))
    );
    assert_eq!(event["object"]["metadata"]["name"], "prod");

    faults_end_nothing_but_themselves(&mut socket);
    socket.send(r#"{"id":"old","op":"unsubscribe"}"#);
    socket.send(r#"{"id":"ns","op":"unsubscribe"}"#);
    let mut ended = 0;
    while ended < 2 {
        let event = socket.next().unwrap();
        ended += usize::from(event["type"] == "UNSUBSCRIBED");
    }
    rig.sandbox
        .run("nova vm update p -n prod --label team=x")
        .ok();
    let event = socket.next().unwrap();
    assert_eq!(
        (&event["id"], &event["type"]),
        (&json!("vms"), &json!("MODIFIED")),
        "{event}"
    );
    rig.sandbox.run("nova auth token revoke e --yes").ok();
    let last = std::iter::from_fn(|| socket.next()).last().unwrap();
    assert_eq!(last["object"]["nova"]["reason"], "TokenRevoked", "{last}");
}

#[test]
fn secrets_are_shown_once_and_kept_nowhere() {
    let rig = Rig::new();
    let secret = rig.token("ci --role viewer");
    assert!(
        secret.starts_with("nova_") && secret.len() == 62,
        "{secret}"
    );
    let shown = rig.sandbox.run("nova auth token get ci -o yaml").ok();
    assert!(
        !shown.contains(&secret) && shown.contains(&secret[5..13]),
        "{shown}"
    );
    let data = rig.server.data();
    for file in ["nova.db", "nova.db-wal", "server.log"] {
        let bytes = std::fs::read(data.join(file)).unwrap_or_default();
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{file}");
    }
    // It is good over a restart.
    let Rig {
        sandbox,
        server,
        raw,
    } = rig;
    let raw = raw.with(&secret);
    assert_eq!(raw.get(VMS).status, 200);
    server.kill();
    let port = free_port();
    let _server = Server::start_with(
        &sandbox,
        &format!("--engine sim --insecure-http 127.0.0.1:{port}"),
    );
    assert_eq!(Raw::new(port).with(&secret).get(VMS).status, 200);
}

#[test]
fn login_tries_a_token_before_it_keeps_it() {
    let sandbox = Sandbox::new();
    let port = free_port();
    let flags = format!("--engine sim --listen 127.0.0.1:{port}");
    let server = Server::start_with(&sandbox, &flags);
    let run = |line: &str| sandbox.run(line);
    run("nova auth token create ana --role operator --file ana.token").ok();
    let file = sandbox.path().join("cwd/ana.token");
    let mode = {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode, 0o600);
    let authority = server.data().join("pki/ca.crt");
    let place = format!(
        "--server https://127.0.0.1:{port} --certificate-authority {} --name far",
        authority.display()
    );
    sandbox
        .run_with_input(
            &format!("nova auth login {place} --token-stdin"),
            b"nova_wrong\n",
        )
        .fails(5, &["the token", "hint: "]);
    assert!(!sandbox.home().join(".config/nova/config.toml").exists());
    let said = run(&format!("nova auth login {place} --token-file ana.token")).ok();
    assert_eq!(said, "context/far logged in as ana (operator)\n");
    let who = run("nova auth whoami -o json").json();
    assert_eq!(
        (&who["user"], &who["role"]),
        (&json!("ana"), &json!("operator"))
    );
    assert_eq!(
        run("nova auth can-i start vm").ok().split(',').next(),
        Some("yes")
    );
    run("nova auth can-i create vm").fails(1, &[]);
    let denied = run("nova namespace create x");
    denied.fails(5, &["User \"ana\" cannot create resource \"namespaces\""]);
    run("nova auth logout --revoke").ok();
    run("nova vm list").fails(5, &["got no token", "nova auth login --token-file"]);
    run("nova auth login --token-file ana.token").fails(5, &["revoked", "nova auth login"]);
    let config = std::fs::read_to_string(sandbox.home().join(".config/nova/config.toml")).unwrap();
    assert!(!config.contains("nova_"), "{config}");
}

#[test]
fn a_client_certificate_is_a_user_with_a_role() {
    let sandbox = Sandbox::new();
    let port = free_port();
    let flags = format!("--engine sim --listen 127.0.0.1:{port}");
    let _server = Server::start_with(&sandbox, &flags);
    let local = |line: &str| sandbox.run(line);
    local("nova namespace create prod").ok();
    local("nova auth certificate create eve --role editor --namespaces prod --days 2").ok();
    local("nova auth certificate create eve").fails(4, &["is there already", "--force"]);
    for line in [
        &format!(
            "nova config set-cluster far --server https://127.0.0.1:{port} --certificate-authority ca.crt"
        ),
        "nova config set-user eve --client-certificate eve.crt --client-key eve.key",
        "nova config set-context far --cluster far --user eve",
    ] {
        local(line).ok();
    }
    let who = local("nova auth whoami --context far -o json").json();
    assert_eq!(
        (&who["user"], &who["role"]),
        (&json!("eve"), &json!("editor"))
    );
    assert_eq!(who["namespaces"], json!(["prod"]));
    local("nova auth can-i create vm -n prod --context far").ok();
    local("nova auth can-i create vm -n default --context far").fails(1, &[]);
    sandbox.create_stopped("x", "-n prod --context far");
    local("nova vm get x -n default --context far").fails(11, &[]);
    // A kind that eve may not see ends its part of a watch; the rest of it goes on.
    let watched = local("nova get vm,token -n prod -w -o name --timeout 1s --context far");
    assert_eq!(watched.stdout, "virtualmachine.nova.dev/x\n", "{watched}");
    watched.fails(8, &["User \"eve\" cannot watch resource \"tokens\""]);
}
