//! Forwarded ports: what QEMU really listens on, and changes to it.

use std::net::IpAddr;

use super::argv::{forward, forward_host};
use super::qmp::Qmp;
use crate::engine::{EngineError, Port, Protocol};

/// The forwards with the host ports that were chosen where 0 was asked for.
pub(super) async fn in_force(qmp: &Qmp, wanted: &[Port]) -> Result<Vec<Port>, EngineError> {
    if wanted.iter().all(|port| port.host != 0) {
        return Ok(wanted.to_vec());
    }
    let mut listening = parse(&qmp.human("info usernet").await?);
    // Fixed ports are taken out first, so that they are not mistaken for chosen ones.
    listening.retain(|it| {
        !wanted
            .iter()
            .any(|port| port.host == it.port && it.serves(port))
    });
    let resolve = |port: &Port| {
        if port.host != 0 {
            return port.clone();
        }
        let at = listening.iter().position(|it| it.serves(port));
        let host = at.map_or(0, |at| listening.swap_remove(at).port);
        Port {
            host,
            ..port.clone()
        }
    };
    Ok(wanted.iter().map(resolve).collect())
}

/// Changes the forwards of a running machine from `old`, as in force, to `new`.
pub(super) async fn change(qmp: &Qmp, old: &[Port], new: &[Port]) -> Result<(), EngineError> {
    for port in old
        .iter()
        .filter(|port| !new.iter().any(|other| same(port, other)))
    {
        let answer = qmp
            .human(&format!("hostfwd_remove net0 {}", forward_host(port)))
            .await?;
        tracing::debug!(answer = answer.trim(), "forward removed");
    }
    for port in new
        .iter()
        .filter(|port| !old.iter().any(|other| same(other, port)))
    {
        let answer = qmp
            .human(&format!("hostfwd_add net0 {}", forward(port)))
            .await?;
        if answer.contains("ould not set up host forwarding") || answer.contains("nvalid") {
            let host = forward_host(port);
            return Err(EngineError::Conflict(format!(
                "port {host} of this machine is in use"
            )));
        }
    }
    Ok(())
}

/// Whether the forward in force is the one wanted; a wanted 0 is served by any host port.
fn same(force: &Port, wanted: &Port) -> bool {
    (force.protocol, force.host_ip, force.guest) == (wanted.protocol, wanted.host_ip, wanted.guest)
        && (wanted.host == 0 || wanted.host == force.host)
}

/// One line of `info usernet`.
#[derive(Debug, PartialEq, Eq)]
struct Listening {
    protocol: Protocol,
    ip: IpAddr,
    port: u16,
    guest: u16,
}

impl Listening {
    fn serves(&self, port: &Port) -> bool {
        (self.protocol, self.ip, self.guest) == (port.protocol, port.host_ip, port.guest)
    }
}

/// Reads lines such as `  TCP[HOST_FORWARD]  14  127.0.0.1 40123  10.0.2.15  22  0  0`.
fn parse(text: &str) -> Vec<Listening> {
    let line = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let protocol = match *fields.first()? {
            "TCP[HOST_FORWARD]" => Protocol::Tcp,
            "UDP[HOST_FORWARD]" => Protocol::Udp,
            _ => return None,
        };
        let number = |at: usize| fields.get(at)?.parse().ok();
        // QEMU writes `*` for every address.
        let ip = fields.get(2)?.replace('*', "0.0.0.0").parse().ok()?;
        Some(Listening {
            protocol,
            ip,
            port: number(3)?,
            guest: number(5)?,
        })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_are_read_and_connections_are_not() {
        let text = "Hub -1 (net0):\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\n  \
                    TCP[HOST_FORWARD]  14       127.0.0.1 40123       10.0.2.15    22     0     0\n  \
                    UDP[HOST_FORWARD]  15               *  5353       10.0.2.15    53     0     0\n  \
                    TCP[ESTABLISHED]   16       127.0.0.1 40999       10.0.2.15    22     0     0\n";
        let ip = |text: &str| text.parse().unwrap();
        let tcp = Listening {
            protocol: Protocol::Tcp,
            ip: ip("127.0.0.1"),
            port: 40_123,
            guest: 22,
        };
        let udp = Listening {
            protocol: Protocol::Udp,
            ip: ip("0.0.0.0"),
            port: 5353,
            guest: 53,
        };
        assert_eq!(parse(text), [tcp, udp]);
    }
}
