//! Which network an address belongs to, from a list of prefixes.

use core::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::table::{InventoryError, Layout, Row, Table};

/// Prefixes, of which the longest that holds an address counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Network>", into = "Vec<Network>")]
pub struct Networks {
    /// By first address, the wider of two that start alike first.
    networks: Vec<Network>,
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
}

const LAYOUT: Layout = Layout {
    key: "prefix",
    known: &["prefix", "asn", "name", "country", "kind"],
    usual: &["asn", "country"],
    rows: "networks",
};
const PREFIX_ALLOWED: &str = "a prefix such as 192.0.2.0/24 or 2001:db8::/32, or an address";
/// The length of the prefix in which IPv6 holds IPv4.
const MAPPED_BITS: u8 = 96;
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
        let again = rows - networks.networks.len();
        if 0 < again {
            let warning = format!("{name}: {again} prefixes are there twice; the last one counts");
            table.warnings.push(warning);
        }
        Ok((networks, table.warnings))
    }

    /// The narrowest network that holds the address.
    pub fn lookup(&self, address: IpAddr) -> Option<&Network> {
        let address = address.to_canonical();
        let behind = self.networks.partition_point(|network| network.prefix.network() <= address);
        let mut place = behind.checked_sub(1);
        while let Some(at) = place {
            let network = self.networks.get(at)?;
            if network.prefix.contains(&address) {
                return Some(network);
            }
            place = self.around.get(at).copied().flatten().map(|wider| wider as usize);
        }
        None
    }

    pub fn len(&self) -> usize {
        self.networks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }
}

impl From<Vec<Network>> for Networks {
    fn from(mut networks: Vec<Network>) -> Self {
        // The last of two rows for one prefix counts: reversed, it is the first of a stable sort.
        networks.reverse();
        networks.sort_by_key(|network| (network.prefix.network(), network.prefix.prefix_len()));
        networks.dedup_by_key(|network| network.prefix);
        let around = wider_ones(&networks);
        Self { networks, around }
    }
}

impl From<Networks> for Vec<Network> {
    fn from(networks: Networks) -> Self {
        networks.networks
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
    Ok(Network { prefix, asn, name: text("name"), country: text("country"), kind: text("kind") })
}
