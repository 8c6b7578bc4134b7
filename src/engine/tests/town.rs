//! A few keys of one role, hour by hour, and whatever else happens in an hour.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history::{Dice, Line, START, batch_of};
use crate::engine::{Action, Engine, Input, Settings};
use crate::identity::Inventory;
use crate::incident::{Incident, IncidentId};
use crate::model::{Hour, Millis, Timestamp};

/// The engine, and all that it said.
pub(super) struct Town {
    pub(super) engine: Engine,
    actions: Vec<Action>,
    pub(super) dice: Dice,
    hour: i64,
}

impl Town {
    /// Keys `k_0`, `k_1` … of the role partner.
    pub(super) fn of(keys: usize) -> Self {
        let row = |key: usize| format!("k_{key},ana,partner,2026-01-02,,,active,\n");
        let head = "key_id,owner,role,created,last_rotated,expires,status,status_since\n";
        let text: String = (0..keys).map(row).collect();
        Self::with_inventory(&format!("{head}{text}"))
    }

    pub(super) fn with_inventory(text: &str) -> Self {
        let (inventory, _) = Inventory::from_csv(text.as_bytes(), "i").unwrap();
        let mut engine = Engine::new(Settings::default());
        engine.step(&Input::Inventory(Arc::new(inventory)));
        Self { engine, actions: Vec::new(), dice: Dice(11), hour: 0 }
    }

    /// Lets so many hours pass; `lines_of` says what happens in each, by its number.
    pub(super) fn pass(&mut self, hours: i64, lines_of: impl Fn(i64, &mut Dice) -> Vec<Line>) {
        for _ in 0..hours {
            let mut lines = lines_of(self.hour, &mut self.dice);
            lines.sort_by_key(|line| line.at);
            let end = hour(self.hour).end().plus(Millis::seconds(6));
            for lines in lines.chunks(8000) {
                self.actions.extend(self.engine.step(&Input::Batch(batch_of(lines))));
            }
            self.actions.extend(self.engine.step(&Input::Tick(end)));
            self.hour += 1;
        }
    }

    /// Each incident that people were shown, as it stood last; none that became part of another.
    pub(super) fn incidents(&self) -> Vec<Incident> {
        let mut last: BTreeMap<IncidentId, Incident> = BTreeMap::new();
        for action in &self.actions {
            if let Action::Incident(incident) = action {
                last.insert(incident.id, incident.as_ref().clone());
            }
        }
        last.into_values().filter(|incident| incident.merged_into.is_none()).collect()
    }

    /// As a person reads them, for a failed test.
    pub(super) fn told(&self) -> String {
        let lines = self.incidents().into_iter().map(|it| {
            let because = it.findings.first().map(|finding| finding.because.clone());
            format!("{} {:?}: {}\n", it.title, it.opened, because.unwrap_or_default())
        });
        lines.collect()
    }
}

pub(super) fn hour(number: i64) -> Hour {
    Hour(START.0 + number)
}

/// About `rate` requests of one key in the hour.
pub(super) fn use_of(key: &str, at: i64, rate: u64, dice: &mut Dice) -> Vec<Line> {
    let requests = rate - rate / 4 + dice.below(rate / 2 + 1);
    (0..requests).map(|_| line(key, moment(at, dice))).collect()
}

/// Everyone's usual hour: half as much at night.
pub(super) fn usual(keys: usize, at: i64, rate: u64, dice: &mut Dice) -> Vec<Line> {
    let rate = if (7..20).contains(&at.rem_euclid(24)) { rate } else { rate / 2 };
    (0..keys).flat_map(|key| use_of(&format!("k_{key}"), at, rate, dice)).collect()
}

pub(super) fn moment(at: i64, dice: &mut Dice) -> Timestamp {
    let millis = i64::try_from(dice.below(3_600_000)).unwrap();
    hour(at).start().plus(Millis(millis))
}

pub(super) fn line(key: &str, at: Timestamp) -> Line {
    Line {
        at,
        key: key.to_owned(),
        address: "192.0.2.1".to_owned(),
        route: "/v1/orders",
        status: 200,
        client: "acme-sdk/1",
    }
}
