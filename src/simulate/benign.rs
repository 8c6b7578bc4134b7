//! The changes that are not attacks, and that nobody should be woken by.

use super::draw::Draw;
use super::hit::rfc3339;
use super::key::DAY;
use super::key::HOUR;
use super::key::Key;
use super::key::LONG_AGO;
use super::key::NEVER;
use super::key::Shift;
use super::key::What;
use super::key::some_client;
use super::people::People;
use super::people::Post;
use super::places;
use super::places::Sort;
use super::routes;
use super::routes::Area;
use crate::model::Timestamp;

/// One row of `confounders.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confounder {
    pub kind: &'static str,
    pub keys: Vec<String>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub note: &'static str,
}

/// A day on which the offices of one time zone are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holiday {
    pub(super) minutes_east: i64,
    pub(super) from: i64,
}

impl Holiday {
    pub(super) fn covers(self, minutes_east: i64, at: i64) -> bool {
        self.minutes_east == minutes_east && self.from <= at && at < self.from + DAY
    }
}

/// From the first to the last moment of the story, in milliseconds.
pub(super) type Span = (i64, i64);

/// Kinds of changes of one key, and how many of each for every hundred keys in four weeks.
const CHANGES: &[(Change, f64)] = &[
    (Change::Nat, 9.0),
    (Change::Region, 4.0),
    (Change::Travel, 5.0),
    (Change::Upgrade, 11.0),
    (Change::Onboarding, 6.0),
    (Change::Rotation, 5.0),
    (Change::Decommission, 3.0),
    (Change::Feature, 8.0),
    (Change::Crowd, 4.0),
];

/// From where people work who travel; some of them through a VPN.
const ABROAD: &[Sort] =
    &[Sort::Home, Sort::Home, Sort::Home, Sort::Mobile, Sort::Mobile, Sort::Hosting];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Nat,
    Region,
    Travel,
    Upgrade,
    Onboarding,
    Rotation,
    Decommission,
    Feature,
    Crowd,
}

/// Lets the changes happen to the people, and tells of them.
pub(super) fn happen(
    people: &mut People,
    span: Span,
    draw: &mut Draw,
) -> (Vec<Confounder>, Vec<Holiday>) {
    let mut told = Vec::new();
    let days = (span.1 - span.0) as f64 / DAY as f64;
    for (change, usual) in CHANGES {
        let wanted = usual * people.keys.len() as f64 / 100.0 * (days / 28.0).max(0.25);
        for _ in 0..(wanted + draw.unit()) as usize {
            told.extend(one_change(*change, people, span, draw));
        }
    }
    let mut holidays = Vec::new();
    for minutes_east in [60, 0, -300, -360].into_iter().take((days / 7.0).ceil() as usize) {
        let day = span.0 + draw.whole(0, days as i64) * DAY;
        let from = day - day.rem_euclid(DAY) - minutes_east * 60_000;
        holidays.push(Holiday { minutes_east, from });
        told.push(of_all("holiday", (from, from + DAY), "offices of one time zone are closed"));
    }
    told.push(of_all("month_end", span, "three keys in ten work more on the last day of a month"));
    told.extend(standing(people, span));
    told.extend(new_home_addresses(people, span, draw));
    told.sort_by(|left, right| (left.start, left.kind).cmp(&(right.start, right.kind)));
    (told, holidays)
}

/// The changes as CSV.
pub(super) fn confounders_csv(told: &[Confounder]) -> String {
    let mut rows = vec!["kind,keys,start,end,note\n".to_owned()];
    for one in told {
        let (start, end, keys) = (rfc3339(one.start), rfc3339(one.end), one.keys.join(";"));
        rows.push(format!("{},{keys},{start},{end},\"{}\"\n", one.kind, one.note));
    }
    rows.concat()
}

fn of_all(kind: &'static str, (from, to): Span, note: &'static str) -> Confounder {
    Confounder {
        kind,
        keys: vec!["*".to_owned()],
        start: Timestamp(from),
        end: Timestamp(to),
        note,
    }
}

fn of_one(kind: &'static str, key: &Key, (from, to): Span, note: &'static str) -> Confounder {
    Confounder {
        kind,
        keys: vec![key.name.clone()],
        start: Timestamp(from),
        end: Timestamp(to),
        note,
    }
}

/// What is so all the time.
fn standing(people: &People, span: Span) -> Vec<Confounder> {
    let mut told = Vec::new();
    for (key, post) in people.keys.iter().zip(&people.posts) {
        if *post == Post::Failing {
            told.push(of_one("always_failing", key, span, "has never worked"));
        }
        if key.weekly_hour.is_some() {
            told.push(of_one("weekly_peak", key, span, "one hour a week with 45 times the usual"));
        }
    }
    told
}

/// Providers give those who work from home another address every few days.
fn new_home_addresses(people: &mut People, (start, end): Span, draw: &mut Draw) -> Vec<Confounder> {
    let mut told = Vec::new();
    for key in people.keys.iter_mut().filter(|key| key.role.homes.contains(&Sort::Home)) {
        let old = key.addresses.first().copied();
        let home = old.and_then(places::number_of).filter(|number| places::is_home(*number));
        let Some(home) = home.filter(|_| !key.role.roaming) else { continue };
        let mut from = start + draw.whole(0, 4 * DAY);
        told.push(of_one("dynamic_address", key, (from, end), "a new address every few days"));
        while from < end {
            let to = from + draw.whole(2 * DAY, 9 * DAY);
            let addresses = vec![places::address(home, draw)];
            key.shifts.insert(0, Shift { from, to, what: What::Addresses(addresses) });
            from = to;
        }
    }
    told
}

fn one_change(
    change: Change,
    people: &mut People,
    span: Span,
    draw: &mut Draw,
) -> Option<Confounder> {
    let at = draw.whole(span.0 + DAY.min((span.1 - span.0) / 8), span.1 - HOUR);
    let at = at - at.rem_euclid(1000);
    let number = people.victim(|key| match change {
        Change::Nat | Change::Region => !key.role.roaming && key.role.homes.contains(&Sort::Cloud),
        Change::Travel => key.role.homes.contains(&Sort::Home) && !key.role.roaming,
        Change::Rotation | Change::Decommission => {
            key.shifts.is_empty() && key.weekly_hour.is_none()
        }
        Change::Onboarding => key.shifts.is_empty(),
        Change::Crowd => 30.0 < key.level && key.role.name != "batch",
        Change::Upgrade | Change::Feature => true,
    })?;
    if change == Change::Rotation {
        return rotation(people, number, at, draw);
    }
    let client = some_client(people.keys.get(number)?.role, &mut people.pen, draw);
    let key = people.keys.get_mut(number)?;
    let (what, to, kind, note) = effect(change, key, (at, span.1), (client, draw))?;
    let mut told = of_one(kind, key, (at, to), note);
    let to = if to == span.1 { NEVER } else { to };
    key.shifts.push(Shift { from: at, to, what: what.clone() });
    if change == Change::Feature || change == Change::Crowd {
        for _ in 0..draw.below(4) {
            let also = people.victim(|key| 5.0 < key.level && key.role.name != "batch")?;
            let from = at + draw.whole(0, HOUR);
            let key = people.keys.get_mut(also)?;
            key.shifts.push(Shift { from, to, what: what.clone() });
            told.keys.push(key.name.clone());
        }
    }
    Some(told)
}

type Effect = (What, i64, &'static str, &'static str);

fn effect(
    change: Change,
    key: &mut Key,
    (at, end): Span,
    (client, draw): (u16, &mut Draw),
) -> Option<Effect> {
    let count = key.addresses.len().max(1);
    Some(match change {
        Change::Nat => (
            What::Addresses(moved(key, count, draw)),
            end,
            "nat_change",
            "same network, other addresses",
        ),
        Change::Region => {
            let place = places::any_of(Sort::Cloud, draw);
            (
                What::Addresses(places::neighbours(place, count, draw)),
                end,
                "region_migration",
                "another cloud region",
            )
        }
        Change::Travel => {
            let sort = draw.pick(ABROAD).unwrap_or(Sort::Home);
            let place = places::any_of(sort, draw);
            let to = (at + draw.whole(DAY, 6 * DAY)).min(end);
            (
                What::Addresses(places::neighbours(place, 2, draw)),
                to,
                "travel",
                "the owner is abroad",
            )
        }
        Change::Upgrade => {
            (What::Client(client), end, "client_upgrade", "a new version of its client")
        }
        Change::Onboarding => {
            key.record.created = at;
            key.record.rotated = at;
            key.record.status_since = at;
            key.shifts.push(Shift { from: LONG_AGO, to: at, what: What::Level(0.0, 0.0) });
            let to = (at + draw.whole(2 * DAY, 5 * DAY)).min(end - 1);
            (What::Level(0.1, 1.0), to, "onboarding", "a new key's first days")
        }
        Change::Decommission => {
            let to = (at + draw.whole(2 * HOUR, 40 * HOUR)).min(end - 1);
            key.shifts.push(Shift { from: to, to: NEVER, what: What::Level(0.0, 0.0) });
            key.record.status = "retired";
            key.record.status_since = to + draw.whole(HOUR, DAY);
            (What::Level(1.0, 0.0), to, "decommission", "the integration is taken down")
        }
        Change::Feature => {
            let routes = routes::of_area(Area::Feature)
                .into_iter()
                .map(|route| (route, draw.unit() + 0.1))
                .collect();
            (What::Routes(routes), end, "deploy_routes", "a release adds routes")
        }
        Change::Crowd => {
            let to = (at + draw.whole(2 * HOUR, 7 * HOUR)).min(end - 1);
            let times = draw.between(3.0, 7.0);
            (What::Level(times, times * 0.5), to, "flash_crowd", "a campaign brings visitors")
        }
        Change::Rotation => return None,
    })
}

/// Other addresses of the network that the key has now.
fn moved(key: &Key, count: usize, draw: &mut Draw) -> Vec<std::net::IpAddr> {
    let old = key.addresses.first().copied();
    let place =
        old.and_then(places::number_of).unwrap_or_else(|| places::any_of(Sort::Cloud, draw));
    places::neighbours(place, count, draw)
}

/// The old key falls silent as its successor begins.
fn rotation(people: &mut People, old: usize, at: i64, draw: &mut Draw) -> Option<Confounder> {
    let new = people.take_over(old, draw)?;
    let over = at + draw.whole(HOUR, 36 * HOUR);
    let forever = (LONG_AGO, NEVER);
    let name = people.keys.get(new)?.name.clone();
    let key = people.keys.get_mut(old)?;
    key.shifts.push(Shift { from: at, to: over, what: What::Level(1.0, 0.0) });
    key.shifts.push(Shift { from: over, to: forever.1, what: What::Level(0.0, 0.0) });
    key.record.status = "retired";
    key.record.status_since = over + draw.whole(2 * HOUR, 3 * DAY);
    key.record.successor.clone_from(&name);
    let told = Confounder {
        kind: "rotation",
        keys: vec![key.name.clone(), name],
        start: Timestamp(at),
        end: Timestamp(over),
        note: "the old key falls silent as the new one begins",
    };
    let key = people.keys.get_mut(new)?;
    key.shifts.push(Shift { from: forever.0, to: at, what: What::Level(0.0, 0.0) });
    key.shifts.push(Shift { from: at, to: over, what: What::Level(0.0, 1.0) });
    key.record.created = at - draw.whole(60_000, HOUR);
    key.record.rotated = key.record.created;
    key.record.status_since = key.record.created;
    Some(told)
}
