//! Who is at the other end: the peer itself, or whom a trusted proxy speaks for.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// The address a client is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    /// Reads `X-Forwarded-For` from the right, past our own proxies, to the first address that is not ours.
    /// What stands left of it was written by the client and proves nothing.
    pub fn of(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> Self {
        let is_ours = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
        let mut client = peer.to_canonical();
        if !is_ours(&client) {
            return Self(client);
        }
        for entry in forwarded.iter().rev().flat_map(|line| line.rsplit(',')) {
            let Some(ip) = address(entry.trim()) else { break };
            client = ip.to_canonical();
            if !is_ours(&client) {
                break;
            }
        }
        Self(client)
    }

    /// What rates and counts go by: an IPv4 address, or the /64 network that one IPv6 customer has whole.
    pub fn key(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

impl std::fmt::Display for ClientIp {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// Some proxies add the port, and brackets around IPv6.
fn address(text: &str) -> Option<IpAddr> {
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().map(|socket: std::net::SocketAddr| socket.ip()))
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{ClientIp, IpAddr, IpNet};

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        ClientIp::of(peer.parse().unwrap(), forwarded, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let proxies = ["10.0.0.0/8"];
        for (peer, forwarded, expected) in [
            ("1.2.3.4", &["9.9.9.9"][..], "1.2.3.4"),
            ("10.0.0.1", &["9.9.9.9"], "9.9.9.9"),
            ("10.0.0.1", &["6.6.6.6, 9.9.9.9"], "9.9.9.9"),
            ("10.0.0.1", &["6.6.6.6, 9.9.9.9, 10.0.0.2"], "9.9.9.9"),
            ("10.0.0.1", &["6.6.6.6", "9.9.9.9, 10.0.0.2"], "9.9.9.9"),
            ("10.0.0.1", &["nonsense, 10.0.0.7"], "10.0.0.7"),
            ("10.0.0.1", &["nonsense"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["9.9.9.9:1234"], "9.9.9.9"),
            ("10.0.0.1", &["[2001:db8::1]:1234"], "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("::ffff:10.0.0.1", &["9.9.9.9"], "9.9.9.9"),
        ] {
            assert_eq!(client(peer, forwarded, &proxies), expected, "{peer} {forwarded:?}");
        }
        assert_eq!(client("127.0.0.1", &["9.9.9.9"], &[]), "127.0.0.1");
    }

    #[test]
    fn one_customer_of_ipv6_has_one_key() {
        let key = |ip: &str| ClientIp(ip.parse::<IpAddr>().unwrap()).key();
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("1.2.3.4"), key("1.2.3.5"));
    }
}
