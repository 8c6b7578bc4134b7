//! How much one key takes, as it is stored.

use super::history::Line;
use super::town::{Town, hour, line, moment};

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
