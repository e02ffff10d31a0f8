//! The client against a real server on a Unix socket.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use nova_http::{
    Cache, CacheConfig, Client, ClientConfig, Deadlines, Error, Frame, Method, RetryPolicy, Secret,
};
use support::{Server, Then, answer, streamed, with_header};

fn quick(server: &Server) -> ClientConfig {
    let mut config = ClientConfig::new(server.endpoint().parse().unwrap());
    config.retry = RetryPolicy {
        times: 2,
        first: Duration::from_millis(1),
        longest: Duration::from_millis(2),
    };
    config
}

fn client(server: &Server) -> Client {
    Client::new(quick(server)).unwrap()
}

#[tokio::test]
async fn a_request_carries_query_headers_body_and_token() {
    let server = Server::start(|_, _| answer(200, r#"{"a":1}"#));
    let mut config = quick(&server);
    config.token = Some(Secret::new("nova_secret\n"));
    let client = Client::new(config).unwrap();
    let request = client
        .request(Method::POST, "/x")
        .query("q", "a b&c")
        .header("x-test", "1")
        .json(&[1, 2]);
    let body: serde_json::Value = request.fetch().await.unwrap();
    assert_eq!(body["a"], 1);
    let seen = &server.seen()[0];
    assert_eq!(
        (
            seen.method.as_str(),
            seen.target.as_str(),
            seen.body.as_str()
        ),
        ("POST", "/x?q=a%20b%26c", "[1,2]")
    );
    assert_eq!(seen.header("authorization"), "Bearer nova_secret");
    assert_eq!(seen.header("x-test"), "1");
    assert!(!format!("{client:?}").contains("nova_secret"));
}

#[tokio::test]
async fn reads_are_repeated_and_writes_only_with_a_key() {
    let server = Server::start(|number, _| match number {
        0 | 2 | 3 => with_header(answer(503, "busy"), "retry-after", "0"),
        _ => answer(200, "1"),
    });
    let client = client(&server);
    assert_eq!(client.get("/a").send().await.unwrap().text(), "1");
    let refused = client.request(Method::POST, "/b").send().await.unwrap_err();
    assert_eq!(refused.status(), Some(503));
    let keyed = client.request(Method::POST, "/c").idempotency_key("k");
    assert_eq!(keyed.send().await.unwrap().text(), "1");
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/a", "/a", "/b", "/c", "/c"]);
    let ids: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| seen.header("x-request-id").to_owned())
        .collect();
    assert!(
        ids[0] == ids[1] && ids[1] != ids[2] && !ids[0].is_empty(),
        "{ids:?}"
    );
}

#[tokio::test]
async fn retrying_ends_and_hands_the_refusal_out() {
    let server = Server::start(|_, _| with_header(answer(429, "slow down"), "x-request-id", "r-1"));
    let error = client(&server).get("/").send().await.unwrap_err();
    let Error::Refused(refusal) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (
            refusal.status,
            &refusal.body[..],
            refusal.header("x-request-id")
        ),
        (429, &b"slow down"[..], Some("r-1"))
    );
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_given_up() {
    let server = Server::start(|_, _| streamed(&["{"], Then::Hang));
    let started = Instant::now();
    let error = client(&server)
        .get("/")
        .deadline(Duration::from_millis(100))
        .send()
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Deadline {
                what: "finish its answer",
                ..
            }
        ),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let _listener = tokio::net::UnixListener::bind(&path).unwrap();
    let mut config = ClientConfig::new(format!("unix:{}", path.display()).parse().unwrap());
    config.deadlines = Deadlines {
        first_byte: Duration::from_millis(100),
        ..Deadlines::default()
    };
    let error = Client::new(config)
        .unwrap()
        .get("/")
        .send()
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Deadline { what: "answer", .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_server_is_named_at_once() {
    let endpoint = "unix:/nonexistent/nova.sock";
    let mut config = ClientConfig::new(endpoint.parse().unwrap());
    config.retry = RetryPolicy {
        times: 5,
        first: Duration::from_secs(5),
        longest: Duration::from_secs(5),
    };
    let started = Instant::now();
    let error = Client::new(config)
        .unwrap()
        .get("/")
        .send()
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(
        error.to_string(),
        format!("cannot reach the server at {endpoint}: No such file or directory")
    );
    assert!(matches!(
        error,
        Error::Unreachable {
            nothing_listens: true,
            ..
        }
    ));
}

#[tokio::test]
async fn kept_answers_are_revalidated_not_fetched() {
    let server = Server::start(|_, seen| match seen.header("if-none-match") {
        "\"7\"" => answer(304, ""),
        _ => with_header(answer(200, "body"), "etag", "\"7\""),
    });
    let dir = server.dir().join("cache");
    let with_cache = || {
        let cache = Cache::new(&CacheConfig {
            dir: Some(dir.clone()),
            ..CacheConfig::default()
        });
        Client::new(ClientConfig {
            cache: Some(Arc::new(cache)),
            ..quick(&server)
        })
        .unwrap()
    };
    let client = with_cache();
    for _ in 0..3 {
        let answer = client
            .get("/v")
            .cached(Duration::from_mins(1))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.text(), "body");
    }
    assert_eq!(server.seen().len(), 1);
    // Another process has the file only, and asks whether it still holds.
    let answer = with_cache()
        .get("/v")
        .cached(Duration::from_mins(1))
        .send()
        .await
        .unwrap();
    assert_eq!((answer.text().as_str(), server.seen().len()), ("body", 2));
    assert_eq!(server.seen()[1].header("if-none-match"), "\"7\"");
}

#[tokio::test]
async fn lines_are_whole_however_they_arrive() {
    let server =
        Server::start(|_, _| streamed(&["{\"n\":1}\n{\"n\"", ":2}\n\n", "{\"n\":3}"], Then::End));
    let mut lines = client(&server).get("/").lines().await.unwrap();
    let mut numbers = Vec::new();
    while let Some(line) = lines.json::<serde_json::Value>().await.unwrap() {
        numbers.push(line["n"].as_i64().unwrap());
    }
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn a_stream_that_breaks_or_falls_silent_is_an_error() {
    let server = Server::start(|number, _| {
        streamed(&["1\n"], if number == 0 { Then::Break } else { Then::Hang })
    });
    let client = client(&server);
    let mut lines = client.get("/").lines().await.unwrap();
    assert_eq!(lines.next().await.unwrap().unwrap(), "1");
    assert!(matches!(lines.next().await, Err(Error::Broken { .. })));
    let mut lines = client
        .get("/")
        .lines()
        .await
        .unwrap()
        .patience(Duration::from_millis(50));
    assert_eq!(lines.next().await.unwrap().unwrap(), "1");
    assert!(matches!(lines.next().await, Err(Error::Deadline { .. })));
}

#[tokio::test]
async fn a_peer_that_ignores_the_subprotocol_is_not_talked_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        tokio_tungstenite::accept_async(stream).await.map(drop)
    });
    let endpoint = format!("unix:{}", path.display()).parse().unwrap();
    let client = Client::new(ClientConfig::new(endpoint)).unwrap();
    let error = client.websocket("/exec", "nova.exec.v1").await;
    assert!(matches!(error, Err(Error::Protocol { .. })), "{error:?}");
}

#[tokio::test]
async fn a_refused_websocket_keeps_the_reason() {
    let server = Server::start(|_, _| answer(409, r#"{"kind":"Status","code":409}"#));
    let error = client(&server)
        .websocket("/exec", "nova.exec.v1")
        .await
        .unwrap_err();
    let Error::Refused(refusal) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (refusal.status, &refusal.body[..]),
        (409, &br#"{"kind":"Status","code":409}"#[..])
    );
    let seen = &server.seen()[0];
    assert_eq!(
        (
            seen.header("upgrade"),
            seen.header("sec-websocket-protocol")
        ),
        ("websocket", "nova.exec.v1")
    );
}

#[tokio::test]
async fn frames_travel_over_an_agreed_subprotocol() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the library's own signature")]
        let agree =
            |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
                let protocol = request.headers()["sec-websocket-protocol"].clone();
                response
                    .headers_mut()
                    .insert("sec-websocket-protocol", protocol);
                Ok(response)
            };
        let mut socket = tokio_tungstenite::accept_hdr_async(stream, agree)
            .await
            .unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() || message.is_binary() {
                socket.send(message).await.unwrap();
            }
        }
    });
    let client = Client::new(ClientConfig::new(
        format!("unix:{}", path.display()).parse().unwrap(),
    ))
    .unwrap();
    let mut socket = client.websocket("/exec", "nova.exec.v1").await.unwrap();
    for frame in [
        Frame::Text("{}".to_owned()),
        Frame::Binary(vec![1; 1024 * 1024].into()),
    ] {
        socket.send(frame.clone()).await.unwrap();
        assert_eq!(socket.receive().await.unwrap(), Some(frame));
    }
    let (mut reader, writer) = socket.split();
    writer.close().await;
    assert!(matches!(
        reader.receive().await,
        Ok(Some(Frame::Close(_)) | None)
    ));
}

#[tokio::test]
async fn requests_one_after_another_share_a_connection_and_those_at_once_do_not_wait() {
    let server = Server::start(|_, seen| {
        if seen.target == "/stream" {
            return streamed(&["1\n"], Then::Hang);
        }
        answer(200, "x".repeat(100_000))
    });
    let client = client(&server);
    for _ in 0..5 {
        client.get("/").send().await.unwrap();
    }
    assert_eq!(server.connections(), 1);
    let mut watch = client.get("/stream").lines().await.unwrap();
    watch.next().await.unwrap();
    client.get("/").send().await.unwrap();
    assert_eq!(server.connections(), 2);
    // On another runtime the connections of this one would be dead.
    client.detached().get("/").send().await.unwrap();
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_not_noticed_outside() {
    let server = Server::start(|_, _| with_header(answer(200, "x"), "connection", "close"));
    let mut config = quick(&server);
    config.retry = RetryPolicy::NEVER;
    let client = Client::new(config).unwrap();
    for _ in 0..5 {
        client.request(Method::POST, "/").send().await.unwrap();
    }
    assert_eq!(server.connections(), 5);
}
