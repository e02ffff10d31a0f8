//! What the guest's agent tells of the guest.

use std::time::Duration;

use serde_json::{Value, json};

use super::qga::{Qga, QgaError};
use super::vm::Live;
use crate::engine::{EngineError, GuestAddress, GuestInfo};

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the agent. Old agents lack single answers; only silence fails.
pub(super) async fn ask(live: &Live) -> Result<GuestInfo, EngineError> {
    let qga = live.agent()?;
    let agent = one(qga, "guest-info").await?;
    let os = one(qga, "guest-get-osinfo").await?;
    let host = one(qga, "guest-get-host-name").await?;
    let interfaces = one(qga, "guest-network-get-interfaces").await?;
    Ok(GuestInfo {
        os: text(&os["pretty-name"]).or_else(|| text(&os["name"])),
        kernel: text(&os["kernel-release"]),
        hostname: text(&host["host-name"]),
        agent_version: text(&agent["version"]),
        addresses: addresses(&interfaces),
    })
}

async fn one(qga: &Qga, command: &str) -> Result<Value, EngineError> {
    match qga.run(command, &json!({}), PATIENCE).await {
        Err(QgaError::Refused(reason)) => {
            tracing::debug!(command, reason, "the guest agent refuses");
            Ok(Value::Null)
        }
        answer => Ok(answer?),
    }
}

fn text(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// Addresses that others can reach: neither loopback nor link-local.
fn addresses(interfaces: &Value) -> Vec<GuestAddress> {
    let interfaces = interfaces
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["name"] != "lo");
    let of_one = |interface: &Value| {
        let mac = text(&interface["hardware-address"])
            .unwrap_or_default()
            .to_lowercase();
        let ips = interface["ip-addresses"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let ips = ips.into_iter().filter_map(|ip| text(&ip["ip-address"]));
        let ips = ips.filter(|ip| !ip.starts_with("fe80:"));
        ips.map(|ip| GuestAddress {
            mac: mac.clone(),
            ip,
        })
        .collect::<Vec<_>>()
    };
    interfaces.flat_map(of_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_link_local_addresses_are_left_out() {
        let interfaces = json!([
            {"name": "lo", "ip-addresses": [{"ip-address": "127.0.0.1"}]},
            {"name": "eth0", "hardware-address": "52:54:00:AA:00:01", "ip-addresses": [
                {"ip-address": "10.0.2.15"}, {"ip-address": "fe80::1"}]},
            {"name": "eth1", "hardware-address": "52:54:00:aa:00:02"},
        ]);
        let expected = GuestAddress {
            mac: "52:54:00:aa:00:01".into(),
            ip: "10.0.2.15".into(),
        };
        assert_eq!(addresses(&interfaces), [expected]);
    }
}
