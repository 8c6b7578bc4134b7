//! What was asked for during an incident, beside the day before it: a bounded look into the store.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::incident::Incident;
use crate::model::{Entity, Event, EventBatch, Millis, Timestamp};
use crate::store::{Column, Columns, Store, StoreError, Wanted};
use crate::web::{Beside, Pair};

/// Requests that are looked at, and what is opened for them: a page is to come at once.
const REQUESTS_MAX: usize = 2000;
const BLOCKS_MAX: usize = 32;
const ROWS_MAX: usize = 3 * EventBatch::ROWS_MAX;
/// Values of each sort that are kept apart.
const VALUES_MAX: usize = 2000;
const SHOWN: usize = 5;

const BEFORE: Millis = Millis::hours(24);
/// A slot is told of when it is over.
const SLOT: Millis = Millis::seconds(60);

/// None for what is no request.
pub(super) fn compared(store: &Store, incident: &Incident) -> Result<Option<Beside>, StoreError> {
    if let Entity::App(_) = incident.entity {
        return Ok(None);
    }
    let since = incident.since;
    let end = incident.resolved.unwrap_or(incident.last_seen).plus(SLOT);
    let mut look = Look { incident, side: 0, counts: Default::default() };
    let during = look.at(store, since..end)?;
    look.side = 1;
    let before = look.at(store, since.back(BEFORE)..since)?;
    let [addresses, routes, statuses] = look.counts.map(most);
    Ok(Some(Beside { before, during, addresses, routes, statuses }))
}

/// What was counted: during, and before.
struct Look<'i> {
    incident: &'i Incident,
    side: usize,
    counts: [BTreeMap<String, [usize; 2]>; 3],
}

impl Look<'_> {
    /// How many requests were looked at, and whether there are more.
    fn at(&mut self, store: &Store, times: Range<Timestamp>) -> Result<(usize, bool), StoreError> {
        let columns = [
            Column::Time,
            Column::Key,
            Column::Method,
            Column::Route,
            Column::SourceIp,
            Column::Status,
        ];
        let columns = columns.into_iter().fold(Columns::NONE, Columns::with);
        let key = self.incident.entity.key().map(str::to_owned);
        let wanted = Wanted { times: times.clone(), columns, key };
        let (mut requests, mut rows) = (0, 0);
        for (opened, block) in store.newest_blocks(&wanted)?.enumerate() {
            if BLOCKS_MAX <= opened || ROWS_MAX <= rows {
                return Ok((requests, true));
            }
            let block = block?;
            rows += block.len();
            for row in (0..block.len()).rev() {
                let event = block.event(row);
                if !times.contains(&event.at) || !self.is_about(&event) {
                    continue;
                }
                if REQUESTS_MAX <= requests {
                    return Ok((requests, true));
                }
                requests += 1;
                self.count(&event);
            }
        }
        Ok((requests, false))
    }

    fn is_about(&self, event: &Event<'_>) -> bool {
        match &self.incident.entity {
            Entity::Key(key) => event.key == key,
            Entity::Address(address) => event.source_ip == address,
            Entity::Route(route) => {
                event.route == route || format!("{} {}", event.method, event.route) == *route
            }
            Entity::App(_) | Entity::Fleet => true,
        }
    }

    fn count(&mut self, event: &Event<'_>) {
        let texts = [
            event.source_ip.to_owned(),
            format!("{} {}", event.method, event.route),
            event.status.to_string(),
        ];
        for (counts, text) in self.counts.iter_mut().zip(texts) {
            if counts.len() < VALUES_MAX || counts.contains_key(&text) {
                let sides = counts.entry(text).or_default();
                if let Some(count) = sides.get_mut(self.side) {
                    *count += 1;
                }
            }
        }
    }
}

/// The most frequent of the incident first, then those of before.
fn most(counts: BTreeMap<String, [usize; 2]>) -> Vec<Pair> {
    let pair = |(name, [during, before]): (String, [usize; 2])| Pair { name, before, during };
    let mut list: Vec<Pair> = counts.into_iter().map(pair).collect();
    list.sort_by(|a, b| (b.during, b.before, &a.name).cmp(&(a.during, a.before, &b.name)));
    list.truncate(SHOWN);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_comes_first_and_what_was_usual_stands_beside_it() {
        let counts = [("a", [0, 90]), ("b", [70, 10]), ("c", [70, 0]), ("d", [0, 1])];
        let list = most(counts.map(|(name, sides)| (name.to_owned(), sides)).into());
        let names: Vec<&str> = list.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["b", "c", "a", "d"]);
        assert_eq!((list[0].during, list[0].before), (70, 10));
    }
}
