//! Stages the incidents: chooses times and victims, and writes the script of each kind.

use std::net::IpAddr;

use super::draw::Draw;
use super::hit::Pen;
use super::key::Key;
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
use super::strangers;
use super::theft;
use super::unusual;
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
        Kind::StolenKey => theft::stolen_key(scene, people, draw),
        Kind::ExfilBurst => theft::exfil_burst(scene, people, draw),
        Kind::ExfilDrip => theft::exfil_drip(scene, people, draw),
        Kind::Bola => theft::enumeration(scene, people, draw),
        Kind::CredStuffing => Some(strangers::stuffing(scene, people, draw)),
        Kind::BruteForce => strangers::brute_force(scene, people, draw),
        Kind::PrivilegeProbing => theft::probing(scene, people, draw),
        Kind::VolumeSpike => unusual::spike(scene, people, draw),
        Kind::SlowRamp => unusual::ramp(scene, people, draw),
        Kind::Scraping429 => unusual::scraping(scene, people, draw),
        Kind::SilentKey => unusual::silence(scene, people, draw),
        Kind::DormantRevived => unusual::idle_key(scene, Post::Dormant, people, draw),
        Kind::RevokedKeyUsed => unusual::idle_key(scene, Post::Revoked, people, draw),
        Kind::ExpiredKeyUsed => unusual::idle_key(scene, Post::Expired, people, draw),
        Kind::CanaryTouched => unusual::idle_key(scene, Post::Canary, people, draw),
        Kind::SharedKey => theft::shared(scene, people, draw),
        Kind::TokenBurn => theft::token_burn(scene, people, draw),
        Kind::Scanning404 => Some(strangers::scanning(scene, people, draw)),
        Kind::UnknownKeyAccepted => Some(strangers::unknown_key(scene, people, draw)),
        Kind::DistributedAutomation => Some(strangers::automation(scene, people, draw)),
        Kind::KeyFlood => Some(strangers::flood(scene, people, draw)),
        Kind::ErrorBurst => unusual::error_burst(scene, people, draw),
        Kind::Backfill => unusual::backfill(scene, people, draw),
        Kind::Deploy5xx => {
            Some(staged(scene, Cast::fleet(), Vec::new(), "a share of all answers is 503"))
        }
    }
}

/// Who appears in a label.
#[derive(Default)]
pub(super) struct Cast {
    pub(super) keys: Vec<String>,
    pub(super) addresses: Vec<IpAddr>,
}

impl Cast {
    pub(super) fn fleet() -> Self {
        Self { keys: vec!["*".to_owned()], addresses: Vec::new() }
    }

    pub(super) fn key(key: &Key, addresses: &[IpAddr]) -> Self {
        Self { keys: vec![key.name.clone()], addresses: addresses.to_vec() }
    }

    pub(super) fn addresses(addresses: &[IpAddr]) -> Self {
        Self { keys: Vec::new(), addresses: addresses.to_vec() }
    }
}

pub(super) fn staged(scene: Scene<'_>, cast: Cast, streams: Vec<Stream>, note: &str) -> Staged {
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

/// A key to which it can happen, and that is in use at that time.
pub(super) fn victim(
    scene: Scene<'_>,
    people: &mut People,
    fits: impl Fn(&Key) -> bool,
) -> Option<usize> {
    let in_use = |key: &Key| key.is_in_use(scene.from) && key.is_in_use(scene.to);
    people.victim(|key| in_use(key) && fits(key))
}

/// The key's own way of working, from elsewhere.
pub(super) fn as_key(scene: Scene<'_>, key: &Key, total: u32) -> Stream {
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

/// What attackers work with; honest people use some of it as well.
pub(super) fn evil_client(pen: &mut Pen, draw: &mut Draw) -> u16 {
    let families = [
        "curl/8.",
        "curl/7.",
        "python-requests/2.",
        "python-httpx/0.",
        "Go-http-client/1.",
        "axios/1.",
        "okhttp/4.",
        "node-fetch/3.",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/1",
    ];
    let family = draw.pick(&families).unwrap_or("curl/8.");
    pen.client(&format!("{family}{}.{}", draw.whole(0, 36), draw.whole(0, 4)))
}

pub(super) fn of_areas(areas: &[Area]) -> Vec<(u16, f64)> {
    areas.iter().flat_map(|area| routes::of_area(*area)).map(|route| (route, 1.0)).collect()
}

pub(super) fn evil_addresses(count: usize, sort: Sort, draw: &mut Draw) -> Vec<IpAddr> {
    (0..count).map(|_| places::address(places::any_of(sort, draw), draw)).collect()
}
