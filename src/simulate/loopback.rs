//! The made-up networks moved onto this machine, so that real requests can come from them.

use std::net::IpAddr;
use std::net::Ipv4Addr;

/// The first octets of the made-up ranges, from which second octet on and how many, and
/// where they begin under 127. No two of them meet there, and prefixes stay whole.
const MOVES: [(u8, u8, u8, u8); 6] = [
    (10, 32, 2, 32),
    (100, 64, 32, 64),
    (198, 18, 2, 128),
    (240, 0, 24, 160),
    (242, 0, 20, 200),
    (243, 0, 16, 224),
];

/// Where the networks of `2001:db8::/32` begin; each becomes a /16.
const V6_FIRST: u8 = 96;

/// The address that stands for this one in 127.0.0.0/8. What is not of the made-up
/// internet stays as it is.
pub(super) fn moved(address: IpAddr) -> IpAddr {
    let four = match address {
        IpAddr::V4(four) => four,
        IpAddr::V6(six) => {
            let [_, _, network, _, high, middle, low, _] = six.segments();
            let [_, number] = network.to_be_bytes();
            let [high, low] = (high ^ middle ^ low).to_be_bytes();
            return IpAddr::from([127, V6_FIRST.saturating_add(number), high, low]);
        }
    };
    moved_v4(four).map_or(address, IpAddr::V4)
}

fn moved_v4(four: Ipv4Addr) -> Option<Ipv4Addr> {
    let [first, second, third, fourth] = four.octets();
    MOVES.iter().find_map(|&(of, from, count, to)| {
        let step = second.checked_sub(from)?;
        let is_it = of == first && step < count;
        is_it.then(|| Ipv4Addr::new(127, to + step, third, fourth))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::draw::Draw;
    use super::super::places;
    use super::*;

    #[test]
    fn every_network_keeps_its_neighbours_and_shares_them_with_no_other() {
        let mut draw = Draw::of(1, &[]);
        let mut owners: BTreeMap<[u8; 2], usize> = BTreeMap::new();
        for number in 0..places::PLACES.len() {
            for _ in 0..200 {
                let IpAddr::V4(four) = moved(places::address(number, &mut draw)) else {
                    panic!("an address of network {number} is not of this machine");
                };
                assert!(four.is_loopback(), "{four}");
                let [_, second, third, _] = four.octets();
                // Clouds and companies share a second octet, and differ in the third.
                let block = if (128..160).contains(&second) { third >> 2 } else { 0 };
                let owner = *owners.entry([second, block]).or_insert(number);
                assert_eq!(owner, number, "{four}");
            }
        }
    }
}
