//! Addresses as logs write them: bare, with a port, in brackets, IPv4 dressed as IPv6.

use std::net::IpAddr;

use memchr::memchr;
use memchr::memrchr;

/// The address in its one canonical form: no port, no brackets, no zone, and an
/// IPv4-mapped IPv6 address as IPv4.
pub fn address(text: &[u8]) -> Option<IpAddr> {
    let text = bare(text);
    let text = memchr(b'%', text).and_then(|zone| text.get(..zone)).unwrap_or(text);
    let text = std::str::from_utf8(text).ok()?;
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The same text without brackets and port. Text that is no address stays as it is.
pub(super) fn bare(text: &[u8]) -> &[u8] {
    if let Some(inner) = text.strip_prefix(b"[") {
        return memchr(b']', inner).and_then(|end| inner.get(..end)).unwrap_or(text);
    }
    let Some(first) = memchr(b':', text) else { return text };
    let Some(last) = memrchr(b':', text) else { return text };
    if first == last {
        return without_port(text, last);
    }
    if is_ip6(text) {
        return text;
    }
    // ALB writes IPv6:port without brackets: the port is behind the last colon.
    let cut = without_port(text, last);
    if is_ip6(cut) { cut } else { text }
}

/// Whether the text begins like an address: a cheap test before a real one.
pub(super) fn may_be_address(text: &[u8]) -> bool {
    let hexadecimal = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':' || *byte == b'[';
    text.first().is_some_and(hexadecimal) && address(text).is_some()
}

/// The last hop of a list of forwarded addresses: whoever spoke to the proxy. What
/// stands to its left was sent by the client and is forged at will.
pub(super) fn last_hop(list: &[u8]) -> &[u8] {
    let from = memrchr(b',', list).map_or(0, |comma| comma + 1);
    list.get(from..).unwrap_or(list).trim_ascii()
}

fn without_port(text: &[u8], colon: usize) -> &[u8] {
    let port = text.get(colon + 1..).unwrap_or(&[]);
    let is_port = !port.is_empty() && port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    if is_port { text.get(..colon).unwrap_or(text) } else { text }
}

fn is_ip6(text: &[u8]) -> bool {
    let zone = memchr(b'%', text).unwrap_or(text.len());
    let text = text.get(..zone).unwrap_or(text);
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_address_gives_the_same_one() {
        for (text, canonical) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:443", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8:1:2:3:4:5:6:40123", "2001:db8:1:2:3:4:5:6"),
            ("fe80::1%eth0", "fe80::1"),
        ] {
            let got = address(text.as_bytes()).map(|address| address.to_string());
            assert_eq!(got.as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in ["", "-", "unix:", "api.example.com", "1234", "192.0.2.1:port"] {
            assert_eq!(address(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_last_hop_counts() {
        assert_eq!(last_hop(b"192.0.2.1, 198.51.100.2"), b"198.51.100.2");
        assert_eq!(last_hop(b"192.0.2.1"), b"192.0.2.1");
    }
}
