//! What the store knows of one key: its usual week, and a look at its newest requests.

use std::collections::BTreeMap;

use crate::engine::Portrait;
use crate::model::{EventBatch, Timestamp};
use crate::store::{Column, Columns, Store, StoreError, Wanted};
use crate::web::{KeyFile, Used, View};

/// Requests that are looked at, and what is opened for them: a page is to come at once.
const REQUESTS_MAX: usize = 2000;
const BLOCKS_MAX: usize = 64;
const ROWS_MAX: usize = 5 * EventBatch::ROWS_MAX;

const SHOWN: usize = 8;
/// At the limit further values count as others.
const VALUES_MAX: usize = 2000;

pub(super) fn look(store: &Store, view: &View, key: &str) -> Result<KeyFile, StoreError> {
    let role = view.keys.iter().find(|row| row.key == key).map(|row| row.role.as_str());
    let row = store.state_row(&Portrait::row_of_key(key))?;
    let of_role = store.state_row(&Portrait::row_of_role(role.unwrap_or_default()))?;
    // A state of another version is written anew within the hour.
    let portrait = row.and_then(|row| Portrait::read(&row, of_role.as_ref()).ok());
    Ok(KeyFile { portrait, used: used(store, key)? })
}

fn used(store: &Store, key: &str) -> Result<Used, StoreError> {
    let columns = [
        Column::Time,
        Column::Key,
        Column::Method,
        Column::Route,
        Column::SourceIp,
        Column::Country,
        Column::Asn,
        Column::UserAgent,
        Column::Status,
    ];
    let columns = columns.into_iter().fold(Columns::NONE, Columns::with);
    let wanted = Wanted { columns, key: Some(key.to_owned()), ..Wanted::default() };
    let mut tally = Tally::default();
    let mut rows = 0;
    for (opened, block) in store.newest_blocks(&wanted)?.enumerate() {
        if BLOCKS_MAX <= opened || ROWS_MAX <= rows || REQUESTS_MAX <= tally.requests {
            tally.is_part = true;
            break;
        }
        let block = block?;
        rows += block.len();
        tally.add(&block, key);
    }
    Ok(tally.used())
}

#[derive(Default)]
struct Tally {
    requests: usize,
    is_part: bool,
    since: Option<Timestamp>,
    counts: [BTreeMap<String, usize>; 5],
}

impl Tally {
    fn add(&mut self, batch: &EventBatch, key: &str) {
        for row in (0..batch.len()).rev() {
            let event = batch.event(row);
            if event.key != key {
                continue;
            }
            if REQUESTS_MAX <= self.requests {
                self.is_part = true;
                return;
            }
            self.requests += 1;
            self.since = Some(self.since.map_or(event.at, |since| since.min(event.at)));
            let asn = batch.asn.get(row).copied().unwrap_or(0);
            let place = match (batch.country.get(row), asn) {
                ("", 0) => String::new(),
                (country, 0) => country.to_owned(),
                ("", asn) => format!("AS{asn}"),
                (country, asn) => format!("AS{asn}, {country}"),
            };
            let texts = [
                format!("{} {}", event.method, event.route),
                event.source_ip.to_owned(),
                place,
                event.user_agent.to_owned(),
                event.status.to_string(),
            ];
            for (counts, text) in self.counts.iter_mut().zip(texts) {
                if counts.len() < VALUES_MAX || counts.contains_key(&text) {
                    *counts.entry(text).or_default() += 1;
                }
            }
        }
    }

    fn used(self) -> Used {
        let Self { requests, is_part, since, counts } = self;
        let [routes, addresses, places, clients, statuses] = counts.map(most);
        Used { requests, is_part, since, routes, addresses, places, clients, statuses }
    }
}

/// The most frequent first.
fn most(counts: BTreeMap<String, usize>) -> Vec<(String, usize)> {
    let mut list: Vec<(String, usize)> =
        counts.into_iter().filter(|(text, _)| !text.trim().is_empty()).collect();
    list.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    list.truncate(SHOWN);
    list
}
