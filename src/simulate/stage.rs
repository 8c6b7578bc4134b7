//! Stages the incidents: chooses times and victims, and writes the script of each kind.

use std::net::IpAddr;

use super::draw::Draw;
use super::hit::Caller;
use super::key::HOUR;
use super::key::Key;
use super::key::Shift;
use super::key::What;
use super::key::some_client;
use super::kinds::Card;
use super::kinds::Kind;
use super::kinds::Strength;
use super::people::People;
use super::people::Post;
use super::places;
use super::places::Sort;
use super::routes;
use super::routes::Area;
use super::staged::Label;
use super::staged::Objects;
use super::staged::Pace;
use super::staged::Staged;
use super::staged::Stream;
use crate::model::Timestamp;

/// One incident to be written.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) card: &'a Card,
    pub(super) strength: Strength,
    /// Milliseconds since 1970.
    pub(super) from: i64,
    pub(super) to: i64,
}

/// Writes the scene; nothing if there is no key that it could happen to.
pub(super) fn stage(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    match scene.card.kind {
        Kind::StolenKey => stolen_key(scene, people, draw),
        Kind::ExfilBurst | Kind::ExfilDrip => exfiltration(scene, people, draw),
        Kind::Bola => enumeration(scene, people, draw),
        Kind::CredStuffing => Some(stuffing(scene, people, draw)),
        Kind::BruteForce => brute_force(scene, people, draw),
        Kind::PrivilegeProbing => probing(scene, people, draw),
        Kind::VolumeSpike | Kind::SlowRamp | Kind::Scraping429 => volume(scene, people, draw),
        Kind::SilentKey => silence(scene, people, draw),
        Kind::DormantRevived | Kind::RevokedKeyUsed | Kind::ExpiredKeyUsed | Kind::CanaryTouched => {
            idle_key(scene, people, draw)
        }
        Kind::SharedKey => shared(scene, people, draw),
        Kind::TokenBurn => token_burn(scene, people, draw),
        Kind::Scanning404 => Some(scanning(scene, people, draw)),
        Kind::UnknownKeyAccepted => Some(unknown_key(scene, people, draw)),
        Kind::DistributedAutomation => Some(automation(scene, people, draw)),
        Kind::KeyFlood => Some(flood(scene, people, draw)),
        Kind::ErrorBurst => error_burst(scene, people, draw),
        Kind::Backfill => backfill(scene, people, draw),
        Kind::Deploy5xx => Some(staged(scene, Cast::fleet(), Vec::new(), "a share of all answers is 503")),
    }
}

/// Who appears in a label.
#[derive(Default)]
struct Cast {
    keys: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Cast {
    fn fleet() -> Self {
        Self { keys: vec!["*".to_owned()], addresses: Vec::new() }
    }

    fn key(key: &Key, addresses: &[IpAddr]) -> Self {
        Self { keys: vec![key.name.clone()], addresses: addresses.to_vec() }
    }

    fn addresses(addresses: &[IpAddr]) -> Self {
        Self { keys: Vec::new(), addresses: addresses.to_vec() }
    }
}

fn staged(scene: Scene<'_>, cast: Cast, streams: Vec<Stream>, note: &str) -> Staged {
    let strength = if scene.card.is_notable() { "na" } else { scene.strength.name() };
    let label = Label {
        id: String::new(),
        kind: scene.card.name,
        strength,
        keys: cast.keys,
        addresses: cast.addresses,
        start: Timestamp(scene.from),
        end: Timestamp(scene.to),
        severity: scene.card.severity,
        events: 0,
        note: note.to_owned(),
    };
    Staged { label, streams, seen: None }
}

/// The key's own way of working, from elsewhere.
fn as_key(scene: Scene<'_>, key: &Key, total: u32) -> Stream {
    Stream {
        from: scene.from,
        to: scene.to,
        total,
        pace: Pace::Even,
        callers: vec![key.caller],
        addresses: key.addresses.clone(),
        clients: key.clients.clone(),
        routes: key.routes.clone(),
        statuses: Vec::new(),
        objects: Objects::Among(key.objects.0, key.objects.1),
        size: 1.0,
        slowness: 1.0,
    }
}

fn of_areas(areas: &[Area]) -> Vec<(u16, f64)> {
    areas.iter().flat_map(|area| routes::of_area(*area)).map(|route| (route, 1.0)).collect()
}

fn evil_addresses(count: usize, sort: Sort, draw: &mut Draw) -> Vec<IpAddr> {
    (0..count).map(|_| places::address(places::any_of(sort, draw), draw)).collect()
}

fn stolen_key(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| !key.role.roaming && 15.0 < key.level)?;
    let key = people.keys.get(number)?;
    let total = scene.strength.of(draw.whole(150, 500), draw.whole(45, 120), draw.whole(18, 26)) as u32;
    let mut stream = as_key(scene, key, total);
    let sort = scene.strength.of(Sort::Hosting, Sort::Home, draw.pick(key.role.homes)?);
    stream.addresses = evil_addresses(1, sort, draw);
    if scene.strength != Strength::Hard {
        stream.clients = vec![people.pen.client(if draw.chance(0.5) { "curl/8.11.1" } else { "python-httpx/0.28.1" })];
    }
    if scene.strength == Strength::Easy {
        stream.routes.extend(of_areas(&[Area::Customers, Area::Export]));
        stream.objects = Objects::Wild;
        stream.statuses = vec![(0, 0.8), (403, 0.12), (404, 0.08)];
    }
    let cast = Cast::key(key, &stream.addresses);
    let note = scene.strength.of("new network, new client, wider routes", "new network, new client", "almost right");
    Some(staged(scene, cast, vec![stream], note))
}

fn exfiltration(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| 20.0 < key.level && key.level < 4000.0 && key.role.name != "webhook")?;
    let key = people.keys.get(number)?;
    let days = (scene.to - scene.from) as f64 / (24 * HOUR) as f64;
    let (total, size, note) = if scene.card.kind == Kind::ExfilBurst {
        let total = scene.strength.of(900.0, 300.0, 90.0) * draw.between(0.8, 1.4);
        (total, scene.strength.of(3.0, 1.5, 1.0), "large answers in a short time")
    } else {
        let a_day = (key.level * scene.strength.of(0.6, 0.3, 0.15)).clamp(10.0, 300.0);
        (a_day * days, scene.strength.of(3.0, 2.0, 1.3), "large answers, a few an hour, for days")
    };
    let mut stream = as_key(scene, key, total as u32);
    stream.routes = of_areas(&[Area::Export, Area::Customers]);
    stream.size = size;
    stream.slowness = size;
    if scene.strength == Strength::Easy {
        stream.addresses = evil_addresses(1, Sort::Hosting, draw);
        stream.objects = Objects::Wild;
    }
    let evil = if scene.strength == Strength::Easy { stream.addresses.clone() } else { Vec::new() };
    Some(staged(scene, Cast::key(key, &evil), vec![stream], note))
}

fn enumeration(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| !key.iterates && 20.0 < key.level && key.level < 5000.0)?;
    let key = people.keys.get(number)?;
    let total = scene.strength.of(2500.0, 700.0, 160.0) * draw.between(0.7, 1.5);
    let mut stream = as_key(scene, key, total as u32);
    stream.routes.retain(|(route, _)| routes::has_object(*route));
    if stream.routes.is_empty() || scene.strength == Strength::Easy {
        stream.routes = vec![(routes::first_of(Area::Customers), 1.0)];
    }
    stream.routes.truncate(1);
    stream.objects = Objects::Run(draw.number() % 90_000_000);
    let refused = scene.strength.of(0.5, 0.2, 0.04);
    stream.statuses = vec![(0, 1.0 - refused), (404, refused * 0.7), (403, refused * 0.3)];
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "ids in sequence that are not its own"))
}

fn stuffing(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let count = scene.strength.of(1, 3, 14);
    let addresses = evil_addresses(count, scene.strength.of(Sort::Hosting, Sort::Hosting, Sort::Home), draw);
    let total = scene.strength.of(2200.0, 600.0, 240.0) * draw.between(0.7, 1.5);
    let stream = Stream {
        callers: vec![Caller::Nobody],
        clients: vec![people.pen.client("okhttp/4.9.3"), people.pen.client("python-requests/2.27.1")],
        routes: vec![(routes::first_of(Area::Login), 1.0)],
        statuses: vec![(401, 0.97), (423, 0.02), (200, 0.01)],
        ..outside(scene, &addresses, total as u32)
    };
    staged(scene, Cast::addresses(&addresses), vec![stream], "401s on the login route, no key")
}

/// Requests that belong to no key.
fn outside(scene: Scene<'_>, addresses: &[IpAddr], total: u32) -> Stream {
    Stream {
        from: scene.from,
        to: scene.to,
        total,
        pace: Pace::Even,
        callers: Vec::new(),
        addresses: addresses.to_vec(),
        clients: vec![0],
        routes: Vec::new(),
        statuses: Vec::new(),
        objects: Objects::Wild,
        size: 1.0,
        slowness: 1.0,
    }
}

/// Guessed keys from one address, or one key from many addresses.
fn brute_force(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let total = (scene.strength.of(900.0, 250.0, 80.0) * draw.between(0.7, 1.5)) as u32;
    let client = people.pen.client("Go-http-client/1.1");
    if draw.chance(0.5) {
        let addresses = evil_addresses(1, Sort::Hosting, draw);
        let stream = Stream {
            callers: vec![Caller::Invented(draw.number())],
            clients: vec![client],
            routes: of_areas(&[Area::Parcels]),
            statuses: vec![(401, 1.0)],
            ..outside(scene, &addresses, total)
        };
        return Some(staged(scene, Cast::addresses(&addresses), vec![stream], "one address guesses keys"));
    }
    let number = people.victim(|key| key.always.is_none() && key.level < 3000.0)?;
    let key = people.keys.get(number)?;
    let mut stream = as_key(scene, key, total);
    stream.addresses = evil_addresses(scene.strength.of(30, 12, 6), Sort::Home, draw);
    stream.clients = vec![client];
    stream.statuses = vec![(401, 1.0)];
    let cast = Cast::key(key, &stream.addresses);
    Some(staged(scene, cast, vec![stream], "401s for one key from many addresses"))
}

fn probing(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| key.role.name != "admin" && key.level < 6000.0)?;
    let key = people.keys.get(number)?;
    let total = scene.strength.of(260.0, 80.0, 22.0) * draw.between(0.8, 1.4);
    let mut stream = as_key(scene, key, total as u32);
    stream.routes = of_areas(&[Area::Admin]);
    stream.statuses = scene.strength.of([(403, 1.0), (404, 0.0)], [(403, 0.9), (404, 0.1)], [(403, 0.7), (404, 0.3)]).to_vec();
    if scene.strength == Strength::Hard {
        stream.routes.truncate(3);
        stream.routes.extend(key.routes.iter().take(1));
        stream.statuses.push((0, 0.2));
    }
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "403s on routes outside its role"))
}

fn volume(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| 60.0 < key.level && key.level < 6000.0 && key.weekly_hour.is_none())?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let an_hour = key.level / 24.0;
    let times = match scene.card.kind {
        Kind::SlowRamp => scene.strength.of(5.0, 3.0, 1.6),
        Kind::Scraping429 => scene.strength.of(30.0, 14.0, 7.0),
        _ => scene.strength.of(40.0, 18.0, 9.0),
    };
    let total = (an_hour * times * hours).max(scene.strength.of(400.0, 150.0, 70.0)) * draw.between(0.8, 1.3);
    let mut stream = as_key(scene, key, total as u32);
    let note = match scene.card.kind {
        Kind::SlowRamp => {
            stream.pace = Pace::Rising;
            "a little more every day"
        }
        Kind::Scraping429 => {
            stream.objects = Objects::Run(key.objects.0);
            let refused = scene.strength.of(0.5, 0.3, 0.15);
            stream.statuses = vec![(0, 1.0 - refused), (429, refused)];
            "lists walked through, with 429s"
        }
        _ => "many times the usual",
    };
    Some(staged(scene, Cast::key(key, &[]), vec![stream], note))
}

fn silence(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let steady = |key: &Key| key.role.rhythm == super::roles::Rhythm::Flat || key.role.rhythm == super::roles::Rhythm::Shop;
    let least = scene.strength.of(900.0, 350.0, 150.0);
    let number = people.victim(|key| steady(key) && least < key.level && key.always.is_none())?;
    let key = people.keys.get_mut(number)?;
    let left = if draw.chance(0.7) { 0.0 } else { 0.02 };
    key.shifts.push(Shift { from: scene.from, to: scene.to, what: What::Level(left, left) });
    Some(staged(scene, Cast::key(key, &[]), Vec::new(), "a steady key falls silent"))
}

/// Keys that nobody should use: dormant, revoked, expired, or laid out as a trap.
fn idle_key(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let post = match scene.card.kind {
        Kind::DormantRevived => Post::Dormant,
        Kind::RevokedKeyUsed => Post::Revoked,
        Kind::ExpiredKeyUsed => Post::Expired,
        _ => Post::Canary,
    };
    let number = people.take(post, scene.from)?;
    let total = match post {
        Post::Dormant => scene.strength.of(250, 70, 18),
        Post::Canary => draw.whole(1, 5),
        Post::Revoked | Post::Expired | Post::Usual | Post::Failing | Post::Resting => scene.strength.of(60, 15, 2),
    };
    let client = people.pen.client("curl/8.4.0");
    let key = people.keys.get(number)?;
    let mut stream = as_key(scene, key, total as u32);
    let is_forgotten = scene.strength == Strength::Hard && post != Post::Canary && post != Post::Dormant;
    if !is_forgotten {
        stream.addresses = evil_addresses(1, scene.strength.of(Sort::Hosting, Sort::Home, Sort::Cloud), draw);
        stream.clients = vec![client];
    }
    // Whether the gateway still lets such a key in differs from place to place.
    if (post == Post::Revoked || post == Post::Expired) && draw.chance(0.5) {
        stream.statuses = vec![(401, 1.0)];
    }
    let cast = Cast::key(key, if is_forgotten { &[] } else { &stream.addresses });
    Some(staged(scene, cast, vec![stream], "a key that should be at rest"))
}

fn shared(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| !key.role.roaming && 40.0 < key.level && key.level < 4000.0)?;
    let count = scene.strength.of(60, 25, 9);
    let clients: Vec<u16> = {
        let role = people.keys.get(number)?.role;
        (0..4).map(|_| some_client(role, &mut people.pen, draw)).collect()
    };
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let total = (key.level / 24.0 * hours * scene.strength.of(3.0, 1.2, 0.5)).max(count as f64 * 2.5);
    let mut stream = as_key(scene, key, total as u32);
    stream.addresses = evil_addresses(count, Sort::Home, draw);
    stream.clients = clients;
    let cast = Cast::key(key, &stream.addresses);
    Some(staged(scene, cast, vec![stream], "one key in many hands"))
}

fn token_burn(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| key.role.name == "assistant")?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let total = (key.level / 24.0 * hours * scene.strength.of(14.0, 5.0, 2.0)).max(scene.strength.of(300.0, 90.0, 40.0));
    let mut stream = as_key(scene, key, total as u32);
    stream.routes = vec![(routes::first_of(Area::Language), 1.0)];
    stream.size = scene.strength.of(6.0, 4.0, 3.0);
    stream.slowness = scene.strength.of(5.0, 3.5, 2.5);
    if draw.chance(0.5) {
        stream.addresses = evil_addresses(1, Sort::Hosting, draw);
        let cast = Cast::key(key, &stream.addresses);
        return Some(staged(scene, cast, vec![stream], "long answers at another's cost, from elsewhere"));
    }
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "long answers at another's cost"))
}

fn scanning(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let addresses = evil_addresses(1, Sort::Hosting, draw);
    let total = scene.strength.of(1500.0, 400.0, 70.0) * draw.between(0.7, 1.4);
    let stream = Stream {
        callers: vec![Caller::Nobody],
        clients: vec![people.pen.client("Mozilla/5.0 (compatible; dirprobe/0.9)")],
        routes: of_areas(&[Area::Probe]).into_iter().map(|(route, _)| (route, 1.0)).collect(),
        statuses: vec![(404, 0.97), (403, 0.02), (200, 0.01)],
        ..outside(scene, &addresses, total as u32)
    };
    let words = Stream {
        routes: vec![(routes::last_of(Area::Probe), 1.0)],
        callers: vec![Caller::Nobody],
        statuses: vec![(404, 1.0)],
        clients: stream.clients.clone(),
        ..outside(scene, &addresses, (total * 2.0) as u32)
    };
    staged(scene, Cast::addresses(&addresses), vec![stream, words], "one address asks for hundreds of paths")
}

fn unknown_key(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let name = people.new_name(draw);
    let caller = people.pen.name(name.clone());
    let addresses = evil_addresses(1, scene.strength.of(Sort::Hosting, Sort::Home, Sort::Cloud), draw);
    let stream = Stream {
        callers: vec![caller],
        clients: vec![people.pen.client("python-requests/2.31.0")],
        routes: of_areas(&[Area::Parcels, Area::Customers]),
        ..outside(scene, &addresses, scene.strength.of(80, 20, 3))
    };
    let cast = Cast { keys: vec![name], addresses };
    staged(scene, cast, vec![stream], "accepted, but in no inventory")
}

fn automation(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let count = scene.strength.of(110, 60, 28);
    let sort = if draw.chance(0.5) { Sort::Home } else { Sort::Hosting };
    let addresses = evil_addresses(count, sort, draw);
    let route = draw.pick(&routes::of_area(Area::Signup)).unwrap_or(0);
    let stream = Stream {
        callers: vec![Caller::Nobody],
        clients: vec![people.pen.client("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0")],
        routes: vec![(route, 1.0)],
        statuses: vec![(0, 0.85), (422, 0.15)],
        ..outside(scene, &addresses, (count as f64 * draw.between(2.0, 4.5)) as u32)
    };
    staged(scene, Cast::addresses(&addresses), vec![stream], "many addresses, few requests each, one route")
}

fn flood(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let addresses = evil_addresses(scene.strength.of(40, 200, 500), Sort::Home, draw);
    let total = scene.strength.of(8000, 4000, 2000);
    let stream = Stream {
        callers: vec![Caller::Invented(draw.number())],
        clients: vec![people.pen.client("Go-http-client/1.1")],
        routes: of_areas(&[Area::Parcels, Area::Rates]),
        statuses: vec![(401, 1.0)],
        ..outside(scene, &addresses, total)
    };
    let cast = Cast { keys: vec!["*".to_owned()], addresses };
    staged(scene, cast, vec![stream], "thousands of invented keys")
}

fn error_burst(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| 100.0 < key.level && key.always.is_none())?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let mut stream = as_key(scene, key, (key.level / 24.0 * hours * draw.between(2.0, 8.0)).max(60.0) as u32);
    stream.routes.truncate(1);
    stream.statuses = vec![(draw.pick(&[400, 422, 404, 429])?, 1.0)];
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "a broken client tries again and again"))
}

fn backfill(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = people.victim(|key| key.role.name == "batch" && 20.0 < key.level && key.level < 5000.0)?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let mut stream = as_key(scene, key, (key.level / 24.0 * hours * draw.between(8.0, 25.0)).max(300.0) as u32);
    stream.objects = Objects::Run(key.objects.0);
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "the owner loads old data again"))
}
