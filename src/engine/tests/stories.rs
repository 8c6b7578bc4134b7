//! Stories that end in one incident, or in none.

use super::history::Line;
use super::town::{Town, line, moment, use_of, usual};
use crate::incident::State;
use crate::model::Entity;

const DAY: i64 = 24;

#[test]
fn a_flash_crowd_of_twenty_keys_is_one_incident_or_none() {
    let mut town = Town::of(60);
    town.pass(9 * DAY, |at, dice| usual(60, at, 12, dice));
    let before = town.incidents().len();
    town.pass(DAY, |at, dice| {
        let mut lines = usual(60, at, 12, dice);
        if (9 * DAY + 14..9 * DAY + 19).contains(&at) {
            lines.extend((0..20).flat_map(|key| use_of(&format!("k_{key}"), at, 70, dice)));
        }
        lines
    });
    let told = town.incidents().len() - before;
    assert!(told <= 1, "{}", town.told());
}

#[test]
fn a_revoked_key_that_keeps_being_refused_is_told_once() {
    let mut town = Town::with_inventory(
        "key_id,owner,role,created,last_rotated,expires,status,status_since\n\
         k_old,ana,partner,2026-01-02,,,revoked,2026-02-02\n",
    );
    town.pass(5 * DAY, |at, dice| {
        let refused = |line: Line| Line { status: 401, ..line };
        use_of("k_old", at, 4, dice).into_iter().map(refused).collect()
    });
    let told = town.incidents();
    let used = told.iter().filter(|it| it.kind == "revoked_key_used");
    assert_eq!(used.count(), 1, "{}", town.told());
    assert_eq!(told[0].state, State::Open, "it goes on");
}

#[test]
fn a_silence_is_open_until_the_key_is_used_again() {
    let mut town = Town::of(3);
    town.pass(10 * DAY, |at, dice| usual(3, at, 60, dice));
    town.pass(40, |at, dice| usual(2, at, 60, dice));
    let silence = |town: &Town| town.incidents().into_iter().find(|it| it.kind == "silent_key");
    let open = silence(&town).unwrap();
    assert_eq!((open.state, open.entity.key()), (State::Open, Some("k_2")));
    town.pass(6, |at, dice| usual(3, at, 60, dice));
    assert_eq!(silence(&town).unwrap().state, State::Resolved);
    assert_eq!(town.incidents().len(), 1, "{}", town.told());
}

#[test]
fn invented_keys_from_sixty_addresses_are_one_incident() {
    let mut town = Town::of(10);
    town.pass(2 * DAY, |at, dice| usual(10, at, 10, dice));
    town.pass(1, |at, dice| {
        let invented = |number: u64, at| Line {
            address: format!("198.51.100.{}", number % 60),
            status: 401,
            ..line(&format!("x_{number}"), at)
        };
        (0..1500).map(|number| invented(number, moment(at, dice))).collect()
    });
    town.pass(3, |at, dice| usual(10, at, 10, dice));
    let told = town.incidents();
    assert_eq!(told.len(), 1, "{}", town.told());
    assert_eq!((told[0].kind.as_str(), &told[0].entity), ("key_flood", &Entity::Fleet));
}

#[test]
fn an_integration_that_never_works_is_not_guessing_however_often_it_tries() {
    let mut town = Town::of(4);
    let broken = |line: Line| Line { status: 401, ..line };
    town.pass(12 * DAY, |at, dice| {
        let mut lines = usual(3, at, 10, dice);
        let rate = if at == 11 * DAY + 3 { 400 } else { 6 };
        lines.extend(use_of("k_3", at, rate, dice).into_iter().map(broken));
        lines
    });
    let guessing = town.incidents().into_iter().filter(|it| it.kind == "brute_force").count();
    assert_eq!(guessing, 0, "{}", town.told());
}
