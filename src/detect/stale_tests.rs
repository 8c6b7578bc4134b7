//! Each check of a key, on both sides of its limit.

use super::{Grant, Meanings, StaleCredential, Watched};
use crate::identity::{InventoryKey, KeyStatus};
use crate::model::{Day, Hour, Millis, Severity, Timestamp};
use crate::profile::{Deed, Uses};

fn day(days: i64) -> Timestamp {
    Timestamp::default().plus(Millis::days(20_000 + days))
}

fn key() -> InventoryKey {
    InventoryKey {
        owner: "ana".into(),
        status: KeyStatus::Active,
        created: Some(day(-10)),
        last_rotated: Some(day(200)),
        expires: Some(day(500)),
        ..InventoryKey::default()
    }
}

fn at(days: i64) -> Watched<'static> {
    Watched { now: day(days), last_used: Some(day(days - 1)), since: day(0), ..Watched::default() }
}

fn kinds(key: &InventoryKey, watched: &Watched<'_>) -> Vec<&'static str> {
    let found = StaleCredential::default().judge(key, watched);
    found.into_iter().map(|stale| stale.kind).collect()
}

fn check(key: &InventoryKey, of: impl Fn(i64) -> Watched<'static>, first: i64, kind: &str) {
    assert_eq!(kinds(key, &of(first - 1)), [""; 0], "a day too early");
    assert_eq!(kinds(key, &of(first)), [kind]);
}

#[test]
fn unused_is_found_on_the_45th_day_and_grave_on_the_90th() {
    let used_on_1 = |days| Watched { last_used: Some(day(1)), ..at(days) };
    check(&key(), used_on_1, 46, "unused");
    let severity = |days| StaleCredential::default().judge(&key(), &used_on_1(days))[0].severity;
    assert_eq!((severity(90), severity(91)), (Severity::Low, Severity::Medium));
}

#[test]
fn nothing_is_said_about_use_before_the_log_was_watched_long_enough() {
    let never = |days| Watched { last_used: None, ..at(days) };
    check(&key(), never, 45, "unused");
    let new = InventoryKey { created: Some(day(1)), ..key() };
    check(&new, never, 15, "never_used");
    let said = StaleCredential::default().not_known(day(0), day(44));
    assert_eq!(said.len(), 2);
    assert!(
        said[0].contains("after 45 days of watching the log; it has been 44 so far"),
        "{said:?}"
    );
    assert_eq!(StaleCredential::default().not_known(day(0), day(90)), [""; 0]);
}

#[test]
fn rotation_and_expiry_are_found_on_their_day() {
    check(&InventoryKey { last_rotated: Some(day(0)), ..key() }, at, 91, "rotation_overdue");
    let ending = InventoryKey { expires: Some(day(100)), last_rotated: Some(day(60)), ..key() };
    check(&ending, at, 70, "expiring");
    let severity = |days| StaleCredential::default().judge(&ending, &at(days))[0].severity;
    assert_eq!((severity(92), severity(93)), (Severity::Low, Severity::Medium));
    assert_eq!(kinds(&ending, &Watched { last_used: Some(day(99)), ..at(100) }), [""; 0]);
}

#[test]
fn a_key_needs_an_expiry_a_status_and_an_owner_who_is_there() {
    let poor = InventoryKey {
        owner: String::new().into(),
        status: KeyStatus::Unknown,
        expires: None,
        ..key()
    };
    assert_eq!(kinds(&poor, &at(30)), ["no_expiry", "status_unknown", "owner_missing"]);
    let gone = InventoryKey { owner_gone: Some(day(30)), ..key() };
    check(&gone, at, 30, "owner_gone");
    let revoked = InventoryKey { status: KeyStatus::Revoked, ..poor };
    assert_eq!(kinds(&revoked, &at(30)), [""; 0]);
}

#[test]
fn a_rotation_is_incomplete_while_the_old_key_is_used_a_week_later() {
    let old = InventoryKey { successor: Some("k_new".into()), ..key() };
    let of = |last, now| Watched {
        successor_first_used: Some(day(10)),
        last_used: Some(day(last)),
        ..at(now)
    };
    assert_eq!(kinds(&old, &of(16, 17)), [""; 0]);
    assert_eq!(kinds(&old, &of(17, 18)), ["rotation_incomplete"]);
    assert_eq!(kinds(&old, &of(17, 23)), ["rotation_incomplete"]);
    assert_eq!(kinds(&old, &of(17, 24)), [""; 0]);
}

#[test]
fn a_key_that_ended_must_fall_silent() {
    let ended = InventoryKey { status: KeyStatus::Retired, status_since: Some(day(20)), ..key() };
    let of = |last: Timestamp, now| Watched { last_used: Some(last), ..at(now) };
    assert_eq!(kinds(&ended, &of(day(20).plus(Millis::seconds(60)), 21)), [""; 0]);
    assert_eq!(kinds(&ended, &of(day(20).plus(Millis::seconds(61)), 21)), ["used_after_end"]);
    assert_eq!(kinds(&ended, &of(day(21), 27)), ["used_after_end"]);
    assert_eq!(kinds(&ended, &of(day(21), 28)), [""; 0]);
    let expired = InventoryKey { expires: Some(day(15)), ..key() };
    assert_eq!(kinds(&expired, &of(day(20), 21)), ["used_after_end"]);
}

#[test]
fn a_key_is_shared_when_three_networks_use_it_at_once_on_three_days() {
    let mut uses = Uses::default();
    let mut use_on = |day: i64, places: u64| {
        for place in 0..places {
            uses.note(Deed::Place(place), Hour((20_000 + day) * 24 + 7));
        }
        kinds(&key(), &Watched { uses: Some(&uses), ..at(day + 1) })
    };
    assert_eq!(use_on(30, 3), [""; 0]);
    assert_eq!(use_on(31, 2), [""; 0]);
    assert_eq!(use_on(32, 3), [""; 0]);
    assert_eq!(use_on(36, 3), ["shared"]);
    assert_eq!(use_on(37, 1), [""; 0]);
}

#[test]
fn a_key_is_revived_after_45_days_and_for_a_week() {
    let of = |pause: i64, now: i64| {
        let mut uses = Uses::default();
        uses.note_pause(day(100 - pause), day(100));
        kinds(&key(), &Watched { uses: Some(&uses), ..at(now) })
    };
    assert_eq!(of(44, 101), [""; 0]);
    assert_eq!(of(45, 101), ["revived"]);
    assert_eq!(of(45, 107), ["revived"]);
    assert_eq!(of(45, 108), [""; 0]);
}

#[test]
fn a_right_that_was_not_used_in_90_days_is_too_much() {
    let mut uses = Uses::default();
    let mut use_on = |day: i64, method: &str, route: &str| {
        let deed = Deed::Route { route: route.into(), method: method.into() };
        uses.note(deed, Day(20_000 + day).start().hour());
    };
    use_on(0, "POST", "/v1/orders");
    use_on(89, "GET", "/v1/orders/{id}");
    let grants = ["orders:read", "orders:write", "admin"]
        .map(|scope| Grant::of_scope(scope, &Meanings::new()));
    let judge = |now, grants: &[Grant]| {
        let key = InventoryKey { last_rotated: Some(day(80)), ..key() };
        StaleCredential::default().judge(&key, &Watched { uses: Some(&uses), grants, ..at(now) })
    };
    assert!(judge(89, &grants).is_empty());
    let found = judge(90, &grants);
    assert_eq!(found[0].kind, "over_privileged");
    assert!(found[0].because.contains("90 days: orders:write; what it did: GET"), "{found:?}");
    let lately = grants.map(|grant| grant.given(Some(Day(20_001))));
    assert!(judge(90, &lately).is_empty());
    assert_eq!(judge(91, &lately).len(), 1);
}

#[test]
fn limits_can_be_switched_off() {
    let limits = StaleCredential {
        unused_warn_days_min: StaleCredential::NEVER,
        rotation_days_max: StaleCredential::NEVER,
        ignore: vec!["no_expiry".to_owned()],
        ..StaleCredential::default()
    };
    let key = InventoryKey { expires: None, last_rotated: None, ..key() };
    let watched = Watched { last_used: Some(day(0)), ..at(400) };
    assert!(limits.judge(&key, &watched).is_empty());
    assert_eq!(limits.not_known(day(0), day(1)).len(), 1);
}
