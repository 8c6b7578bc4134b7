//! Where requests come from: made-up networks in ranges that belong to nobody.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use super::draw::Draw;

/// What sort of network it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Cloud,
    Corp,
    Home,
    Mobile,
    Inside,
    Hosting,
}

/// One network of the made-up internet.
pub(super) struct Place {
    pub(super) sort: Sort,
    pub(super) name: &'static str,
    pub(super) country: &'static str,
    pub(super) minutes_east: i64,
    /// First address and length of the prefix.
    prefix: (u32, u32),
    listed: bool,
}

const fn place(
    sort: Sort,
    label: (&'static str, &'static str),
    minutes_east: i64,
    prefix: (u32, u32),
) -> Place {
    Place { sort, name: label.0, country: label.1, minutes_east, prefix, listed: true }
}

/// In no table of networks: nobody knows whose they are.
const fn unlisted(name: &'static str, prefix: (u32, u32)) -> Place {
    Place { sort: Sort::Hosting, name, country: "", minutes_east: 0, prefix, listed: false }
}

/// 198.18.0.0/15 (benchmarks), 100.64.0.0/10 (carriers), 10.0.0.0/8 (inside) and 240.0.0.0/4 (never given out).
pub(super) const PLACES: &[Place] = &[
    place(Sort::Cloud, ("Cirrus East", "US"), -300, (0xC612_0000, 20)),
    place(Sort::Cloud, ("Cirrus West", "US"), -480, (0xC612_1000, 20)),
    place(Sort::Cloud, ("Cirrus Frankfurt", "DE"), 60, (0xC612_2000, 20)),
    place(Sort::Cloud, ("Stratus Dublin", "IE"), 0, (0xC612_3000, 20)),
    place(Sort::Cloud, ("Stratus Tokyo", "JP"), 540, (0xC612_4000, 20)),
    place(Sort::Cloud, ("Nimbus Mumbai", "IN"), 330, (0xC612_5000, 20)),
    place(Sort::Corp, ("Harbour Logistics", "NL"), 60, (0xC613_0000, 22)),
    place(Sort::Corp, ("Alder Retail", "GB"), 0, (0xC613_0400, 22)),
    place(Sort::Corp, ("Bluepeak Stores", "US"), -360, (0xC613_0800, 22)),
    place(Sort::Corp, ("Fjord Freight", "NO"), 60, (0xC613_0C00, 22)),
    place(Sort::Corp, ("Sakura Commerce", "JP"), 540, (0xC613_1000, 22)),
    place(Sort::Corp, ("Own Office", "DE"), 60, (0xC613_1400, 24)),
    place(Sort::Home, ("Rhine Cable", "DE"), 60, (0xF000_0000, 14)),
    place(Sort::Home, ("Thames Fibre", "GB"), 0, (0xF004_0000, 14)),
    place(Sort::Home, ("Prairie Broadband", "US"), -360, (0xF008_0000, 14)),
    place(Sort::Home, ("Seine Telecom", "FR"), 60, (0xF00C_0000, 14)),
    place(Sort::Home, ("Paulista Net", "BR"), -180, (0xF010_0000, 14)),
    place(Sort::Home, ("Ganges Online", "IN"), 330, (0xF014_0000, 14)),
    place(Sort::Mobile, ("Polder Mobile", "NL"), 60, (0x6440_0000, 13)),
    place(Sort::Mobile, ("Albion Mobile", "GB"), 0, (0x6448_0000, 13)),
    place(Sort::Mobile, ("Lakes Wireless", "US"), -300, (0x6450_0000, 13)),
    place(Sort::Mobile, ("Kanto Mobile", "JP"), 540, (0x6458_0000, 13)),
    place(Sort::Inside, ("Own Cluster", ""), 60, (0x0A20_0000, 16)),
    place(Sort::Inside, ("Own Cluster Two", ""), 60, (0x0A21_0000, 16)),
    place(Sort::Hosting, ("Bargain Servers", "RO"), 120, (0xF200_0000, 14)),
    place(Sort::Hosting, ("Tundra Hosting", "RU"), 180, (0xF204_0000, 14)),
    place(Sort::Hosting, ("Pearl Datacenter", "SG"), 480, (0xF208_0000, 14)),
    place(Sort::Hosting, ("Veil VPN", "PA"), -300, (0xF20C_0000, 14)),
    place(Sort::Hosting, ("Andes Colocation", "CL"), -240, (0xF210_0000, 14)),
    unlisted("nobody knows", (0xF300_0000, 12)),
];

const FIRST_AS_NUMBER: usize = 64_600;

/// The numbers of the networks of a sort.
pub(super) fn of_sort(sort: Sort) -> Vec<usize> {
    PLACES
        .iter()
        .enumerate()
        .filter(|(_, place)| place.sort == sort)
        .map(|(number, _)| number)
        .collect()
}

/// Some network of the sort.
pub(super) fn any_of(sort: Sort, draw: &mut Draw) -> usize {
    draw.pick(&of_sort(sort)).unwrap_or(0)
}

/// Some address of a network. Every sixth address of a mobile carrier is IPv6.
pub(super) fn address(number: usize, draw: &mut Draw) -> IpAddr {
    let Some(place) = PLACES.get(number) else { return IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    if place.sort == Sort::Mobile && draw.chance(0.16) {
        let host = u128::from(draw.number() >> 16);
        return IpAddr::V6(Ipv6Addr::from_bits(prefix_v6(number) | host << 16 | 1));
    }
    let (first, length) = place.prefix;
    let host = draw.whole(1, (1i64 << (32 - length)) - 1);
    IpAddr::V4(Ipv4Addr::from_bits(first | host as u32))
}

/// `how_many` addresses in one /24 (or whatever is smaller) of the network.
pub(super) fn neighbours(number: usize, how_many: usize, draw: &mut Draw) -> Vec<IpAddr> {
    let IpAddr::V4(one) = address(number, draw) else { return vec![address(number, draw)] };
    let subnet = one.to_bits() & 0xFFFF_FF00;
    (0..how_many)
        .map(|_| IpAddr::V4(Ipv4Addr::from_bits(subnet | draw.whole(4, 250) as u32)))
        .collect()
}

/// The table of networks, as CSV, with addresses as the log shows them.
pub(super) fn networks_csv(shown: &dyn Fn(IpAddr) -> IpAddr) -> String {
    let mut rows = vec!["prefix,asn,name,country,kind\n".to_owned()];
    for (number, place) in PLACES.iter().enumerate().filter(|(_, place)| place.listed) {
        let kind = match place.sort {
            Sort::Cloud => "cloud",
            Sort::Corp => "corp",
            Sort::Home => "residential",
            Sort::Mobile => "mobile",
            Sort::Inside => "internal",
            Sort::Hosting => "hosting",
        };
        let tail =
            format!("{},{},{},{kind}\n", FIRST_AS_NUMBER + number, place.name, place.country);
        let first = shown(IpAddr::V4(Ipv4Addr::from_bits(place.prefix.0)));
        rows.push(format!("{first}/{},{tail}", place.prefix.1));
        if place.sort == Sort::Mobile {
            let first = shown(IpAddr::V6(Ipv6Addr::from_bits(prefix_v6(number))));
            let length = if first.is_ipv4() { 16 } else { 48 };
            rows.push(format!("{first}/{length},{tail}"));
        }
    }
    rows.concat()
}

/// AS number and country of an address, for logs that carry them.
pub(super) fn origin_of(address: IpAddr) -> Option<(usize, &'static str)> {
    let inside = |number: usize, place: &Place| match address {
        IpAddr::V4(four) => {
            four.to_bits() >> (32 - place.prefix.1) == place.prefix.0 >> (32 - place.prefix.1)
        }
        IpAddr::V6(six) => {
            place.sort == Sort::Mobile && six.to_bits() >> 80 == prefix_v6(number) >> 80
        }
    };
    let found =
        PLACES.iter().enumerate().find(|(number, place)| place.listed && inside(*number, place))?;
    Some((FIRST_AS_NUMBER + found.0, found.1.country))
}

/// `2001:db8:NUMBER::/48`.
fn prefix_v6(number: usize) -> u128 {
    0x2001_0db8_u128 << 96 | (number as u128) << 80
}

/// Whether people live there.
pub(super) fn is_home(number: usize) -> bool {
    PLACES.get(number).is_some_and(|place| place.sort == Sort::Home)
}

/// The network of an IPv4 address.
pub(super) fn number_of(address: IpAddr) -> Option<usize> {
    let IpAddr::V4(four) = address else { return None };
    let inside = |place: &Place| {
        four.to_bits() >> (32 - place.prefix.1) == place.prefix.0 >> (32 - place.prefix.1)
    };
    PLACES.iter().position(inside)
}
