//! What the keys of each role really did, as the rules that would just allow it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ReportError;
use crate::model::{Event, EventBatch, Flaws, Millis, Timestamp, Transport};
use crate::store::{Column, Columns, Store, Wanted};

/// One role's use, bounded: what does not fit is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleUse {
    pub requests: u64,
    pub keys: BTreeSet<String>,
    /// By method and route, the requests that were let in.
    pub routes: BTreeMap<String, BTreeMap<String, u64>>,
    pub routes_dropped: u64,
    /// As /24 and /48.
    pub networks: BTreeSet<String>,
    pub networks_dropped: u64,
    pub countries: BTreeSet<String>,
    /// Requests by hour of the day, UTC.
    pub hours: [u64; 24],
    /// The most of one key in a minute and in an hour.
    pub minute_most: u32,
    pub hour_most: u32,
    /// The oldest that any request came over.
    pub transport: Option<Transport>,
    /// By key, the minute and the hour that were counted last; empty when all is read.
    #[serde(skip)]
    pub running: BTreeMap<String, (i64, u32, i64, u32)>,
}

/// What the store holds of the time that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggested {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// By role.
    pub roles: BTreeMap<String, RoleUse>,
}

const ROUTES_MAX: usize = 200;
const NETWORKS_MAX: usize = 64;

/// The use of each role in the last `days` of the stored events. What was refused is no use.
pub fn roles(store: &Store, days: i64) -> Result<Suggested, ReportError> {
    let columns = [
        Column::Time,
        Column::Key,
        Column::Role,
        Column::SourceIp,
        Column::Method,
        Column::Path,
        Column::Route,
        Column::Status,
        Column::Country,
        Column::Flaws,
    ];
    let columns = columns.into_iter().fold(Columns::NONE, Columns::with);
    let newest = newest(store)?;
    let from = newest.map_or(Timestamp(i64::MIN), |newest| newest.back(Millis::days(days)));
    let times = from..Timestamp(i64::MAX);
    let mut suggested = Suggested::default();
    for batch in store.blocks(&Wanted { times, columns, key: None })? {
        suggested.add(&batch?, from);
    }
    for role in suggested.roles.values_mut() {
        role.running.clear();
    }
    Ok(suggested)
}

fn newest(store: &Store) -> Result<Option<Timestamp>, ReportError> {
    let columns = Columns::NONE.with(Column::Time);
    let mut newest = None;
    for batch in store.blocks(&Wanted { columns, ..Wanted::default() })? {
        newest = newest.max(batch?.time.iter().max().copied().map(Timestamp));
    }
    Ok(newest)
}

impl Suggested {
    fn add(&mut self, batch: &EventBatch, from: Timestamp) {
        for row in 0..batch.len() {
            let event = batch.event(row);
            if event.at < from || event.key.is_empty() || event.role.is_empty() {
                continue;
            }
            self.from = Some(self.from.map_or(event.at, |known| known.min(event.at)));
            self.to = self.to.max(Some(event.at));
            if 400 <= event.status {
                continue;
            }
            let role = self.roles.entry(event.role.to_owned()).or_default();
            let transport = batch.flaws.get(row).copied().map(Flaws).unwrap_or_default();
            role.add(&event, batch.country.get(row), transport.transport());
        }
    }
}

impl RoleUse {
    fn add(&mut self, event: &Event<'_>, country: &str, transport: Transport) {
        self.requests += 1;
        if !self.keys.contains(event.key) {
            self.keys.insert(event.key.to_owned());
        }
        let route = if event.route.is_empty() { event.path } else { event.route };
        self.count_route(event.method, route);
        let network = crate::profile::place_of(event.source_ip, 0);
        if self.networks.len() < NETWORKS_MAX || self.networks.contains(&network) {
            if !network.is_empty() {
                self.networks.insert(network);
            }
        } else {
            self.networks_dropped += 1;
        }
        if !country.is_empty() && !self.countries.contains(country) {
            self.countries.insert(country.to_owned());
        }
        if let Some(hour) = self.hours.get_mut(event.at.hour().of_day()) {
            *hour += 1;
        }
        if transport != Transport::Unknown {
            self.transport = Some(self.transport.map_or(transport, |known| known.min(transport)));
        }
        self.count_rate(event);
    }

    fn count_route(&mut self, method: &str, route: &str) {
        let known = self.routes.get_mut(method).and_then(|routes| routes.get_mut(route));
        if let Some(requests) = known {
            *requests += 1;
        } else if self.routes.values().map(BTreeMap::len).sum::<usize>() < ROUTES_MAX {
            let routes = self.routes.entry(method.to_owned()).or_default();
            routes.insert(route.to_owned(), 1);
        } else {
            self.routes_dropped += 1;
        }
    }

    fn count_rate(&mut self, event: &Event<'_>) {
        let (minute, hour) = (event.at.seconds().div_euclid(60), event.at.hour().0);
        let rate = self.running.entry(event.key.to_owned()).or_insert((minute, 0, hour, 0));
        if rate.0 != minute {
            (rate.0, rate.1) = (minute, 0);
        }
        if rate.2 != hour {
            (rate.2, rate.3) = (hour, 0);
        }
        rate.1 += 1;
        rate.3 += 1;
        self.minute_most = self.minute_most.max(rate.1);
        self.hour_most = self.hour_most.max(rate.3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventKind;

    #[test]
    fn what_was_let_in_is_use_and_what_was_refused_is_none() {
        let mut batch = EventBatch::default();
        for (second, route, status) in
            [(0, "/v1/a", 200), (10, "/v1/a", 200), (70, "/v1/b", 403), (80, "/v1/c/{id}", 201)]
        {
            batch.time.push(second * 1000);
            batch.kind.push(EventKind::Request);
            batch.key.push("k_a");
            batch.role.push("partner");
            batch.source_ip.push("192.0.2.7");
            batch.method.push("GET");
            batch.path.push(route);
            batch.route.push(route);
            batch.status.push(status);
            batch.country.push("DE");
            batch.flaws.push(Flaws::default().over(Transport::Tls12).0);
        }
        let mut suggested = Suggested::default();
        suggested.add(&batch, Timestamp(i64::MIN));
        let role = suggested.roles.get("partner").unwrap();
        assert_eq!((role.requests, role.keys.len(), role.routes["GET"].len()), (3, 1, 2));
        assert_eq!((role.minute_most, role.hour_most, role.hours[0]), (2, 3, 3));
        assert_eq!(role.networks.first().map(String::as_str), Some("192.0.2.0/24"));
        assert_eq!(role.transport, Some(Transport::Tls12));
    }
}
