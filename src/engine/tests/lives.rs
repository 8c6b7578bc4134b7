//! The made-up lives of keys: what the inventory says of each from day to day, when it is
//! used, and, told as plain facts, what must be found about it and on which day.

use super::history::Dice;
use super::lives_of_dates::{expiring, no_expiry, overdue, owner_gone, unclear};
use super::lives_of_use::{
    badly_rotated, batch, deleted, dormant, granted_later, healthy, never_used, over_privileged,
    paused, revived, revoked, rotated, shared, silent, used_elsewhere,
};
use crate::identity::{InventoryKey, KeyStatus};
use crate::model::{Day, Timestamp};

/// One life. Days count from the first on which the log is watched.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    /// From noon of that day on; `None`: no longer listed.
    pub(super) listed: Vec<(i64, Option<InventoryKey>)>,
    pub(super) uses: Vec<Use>,
    /// What must be found.
    pub(super) facts: Vec<Fact>,
}

/// In the afternoon of that day.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) day: i64,
    pub(super) key: String,
    pub(super) place: u8,
    pub(super) method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact {
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) opened: i64,
    /// From then on it is worse.
    pub(super) graver: Option<i64>,
    /// `None`: still open at the end of the year.
    pub(super) resolved: Option<i64>,
}

pub(super) const DAYS: i64 = 365;
const FIRST: i64 = 20_580;
pub(super) const LONG_AGO: i64 = -200;

pub(super) fn noon(day: i64) -> Timestamp {
    start(day).plus(crate::model::Millis::hours(12))
}

pub(super) fn start(day: i64) -> Timestamp {
    Day(FIRST + day).start()
}

/// The day's number of a moment.
pub(super) fn day_of(at: Timestamp) -> i64 {
    at.day().0 - FIRST
}

/// The life with that number; every twentieth is of the same sort.
pub(super) fn life(number: usize) -> Life {
    let id = format!("k_{number:03}");
    let dice = &mut Dice(u64::try_from(number).unwrap() * 7919 + 1);
    let mut life = Life::default();
    let sorts: [fn(&mut Life, &str, &mut Dice); 20] = [
        healthy,
        dormant,
        revived,
        never_used,
        overdue,
        rotated,
        badly_rotated,
        revoked,
        expiring,
        no_expiry,
        owner_gone,
        unclear,
        shared,
        over_privileged,
        granted_later,
        batch,
        paused,
        deleted,
        silent,
        used_elsewhere,
    ];
    sorts[number % sorts.len()](&mut life, &id, dice);
    life.facts.retain(|fact| fact.opened < DAYS);
    for fact in &mut life.facts {
        fact.resolved = fact.resolved.filter(|day| *day < DAYS);
        let end = fact.resolved.unwrap_or(DAYS);
        fact.graver = fact.graver.filter(|day| *day < end);
    }
    life.uses.retain(|it| it.day < DAYS);
    life.listed.retain(|(day, _)| *day < DAYS);
    life
}

pub(super) fn between(dice: &mut Dice, from: i64, to: i64) -> i64 {
    from + i64::try_from(dice.below(u64::try_from(to - from).unwrap())).unwrap()
}

pub(super) fn well_kept(id: &str, created: i64) -> InventoryKey {
    InventoryKey {
        key_id: id.into(),
        owner: "ana@example.com".into(),
        role: "partner".into(),
        created: Some(start(created)),
        last_rotated: Some(start(created.max(-1))),
        expires: Some(start(2000)),
        status: KeyStatus::Active,
        scopes: vec!["orders:read".into(), "orders:write".into()],
        ..InventoryKey::default()
    }
}

impl Life {
    pub(super) fn is(&mut self, day: i64, key: InventoryKey) {
        self.listed.push((day, Some(key)));
    }

    /// Listed from that day on and rotated in time, as long as nothing else is said.
    pub(super) fn is_kept(&mut self, from: i64, until: i64, key: &InventoryKey) {
        self.is(from, key.clone());
        for day in (from + 85..until).step_by(85) {
            self.is(day, InventoryKey { last_rotated: Some(start(day)), ..key.clone() });
        }
    }

    /// Used every third day and on the last: reading and writing.
    pub(super) fn is_used(&mut self, id: &str, from: i64, last: i64) {
        for day in (from..last).step_by(3).chain([last]) {
            self.acts(id, day, (1, "GET"));
            self.acts(id, day, (1, "POST"));
        }
    }

    pub(super) fn acts(&mut self, id: &str, day: i64, (place, method): (u8, &'static str)) {
        self.uses.push(Use { day, key: id.to_owned(), place, method });
    }

    pub(super) fn must(&mut self, id: &str, kind: &str, (opened, resolved): (i64, Option<i64>)) {
        let (key, kind) = (id.to_owned(), kind.to_owned());
        self.facts.push(Fact { key, kind, opened, graver: None, resolved });
    }

    /// The last fact is worse from that day on.
    pub(super) fn and_worse(&mut self, from: i64) {
        self.facts.last_mut().unwrap().graver = Some(from);
    }
}
