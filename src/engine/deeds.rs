//! What a listed key does, noted once a day for each route and client and once an hour for
//! each place: what its rights and its staleness are judged by.

use super::Engine;
use super::values::Values;
use crate::model::{EventBatch, Slot};
use crate::profile::{Deed, Doing, Facet, Use, client_family, client_version};

/// The methods that are told apart; a log may hold any text in their place.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const OTHER_METHOD: &str = "OTHER";

/// What a deed is about, as a number that no other sort of deed has.
#[derive(Clone, Copy)]
enum Sort {
    Route = 1,
    Client = 2,
    Place = 3,
}

impl Engine {
    /// Puts what the row's key does, and is not noted yet, into the row's slot.
    pub(super) fn see_deeds(
        &mut self,
        batch: &EventBatch,
        (row, slot): (usize, Slot),
        (key, values): (u32, &mut Values),
    ) {
        let method = METHODS.iter().position(|method| *method == batch.method.get(row));
        let method_number = u32::try_from(method.unwrap_or(METHODS.len())).unwrap_or_default();
        let (hour, day) = (slot.hour().0, slot.start().day().0);
        for (sort, number, time) in [
            (Sort::Route, batch.route.number(row) << 3 | method_number, day),
            (Sort::Client, batch.user_agent.number(row), day),
            (Sort::Place, batch.source_ip.number(row), hour),
        ] {
            let pair = (key, sort as u32, number);
            if values.is_done(pair, time) {
                continue;
            }
            values.do_(pair, time);
            let Some(deed) = use_of(batch, row, (sort, method, values)) else { continue };
            let uses = self.keys.get(key).and_then(|key| key.uses.as_deref());
            if !uses.is_some_and(|uses| uses.knows(deed, slot.hour())) {
                self.waiting.slot(slot).doings.push(Doing { key, deed: Deed::from(deed) });
            }
        }
    }

    /// The slot has waited long enough.
    pub(super) fn note_deed(&mut self, slot: Slot, doing: Doing) {
        let Some(key) = self.keys.get_mut(doing.key).filter(|key| key.is_listed) else { return };
        self.parties_revision += u64::from(matches!(doing.deed, Deed::Route { .. }));
        key.uses.get_or_insert_default().note(doing.deed, slot.hour());
    }
}

/// `None` where the line does not say.
fn use_of<'b>(
    batch: &'b EventBatch,
    row: usize,
    of: (Sort, Option<usize>, &mut Values),
) -> Option<Use<'b>> {
    let (sort, method, values) = of;
    match sort {
        Sort::Route => {
            let method = method.and_then(|place| METHODS.get(place)).unwrap_or(&OTHER_METHOD);
            let route = batch.route.get(row);
            (!route.is_empty()).then_some(Use::Route { route, method })
        }
        Sort::Client => {
            let user_agent = batch.user_agent.get(row);
            let (name, version) = (client_family(user_agent), client_version(user_agent));
            (!name.is_empty()).then_some(Use::Client { name, version })
        }
        Sort::Place => {
            let number = batch.source_ip.number(row);
            if number != 0 {
                return Some(Use::Place(values.value(batch, (Facet::Network, number), row)));
            }
            let place = Values::name(batch, Facet::Network, row);
            (!place.is_empty()).then(|| Use::Place(crate::profile::hash_of(&place)))
        }
    }
}
