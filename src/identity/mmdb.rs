//! Countries and carriers from MMDB files, held in memory: the file may be replaced while
//! it is in use.

use core::fmt;
use core::net::IpAddr;
use std::sync::Arc;

use maxminddb::{PathElement, Reader};

use super::table::InventoryError;
use crate::model::Spot;

/// One database, whatever it knows: country, city or network.
#[derive(Clone)]
pub(super) struct Database {
    reader: Arc<Reader<Vec<u8>>>,
    /// Of its bytes: the same file is the same database.
    hash: [u8; 32],
}

/// A place that is known less well is none.
const RADIUS_KM_MAX: u16 = 200;
/// How such a file ends: its description begins with these bytes.
const MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";

impl Database {
    /// Whether the bytes are such a file, and no CSV.
    pub(super) fn is_one(bytes: &[u8]) -> bool {
        memchr::memmem::rfind(bytes, MARK).is_some()
    }

    pub(super) fn read(bytes: &[u8], name: &str) -> Result<Self, InventoryError> {
        let hash = *blake3::hash(bytes).as_bytes();
        let reader = Reader::from_source(bytes.to_vec())
            .map_err(|source| InventoryError::Database { name: name.to_owned(), source })?;
        Ok(Self { reader: Arc::new(reader), hash })
    }

    /// The network's number; 0 if it does not know.
    pub(super) fn asn(&self, address: IpAddr) -> u32 {
        let number = ["autonomous_system_number", "asn"];
        number.iter().find_map(|name| self.number(address, name)).unwrap_or(0)
    }

    /// The country's code of two letters; empty if it does not know.
    pub(super) fn country(&self, address: IpAddr) -> String {
        let whole = [PathElement::Key("country"), PathElement::Key("iso_code")];
        let registered = [PathElement::Key("registered_country"), PathElement::Key("iso_code")];
        // Other makers' files have one flat text.
        let flat = [PathElement::Key("country_code")];
        let ways: [&[PathElement<'_>]; 3] = [&whole, &flat, &registered];
        let found = ways.iter().find_map(|way| {
            let result = self.reader.lookup(address).ok()?;
            result.decode_path::<String>(way).ok()?
        });
        found.unwrap_or_default()
    }

    /// In English, or the only name there is.
    pub(super) fn city(&self, address: IpAddr) -> String {
        let named = [PathElement::Key("city"), PathElement::Key("names"), PathElement::Key("en")];
        let flat = [PathElement::Key("city")];
        let found = self.text(address, &named).or_else(|| self.text(address, &flat));
        found.unwrap_or_default()
    }

    /// None where it is only known to be somewhere in a wide country.
    pub(super) fn spot(&self, address: IpAddr) -> Option<Spot> {
        let result = self.reader.lookup(address).ok()?;
        let path = |name| [PathElement::Key("location"), PathElement::Key(name)];
        let degrees = |name| result.decode_path::<f64>(&path(name)).ok().flatten();
        let radius = result.decode_path::<u16>(&path("accuracy_radius")).ok().flatten();
        if radius.is_some_and(|km| RADIUS_KM_MAX < km) {
            return None;
        }
        Spot::of(degrees("latitude")?, degrees("longitude")?)
    }

    /// What sort of network it is, where it knows: carriers, satellites, proxies.
    pub(super) fn kind(&self, address: IpAddr) -> String {
        let of_traits = |name| [PathElement::Key("traits"), PathElement::Key(name)];
        let Ok(result) = self.reader.lookup(address) else { return String::new() };
        let flags = [
            ("is_anonymous", "proxy"),
            ("is_anonymous_proxy", "proxy"),
            ("is_anonymous_vpn", "vpn"),
            ("is_hosting_provider", "hosting"),
            ("is_satellite_provider", "satellite"),
            ("is_tor_exit_node", "tor"),
        ];
        let is = |name| {
            let of_traits = result.decode_path::<bool>(&of_traits(name)).ok().flatten();
            of_traits.or_else(|| result.decode_path(&[PathElement::Key(name)]).ok().flatten())
        };
        if let Some((_, kind)) = flags.iter().find(|(name, _)| is(name) == Some(true)) {
            return (*kind).to_owned();
        }
        let told = ["user_type", "connection_type"];
        let told = told.iter().find_map(|name| {
            let flat = [PathElement::Key(name)];
            self.text(address, &of_traits(name)).or_else(|| self.text(address, &flat))
        });
        told.unwrap_or_default().to_ascii_lowercase()
    }

    fn text(&self, address: IpAddr, path: &[PathElement<'_>]) -> Option<String> {
        self.reader.lookup(address).ok()?.decode_path::<String>(path).ok()?
    }

    fn number(&self, address: IpAddr, name: &str) -> Option<u32> {
        let result = self.reader.lookup(address).ok()?;
        let path = [PathElement::Key(name)];
        if let Ok(Some(number)) = result.decode_path::<u32>(&path) {
            return Some(number);
        }
        // `AS64500`, as a text.
        let text = result.decode_path::<String>(&path).ok()??;
        text.strip_prefix("AS").unwrap_or(&text).parse().ok()
    }
}

impl PartialEq for Database {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("kind", &self.reader.metadata().database_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The smallest database: addresses that begin with a 1 bit have this record, as text
    /// and number, all others none. 24-bit records, IPv4, one node.
    pub(in crate::identity) fn database() -> Vec<u8> {
        let text =
            |text: &str| [&[0x40 | u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let map = |entries: u8| vec![0xe0 | entries];
        let u16_of = |number: u16| [vec![0xa2], number.to_be_bytes().to_vec()].concat();
        let u32_of = |number: u32| [vec![0xc4], number.to_be_bytes().to_vec()].concat();
        let double = |number: f64| [vec![0x68], number.to_be_bytes().to_vec()].concat();
        let record = [
            map(4),
            text("city"),
            map(1),
            text("names"),
            map(1),
            text("en"),
            text("Berlin"),
            text("location"),
            map(3),
            text("latitude"),
            double(52.52),
            text("longitude"),
            double(13.405),
            text("accuracy_radius"),
            u16_of(20),
            text("country"),
            map(1),
            text("iso_code"),
            text("DE"),
            // A name of 24 letters.
            [vec![0x58], b"autonomous_system_number".to_vec()].concat(),
            u32_of(64_500),
        ]
        .concat();
        // One node: the left record is "no data" (the number of nodes), the right one points
        // behind the 16 bytes between tree and data.
        let tree = vec![0, 0, 1, 0, 0, 1 + 16];
        let metadata = [
            map(9),
            text("binary_format_major_version"),
            u16_of(2),
            text("binary_format_minor_version"),
            u16_of(0),
            text("build_epoch"),
            // 64 bits stand behind an extended type.
            vec![0x08, 0x02, 0, 0, 0, 0, 0x69, 0, 0, 0],
            text("database_type"),
            text("Test"),
            text("description"),
            map(1),
            text("en"),
            text("test"),
            text("ip_version"),
            u16_of(4),
            text("languages"),
            vec![0x01, 0x04],
            text("en"),
            text("node_count"),
            u32_of(1),
            text("record_size"),
            u16_of(24),
        ]
        .concat();
        [tree, vec![0; 16], record, MARK.to_vec(), metadata].concat()
    }

    #[test]
    fn an_address_has_its_country_and_network() {
        let bytes = database();
        assert!(Database::is_one(&bytes) && !Database::is_one(b"prefix,asn\n"));
        let database = Database::read(&bytes, "n.mmdb").unwrap();
        let inside = "192.0.2.1".parse().unwrap();
        assert_eq!((database.asn(inside), database.country(inside).as_str()), (64_500, "DE"));
        assert_eq!(database.city(inside), "Berlin");
        assert_eq!(database.spot(inside), crate::model::Spot::of(52.52, 13.405));
        assert_eq!(database.kind(inside), "");
        let outside = "10.0.0.1".parse().unwrap();
        assert_eq!((database.city(outside).as_str(), database.spot(outside)), ("", None));
        assert_eq!((database.asn(outside), database.country(outside).as_str()), (0, ""));
        let six = "2001:db8::1".parse().unwrap();
        assert_eq!(database.asn(six), 0);
    }

    #[test]
    fn a_broken_database_is_refused_and_never_panics() {
        let bytes = database();
        for cut in [bytes.len() - 1, bytes.len() - 20, 7] {
            let broken = bytes.get(..cut).unwrap();
            if let Ok(database) = Database::read(broken, "n.mmdb") {
                database.country("192.0.2.1".parse().unwrap());
            }
        }
        let error = Database::read(b"\xab\xcd\xefMaxMind.com", "n.mmdb").unwrap_err();
        assert!(error.to_string().starts_with("n.mmdb cannot be used as MMDB"), "{error}");
    }
}
