//! An API server that serves exactly the objects of the recorded cases, in their order.
//!
//! It speaks as much HTTP as our client asks of it: one request per connection, on a Unix socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

/// The server; it ends with the test's process.
#[derive(Debug)]
pub(crate) struct FixtureApi;

#[derive(Debug)]
struct State {
    vectors: Value,
    /// Watches that were answered with events; later ones stay silent, as a server would.
    watches: AtomicUsize,
}

impl FixtureApi {
    /// Serves the first namespace of the vectors on the socket.
    pub(crate) fn start(socket: &Path, vectors: &Value) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let state = Arc::new(State {
            vectors: vectors.clone(),
            watches: AtomicUsize::new(0),
        });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                // A client that goes away in the middle is no fault of the server.
                std::thread::spawn(move || drop(state.answer(stream)));
            }
        });
        Self
    }
}

impl State {
    fn answer(&self, mut stream: UnixStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut request, mut table) = (String::new(), false);
        reader.read_line(&mut request)?;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            table |=
                header.to_ascii_lowercase().starts_with("accept:") && header.contains("as=Table");
            if header.trim().is_empty() {
                break;
            }
        }
        let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        if query.contains("watch=true") {
            return self.watch(&mut stream, query, table);
        }
        let (status, body) = self.body(path, query, table);
        let text = body.to_string();
        let length = text.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        )
    }

    fn body(&self, path: &str, query: &str, table: bool) -> (&'static str, Value) {
        if path == "/version" {
            return (
                "200 OK",
                json!({"gitVersion": "v1.32.4", "serverVersion": ""}),
            );
        }
        let Some((place, rest)) = path.split_once("/virtualmachines") else {
            return ("404 Not Found", missing(path));
        };
        let items = if place.ends_with("/namespaces/empty") {
            Vec::new()
        } else {
            self.items(query)
        };
        let Some(name) = rest.strip_prefix('/') else {
            return (
                "200 OK",
                if table {
                    self.table(&items)
                } else {
                    list(&items)
                },
            );
        };
        match items
            .into_iter()
            .find(|item| item["metadata"]["name"] == name)
        {
            None => ("404 Not Found", missing(name)),
            Some(item) if table => ("200 OK", self.table(&[item])),
            Some(item) => ("200 OK", item),
        }
    }

    /// The objects of the table, as the selectors of the recorded cases choose them.
    fn items(&self, query: &str) -> Vec<Value> {
        let objects = ["web-1", "db-1", "web-10"].map(|name| self.vectors["objects"][name].clone());
        let parts: Vec<&str> = query.split('&').collect();
        let label = parts
            .iter()
            .find_map(|part| part.strip_prefix("labelSelector="));
        let field = parts
            .iter()
            .find_map(|part| part.strip_prefix("fieldSelector="));
        let wanted = |object: &Value| {
            let app = label.and_then(|text| text.strip_prefix("app%3D"));
            let name = field.and_then(|text| text.strip_prefix("metadata.name%3D"));
            app.is_none_or(|app| object["metadata"]["labels"]["app"] == app)
                && name.is_none_or(|name| object["metadata"]["name"] == name)
        };
        objects.into_iter().filter(wanted).collect()
    }

    fn table(&self, items: &[Value]) -> Value {
        let rows: Vec<Value> = items
            .iter()
            .map(|item| {
                let name = item["metadata"]["name"].as_str().unwrap();
                json!({"cells": self.vectors["table"]["rows"][name], "object": item})
            })
            .collect();
        json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "9"},
            "columnDefinitions": self.vectors["table"]["columnDefinitions"], "rows": rows,
        })
    }

    /// Added, modified and deleted, then the end of the stream. The first event of a named watch is
    /// the object as it was listed; in a watch of everything it is news.
    fn watch(&self, stream: &mut UnixStream, query: &str, table: bool) -> std::io::Result<()> {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        )?;
        if self.watches.fetch_add(1, Ordering::SeqCst) > 0 {
            std::thread::park();
        }
        let first = if query.contains("fieldSelector") {
            1
        } else {
            10
        };
        for (kind, revision) in [("ADDED", first), ("MODIFIED", 11), ("DELETED", 12)] {
            let mut object = self.vectors["objects"]["web-1"].clone();
            object["metadata"]["resourceVersion"] = revision.to_string().into();
            let object = if table { self.table(&[object]) } else { object };
            writeln!(stream, "{}", json!({"type": kind, "object": object}))?;
        }
        Ok(())
    }
}

fn list(items: &[Value]) -> Value {
    json!({
        "apiVersion": "nova.dev/v1", "kind": "VirtualMachineList",
        "metadata": {"resourceVersion": "9"}, "items": items,
    })
}

fn missing(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
        "message": format!("virtualmachines.nova.dev \"{name}\" not found"),
        "details": {"name": name, "group": "nova.dev", "kind": "virtualmachines"},
    })
}
