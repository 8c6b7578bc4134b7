//! Whose request it was when proxies stand in between: the right-most hop that is not one
//! of ours. What stands left of it anybody can write.

use core::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::address::address_of;
use super::networks::prefix_of;

/// Networks, as a list of prefixes. IPv4-mapped IPv6 is IPv4.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefixes(Vec<IpNet>);

impl Prefixes {
    /// The first text that is no prefix and no address is the error.
    pub fn read(texts: &[String]) -> Result<Self, &str> {
        let read = |text: &'_ String| prefix_of(text.trim());
        match texts.iter().find(|text| read(text).is_none()) {
            Some(wrong) => Err(wrong),
            None => Ok(Self(texts.iter().filter_map(read).collect())),
        }
    }

    /// No prefix narrower than what is kept of an address.
    #[must_use]
    pub fn widened(&self) -> Self {
        Self(self.0.iter().map(|prefix| widened(*prefix)).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the address, as events have it, lies in one of them.
    pub fn hold(&self, address: &str) -> bool {
        address.parse().is_ok_and(|address| self.has(address))
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|prefix| prefix.contains(&address))
    }
}

/// Of an address that is cut, no more than this can be told.
pub(super) fn widened(prefix: IpNet) -> IpNet {
    let most = if prefix.addr().is_ipv4() { 24 } else { 48 };
    let wide = IpNet::new(prefix.addr(), prefix.prefix_len().min(most));
    wide.map_or(prefix, |wide| wide.trunc())
}

/// The client of a request that came from `peer` with this list of hops.
pub(super) fn client_of(peer: &[u8], hops: &[u8], trusted: &Prefixes) -> Option<IpAddr> {
    let mut client = address_of(peer)?;
    for hop in hops.rsplit(|byte| *byte == b',') {
        if !trusted.has(client) {
            break;
        }
        // Behind something unreadable nothing can be believed.
        let Some(before) = address_of(hop) else { break };
        client = before;
    }
    Some(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, hops: &str, expected: &str) {
        let trusted = Prefixes::read(&["10.0.0.0/8".into(), "2001:db8:1::/48".into()]).unwrap();
        let client = client_of(peer.as_bytes(), hops.as_bytes(), &trusted).unwrap();
        assert_eq!(client.to_string(), expected, "{peer} {hops}");
    }

    #[test]
    fn the_right_most_hop_that_is_not_ours_counts() {
        check("192.0.2.1", "203.0.113.9", "192.0.2.1");
        check("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9");
        check("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9");
        check("::ffff:10.0.0.1", "203.0.113.9:4711", "203.0.113.9");
        check("2001:db8:1::5", "2001:db8:2::7", "2001:db8:2::7");
        check("10.0.0.1", "", "10.0.0.1");
        check("10.0.0.1", "203.0.113.9, unknown", "10.0.0.1");
        check("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3");
    }

    #[test]
    fn what_is_no_prefix_is_named() {
        assert_eq!(Prefixes::read(&["192.0.2.0/24".into(), "x".into()]), Err("x"));
        assert!(Prefixes::read(&["192.0.2.0/24".into()]).unwrap().hold("192.0.2.9"));
    }
}
