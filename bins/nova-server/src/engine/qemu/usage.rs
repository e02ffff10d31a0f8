//! What a running VM uses.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::proc::Stat;
use super::vm::Live;
use crate::engine::{EngineError, Usage};

/// Length of a clock tick in `/proc`, which every Linux on our platforms has.
const TICK_MILLIS: u64 = 10;

/// A sample is not worth waiting longer for.
const PATIENCE: Duration = Duration::from_secs(2);

/// One sample.
pub(super) async fn sample(live: &Live) -> Result<Usage, EngineError> {
    let pid = live.process.identity.pid;
    let stat = Stat::of(pid).ok_or(EngineError::NotRunning)?;
    let blocks = live.qmp.ask("query-blockstats").await?;
    let balloon = live.qmp.ask("query-balloon").await.ok();
    let (net_rx, net_tx) = traffic(live).await;
    Ok(Usage {
        cpu_time_seconds: Duration::from_millis(stat.cpu_ticks * TICK_MILLIS).as_secs_f64(),
        memory_used: resident(
            &fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default(),
        ),
        memory_balloon: balloon.and_then(|answer| answer["actual"].as_u64()),
        net_rx,
        net_tx,
        disk_read: total(&blocks, "rd_bytes"),
        disk_write: total(&blocks, "wr_bytes"),
        sampled_at: format!("{:.3}", Timestamp::now()),
    })
}

/// `VmRSS` of `/proc/PID/status`, bytes.
fn resident(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

/// Sum of a counter over all devices.
fn total(blocks: &Value, counter: &str) -> u64 {
    let devices = blocks.as_array().into_iter().flatten();
    devices
        .filter_map(|device| device["stats"][counter].as_u64())
        .sum()
}

/// Bytes received and sent, as the guest counts them: user-mode networking does not. Without an answer
/// the last one stands.
async fn traffic(live: &Live) -> (u64, u64) {
    let mut traffic = live.facts().traffic;
    if let Ok(qga) = live.agent()
        && let Ok(interfaces) = qga
            .run("guest-network-get-interfaces", &json!({}), PATIENCE)
            .await
    {
        traffic = (
            counter(&interfaces, "rx-bytes"),
            counter(&interfaces, "tx-bytes"),
        );
        live.facts().traffic = traffic;
    }
    traffic
}

fn counter(interfaces: &Value, name: &str) -> u64 {
    let interfaces = interfaces.as_array().into_iter().flatten();
    interfaces
        .filter(|it| it["name"] != "lo")
        .filter_map(|it| it["statistics"][name].as_u64())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_summed_without_loopback() {
        let interfaces = json!([
            {"name": "lo", "statistics": {"rx-bytes": 5}},
            {"name": "eth0", "statistics": {"rx-bytes": 7}},
            {"name": "eth1", "statistics": {"rx-bytes": 8}},
        ]);
        assert_eq!(counter(&interfaces, "rx-bytes"), 15);
        assert_eq!(
            total(
                &json!([{"stats": {"rd_bytes": 3}}, {"stats": {"rd_bytes": 4}}]),
                "rd_bytes"
            ),
            7
        );
    }

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident("VmHWM:\t  99 kB\nVmRSS:\t     12 kB\n"), 12 * 1024);
    }
}
