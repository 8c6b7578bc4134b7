//! Usual traffic: what every key does in one hour, in sessions and with chance, and what nobody's key does.

use std::net::IpAddr;

use super::draw::Draw;
use super::hit::Caller;
use super::hit::Hit;
use super::key::HOUR;
use super::key::Key;
use super::key::What;
use super::places;
use super::places::Sort;
use super::routes;
use super::routes::Area;
use super::routes::ROUTES;
use crate::model::Hour;

/// What changes with time about a key, as it stands in one hour.
struct Now<'a> {
    addresses: &'a [IpAddr],
    clients: &'a [u16],
    routes: &'a [(u16, f64)],
    extra_routes: &'a [(u16, f64)],
}

/// The requests of one key that begin in this hour; a session may run over its end.
pub(super) fn hour_of(key: &mut Key, hour: Hour, rate: f64, draw: &mut Draw) -> Vec<Hit> {
    let mut hits = Vec::new();
    if rate <= 0.0 {
        return hits;
    }
    let rate = rate * key.law.factor(key.objects.0, hour.0);
    let (usual_session, gap_seconds) = key.role.session;
    if let Some(sessions) = key.law.sessions(rate, draw) {
        for (later, length) in sessions {
            session_of(key, (hour.start().0 + later, length, gap_seconds), draw, &mut hits);
        }
        return hits;
    }
    // Between its jobs a batch key asks for little at a time.
    let is_short = 10.0 < usual_session && rate < usual_session;
    let session = if is_short { rate.max(3.0) } else { usual_session };
    let chance = draw.gamma_of_mean_one(key.role.shape);
    let sessions = draw.poisson(rate * chance / session);
    for _ in 0..sessions {
        let begin = hour.start().0 + draw.whole(0, HOUR);
        let length = (draw.exponential(session - 0.5).ceil() as usize).clamp(1, 400);
        session_of(key, (begin, length, gap_seconds), draw, &mut hits);
    }
    hits
}

/// About how many requests without a key there are in an hour.
pub(super) fn expected_without_key(scale: f64) -> f64 {
    72.0 + scale * 0.15 * 1.3
}

/// The hour's requests without a key: scanners, crawlers, health checks, logins and sign-ups.
pub(super) fn without_key(hour: Hour, scale: f64, clients: &[u16], draw: &mut Draw) -> Vec<Hit> {
    let mut hits = Vec::new();
    let begin = hour.start().0;
    for minute in 0..60 {
        let at = begin + minute * 60_000 + 1_204;
        let address = IpAddr::from([10, 32, 0, 7 + (minute % 2) as u8]);
        hits.push(nobody(
            at,
            address,
            (client_of(clients, 0), routes::first_of(Area::Health)),
            draw,
        ));
    }
    let hour_factor = super::roles::Rhythm::Evening.factor(hour.of_day(), hour.day().of_week());
    for _ in 0..draw.poisson((scale * 0.03).clamp(0.5, 40.0)) {
        scanner(begin, clients, draw, &mut hits);
    }
    for _ in 0..draw.poisson(1.5) {
        crawler(begin, clients, draw, &mut hits);
    }
    for _ in 0..draw.poisson(scale * 0.15 * hour_factor) {
        visitor(begin, clients, draw, &mut hits);
    }
    hits
}

fn session_of(
    key: &mut Key,
    (begin, length, gap_seconds): (i64, usize, f64),
    draw: &mut Draw,
    hits: &mut Vec<Hit>,
) {
    let cursor = key.cursor;
    let now = now_of(key, begin);
    let address = if key.role.roaming {
        let network = draw.pick(&key.networks).unwrap_or(0);
        places::address(network, draw)
    } else {
        draw.pick(now.addresses).unwrap_or(IpAddr::from([10, 32, 9, 9]))
    };
    let client = draw.pick(now.clients).unwrap_or(0);
    let usual = draw.weighted(now.routes).unwrap_or(0);
    let mut at = begin;
    for step in 0..length {
        let is_extra = !now.extra_routes.is_empty() && draw.chance(0.15);
        let route = if is_extra {
            draw.weighted(now.extra_routes).unwrap_or(usual)
        } else if key.iterates || draw.chance(0.25) {
            usual
        } else {
            draw.weighted(now.routes).unwrap_or(usual)
        };
        let object = object_of(key, cursor + step as u64, draw);
        let mut hit = plain(at, address, (client, route), draw);
        hit.caller = key.caller;
        hit.object = object;
        hit.status = status_of(key, hit.status, draw);
        if 400 <= hit.status {
            shrink(&mut hit);
        }
        hits.push(hit);
        at += (draw.exponential(gap_seconds) * 1000.0) as i64 + 1;
    }
    if key.iterates {
        key.cursor = cursor + length as u64;
    }
}

fn now_of(key: &Key, at: i64) -> Now<'_> {
    let mut now = Now {
        addresses: &key.addresses,
        clients: &key.clients,
        routes: &key.routes,
        extra_routes: &[],
    };
    for what in key.shifts_at(at) {
        match what {
            What::Level(..) => (),
            What::Addresses(addresses) => now.addresses = addresses,
            What::Client(client) => now.clients = std::slice::from_ref(client),
            What::Routes(routes) => now.extra_routes = routes,
        }
    }
    now
}

/// Few objects often, most seldom; jobs go through theirs one by one.
fn object_of(key: &Key, cursor: u64, draw: &mut Draw) -> u64 {
    let (first, count) = key.objects;
    if key.iterates {
        return first + cursor % (count * 20);
    }
    let unit = draw.unit();
    first + ((unit * unit * unit * count as f64) as u64) * 37
}

fn status_of(key: &Key, ok: u16, draw: &mut Draw) -> u16 {
    if let Some(status) = key.always {
        return status;
    }
    let [missing, wrong, too_many] = key.errors;
    let unit = draw.unit();
    if unit < missing {
        404
    } else if unit < missing + wrong {
        422
    } else if unit < missing + wrong + too_many {
        429
    } else if unit < missing + wrong + too_many + 0.0012 {
        503
    } else {
        ok
    }
}

/// A request with what its route usually costs.
pub(super) fn plain(at: i64, address: IpAddr, (client, route): (u16, u16), draw: &mut Draw) -> Hit {
    let usual = ROUTES.get(usize::from(route));
    let (ok, bytes, millis) =
        usual.map_or((200, 0.0, 1.0), |usual| (usual.ok, usual.bytes, usual.millis));
    Hit {
        at,
        address,
        caller: Caller::Nobody,
        client,
        route,
        object: draw.number() % 90_000_000,
        status: ok,
        bytes: draw.log_normal(bytes, 0.45) as u32,
        millis: 1 + draw.log_normal(millis, 0.5) as u32,
        incident: None,
    }
}

/// An error's answer is short and fast.
pub(super) fn shrink(hit: &mut Hit) {
    hit.bytes = 60 + hit.bytes % 180;
    hit.millis = 1 + hit.millis % 9;
}

fn nobody(at: i64, address: IpAddr, what: (u16, u16), draw: &mut Draw) -> Hit {
    plain(at, address, what, draw)
}

fn scanner(begin: i64, clients: &[u16], draw: &mut Draw, hits: &mut Vec<Hit>) {
    let network = places::any_of(if draw.chance(0.7) { Sort::Hosting } else { Sort::Home }, draw);
    let address = places::address(network, draw);
    let probes = routes::of_area(Area::Probe);
    let mut at = begin + draw.whole(0, HOUR);
    let client = client_of(clients, 1 + draw.below(3));
    for _ in 0..=draw.exponential(1.6) as usize {
        let route = draw.pick(&probes).unwrap_or(0);
        let mut hit = nobody(at, address, (client, route), draw);
        shrink(&mut hit);
        hits.push(hit);
        at += draw.whole(200, 40_000);
    }
}

fn crawler(begin: i64, clients: &[u16], draw: &mut Draw, hits: &mut Vec<Hit>) {
    let network = places::any_of(Sort::Cloud, draw);
    let address = places::address(network, draw);
    let site = routes::of_area(Area::Site);
    let mut at = begin + draw.whole(0, HOUR);
    for _ in 0..=draw.exponential(3.0) as usize {
        let route = draw.pick(&site).unwrap_or(0);
        hits.push(nobody(at, address, (client_of(clients, 4), route), draw));
        at += draw.whole(900, 60_000);
    }
}

/// Somebody logs in, perhaps after a mistyped password; now and then somebody signs up.
fn visitor(begin: i64, clients: &[u16], draw: &mut Draw, hits: &mut Vec<Hit>) {
    let network = places::any_of(if draw.chance(0.5) { Sort::Mobile } else { Sort::Home }, draw);
    let address = places::address(network, draw);
    let client = client_of(clients, 5 + draw.below(3));
    let area = if draw.chance(0.03) { Area::Signup } else { Area::Login };
    let mut at = begin + draw.whole(0, HOUR);
    while draw.chance(0.12) {
        let mut hit = nobody(at, address, (client, routes::first_of(area)), draw);
        hit.status = if area == Area::Login { 401 } else { 422 };
        shrink(&mut hit);
        hits.push(hit);
        at += draw.whole(3_000, 25_000);
    }
    let route = draw.pick(&routes::of_area(area)).unwrap_or(0);
    hits.push(nobody(at, address, (client, route), draw));
}

fn client_of(clients: &[u16], number: usize) -> u16 {
    clients.get(number).copied().unwrap_or(0)
}
