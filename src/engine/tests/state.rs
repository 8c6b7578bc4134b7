//! How much one key takes, as it is stored.

use super::history::Line;
use super::town::{Town, hour, line, moment};
use crate::engine::StateRow;
use crate::model::{Mention, Stored};
use crate::profile::{Object, hash_of, place_of};

/// A leaked string is cheap in a test.
fn text(text: String) -> &'static str {
    text.leak()
}

/// Two weeks of a key that uses everything there is: 70 networks, 70 routes, 20 clients.
#[test]
fn a_busy_keys_state_is_at_most_four_and_a_half_kilobytes() {
    let mut town = Town::with_inventory("key_id,role\n");
    town.pass(15 * 24, |at, dice| {
        let mut lines = Vec::new();
        for number in 0..60u64 {
            let place = dice.below(70);
            lines.push(Line {
                address: format!("192.0.{place}.{}", dice.below(200)),
                route: text(format!("/v1/things-{}", (number * 7 + place) % 70)),
                client: text(format!("client-{}/1", dice.below(20))),
                status: if dice.below(9) == 0 { 404 } else { 200 },
                ..line("k_busy", moment(at, dice))
            });
        }
        lines
    });
    let rows = town.engine.changed_state();
    let row = rows.iter().find(|row| row.id == "key/k_busy").unwrap();
    let bytes = row.value.as_ref().unwrap().len();
    assert!(1500 < bytes && bytes <= 4608, "{bytes} bytes at {:?}", hour(0));
}

#[test]
fn of_an_address_that_is_forgotten_no_hash_is_left() {
    let mut town = Town::with_inventory("key_id,role\n");
    let (address, other) = ("203.0.113.77", "198.51.100.3");
    town.pass(48, |at, dice| {
        let of = |address: &str, status, at| Line {
            address: address.to_owned(),
            status,
            ..line("k_a", at)
        };
        let lines = [(address, 200), (address, 401), (other, 200), (other, 401)];
        lines.map(|(address, status)| of(address, status, moment(at, dice))).into()
    });
    let networks = [address, other].map(|it| hash_of(&place_of(it, 0)));
    let before = town.engine.changed_state();
    assert_eq!(networks.map(|hash| has_hash(&before, hash)), [true, true]);
    let forgotten = town.engine.forget(&Mention::of([address.to_owned()])).unwrap();
    assert_eq!(networks.map(|hash| has_hash(&forgotten.rows, hash)), [false, true]);
    assert!(!has_hash(&forgotten.rows, hash_of(address)));
    assert_eq!(forgotten.keys, 0, "the key is another's");
}

#[test]
fn of_routes_and_objects_that_name_somebody_no_hash_is_left() {
    let mut town = Town::with_inventory("key_id,role\n");
    let (theirs, other) = ("/v1/users/zq-victim/{id}", "/v1/users/somebody/{id}");
    town.pass(48, |at, dice| {
        let asked = |route| Line { route, ..line("k_a", moment(at, dice)) };
        [theirs, other].map(asked).into()
    });
    let hashes = [theirs, other].map(|route| hash_of(route).max(1));
    // Here the path is the route.
    let objects = [theirs, other].map(|it| Object::of(it, (hash_of(it).max(1), it)).unwrap());
    let before = town.engine.changed_state();
    assert_eq!(hashes.map(|hash| has_hash(&before, hash)), [true, true]);
    assert_eq!(objects.map(|object| has_hash(&before, object.number())), [true, true]);
    let mention = Mention::of(["zq-victim".to_owned()]);
    // They may not be stored any more: then others of their form mostly are.
    let routes = [other.to_owned()].into();
    let formed = mention.clone().with_stored(Stored { routes, ..Stored::default() });
    let forgotten = town.engine.forget(&formed).unwrap();
    assert_eq!(hashes.map(|hash| has_hash(&forgotten.rows, hash)), [false, true]);
    let requests = [(theirs.to_owned(), theirs.to_owned())].into();
    let stored = mention.with_stored(Stored { requests, ..Stored::default() });
    let forgotten = town.engine.forget(&stored).unwrap();
    assert_eq!(hashes.map(|hash| has_hash(&forgotten.rows, hash)), [false, true]);
    assert_eq!(objects.map(|object| has_hash(&forgotten.rows, object.number())), [false, true]);
}

/// Whether a row has it, as numbers are written: in pieces of seven bits.
fn has_hash(rows: &[StateRow], mut hash: u64) -> bool {
    let mut bytes = Vec::new();
    while 0x80 <= hash {
        bytes.push(hash.to_le_bytes()[0] | 0x80);
        hash >>= 7;
    }
    bytes.push(hash.to_le_bytes()[0]);
    let values = rows.iter().filter_map(|row| row.value.as_deref());
    values.flat_map(|value| value.windows(bytes.len())).any(|it| it == bytes)
}
