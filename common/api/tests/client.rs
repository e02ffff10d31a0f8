//! The client against servers that do what real ones do at the worst moment.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

#[path = "../../http/tests/support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nova_api::client::{DeleteOptions, Deleted, ListOptions, WaitFor, WriteOptions};
use nova_api::{Api, ApiError, Patch, VirtualMachine};
use nova_core::{Diagnose, Kind};
use nova_http::{Client, ClientConfig, RetryPolicy};
use serde_json::json;
use support::{Answer, Seen, Server, Then, answer, streamed, with_header};

const SECOND: Duration = Duration::from_secs(1);

fn api(server: &Server) -> Api {
    let mut config = ClientConfig::new(server.endpoint().parse().unwrap());
    config.retry = RetryPolicy {
        times: 2,
        first: Duration::from_millis(1),
        longest: Duration::from_millis(2),
    };
    Api::through(Client::new(config).unwrap(), "default")
}

fn vm(name: &str, uid: &str, revision: u64) -> String {
    json!({
        "apiVersion": "nova.dev/v1", "kind": "VirtualMachine", "spec": {},
        "metadata": {"name": name, "namespace": "default", "uid": uid, "resourceVersion": revision.to_string()},
    })
    .to_string()
}

fn list(items: &[String], revision: u64, token: &str) -> Answer {
    let metadata = json!({"resourceVersion": revision.to_string(), "continue": token});
    let items = items.join(",");
    answer(
        200,
        format!(
            r#"{{"apiVersion":"nova.dev/v1","kind":"VirtualMachineList","metadata":{metadata},"items":[{items}]}}"#
        ),
    )
}

fn event(type_: &str, object: &str) -> String {
    format!("{{\"type\":\"{type_}\",\"object\":{object}}}\n")
}

fn status(code: u16, reason: &str, extra: &str) -> String {
    format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"m","reason":"{reason}","code":{code}{extra}}}"#
    )
}

fn is_watch(seen: &Seen) -> bool {
    seen.target.contains("watch=true")
}

#[tokio::test]
async fn pages_are_invisible_even_when_a_token_expires() {
    let token = |target: &str| {
        let (_, rest) = target.split_once("continue=")?;
        rest.split('&').next().map(str::to_owned)
    };
    let server = Server::start(move |_, seen| match token(&seen.target).as_deref() {
        None => list(&[vm("a", "1", 1), vm("b", "2", 2)], 9, "old"),
        Some("old") => answer(
            410,
            status(410, "Expired", r#","metadata":{"continue":"new"}"#),
        ),
        Some("new") => list(&[vm("c", "3", 3)], 12, ""),
        Some(other) => panic!("{other}"),
    });
    let options = ListOptions {
        chunk: Some(2),
        selector: "app=web".parse().unwrap(),
        ..ListOptions::default()
    };
    let names = api(&server).vms().names(&options).await.unwrap();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(
        server.seen()[0]
            .header("accept")
            .contains("as=PartialObjectMetadataList")
    );
    let machines = api(&server).vms().list(&options).await.unwrap();
    assert_eq!(
        machines
            .iter()
            .map(|vm| vm.metadata.name.as_str())
            .collect::<Vec<_>>(),
        names
    );
    let first = &server.seen()[0].target;
    assert_eq!(
        first,
        "/apis/nova.dev/v1/namespaces/default/virtualmachines?labelSelector=app%3Dweb&limit=2&managedFields=false"
    );
}

#[tokio::test]
async fn a_limit_ends_a_list_early() {
    let server = Server::start(|_, _| list(&[vm("a", "1", 1)], 9, "more"));
    let options = ListOptions {
        limit: Some(1),
        ..ListOptions::default()
    };
    assert_eq!(api(&server).vms().names(&options).await.unwrap(), ["a"]);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_watch_survives_closing_breaking_and_expiry_without_repeating_itself() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |number, seen| {
        if !is_watch(seen) {
            let items = if number == 0 {
                [vm("a", "1", 1), vm("b", "2", 2)]
            } else {
                [vm("a", "1", 7), vm("c", "3", 30)]
            };
            return list(&items, if number == 0 { 5 } else { 31 }, "");
        }
        let bookmark = event("BOOKMARK", r#"{"metadata":{"resourceVersion":"20"}}"#);
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => streamed(
                &[&event("MODIFIED", &vm("a", "1", 7)), &bookmark],
                Then::End,
            ),
            // The same change again, then the line breaks.
            1 => streamed(&[&event("MODIFIED", &vm("a", "1", 7))], Then::Break),
            2 => answer(410, status(410, "Expired", "")),
            3 => streamed(&[&event("ERROR", &status(410, "Expired", ""))], Then::End),
            4 => streamed(&[&event("DELETED", &vm("c", "3", 40))], Then::Hang),
            other => panic!("{other}"),
        }
    });
    let mut watcher = api(&server).vms().watch(&ListOptions::default());
    let mut changes = Vec::new();
    while changes.len() < 6 {
        let change = tokio::time::timeout(10 * SECOND, watcher.next())
            .await
            .unwrap()
            .unwrap();
        changes.push(format!("{} {}", change.type_, change.object.metadata.name));
    }
    assert_eq!(
        changes,
        [
            "ADDED a",
            "ADDED b",
            "MODIFIED a",
            "DELETED b",
            "ADDED c",
            "DELETED c"
        ]
    );
    let revisions: Vec<String> = server
        .seen()
        .iter()
        .filter(|seen| is_watch(seen))
        .map(|seen| {
            seen.target
                .split("resourceVersion=")
                .nth(1)
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(revisions, ["5", "20", "7", "31", "31"]);
}

#[tokio::test]
async fn a_watch_ends_when_it_is_no_longer_allowed() {
    let server = Server::start(|_, seen| {
        if is_watch(seen) {
            answer(403, status(403, "Forbidden", ""))
        } else {
            list(&[], 5, "")
        }
    });
    let error = api(&server)
        .vms()
        .watch(&ListOptions::default())
        .next()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Auth);
}

#[tokio::test]
async fn a_create_is_sent_again_under_the_same_key() {
    let server = Server::start(|number, _| {
        if number == 0 {
            return answer(503, status(503, "ServiceUnavailable", ""));
        }
        let made = with_header(answer(201, vm("a", "1", 1)), "nova-operation", "op-1");
        with_header(made, "warning", r#"299 - "the \"x\" field is old""#)
    });
    let machine = VirtualMachine::new("a", nova_api::VmSpec::default());
    let written = api(&server)
        .vms()
        .create(&machine, &WriteOptions::default())
        .await
        .unwrap();
    assert_eq!(written.operation.as_deref(), Some("op-1"));
    assert_eq!(written.warnings, [r#"the "x" field is old"#]);
    let seen = server.seen();
    assert!(!seen[0].header("idempotency-key").is_empty());
    assert_eq!(
        seen[0].header("idempotency-key"),
        seen[1].header("idempotency-key")
    );
    assert!(
        seen[0]
            .target
            .contains("fieldManager=nova&fieldValidation=Strict"),
        "{}",
        seen[0].target
    );
}

#[tokio::test]
async fn patches_and_deletions_travel_as_the_api_says() {
    let server = Server::start(|_, seen| match seen.method.as_str() {
        "PATCH" => answer(200, vm("a", "1", 2)),
        _ if seen.body.contains("uid") => {
            with_header(answer(200, vm("a", "1", 3)), "nova-operation", "op")
        }
        _ => answer(200, r#"{"kind":"Status","status":"Success"}"#),
    });
    let vms = api(&server).vms();
    let patch = Patch::Merge(json!({"spec": {"runState": "Stopped"}}));
    let options = WriteOptions {
        dry_run: true,
        ..WriteOptions::default()
    };
    vms.patch("a", &patch, &options).await.unwrap();
    let gone = vms
        .delete(
            "a",
            &DeleteOptions {
                grace: Some(0),
                ..DeleteOptions::default()
            },
        )
        .await
        .unwrap();
    assert!(matches!(gone, Deleted::Gone));
    let going = vms
        .delete(
            "a",
            &DeleteOptions {
                uid: Some("1".into()),
                ..DeleteOptions::default()
            },
        )
        .await
        .unwrap();
    assert!(
        matches!(going, Deleted::Finalizing(written) if written.operation.as_deref() == Some("op"))
    );
    let seen = server.seen();
    assert_eq!(
        seen[0].header("content-type"),
        "application/merge-patch+json"
    );
    assert!(seen[0].target.ends_with("&dryRun=All"));
    assert!(seen[1].body.contains(r#""gracePeriodSeconds":0"#));
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done_when_nothing_is_left() {
    let server = Server::start(|number, _| {
        if number == 0 {
            // The head arrives, the body never does: the server died after its work.
            return streamed(&["{"], Then::Break);
        }
        answer(404, status(404, "NotFound", ""))
    });
    let vms = api(&server).vms();
    let gone = vms.delete("a", &DeleteOptions::default()).await.unwrap();
    assert!(matches!(gone, Deleted::Gone));
    let missing = vms
        .delete("a", &DeleteOptions::default())
        .await
        .unwrap_err();
    assert!(missing.is_not_found());
}

fn operation(phase: &str, extra: &serde_json::Value) -> String {
    let mut status = json!({"phase": phase, "phases": [{"name": "boot", "state": "Running", "current": 1, "total": 2}]});
    status
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    json!({
        "apiVersion": "nova.dev/v1", "kind": "Operation",
        "metadata": {"name": "op", "namespace": "default", "uid": "1", "resourceVersion": phase.len().to_string()},
        "spec": {"verb": "start", "target": {"kind": "VirtualMachine", "name": "a"}}, "status": status,
    })
    .to_string()
}

#[tokio::test]
async fn an_operation_is_followed_to_its_end() {
    let done = |extra: serde_json::Value, phase: &'static str| {
        Server::start(move |_, seen| {
            if is_watch(seen) {
                streamed(&[&event("MODIFIED", &operation(phase, &extra))], Then::Hang)
            } else {
                list(&[operation("Run", &json!({}))], 3, "")
            }
        })
    };
    let server = done(json!({}), "Succeeded");
    let followed = api(&server)
        .operations()
        .follow("op", None, 5 * SECOND)
        .await
        .unwrap();
    assert!(followed.is_final());
    assert!(
        server.seen()[0]
            .target
            .contains("fieldSelector=metadata.name%3Dop")
    );

    let failure: serde_json::Value =
        serde_json::from_str(&status(503, "ServiceUnavailable", "")).unwrap();
    let server = done(json!({"error": failure}), "Failed");
    let error = api(&server)
        .operations()
        .follow("op", None, 5 * SECOND)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "start of vm \"a\" failed: m");
    assert_eq!(error.kind(), Kind::Unavailable);

    let server = done(json!({}), "Pending");
    let error = api(&server)
        .operations()
        .follow("op", None, SECOND / 5)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
}

#[tokio::test]
async fn waiting_tells_apart_gone_missing_and_late() {
    let server = Server::start(
        |_, seen| match (is_watch(seen), seen.target.contains('?')) {
            (true, _) => streamed(&[], Then::Hang),
            (false, true) if seen.target.contains("there") => list(&[vm("there", "1", 1)], 3, ""),
            (false, true) => list(&[], 3, ""),
            (false, false) => answer(
                404,
                status(
                    404,
                    "NotFound",
                    r#","details":{"name":"no","kind":"virtualmachines"}"#,
                ),
            ),
        },
    );
    let vms = api(&server).vms();
    assert_eq!(
        vms.wait("no", &WaitFor::Delete, None, SECOND)
            .await
            .unwrap(),
        None
    );
    assert!(
        vms.wait("there", &WaitFor::Create, None, SECOND)
            .await
            .unwrap()
            .is_some()
    );
    let ready: WaitFor = "ready".parse().unwrap();
    let missing = vms.wait("no", &ready, None, SECOND).await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "vm \"no\" not found in namespace \"default\""
    );
    let late = vms
        .wait("there", &ready, None, SECOND / 5)
        .await
        .unwrap_err();
    assert_eq!(
        late.to_string(),
        "timed out after 200ms waiting for condition=Ready=True of vm \"there\""
    );
    let never = vms
        .wait("there", &ready, Some(&WaitFor::Create), SECOND)
        .await
        .unwrap_err();
    assert_eq!(never.kind(), Kind::Failed);
}

#[tokio::test]
async fn an_upload_sends_the_whole_file_with_its_length() {
    let server = Server::start(|_, _| answer(200, "{}"));
    let path = server.dir().join("disk.raw");
    let content = "x".repeat(700_000);
    nova_core::fs::write_atomic(&path, content.as_bytes(), 0o600).unwrap();
    api(&server)
        .images()
        .in_namespace("public")
        .upload("deb", "disk", &path, None)
        .await
        .unwrap();
    let seen = &server.seen()[0];
    assert_eq!(
        seen.target,
        "/apis/nova.dev/v1/namespaces/public/images/deb/content?file=disk"
    );
    assert_eq!(
        (seen.header("content-length"), seen.body.len()),
        ("700000", 700_000)
    );
    let missing = api(&server)
        .images()
        .upload("deb", "disk", &server.dir().join("no"), None)
        .await
        .unwrap_err();
    assert!(matches!(missing, ApiError::File { .. }));
}

mod exec {
    use super::*;
    use futures_util::{SinkExt, StreamExt};
    use nova_api::ExecRequest;
    use nova_api::client::ExecEvent;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

    /// A guest that says something on both streams, repeats its input, and ends as told; nothing closes without a word.
    fn guest(last: Option<&'static str>) -> (tempfile::TempDir, Api) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            #[expect(clippy::result_large_err, reason = "the library's own signature")]
            let agree = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
                response
                    .headers_mut()
                    .insert("sec-websocket-protocol", "nova.exec.v1".parse().unwrap());
                Ok(response)
            };
            let mut socket = tokio_tungstenite::accept_hdr_async(stream, agree)
                .await
                .unwrap();
            let first = socket.next().await.unwrap().unwrap();
            assert_eq!(
                first.into_text().unwrap().as_str(),
                r#"{"command":["cat"],"stdin":true}"#
            );
            socket
                .send(Message::text(r#"{"type":"started","pid":7}"#))
                .await
                .unwrap();
            socket
                .send(Message::binary(b"\x02err".to_vec()))
                .await
                .unwrap();
            while let Some(Ok(Message::Binary(frame))) = socket.next().await {
                if frame.len() == 1 {
                    break;
                }
                socket
                    .send(Message::binary([b"\x01", &frame[1..]].concat()))
                    .await
                    .unwrap();
            }
            match last {
                Some(text) => socket.send(Message::text(text)).await.unwrap(),
                None => drop(socket),
            }
        });
        let endpoint = format!("unix:{}", path.display()).parse().unwrap();
        (
            dir,
            Api::through(Client::new(ClientConfig::new(endpoint)).unwrap(), "default"),
        )
    }

    async fn run(last: Option<&'static str>) -> (Vec<ExecEvent>, Result<ExecEvent, ApiError>) {
        let (_dir, api) = guest(last);
        let request = ExecRequest {
            command: vec!["cat".into()],
            stdin: true,
            ..ExecRequest::default()
        };
        let (mut reader, mut writer) = api.vms().exec("a", &request).await.unwrap().split();
        writer.stdin(b"in").await.unwrap();
        writer.end_of_stdin().await.unwrap();
        let mut events = Vec::new();
        loop {
            match reader.next().await {
                Ok(ExecEvent::Exit(exit)) => return (events, Ok(ExecEvent::Exit(exit))),
                Ok(event) => events.push(event),
                Err(error) => return (events, Err(error)),
            }
        }
    }

    #[tokio::test]
    async fn streams_stay_apart_and_the_exit_code_arrives() {
        let (events, end) = run(Some(r#"{"type":"exit","code":7}"#)).await;
        let expected = [
            ExecEvent::Started,
            ExecEvent::Stderr("err".into()),
            ExecEvent::Stdout("in".into()),
        ];
        assert_eq!(events, expected);
        assert!(matches!(end, Ok(ExecEvent::Exit(exit)) if exit.shell_status() == 7));
    }

    #[tokio::test]
    async fn a_session_that_is_lost_is_an_error() {
        let (_, end) = run(None).await;
        assert_eq!(end.unwrap_err().kind(), Kind::Unavailable);
        let (_, end) = run(Some(
            r#"{"type":"error","kind":"Status","code":503,"message":"agent gone"}"#,
        ))
        .await;
        assert_eq!(end.unwrap_err().to_string(), "agent gone");
    }
}
