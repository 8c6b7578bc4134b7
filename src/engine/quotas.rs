//! What keys used up against what they may: each slot's use is added to that of its minute and
//! its day, and nothing is added up where nobody set a limit.

use serde::{Deserialize, Serialize};

use super::rules::Broken;
use super::{Action, Engine};
use crate::detect::Spent;
use crate::model::{Day, Slot};
use crate::profile::{Counts, SlotUse};

/// What a key used in the minute and the day that were counted last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UsedUp {
    minute: i64,
    minute_requests: u64,
    day: Day,
    of_day: Counts,
}

impl Engine {
    /// In the order of their ids, whoever came first.
    pub(super) fn judge_quotas(&mut self, slot: Slot, use_: &SlotUse, actions: &mut Vec<Action>) {
        let mut by_id: Vec<&(u32, Counts)> = use_.keys.iter().collect();
        by_id.sort_by(|(a, _), (b, _)| self.id_of(*a).cmp(self.id_of(*b)));
        for (index, counts) in by_id {
            self.judge_quota(slot, (*index, counts), actions);
        }
    }

    fn judge_quota(
        &mut self,
        slot: Slot,
        (index, counts): (u32, &Counts),
        actions: &mut Vec<Action>,
    ) {
        let Some(key) = self.keys.get_mut(index) else { return };
        let rules = &self.settings.rules;
        let (own, of_role) = (rules.quotas.get(&key.id), rules.roles.get(&key.role));
        if own.is_none() && of_role.is_none_or(|role| role.quota.is_empty()) {
            return;
        }
        let used = key.used_up.get_or_insert_default();
        used.add(slot, counts);
        let spent =
            Spent { minute_requests: used.minute_requests, hour: &key.hour, day: &used.of_day };
        let role = of_role.map(|role| role.quota.clone()).unwrap_or_default();
        let verdicts = match own {
            Some(own) => own.or(&role).judge(&spent, "this key"),
            None => role.judge(&spent, &format!("a key of role {}", key.role)),
        };
        for verdict in verdicts {
            let key = self.id_of(index).to_owned();
            self.raise_broken(Broken::by_use(verdict, (key, slot.start())), actions);
        }
    }
}

impl UsedUp {
    fn add(&mut self, slot: Slot, counts: &Counts) {
        let minute = slot.start().seconds().div_euclid(60);
        if self.minute != minute {
            (self.minute, self.minute_requests) = (minute, 0);
        }
        let day = slot.start().day();
        if self.day != day {
            (self.day, self.of_day) = (day, Counts::default());
        }
        self.minute_requests = self.minute_requests.saturating_add(u64::from(counts.requests));
        self.of_day.add(counts);
    }
}
