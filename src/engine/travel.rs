//! Where keys are used on the globe: the places that are usual for each, and ways between
//! two uses that nobody can have made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::values::Values;
use super::{Action, Engine};
use crate::detect::Journey;
use crate::model::{Class, Day, Entity, EventBatch, Finding, Severity, Slot, Spot, Timestamp};
use crate::profile::{SlotUse, SpotUse};

/// By key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Travels(BTreeMap<String, Travel>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Travel {
    last: Option<(Timestamp, Spot, String)>,
    /// Ascending by spot.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    spot: Spot,
    first: Day,
    last: Day,
}

/// Of further keys nothing is remembered.
const KEYS_MAX: usize = 50_000;
const PLACES_MAX: usize = 8;
/// Nearer than that it is the same place.
const NEAR_KM: f64 = 300.0;
/// A place that was used on an earlier day is usual, for so long.
const USUAL_DAYS: i64 = 30;
/// A deed's sort has a number of its own.
const SORT: u32 = 4;

impl Engine {
    /// Puts where the row's key is used into the row's slot.
    pub(super) fn see_spot(
        &mut self,
        batch: &EventBatch,
        (row, slot): (usize, Slot),
        (key, values): (u32, &mut Values),
    ) {
        let here = Spot(batch.spot.get(row).copied().unwrap_or_default());
        let pair = (key, SORT, here.0);
        if !here.is_known() || values.is_done(pair, slot.0) {
            return;
        }
        values.do_(pair, slot.0);
        let (address, city) = (batch.source_ip.get(row), batch.city.get(row));
        let (address, city) = (address.to_owned(), city.to_owned());
        self.waiting.slot(slot).spots.push(SpotUse { key, spot: here, city, address });
    }

    /// Looks at the ways that led to the slot's places.
    pub(super) fn judge_spots(&mut self, slot: Slot, use_: &SlotUse, actions: &mut Vec<Action>) {
        let mut spots: Vec<&SpotUse> = use_.spots.iter().collect();
        spots.sort_by(|a, b| (self.id_of(a.key), *a).cmp(&(self.id_of(b.key), *b)));
        for spot in spots {
            let Some(key) = self.keys.get(spot.key).filter(|key| key.deserves_profile()) else {
                continue;
            };
            let id = key.id.clone();
            let Some(because) = self.travels.go(slot, (&id, spot), &self.settings) else {
                continue;
            };
            let finding = Finding {
                kind: "impossible_travel".to_owned(),
                class: Class::Statistical,
                severity: Severity::Low,
                entity: Entity::Key(id.into()),
                at: slot.end().plus(self.settings.patience),
                since: slot.start(),
                because,
                // Enough to be seen, and no more.
                score: self.budget.theta,
                address: Some(spot.address.clone()).filter(|address| !address.is_empty()),
                keys: Vec::new(),
            };
            self.raise(&finding, (Some(spot.key), Some(self.budget.theta)), actions);
        }
    }
}

impl Travels {
    /// Notes a use, and says if nobody can have come there.
    fn go(
        &mut self,
        slot: Slot,
        (id, use_): (&str, &SpotUse),
        settings: &super::Settings,
    ) -> Option<String> {
        if KEYS_MAX <= self.0.len() && !self.0.contains_key(id) {
            return None;
        }
        let travel = self.0.entry(id.to_owned()).or_default();
        let today = slot.start().day();
        let was_usual = travel.is_usual(use_.spot, today);
        let last = travel.last.replace((slot.start(), use_.spot, use_.city.clone()));
        let comes_from_usual =
            last.as_ref().is_some_and(|(_, from, _)| travel.is_usual(*from, today));
        travel.visit(use_.spot, today);
        // Two places that are both usual are two machines, or two people: no journey.
        let (at, from, city) = last.filter(|_| !was_usual && comes_from_usual)?;
        let km = from.km_to(use_.spot)?;
        let within = slot.end().since(at);
        let way = Journey { km, within, from: &city, to: &use_.city };
        settings.detectors.impossible_travel.judge(&way)
    }
}

impl Travel {
    fn is_usual(&self, spot: Spot, today: Day) -> bool {
        self.places.iter().any(|it| {
            it.first < today
                && today.0 - it.last.0 < USUAL_DAYS
                && it.spot.km_to(spot).is_some_and(|km| km < NEAR_KM)
        })
    }

    fn visit(&mut self, spot: Spot, today: Day) {
        match self.places.binary_search_by_key(&spot, |place| place.spot) {
            Ok(at) => {
                if let Some(place) = self.places.get_mut(at) {
                    place.last = place.last.max(today);
                }
            }
            Err(at) => {
                self.places.insert(at, Place { spot, first: today, last: today });
            }
        }
        if PLACES_MAX < self.places.len() {
            let oldest = self.places.iter().enumerate().min_by_key(|(_, it)| (it.last, it.first));
            if let Some(at) = oldest.map(|(at, _)| at) {
                self.places.remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Settings;

    const OSLO: (f64, f64) = (59.91, 10.75);
    const BERGEN: (f64, f64) = (60.39, 5.32);
    const LIMA: (f64, f64) = (-12.05, -77.04);

    /// Uses by day, minute and place; which of them are impossible.
    fn check(visits: &[(i64, i64, (f64, f64))], expected: &[usize]) {
        let mut travels = Travels::default();
        let settings = Settings::default();
        let mut found = Vec::new();
        for (number, (day, minute, (north, east))) in visits.iter().enumerate() {
            let at = Timestamp::from_seconds((20_000 + day) * 86_400 + minute * 60);
            let spot = Spot::of(*north, *east).unwrap();
            let use_ = SpotUse { key: 0, spot, city: "x".to_owned(), address: String::new() };
            if travels.go(at.slot(), ("k_a", &use_), &settings).is_some() {
                found.push(number);
            }
        }
        assert_eq!(found, expected, "{visits:?}");
    }

    #[test]
    fn a_place_that_nobody_can_have_reached_is_found_once() {
        check(&[(0, 0, OSLO), (1, 0, OSLO), (1, 30, LIMA), (1, 40, LIMA), (2, 0, OSLO)], &[2]);
        check(&[(0, 0, OSLO), (1, 0, OSLO), (1, 30, BERGEN)], &[]);
        // A flight.
        check(&[(0, 0, OSLO), (1, 0, OSLO), (2, 0, LIMA)], &[]);
    }

    #[test]
    fn two_usual_places_are_no_journey() {
        check(&[(0, 0, OSLO), (0, 5, LIMA), (1, 0, OSLO), (1, 1, LIMA), (1, 2, OSLO)], &[]);
    }
}
