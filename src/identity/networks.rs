//! Which network an address belongs to, from a list of prefixes.

use core::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::mmdb::Database;
use super::table::{InventoryError, Layout, Row, Table};
use crate::model::Spot;

/// Prefixes, of which the longest that holds an address counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Network>", into = "Vec<Network>")]
pub struct Networks {
    /// What the prefixes leave open; never stored.
    databases: Vec<Database>,
    /// By first address, the wider of two that start alike first.
    listed: Vec<Network>,
    /// For each of them the next wider one that holds it.
    around: Vec<Option<u32>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    pub prefix: IpNet,
    /// 0 if the list does not say.
    pub asn: u32,
    pub name: String,
    pub country: String,
    /// Such as cloud, corp or mobile.
    pub kind: String,
    pub city: String,
    pub spot: Spot,
}

/// Where an address is, as far as anybody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Whereabouts {
    pub asn: u32,
    pub country: String,
    pub city: String,
    /// Nowhere for carriers, clouds and VPNs: their addresses do not tell where somebody is.
    pub spot: Spot,
}

/// Kinds of networks whose addresses lie elsewhere than those who use them.
const ELSEWHERE: [&str; 9] =
    ["mobile", "cellular", "vpn", "proxy", "tor", "relay", "satellite", "cloud", "hosting"];

const LAYOUT: Layout = Layout {
    key: "prefix",
    known: &["prefix", "asn", "name", "country", "kind", "city", "latitude", "longitude"],
    usual: &["asn", "country"],
    rows: "networks",
};
const PREFIX_ALLOWED: &str = "a prefix such as 192.0.2.0/24 or 2001:db8::/32, or an address";
/// The length of the prefix in which IPv6 holds IPv4.
const MAPPED_BITS: u8 = 96;
const DEGREES_ALLOWED: &str = "degrees such as 59.91, with a longitude beside it, or nothing";
const ASN_ALLOWED: &str = "a number such as 64500 or AS64500, or nothing";

impl Networks {
    /// Reads the file called `name`; with it come the warnings.
    pub fn from_csv(bytes: &[u8], name: &str) -> Result<(Self, Vec<String>), InventoryError> {
        let mut table = Table::read(bytes, name, &LAYOUT)?;
        let mut networks = Vec::with_capacity(table.rows.len());
        for row in &table.rows {
            networks.push(network_of(&table, row)?);
        }
        let rows = networks.len();
        let networks = Self::from(networks);
        let again = rows - networks.listed.len();
        if 0 < again {
            let warning = format!("{name}: {again} prefixes are there twice; the last one counts");
            table.warnings.push(warning);
        }
        Ok((networks, table.warnings))
    }

    /// Adds what the MMDB file called `name` knows; the prefixes count before it, and what
    /// was added first.
    pub fn add_database(&mut self, bytes: &[u8], name: &str) -> Result<(), InventoryError> {
        self.databases.push(Database::read(bytes, name)?);
        Ok(())
    }

    /// Whether the bytes are an MMDB file.
    pub fn is_database(bytes: &[u8]) -> bool {
        Database::is_one(bytes)
    }

    /// What the list and then the databases know.
    pub(super) fn place(&self, address: IpAddr) -> Whereabouts {
        let address = address.to_canonical();
        let network = self.lookup(address);
        let mut found = network.map(Network::whereabouts).unwrap_or_default();
        let mut is_elsewhere = network.is_some_and(Network::is_elsewhere);
        for database in &self.databases {
            if found.asn == 0 {
                found.asn = database.asn(address);
            }
            if found.country.is_empty() {
                found.country = database.country(address);
            }
            if found.city.is_empty() {
                found.city = database.city(address);
            }
            if !found.spot.is_known() {
                found.spot = database.spot(address).unwrap_or_default();
            }
            is_elsewhere |= ELSEWHERE.contains(&database.kind(address).as_str());
        }
        if is_elsewhere {
            found.spot = Spot::default();
        }
        found
    }

    /// The narrowest network that holds the address.
    pub fn lookup(&self, address: IpAddr) -> Option<&Network> {
        let address = address.to_canonical();
        let behind = self.listed.partition_point(|network| network.prefix.network() <= address);
        let mut place = behind.checked_sub(1);
        while let Some(at) = place {
            let network = self.listed.get(at)?;
            if network.prefix.contains(&address) {
                return Some(network);
            }
            place = self.around.get(at).copied().flatten().map(|wider| wider as usize);
        }
        None
    }

    pub fn len(&self) -> usize {
        self.listed.len()
    }

    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }
}

impl Network {
    fn whereabouts(&self) -> Whereabouts {
        let (country, city) = (self.country.clone(), self.city.clone());
        Whereabouts { asn: self.asn, country, city, spot: self.spot }
    }

    fn is_elsewhere(&self) -> bool {
        ELSEWHERE.iter().any(|kind| self.kind.eq_ignore_ascii_case(kind))
    }
}

impl From<Vec<Network>> for Networks {
    fn from(mut networks: Vec<Network>) -> Self {
        // The last of two rows for one prefix counts: reversed, it is the first of a stable sort.
        networks.reverse();
        networks.sort_by_key(|network| (network.prefix.network(), network.prefix.prefix_len()));
        networks.dedup_by_key(|network| network.prefix);
        let around = wider_ones(&networks);
        Self { databases: Vec::new(), listed: networks, around }
    }
}

impl From<Networks> for Vec<Network> {
    fn from(networks: Networks) -> Self {
        networks.listed
    }
}

/// A prefix, or an address as the prefix that holds nothing else. IPv4-mapped IPv6 is IPv4.
pub(super) fn prefix_of(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address.to_canonical()));
    }
    let prefix: IpNet = text.parse().ok()?;
    let network = prefix.network().to_canonical();
    if network == prefix.network() {
        return Some(prefix.trunc());
    }
    IpNet::new(network, prefix.prefix_len().checked_sub(MAPPED_BITS)?).ok()
}

/// Prefixes either nest or are apart, so a stack of those still open finds each one's parent.
fn wider_ones(networks: &[Network]) -> Vec<Option<u32>> {
    let mut open: Vec<(u32, IpNet)> = Vec::new();
    let mut around = Vec::with_capacity(networks.len());
    for (number, network) in (0u32..).zip(networks) {
        while open.last().is_some_and(|(_, wider)| !wider.contains(&network.prefix)) {
            open.pop();
        }
        around.push(open.last().map(|(wider, _)| *wider));
        open.push((number, network.prefix));
    }
    around
}

fn network_of(table: &Table, row: &Row) -> Result<Network, InventoryError> {
    let Some(prefix) = prefix_of(table.text(row, "prefix")) else {
        return Err(table.wrong(row, "prefix", PREFIX_ALLOWED));
    };
    let asn = table.text(row, "asn");
    let digits = asn.strip_prefix("AS").or(asn.strip_prefix("as")).unwrap_or(asn);
    let asn = match digits {
        "" | "-" => 0,
        digits => match digits.parse() {
            Ok(asn) => asn,
            Err(_) => return Err(table.wrong(row, "asn", ASN_ALLOWED)),
        },
    };
    let text = |column| table.text(row, column).to_owned();
    Ok(Network {
        prefix,
        asn,
        name: text("name"),
        country: text("country"),
        kind: text("kind"),
        city: text("city"),
        spot: spot_of(table, row)?,
    })
}

/// Both degrees, or neither.
fn spot_of(table: &Table, row: &Row) -> Result<Spot, InventoryError> {
    let [north, east] = ["latitude", "longitude"].map(|column| table.text(row, column));
    if matches!((north, east), ("" | "-", "" | "-")) {
        return Ok(Spot::default());
    }
    let spot = north.parse().ok().zip(east.parse().ok()).and_then(|(n, e)| Spot::of(n, e));
    spot.ok_or_else(|| table.wrong(row, "latitude", DEGREES_ALLOWED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &[u8] = b"prefix,asn,name,country,kind\n\
        203.0.113.0/24,64500,Cloud,US,cloud\n\
        203.0.113.128/25,AS64501,Half,DE,corp\n\
        203.0.113.200,64502,One,FR,corp\n\
        ::ffff:198.51.100.0/120,64503,Mapped,GB,mobile\n\
        2001:db8::/32,64504,Six,NL,cloud\n";

    fn check(address: &str, name: Option<&str>) {
        let (networks, warnings) = Networks::from_csv(CSV, "networks.csv").unwrap();
        assert_eq!(warnings, [""; 0]);
        let found = networks.lookup(address.parse().unwrap());
        assert_eq!(found.map(|network| network.name.as_str()), name, "{address}");
    }

    #[test]
    fn the_longest_prefix_counts() {
        check("203.0.113.1", Some("Cloud"));
        check("203.0.113.127", Some("Cloud"));
        check("203.0.113.128", Some("Half"));
        check("203.0.113.200", Some("One"));
        check("203.0.113.201", Some("Half"));
        check("::ffff:203.0.113.1", Some("Cloud"));
        check("198.51.100.9", Some("Mapped"));
        check("2001:db8:1::1", Some("Six"));
        check("203.0.114.0", None);
        check("192.0.2.1", None);
        check("2001:db9::1", None);
    }

    #[test]
    fn a_hundred_thousand_prefixes_are_found_again() {
        let prefix = |number: u32| {
            let address = core::net::Ipv4Addr::from_bits(0x0a00_0000 + (number << 7));
            IpNet::new(address.into(), 25).unwrap()
        };
        let network = |number| Network {
            prefix: prefix(number),
            asn: number,
            name: String::new(),
            country: String::new(),
            kind: String::new(),
            city: String::new(),
            spot: Spot::default(),
        };
        let networks = Networks::from((0..100_000).map(network).collect::<Vec<_>>());
        for number in (0..100_000).step_by(997) {
            let found = networks.lookup(prefix(number).broadcast()).unwrap();
            assert_eq!(found.asn, number);
        }
    }

    #[test]
    fn a_prefix_that_is_none_is_named_with_its_line() {
        let error = Networks::from_csv(b"prefix,asn\n192.0.2.0/33,1\n", "n.csv").unwrap_err();
        assert!(
            error.to_string().starts_with("n.csv:2: prefix \"192.0.2.0/33\" is not"),
            "{error}"
        );
        let error = Networks::from_csv(b"prefix,asn\n192.0.2.0/24,x\n", "n.csv").unwrap_err();
        assert!(error.to_string().starts_with("n.csv:2: asn \"x\" is not"), "{error}");
    }

    #[test]
    fn a_place_is_told_where_its_network_tells_one() {
        let csv = b"prefix,asn,country,kind,city,latitude,longitude\n\
            192.0.2.0/25,1,NO,corp,Oslo,59.91,10.75\n\
            192.0.2.128/25,2,NO,Mobile,Oslo,59.91,10.75\n\
            198.51.100.0/24,3,NO,corp,Bergen,,\n";
        let (networks, warnings) = Networks::from_csv(csv, "n.csv").unwrap();
        assert_eq!(warnings, [""; 0]);
        let place = |address: &str| networks.place(address.parse().unwrap());
        assert_eq!(place("192.0.2.1").spot, Spot::of(59.91, 10.75).unwrap());
        // A carrier's addresses come out where the carrier is.
        let mobile = place("192.0.2.200");
        assert_eq!((mobile.city.as_str(), mobile.spot), ("Oslo", Spot::default()));
        assert_eq!(
            (place("198.51.100.1").city.as_str(), place("198.51.100.1").spot.0),
            ("Bergen", 0)
        );
        for wrong in ["59.91,", "91,10", "x,10"] {
            let csv = format!("prefix,asn,country,latitude,longitude\n192.0.2.0/24,,,{wrong}\n");
            let error = Networks::from_csv(csv.as_bytes(), "n.csv").unwrap_err();
            assert!(error.to_string().starts_with("n.csv:2: latitude "), "{error}");
        }
    }

    #[test]
    fn of_two_rows_for_one_prefix_the_last_counts() {
        let csv = b"prefix,asn,country\n192.0.2.0/24,1,\n192.0.2.0/24,2,\n";
        let (networks, warnings) = Networks::from_csv(csv, "n.csv").unwrap();
        assert_eq!(warnings, ["n.csv: 1 prefixes are there twice; the last one counts"]);
        assert_eq!(networks.lookup("192.0.2.1".parse().unwrap()).unwrap().asn, 2);
    }

    #[test]
    fn they_are_stored_and_read_again() {
        let (networks, _) = Networks::from_csv(CSV, "n").unwrap();
        let stored = postcard::to_allocvec(&networks).unwrap();
        assert_eq!(postcard::from_bytes::<Networks>(&stored).unwrap(), networks);
    }

    #[test]
    fn prefixes_count_before_databases() {
        let (mut networks, _) = Networks::from_csv(CSV, "networks.csv").unwrap();
        networks.add_database(&crate::identity::mmdb::tests::database(), "n.mmdb").unwrap();
        let place = |address: &str| {
            let place = networks.place(address.parse().unwrap());
            (place.asn, place.country)
        };
        assert_eq!(place("203.0.113.1"), (64500, "US".to_owned()));
        assert_eq!(place("192.0.2.1"), (64500, "DE".to_owned()));
        assert_eq!(place("::ffff:192.0.2.1"), (64500, "DE".to_owned()));
        assert_eq!(place("10.0.0.1"), (0, String::new()));
    }
}
