//! What everyone does together: told where nothing else accounts for it.

use super::history::{Dice, Line};
use super::town::{Town, hour, line, moment, use_of};
use crate::model::Entity;

const DAY: i64 = 24;
const KEYS: usize = 40;
const AN_HOUR: u64 = 60;

fn evenly(at: i64, dice: &mut Dice) -> Vec<Line> {
    (0..KEYS).flat_map(|key| use_of(&format!("k_{key}"), at, AN_HOUR, dice)).collect()
}

fn settled() -> Town {
    let mut town = Town::of(KEYS);
    town.pass(10 * DAY, evenly);
    assert!(town.incidents().is_empty(), "{}", town.told());
    town
}

#[test]
fn an_api_that_stops_is_told_of_once() {
    let mut town = settled();
    town.pass(2, |_, _| Vec::new());
    let told = town.incidents();
    // That its keys are silent comes to light hours later, and is part of it.
    assert_eq!(told.len(), 1, "{}", town.told());
    assert_eq!(told[0].entity, Entity::Fleet);
    let minutes = told[0].opened.since(hour(10 * DAY).start()).0 / 60_000;
    assert!((5..=15).contains(&minutes), "told after {minutes} minutes");
    let says = |text: &str| told[0].findings.iter().any(|it| it.because.contains(text));
    assert!(says(": 0 requests in the five minutes to"), "{:?}", told[0].findings);
}

#[test]
fn an_address_that_scans_is_one_incident_however_much_traffic_it_makes() {
    let mut town = settled();
    town.pass(2, |at, dice| {
        let routes = [
            "/.env", "/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j", "/k", "/l", "/m",
            "/n", "/o", "/p", "/q", "/r", "/s", "/t", "/u", "/v", "/w", "/x", "/y", "/z", "/1",
        ];
        let missing = |route, at| Line {
            address: "198.51.100.7".to_owned(),
            status: 404,
            route,
            ..line("", at)
        };
        let mut lines = evenly(at, dice);
        let tried = routes.into_iter().cycle().take(8000);
        lines.extend(tried.map(|route| missing(route, moment(at, dice))));
        lines
    });
    let told = town.incidents();
    assert_eq!(told.len(), 1, "{}", town.told());
    assert_eq!(told[0].kind, "scanning");
}

#[test]
fn one_key_that_does_a_hundred_times_as_much_is_one_incident() {
    let mut town = settled();
    town.pass(2, |at, dice| {
        let mut lines = evenly(at, dice);
        lines.extend((0..9000).map(|_| line("k_7", moment(at, dice))));
        lines
    });
    let told = town.incidents();
    assert_eq!(told.len(), 1, "{}", town.told());
    assert_eq!(told[0].entity.key(), Some("k_7"));
}
