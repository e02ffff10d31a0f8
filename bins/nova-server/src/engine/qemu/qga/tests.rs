//! The client against an agent played by the test.

use tokio::net::UnixListener;

use super::*;

const SHORT: Duration = Duration::from_millis(200);

struct Guest {
    listener: UnixListener,
    _home: tempfile::TempDir,
}

fn rig() -> (Qga, Guest) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("qga.sock");
    let listener = UnixListener::bind(&path).unwrap();
    (
        Qga::new(path),
        Guest {
            listener,
            _home: home,
        },
    )
}

impl Guest {
    async fn accept(&self) -> BufReader<UnixStream> {
        BufReader::new(self.listener.accept().await.unwrap().0)
    }
}

async fn hear(stream: &mut BufReader<UnixStream>) -> Value {
    let line = receive(stream, b'\n').await.unwrap();
    serde_json::from_slice(line.strip_prefix(&[SENTINEL]).unwrap_or(&line)).unwrap()
}

/// Answers a sync, after `noise` that an earlier request left.
async fn answer_sync(stream: &mut BufReader<UnixStream>, noise: &[u8]) {
    let request = hear(stream).await;
    assert_eq!(request["execute"], "guest-sync-delimited");
    let mut answer = noise.to_vec();
    answer.push(SENTINEL);
    answer.extend(
        json!({"return": request["arguments"]["id"]})
            .to_string()
            .bytes(),
    );
    send(stream, &answer).await.unwrap();
}

#[tokio::test]
async fn a_closed_channel_is_refused_at_once() {
    let (qga, _guest) = rig();
    assert_eq!(
        qga.run("guest-ping", &json!({}), SHORT).await,
        Err(QgaError::Gone)
    );
}

#[tokio::test]
async fn noise_before_the_sync_is_skipped_and_refusals_keep_the_connection() {
    let (qga, guest) = rig();
    qga.set_open(true);
    let peer = tokio::spawn(async move {
        let mut stream = guest.accept().await;
        answer_sync(&mut stream, b"{\"return\": \"late\"}\n").await;
        hear(&mut stream).await;
        send(
            &mut stream,
            br#"{"error": {"class": "GenericError", "desc": "no"}}"#,
        )
        .await
        .unwrap();
        assert_eq!(hear(&mut stream).await["execute"], "guest-ping");
        send(&mut stream, br#"{"return": {}}"#).await.unwrap();
        guest
    });
    let refused = qga.run("guest-fsfreeze-thaw", &json!({}), SHORT).await;
    assert_eq!(refused, Err(QgaError::Refused("no".into())));
    assert_eq!(
        qga.run("guest-ping", &json!({}), SHORT).await,
        Ok(json!({}))
    );
    drop(peer.await.unwrap());
}

#[tokio::test]
async fn after_a_silence_the_next_request_syncs_again() {
    let (qga, guest) = rig();
    qga.set_open(true);
    let peer = tokio::spawn(async move {
        let mut first = guest.accept().await;
        answer_sync(&mut first, b"").await;
        hear(&mut first).await;
        answer_sync(&mut first, br#"{"return": 1}"#).await;
        hear(&mut first).await;
        send(&mut first, br#"{"return": 2}"#).await.unwrap();
    });
    assert_eq!(
        qga.run("slow", &json!({}), SHORT).await,
        Err(QgaError::Silent)
    );
    assert_eq!(qga.run("next", &json!({}), SHORT).await, Ok(json!(2)));
    peer.await.unwrap();
}

#[tokio::test]
async fn closing_fails_what_is_under_way() {
    let (qga, guest) = rig();
    qga.set_open(true);
    let waiting = qga.clone();
    let asked = tokio::spawn(async move {
        waiting
            .run("guest-ping", &json!({}), Duration::from_mins(1))
            .await
    });
    let mut stream = guest.accept().await;
    answer_sync(&mut stream, b"").await;
    hear(&mut stream).await;
    qga.set_open(false);
    assert_eq!(asked.await.unwrap(), Err(QgaError::Gone));
}
