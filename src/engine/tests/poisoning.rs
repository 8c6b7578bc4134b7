//! Who teaches the baseline slowly, or loudly, is found and not learned.

use super::history::Line;
use super::town::{Town, line, moment, use_of, usual};

const DAY: i64 = 24;

fn level(town: &Town, key: &str) -> f64 {
    let engine = &town.engine;
    let key = engine.keys.get(engine.keys.index_of(key).unwrap()).unwrap();
    let role = engine.roles.get(&key.role).unwrap();
    key.learned.as_ref().unwrap().habit.level(&role.habit)
}

#[test]
fn a_tenth_more_every_day_for_three_weeks_is_found() {
    let mut town = Town::of(10);
    town.pass(14 * DAY, |at, dice| usual(10, at, 40, dice));
    let mut more = 40;
    for _ in 0..21 {
        more += more / 10;
        town.pass(DAY, |at, dice| {
            let mut lines = usual(9, at, 40, dice);
            let rate = if (7..20).contains(&(at % DAY)) { more } else { more / 2 };
            lines.extend(use_of("k_9", at, rate, dice));
            lines
        });
    }
    let told = town.incidents();
    assert!(told.iter().any(|it| it.entity.key() == Some("k_9")), "{}", town.told());
    assert!(told.iter().all(|it| it.entity.key() == Some("k_9")), "{}", town.told());
}

#[test]
fn what_an_open_incident_is_about_is_not_learned() {
    let mut town = Town::of(5);
    town.pass(10 * DAY, |at, dice| usual(5, at, 20, dice));
    let before = level(&town, "k_0");
    town.pass(12, |at, dice| {
        let mut lines = usual(5, at, 20, dice);
        lines.extend(use_of("k_0", at, 900, dice));
        lines
    });
    assert!(town.incidents().iter().any(|it| it.kind == "volume_spike"), "{}", town.told());
    town.pass(2 * DAY, |at, dice| usual(5, at, 20, dice));
    let after = level(&town, "k_0");
    assert!(after < 1.3 * before, "{before} became {after}");
}

#[test]
fn a_new_key_of_a_known_role_is_judged_on_its_first_day() {
    let row = |key: usize| {
        let created = if key < 10 { "2026-01-02" } else { "2026-05-21" };
        format!("k_{key},partner,{created}\n")
    };
    let rows: String = (0..12).map(row).collect();
    let mut town = Town::with_inventory(&format!("key_id,role,created\n{rows}"));
    town.pass(14 * DAY, |at, dice| usual(10, at, 40, dice));
    // One does as its peers do; after its first hours the other does thirty times as much.
    town.pass(DAY, |at, dice| {
        let mut lines = usual(11, at, 40, dice);
        let rate = if at % DAY < 15 { 30 } else { 1500 };
        lines.extend(use_of("k_11", at, rate, dice));
        lines
    });
    let told = town.incidents();
    let keys: Vec<_> = told.iter().filter_map(|it| it.entity.key()).collect();
    assert_eq!(keys, ["k_11"], "{}", town.told());
}

#[test]
fn a_stolen_key_at_an_hour_at_which_its_owner_sleeps_is_found_by_few_requests() {
    let mut town = Town::of(8);
    let by_day = |at: i64| (8..18).contains(&(at % DAY));
    town.pass(12 * DAY, |at, dice| if by_day(at) { usual(8, at, 15, dice) } else { Vec::new() });
    town.pass(4, |at, dice| {
        let theft = |at| Line { address: "203.0.113.9".to_owned(), ..line("k_3", at) };
        (0..5).map(|_| theft(moment(at, dice))).collect()
    });
    let told = town.incidents();
    let found = told.iter().find(|it| it.entity.key() == Some("k_3"));
    let found = found.unwrap_or_else(|| panic!("nothing of k_3 in {}", town.told()));
    assert!(found.findings.iter().any(|it| it.kind == "new_network"), "{found:?}");
}
