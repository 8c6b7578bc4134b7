//! One key: its usual week, what it uses, from where, and how its peers are used.

use askama::Template;

use super::chart::Spark;
use super::errand::{KeyFile, Used};
use super::heat::{Heat, heat};
use super::keys_page::encoded;
use super::overview::{IncidentLine, StaleLine, incident_line, stale_line};
use super::parts::{Frame, clock_of, frame, wide};
use super::text::{Clock, about, clean, cut, number, share};
use super::view::View;
use crate::engine::{KeyRow, Portrait};
use crate::model::{Hour, Millis, Timestamp};

#[derive(Template)]
#[template(path = "key.html", escape = "page")]
pub(super) struct KeyPage {
    frame: Frame,
    key: String,
    role: String,
    owner: String,
    baseline: String,
    is_ready: bool,
    spark: Option<Day>,
    heat: Option<Heat>,
    incidents: Vec<IncidentLine>,
    stale: Vec<StaleLine>,
    used: String,
    tables: Vec<Table>,
    long_used: Vec<(String, String)>,
    facts: Vec<(&'static str, String)>,
    peers: Vec<Peer>,
    role_href: String,
}

/// The last 24 hours.
struct Day {
    spark: Spark,
    from: String,
    to: String,
    sentence: String,
    rows: Vec<(String, String)>,
}

/// Values and how often they were used.
struct Table {
    name: &'static str,
    rows: Vec<(String, String)>,
}

struct Peer {
    key: String,
    href: String,
    is_own: bool,
    day: String,
    errors: String,
    last: String,
}

const INCIDENTS_SHOWN: usize = 8;
const LONG_USED_SHOWN: usize = 12;
/// Before and behind the key, among those of its role.
const PEERS_BESIDE: usize = 3;

pub(super) fn key_page(view: &View, key: &KeyRow, file: &KeyFile) -> KeyPage {
    let clock = clock_of(view);
    let portrait = file.portrait.as_ref();
    let is_about = |one: &&crate::incident::Incident| {
        !one.below
            && (one.entity.key() == Some(key.key.as_str())
                || one.keys.iter().any(|it| *it == key.key))
    };
    let incidents = view.incidents_in_order().into_iter().filter(is_about).take(INCIDENTS_SHOWN);
    let stale = view.stale_open().into_iter().filter(|one| one.key == key.key);
    let name = cut(&clean(&key.key), 60);
    KeyPage {
        frame: frame(view, "keys", &name),
        role: cut(&clean(&key.role), 40),
        owner: cut(&clean(&key.owner), 80),
        baseline: format!(
            "{}, {}\u{202f}h learned",
            clean(key.state),
            number(u64::from(key.hours_learned))
        ),
        is_ready: key.state == "ready",
        spark: day(view, key, &clock),
        heat: portrait.and_then(|portrait| heat(portrait, &clock)),
        incidents: incidents.map(|one| incident_line(one, &clock)).collect(),
        stale: stale.map(stale_line).collect(),
        used: looked_at(&file.used, &clock),
        tables: tables(&file.used),
        long_used: portrait.map_or_else(Vec::new, long_used),
        facts: facts(key, portrait, &clock),
        peers: peers(view, key, &clock),
        role_href: format!("/keys?role={}", encoded(&key.role)),
        key: name,
    }
}

fn day(view: &View, key: &KeyRow, clock: &Clock) -> Option<Day> {
    let requests: Vec<u32> = key.last_hours.iter().collect();
    let hours = requests.len();
    if hours < 2 {
        return None;
    }
    let first = Hour(view.now.hour().0 - i64::try_from(hours).unwrap_or(0));
    let at = |place: usize| Hour(first.0 + i64::try_from(place).unwrap_or(0)).start();
    let sum: u64 = requests.iter().map(|&value| u64::from(value)).sum();
    let most = requests.iter().max().copied().unwrap_or(0);
    let row =
        |(place, value): (usize, &u32)| (clock.when_minute(at(place)), number(u64::from(*value)));
    Some(Day {
        spark: Spark::plain(requests.iter().map(|&value| f64::from(value)), 0.0),
        from: clock.when_minute(at(0)),
        to: clock.minute(at(hours)),
        sentence: format!(
            "{} requests in the last {hours} hours, {} in the busiest",
            number(sum),
            number(u64::from(most))
        ),
        rows: requests.iter().enumerate().map(row).collect(),
    })
}

fn looked_at(used: &Used, clock: &Clock) -> String {
    let since = used
        .since
        .map_or_else(String::new, |at| format!(", since {} {}", clock.date(at), clock.minute(at)));
    match (used.requests, used.is_part) {
        (0, _) => "none of its requests is stored".to_owned(),
        (some, true) => format!("its last {} requests{since}", number(wide(some))),
        (some, false) => format!("all {} stored requests{since}", number(wide(some))),
    }
}

fn tables(used: &Used) -> Vec<Table> {
    let table = |name, list: &[(String, usize)]| {
        let row = |(text, count): &(String, usize)| {
            let text = cut(&clean(text), 90);
            (
                if text.is_empty() { "–".to_owned() } else { text },
                share(wide(*count), wide(used.requests)),
            )
        };
        Table { name, rows: list.iter().map(row).collect() }
    };
    let all = [
        table("Route", &used.routes),
        table("Status", &used.statuses),
        table("Address", &used.addresses),
        table("Network and country", &used.places),
        table("Client", &used.clients),
    ];
    all.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// What is remembered of listed keys far longer than requests are stored.
fn long_used(portrait: &Portrait) -> Vec<(String, String)> {
    let mut uses: Vec<_> = portrait.route_uses.iter().collect();
    uses.sort_by(|a, b| (b.days, &a.route, &a.method).cmp(&(a.days, &b.route, &b.method)));
    let row = |it: &&crate::profile::RouteUse| {
        let days = if it.days == 1 { "1 day".to_owned() } else { format!("{} days", it.days) };
        (cut(&clean(&format!("{} {}", it.method, it.route)), 80), days)
    };
    uses.iter().take(LONG_USED_SHOWN).map(row).collect()
}

fn facts(key: &KeyRow, portrait: Option<&Portrait>, clock: &Clock) -> Vec<(&'static str, String)> {
    let used = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| clock.full(at));
    let mut facts = vec![
        ("First used", used(key.first_used)),
        ("Last used", used(key.last_used)),
        ("Requests", about(key.requests)),
        ("Errors", share(key.errors, key.requests)),
    ];
    if let Some(portrait) = portrait {
        if 0 < portrait.hours_learned {
            facts.push(("Busiest hour", format!("{} requests", number(u64::from(portrait.most)))));
            facts.push(("Networks", number(wide(portrait.networks))));
            facts.push(("Routes", number(wide(portrait.routes))));
            facts.push(("Clients", number(wide(portrait.clients))));
        }
        let clients: Vec<String> = portrait
            .client_uses
            .iter()
            .map(|it| clean(&format!("{} {}", it.name, it.version)).trim().to_owned())
            .collect();
        if !clients.is_empty() {
            facts.push(("Software", cut(&clients.join(", "), 160)));
        }
        if !portrait.scopes.is_empty() {
            facts.push(("Scopes", cut(&clean(&portrait.scopes.join(", ")), 240)));
        }
    }
    facts
}

/// Its neighbours by requests of the last day.
fn peers(view: &View, key: &KeyRow, clock: &Clock) -> Vec<Peer> {
    let sum = |it: &KeyRow| it.last_hours.iter().map(u64::from).sum::<u64>();
    let mut all: Vec<(u64, &KeyRow)> =
        view.keys.iter().filter(|it| it.role == key.role).map(|it| (sum(it), it)).collect();
    all.sort_by(|a, b| (b.0, &a.1.key).cmp(&(a.0, &b.1.key)));
    let own = all.iter().position(|(_, it)| it.key == key.key).unwrap_or(0);
    let shown = all.iter().skip(own.saturating_sub(PEERS_BESIDE)).take(2 * PEERS_BESIDE + 1);
    let since = view.now.back(Millis::hours(24));
    let row = |(day, it): &(u64, &KeyRow)| Peer {
        key: cut(&clean(&it.key), 40),
        href: format!("/keys/{}", encoded(&it.key)),
        is_own: it.key == key.key,
        day: about(*day),
        errors: share(it.errors, it.requests),
        last: match it.last_used {
            None => "never".to_owned(),
            Some(at) if since <= at => clock.time(at),
            Some(at) => clock.date(at),
        },
    };
    if all.len() < 2 { Vec::new() } else { shown.map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_key_stands_among_its_peers() {
        let view = sample::alert();
        let peers = peers(&view, &view.keys[9], &clock_of(&view));
        assert_eq!(peers.iter().filter(|peer| peer.is_own).count(), 1);
        assert!(peers.len() <= 2 * PEERS_BESIDE + 1 && 3 < peers.len());
    }

    #[test]
    fn what_was_looked_at_is_said() {
        let view = sample::alert();
        let told = |requests, is_part| {
            looked_at(&Used { requests, is_part, ..Used::default() }, &clock_of(&view))
        };
        assert_eq!(told(0, false), "none of its requests is stored");
        assert_eq!(told(12, false), "all 12 stored requests");
        assert_eq!(told(2000, true), "its last 2\u{202f}000 requests");
    }
}
