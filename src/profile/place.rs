//! Where a request came from, coarsely enough that a household's next address is the same
//! place: the network's number where it is known, else the /24 or /48.

use std::net::IpAddr;

/// The place as a person reads it; empty if there is no address.
pub fn place_of(address: &str, asn: u32) -> String {
    if asn != 0 {
        return format!("AS{asn}");
    }
    match address.parse() {
        Ok(IpAddr::V4(v4)) => {
            let mut network = String::with_capacity("255.255.255.0/24".len());
            for part in v4.octets().iter().take(3) {
                push_decimal(&mut network, *part);
                network.push('.');
            }
            network + "0/24"
        }
        Ok(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        Err(_) => address.to_owned(),
    }
}

/// As `format!` would, in a tenth of the time: networks are written for each batch.
fn push_decimal(text: &mut String, number: u8) {
    let digit = |value: u8| char::from(b'0' + value % 10);
    if 100 <= number {
        text.push(digit(number / 100));
    }
    if 10 <= number {
        text.push(digit(number / 10));
    }
    text.push(digit(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_place() {
        assert_eq!(place_of("192.0.2.7", 0), "192.0.2.0/24");
        assert_eq!(place_of("2001:db8:1:2::3", 0), "2001:db8:1::/48");
        assert_eq!(place_of("192.0.2.7", 64500), "AS64500");
        assert_eq!(place_of("", 0), "");
        for part in 0..=u8::MAX {
            assert_eq!(place_of(&format!("{part}.1.0.9"), 0), format!("{part}.1.0.0/24"));
        }
    }
}
