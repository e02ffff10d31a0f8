//! `GET /metrics` in OpenMetrics: what the server holds, serves and takes.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use super::error::ApiError;
use super::health::VERSION;
use super::kinds::ALL;
use crate::app::App;
use crate::auth::Identity;

/// The kernel tells time in hundredths of a second, whatever its own clock is.
const TICKS: f64 = 100.0;
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`. It counts objects of every namespace, so it is not for those who see only some.
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
) -> Result<Response, ApiError> {
    if identity.is_confined() {
        return Err(ApiError::forbidden(format!(
            "forbidden: User {:?} cannot get path \"/metrics\"",
            identity.user
        )));
    }
    let mut page = Page::default();
    page.family("nova_build_info", "gauge", "Version of the server.");
    page.sample("nova_build_info", &format!("version=\"{VERSION}\""), 1);
    page.family("nova_objects", "gauge", "Objects stored.");
    for kind in ALL {
        let plural = kind.info.plural;
        let count = app.store.list(plural, None).len();
        page.sample("nova_objects", &format!("kind=\"{plural}\""), count);
    }
    requests(&mut page, &app);
    state(&mut page, &app);
    process(&mut page);
    page.0.push_str("# EOF\n");
    let kind = HeaderValue::from_static(TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], page.0).into_response())
}

fn requests(page: &mut Page, app: &App) {
    page.family("nova_requests", "counter", "Requests answered.");
    for ((method, status), count) in app.served.requests() {
        let labels = format!("method=\"{method}\",status=\"{status}\"");
        page.sample("nova_requests_total", &labels, count);
    }
    let help = "Time until the heads of answers.";
    page.family("nova_request_seconds", "counter", help);
    page.sample("nova_request_seconds_total", "", app.served.seconds());
}

fn state(page: &mut Page, app: &App) {
    let uptime = jiff::Timestamp::now().as_second() - app.started.as_second();
    page.gauge(
        "nova_clients",
        "Requests and streams being served.",
        app.activity.clients(),
    );
    page.gauge(
        "nova_watches",
        "Watches that are open.",
        app.served.watches(),
    );
    page.gauge(
        "nova_resource_version",
        "Newest revision.",
        app.store.revision(),
    );
    page.gauge("nova_uptime_seconds", "Time since start.", uptime.max(0));
}

/// What the kernel says of this process, under the names that every dashboard knows.
fn process(page: &mut Page) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let status = read("/proc/self/status");
    let help = "Memory that the server has in RAM.";
    page.gauge(
        "process_resident_memory_bytes",
        help,
        memory(&status, "VmRSS:"),
    );
    let help = "Most memory that it ever had in RAM.";
    page.gauge(
        "nova_resident_memory_peak_bytes",
        help,
        memory(&status, "VmHWM:"),
    );
    let help = "Address space of the server.";
    page.gauge(
        "process_virtual_memory_bytes",
        help,
        memory(&status, "VmSize:"),
    );
    let ticks = cpu_ticks(&read("/proc/self/stat"));
    let seconds = ticks / TICKS;
    let help = "Processor time of the server.";
    page.family("process_cpu_seconds", "counter", help);
    page.sample("process_cpu_seconds_total", "", seconds);
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    page.gauge("process_open_fds", "Open files.", open);
}

/// Bytes of a line of `/proc/self/status`, which counts in kB.
fn memory(status: &str, line: &str) -> u64 {
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    let number = found.and_then(|rest| rest.split_ascii_whitespace().next());
    number
        .and_then(|text| text.parse().ok())
        .map_or(0, |kib: u64| kib * 1024)
}

/// Fields 14 and 15 of `/proc/self/stat`: ticks in user and kernel mode.
#[expect(clippy::cast_precision_loss, reason = "exact for ten million years")]
fn cpu_ticks(stat: &str) -> f64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_ascii_whitespace().skip(11).take(2);
    fields
        .filter_map(|text| text.parse::<u64>().ok())
        .sum::<u64>() as f64
}

/// A page being written.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = writeln!(self.0, "# TYPE {name} {kind}\n# HELP {name} {help}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        let _infallible = writeln!(self.0, "{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "gauge", help);
        self.sample(name, "", value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert!((cpu_ticks(stat) - 200.0).abs() < f64::EPSILON);
        assert!(cpu_ticks("").abs() < f64::EPSILON);
        assert_eq!(memory("VmRSS:\t  2048 kB\n", "VmRSS:"), 2048 * 1024);
    }
}
