//! A fleet of 10,000 simulated VMs: creates, memory, lists, and how fast a change reaches 200 watchers.
//!
//! ```text
//! cargo build --release -p nova-vm -p nova-server && cargo bench -p nova-server --bench fleet [-- VMS]
//! ```
//! Beside each figure stands that of kubectl 1.36 with kube-apiserver 1.36 and etcd on two cores, with 10,000 custom
//! resources of the same size.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark ends at the first thing that goes wrong, and prints"
)]

mod client;
mod server;
mod vm;

use std::time::{Duration, Instant};

use client::Connection;
use server::Server;

const CLIENTS: usize = 16;
const WATCHERS: usize = 200;
const CHANGES: usize = 50;
const LISTS: usize = 5;
const VMS: &str = "/apis/nova.dev/v1/namespaces/default/virtualmachines";

fn main() {
    let count = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(10_000);
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    show("", "nova-server", "kube-apiserver + etcd");
    let rate = runtime.block_on(create(&server, count));
    show("creates, 16 clients", format!("{rate:.0}/s"), "670-790/s");
    let settled = runtime.block_on(settle(&server, count));
    show(
        "all ready after",
        format!("{:.1} s", settled.as_secs_f64()),
        "",
    );
    // Old objects are packed beside the work.
    std::thread::sleep(Duration::from_secs(10));
    show(
        "server memory",
        format!("{} MB", server.memory() / 1024),
        "840 MB",
    );
    let (json, size) = runtime.block_on(list(&server, "application/json"));
    show("raw JSON list", format!("{json:.1} ms"), "3100 ms");
    show("  its size per VM", format!("{} B", size / count), "");
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let (rows, _) = runtime.block_on(list(&server, table));
    show("raw table", format!("{rows:.1} ms"), "");
    for (what, arguments, peer) in [
        ("nova vm list -o json", "list -o json", "5100 ms, 300 MB"),
        ("nova vm list", "list", "3500 ms"),
        ("nova vm list -o name", "list -o name", ""),
    ] {
        if let Some((wall, memory)) = server.tool(arguments, LISTS) {
            show(what, format!("{wall:.0} ms, {memory} MB"), peer);
        }
    }
    let delays = runtime.block_on(watch(&server));
    let (p50, p99) = (delays[delays.len() / 2], delays[delays.len() * 99 / 100]);
    show(
        "a change reaches 200 watchers",
        format!("p50 {p50:.1} p99 {p99:.1} ms"),
        "",
    );
    show(
        "server memory at the end",
        format!("{} MB", server.memory() / 1024),
        "",
    );
}

fn show(what: &str, figure: impl std::fmt::Display, peer: &str) {
    println!("{what:34} {figure:>12}   {peer}");
}

/// Creates the fleet; answers creates per second.
async fn create(server: &Server, count: usize) -> f64 {
    let begun = Instant::now();
    let clients = (0..CLIENTS).map(async |client| {
        let mut connection = Connection::open(&server.socket).await;
        for number in (client..count).step_by(CLIENTS) {
            let status = connection
                .send("POST", VMS, "application/json", vm::body(number))
                .await
                .0;
            assert_eq!(status, 201, "create {number}");
        }
    });
    futures_util::future::join_all(clients).await;
    #[expect(clippy::cast_precision_loss, reason = "a count of VMs")]
    let count = count as f64;
    count / begun.elapsed().as_secs_f64()
}

/// Waits until the drivers have nothing left to do.
async fn settle(server: &Server, count: usize) -> Duration {
    let begun = Instant::now();
    let mut connection = Connection::open(&server.socket).await;
    let path = format!("{VMS}?fieldSelector=status.phase=Running");
    loop {
        let (_, body) = connection
            .get(
                &path,
                "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
            )
            .await;
        if String::from_utf8_lossy(&body).matches("\"uid\":").count() >= count {
            return begun.elapsed();
        }
        assert!(
            begun.elapsed() < Duration::from_mins(10),
            "the fleet does not settle"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Fetches the whole list; answers the best time in milliseconds and its size in bytes.
async fn list(server: &Server, accept: &str) -> (f64, usize) {
    let mut connection = Connection::open(&server.socket).await;
    let (mut best, mut size) = (f64::MAX, 0);
    for _ in 0..LISTS {
        let begun = Instant::now();
        let (status, body) = connection.get(VMS, accept).await;
        assert_eq!(status, 200);
        best = best.min(begun.elapsed().as_secs_f64() * 1e3);
        size = body.len();
    }
    (best, size)
}

/// Changes one VM again and again; answers the sorted delays, in milliseconds, from sending the change until each watcher
/// had it.
async fn watch(server: &Server) -> Vec<f64> {
    let (_, list) = Connection::open(&server.socket)
        .await
        .get(&format!("{VMS}?limit=1"), "application/json")
        .await;
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let path = format!(
        "{VMS}?watch=true&resourceVersion={}",
        list["metadata"]["resourceVersion"].as_str().unwrap()
    );
    let (told, mut seen) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..WATCHERS {
        let mut stream = Connection::open(&server.socket).await.stream(&path).await;
        let told = told.clone();
        tokio::spawn(async move {
            while let Some(line) = stream.line().await {
                if let Some((_, rest)) = line.split_once("\"bench\":\"") {
                    let number: usize = rest.split('"').next().unwrap().parse().unwrap();
                    told.send((number, Instant::now())).unwrap();
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut connection = Connection::open(&server.socket).await;
    let mut delays = Vec::new();
    for change in 0..CHANGES {
        let change_it = format!(r#"{{"metadata":{{"annotations":{{"bench":"{change}"}}}}}}"#);
        let begun = Instant::now();
        let (status, _) = connection
            .send(
                "PATCH",
                &format!("{VMS}/vm-00000"),
                "application/merge-patch+json",
                change_it,
            )
            .await;
        assert_eq!(status, 200);
        for _ in 0..WATCHERS {
            let (number, at) = tokio::time::timeout(Duration::from_secs(10), seen.recv())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(number, change);
            delays.push(at.duration_since(begun).as_secs_f64() * 1e3);
        }
    }
    delays.sort_by(f64::total_cmp);
    delays
}
