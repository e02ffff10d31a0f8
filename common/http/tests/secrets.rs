//! The most talkative log shows no credential.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use nova_http::{Client, ClientConfig, Secret};
use support::{Server, answer};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_trace_of_everything_contains_no_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start(|_, _| answer(401, "no"));
    let mut config = ClientConfig::new(server.endpoint().parse().unwrap());
    config.token = Some(Secret::new("nova_canary_token"));
    let client = Client::new(config).unwrap();
    let error = client.get("/x").send().await.unwrap_err();
    let socket = client.websocket("/exec", "nova.exec.v1").await.unwrap_err();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("authorization"),
        "the request itself is traced: {text}"
    );
    for shown in [
        text,
        format!("{error:?} {error}"),
        format!("{socket:?} {socket}"),
    ] {
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert_eq!(
        server.seen()[0].header("authorization"),
        "Bearer nova_canary_token"
    );
}
