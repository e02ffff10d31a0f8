//! `--port [IP:]HOST:GUEST[/udp]`.

use std::net::IpAddr;
use std::str::FromStr;

use nova_api::PortSpec;

/// A forwarded port as typed. A host port left out or 0 is chosen by the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortFlag {
    ip: Option<IpAddr>,
    host: u16,
    guest: u16,
    protocol: &'static str,
}

impl FromStr for PortFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (ports, protocol) = match text.rsplit_once('/') {
            None => (text, "tcp"),
            Some((ports, "tcp")) => (ports, "tcp"),
            Some((ports, "udp")) => (ports, "udp"),
            Some((_, other)) => return Err(format!("`{other}` is neither tcp nor udp")),
        };
        let (rest, guest) = ports
            .rsplit_once(':')
            .ok_or("write HOST:GUEST, for example 8080:80")?;
        let (ip, host) = match rest.rsplit_once(':') {
            None => (None, rest),
            Some((ip, host)) => {
                let ip = ip.trim_matches(['[', ']']);
                (
                    Some(
                        ip.parse()
                            .map_err(|_| format!("`{ip}` is not an IP address"))?,
                    ),
                    host,
                )
            }
        };
        let host = if host.is_empty() { 0 } else { number(host)? };
        match number(guest)? {
            0 => Err("the guest port may not be 0".to_owned()),
            guest => Ok(Self {
                ip,
                host,
                guest,
                protocol,
            }),
        }
    }
}

fn number(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a port from 0 to 65535"))
}

impl PortFlag {
    /// The port as the API wants it.
    pub(crate) fn spec(&self) -> PortSpec {
        PortSpec {
            host: (self.host != 0).then_some(self.host),
            host_ip: self.ip.map(|ip| ip.to_string()),
            guest: self.guest,
            protocol: (self.protocol == "udp").then(|| self.protocol.to_owned()),
            ..PortSpec::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_in_every_form() {
        let read = |text: &str| text.parse::<PortFlag>().map(|port| port.spec());
        assert_eq!(read("8080:80").unwrap().host, Some(8080));
        assert_eq!(read(":22").unwrap().host, None);
        let udp = read("0.0.0.0:53:53/udp").unwrap();
        assert_eq!(
            (udp.host_ip.as_deref(), udp.protocol.as_deref()),
            (Some("0.0.0.0"), Some("udp"))
        );
        for bad in ["80", "a:b", "1:0", "70000:1", "1:2/sctp", "x:1:2"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
