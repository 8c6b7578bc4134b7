//! One way to write an address, whatever the log makes of it.

use core::net::{IpAddr, SocketAddr};

/// The address in `raw`: without port, brackets and zone; IPv4-mapped IPv6 is IPv4. Of a
/// list the last, which the nearest server added.
pub(super) fn address_of(raw: &[u8]) -> Option<IpAddr> {
    let last = raw.rsplit(|byte| *byte == b',').next()?;
    let text = core::str::from_utf8(last).ok()?.trim().trim_matches('"');
    let address = match text.parse() {
        Ok(address) => address,
        Err(_) => in_other_clothes(text)?,
    };
    Some(address.to_canonical())
}

fn in_other_clothes(text: &str) -> Option<IpAddr> {
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(socket.ip());
    }
    let inner = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?.0,
        None => text,
    };
    let inner = inner.split_once('%').map_or(inner, |(address, _zone)| address);
    inner.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_address_gives_one_text() {
        for (raw, canonical) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:8080", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:c000:201]:443", "192.0.2.1"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("198.51.100.9, 192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1 ", "192.0.2.1"),
        ] {
            let address = address_of(raw.as_bytes()).map(|address| address.to_string());
            assert_eq!(address.as_deref(), Some(canonical), "{raw}");
        }
    }

    #[test]
    fn what_is_no_address_is_absent() {
        for raw in ["", "-", "unix:", "unix:/run/x.sock", "example.com", "192.0.2", "192.0.2.300"] {
            assert_eq!(address_of(raw.as_bytes()), None, "{raw}");
        }
        assert_eq!(address_of(b"\xff\xfe"), None);
    }
}
