//! What keys used up against what they may: each slot's use is added to that of its minute and
//! its day, and nothing is added up where nobody set a limit.

use serde::{Deserialize, Serialize};

use super::ruled::QuotaOf;
use super::rules::Broken;
use super::{Action, Engine};
use crate::detect::{ADDRESSES_MAX, Spent};
use crate::model::{Day, EventBatch, Hour, Slot};
use crate::profile::{Counts, SlotUse, hash_of};

/// What a key used in the minute and the day that were counted last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UsedUp {
    minute: i64,
    minute_requests: u64,
    day: Day,
    of_day: Counts,
    hour: Hour,
    /// Of the hour, as hashes, ascending.
    addresses: Vec<u64>,
}

impl Engine {
    /// Notes from where a key is used that may come from so many addresses only.
    pub(super) fn note_address(
        &mut self,
        batch: &EventBatch,
        (row, slot): (usize, Slot),
        key: u32,
    ) {
        let is_counted = self.keys.ruled(key).is_some_and(|ruled| ruled.is_counted);
        if is_counted && batch.source_ip.number(row) != 0 {
            self.waiting.slot(slot).come_from(key, hash_of(batch.source_ip.get(row)));
        }
    }

    /// Adds up what each key used; those that used too much are told of in the order of their ids,
    /// whoever came first.
    pub(super) fn judge_quotas(&mut self, slot: Slot, use_: &SlotUse, actions: &mut Vec<Action>) {
        let mut over: Vec<u32> = Vec::new();
        let mut rest = use_.addresses.as_slice();
        for (index, counts) in &use_.keys {
            let own = own_of(&mut rest, *index);
            let is_within = self.is_within_quota(slot, (*index, counts, own));
            over.extend((!is_within).then_some(*index));
        }
        over.sort_by(|a, b| self.id_of(*a).cmp(self.id_of(*b)));
        for index in over {
            self.judge_quota(slot, index, actions);
        }
    }

    fn is_within_quota(
        &mut self,
        slot: Slot,
        (index, counts, addresses): (u32, &Counts, &[(u32, u64)]),
    ) -> bool {
        let quota = self.ruled(index).quota;
        if quota == QuotaOf::Nobody {
            return true;
        }
        let Some(key) = self.keys.get_mut(index) else { return true };
        let used = key.used_up.get_or_insert_default();
        used.add(slot, counts);
        used.come_from(addresses);
        let spent = used.spent(&key.hour);
        let rules = &self.settings.rules;
        match quota {
            QuotaOf::Nobody => true,
            QuotaOf::Role(place) => {
                self.policies.get(place as usize).is_none_or(|role| role.quota.allows(&spent))
            }
            QuotaOf::Key => rules.quotas.get(key.id.as_str()).is_none_or(|own| {
                let role = rules.roles.get(key.role.as_str());
                role.map_or_else(|| own.clone(), |role| own.or(&role.quota)).allows(&spent)
            }),
        }
    }

    fn judge_quota(&mut self, slot: Slot, index: u32, actions: &mut Vec<Action>) {
        let Some(key) = self.keys.get(index) else { return };
        let Some(spent) = key.used_up.as_deref().map(|used| used.spent(&key.hour)) else { return };
        let rules = &self.settings.rules;
        let role =
            rules.roles.get(key.role.as_str()).map(|role| role.quota.clone()).unwrap_or_default();
        let verdicts = match rules.quotas.get(key.id.as_str()) {
            Some(own) => own.or(&role).judge(&spent, "this key"),
            None => role.judge(&spent, &format!("a key of role {}", key.role)),
        };
        for verdict in verdicts {
            let key = self.id_of(index).to_owned();
            self.raise_broken(Broken::by_use(verdict, (key, slot.start())), actions);
        }
    }
}

/// Those of one key, from a list in the order of keys that are asked for in their order.
fn own_of<'a>(rest: &mut &'a [(u32, u64)], key: u32) -> &'a [(u32, u64)] {
    let before = rest.partition_point(|(of, _)| *of < key);
    let (_, behind) = rest.split_at_checked(before).unwrap_or_default();
    let own = behind.partition_point(|(of, _)| *of == key);
    let (own, behind) = behind.split_at_checked(own).unwrap_or_default();
    *rest = behind;
    own
}

impl UsedUp {
    fn come_from(&mut self, addresses: &[(u32, u64)]) {
        for (_, address) in addresses {
            // One more than may be asked for, so that the limit can be seen to be crossed.
            if self.addresses.len() as u64 <= ADDRESSES_MAX
                && let Err(place) = self.addresses.binary_search(address)
            {
                self.addresses.insert(place, *address);
            }
        }
    }

    const fn spent<'a>(&'a self, hour: &'a Counts) -> Spent<'a> {
        let hour_addresses = self.addresses.len() as u64;
        Spent { minute_requests: self.minute_requests, hour_addresses, hour, day: &self.of_day }
    }

    fn add(&mut self, slot: Slot, counts: &Counts) {
        let minute = slot.start().seconds().div_euclid(60);
        if self.minute != minute {
            (self.minute, self.minute_requests) = (minute, 0);
        }
        let day = slot.start().day();
        if self.day != day {
            (self.day, self.of_day) = (day, Counts::default());
        }
        let hour = slot.hour();
        if self.hour != hour {
            self.hour = hour;
            self.addresses.clear();
        }
        self.minute_requests = self.minute_requests.saturating_add(u64::from(counts.requests));
        self.of_day.add(counts);
    }
}
