//! The state at a glance, for the page, `status` and JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Party;
use super::key::Key;
use crate::model::{Hour, Name, Timestamp};
use crate::profile::Packed;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    pub watermark: Option<Timestamp>,
    pub events: u64,
    /// Came after their slot was judged.
    pub late: u64,
    /// The first event ever.
    pub since: Option<Timestamp>,
    pub roles: Vec<RoleRow>,
    /// By id.
    pub keys: Arc<Vec<KeyRow>>,
    /// Who has access to what; filled by whoever asks for it.
    pub parties: Arc<Vec<Party>>,
    /// The last 168, ascending; hours without a single request are left out.
    pub hours: Vec<HourRow>,
    /// The threshold of statistical alarms, and what it promises.
    pub theta: f64,
    pub false_alarms_per_day: f64,
    /// Whether theta rests on scores seen, or still on the first guess.
    pub theta_is_learned: bool,
    pub open_incidents: usize,
    /// Incidents above the threshold since the beginning.
    pub alarms: u64,
    /// Slots that wait to be judged, and addresses under watch.
    pub waiting_slots: usize,
    pub addresses: usize,
    /// Unknown keys that were forgotten because there were too many.
    pub keys_forgotten: u64,
    /// Kinds of finding that are turned off, and how many findings of them there were.
    pub kinds_off: (Vec<String>, u64),
    /// What cannot be said yet about stale keys, and when it can.
    pub not_known: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleRow {
    pub role: String,
    pub keys: usize,
    pub requests: u64,
    pub errors: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRow {
    pub key: Name,
    pub role: Name,
    pub owner: Name,
    pub first_used: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
    pub requests: u64,
    pub errors: u64,
    pub hours_learned: u32,
    /// `learning`, `on the role's` or `ready`.
    pub state: &'static str,
    /// Requests in the last 24 closed hours, the latest last.
    pub last_hours: Packed<u32>,
    /// Requests of each of the last 30 days at most, UTC; the latest is that of the last closed
    /// hour.
    pub last_days: Packed<u32>,
    /// Requests of the hour that still runs, as far as it is judged.
    pub this_hour: u32,
    /// The kinds of its open stale findings.
    pub stale: Vec<Name>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HourRow {
    pub hour: Hour,
    pub requests: u32,
    pub errors: u32,
    pub expected_low: u32,
    pub expected_high: u32,
    pub active_keys: u32,
}

impl super::Engine {
    /// The state at a glance, made anew.
    pub fn overview(&self) -> Overview {
        let mut roles: BTreeMap<&str, RoleRow> = BTreeMap::new();
        for key in self.keys.iter() {
            let role = roles.entry(&key.role).or_default();
            role.keys += 1;
            role.requests += key.requests;
            role.errors += key.errors;
        }
        let named = |(role, row): (&str, RoleRow)| RoleRow { role: role.to_owned(), ..row };
        Overview {
            watermark: self.waiting.watermark,
            events: self.totals.events,
            late: self.totals.late,
            since: self.totals.since,
            roles: roles.into_iter().map(named).collect(),
            keys: Arc::new(self.key_rows()),
            parties: Arc::default(),
            hours: self.fleet.rows(),
            theta: self.budget.theta,
            false_alarms_per_day: self.settings.false_alarms_per_day,
            theta_is_learned: self.budget.is_learned,
            open_incidents: self.incidents.shown().filter(|incident| incident.is_open()).count(),
            alarms: self.totals.alarms,
            waiting_slots: self.waiting.len(),
            addresses: self.sources.len(),
            keys_forgotten: self.totals.keys_forgotten,
            kinds_off: (self.settings.kinds.off(), self.totals.turned_off),
            not_known: self.not_known(),
        }
    }

    /// Of many keys: they get no more room than they need.
    fn key_rows(&self) -> Vec<KeyRow> {
        let mut rows = Vec::with_capacity(self.keys.len());
        rows.extend(self.keys.iter().map(|key| self.key_row(key)));
        rows
    }

    fn key_row(&self, key: &Key) -> KeyRow {
        let learned = key.learned.as_ref();
        let hours_learned = learned.map_or(0, |learned| learned.habit.hours);
        let recent = learned.map(|learned| learned.recent.packed());
        KeyRow {
            key: key.id.clone(),
            role: key.role.clone(),
            owner: key.owner.clone(),
            first_used: key.first_used,
            last_used: key.last_used,
            requests: key.requests,
            errors: key.errors,
            hours_learned,
            state: match hours_learned {
                0..12 => "learning",
                12..72 => "on the role's",
                72.. => "ready",
            },
            last_hours: recent.unwrap_or_default(),
            last_days: learned
                .zip(self.hour)
                .map_or_else(Packed::default, |(learned, hour)| learned.days.until(hour.day())),
            this_hour: key.hour.requests,
            stale: self.stale.kinds(&key.id),
        }
    }
}
