//! Staged attacks by those who have no key of ours: guessing, scanning, flooding, automation.

use std::net::IpAddr;

use super::draw::Draw;
use super::hit::Caller;
use super::people::People;
use super::places::Sort;
use super::routes;
use super::routes::Area;
use super::stage::Cast;
use super::stage::Scene;
use super::stage::as_key;
use super::stage::evil_addresses;
use super::stage::evil_client;
use super::stage::of_areas;
use super::stage::staged;
use super::stage::victim;
use super::staged::Objects;
use super::staged::Pace;
use super::staged::Staged;
use super::staged::Stream;

pub(super) fn stuffing(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let count = scene.strength.of(1, 3, 14);
    let addresses =
        evil_addresses(count, scene.strength.of(Sort::Hosting, Sort::Hosting, Sort::Home), draw);
    let total = scene.strength.of(2200.0, 600.0, 240.0) * draw.between(0.7, 1.5);
    let stream = Stream {
        callers: vec![Caller::Nobody],
        clients: vec![evil_client(&mut people.pen, draw), evil_client(&mut people.pen, draw)],
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
pub(super) fn brute_force(
    scene: Scene<'_>,
    people: &mut People,
    draw: &mut Draw,
) -> Option<Staged> {
    let total = (scene.strength.of(900.0, 250.0, 80.0) * draw.between(0.7, 1.5)) as u32;
    let client = evil_client(&mut people.pen, draw);
    if draw.chance(0.5) {
        let addresses = evil_addresses(1, Sort::Hosting, draw);
        let stream = Stream {
            callers: vec![Caller::Invented(draw.number())],
            clients: vec![client],
            routes: of_areas(&[Area::Parcels]),
            statuses: vec![(401, 1.0)],
            ..outside(scene, &addresses, total)
        };
        return Some(staged(
            scene,
            Cast::addresses(&addresses),
            vec![stream],
            "one address guesses keys",
        ));
    }
    let number = victim(scene, people, |key| key.always.is_none() && key.relative < 3.0)?;
    let key = people.keys.get(number)?;
    let mut stream = as_key(scene, key, total);
    stream.addresses = evil_addresses(scene.strength.of(30, 12, 6), Sort::Home, draw);
    stream.clients = vec![client];
    stream.statuses = vec![(401, 1.0)];
    let cast = Cast::key(key, &stream.addresses);
    Some(staged(scene, cast, vec![stream], "401s for one key from many addresses"))
}

pub(super) fn scanning(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let addresses = evil_addresses(1, Sort::Hosting, draw);
    let total = scene.strength.of(1500.0, 400.0, 70.0) * draw.between(0.7, 1.4);
    let stream = Stream {
        callers: vec![Caller::Nobody],
        clients: vec![evil_client(&mut people.pen, draw)],
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
    staged(
        scene,
        Cast::addresses(&addresses),
        vec![stream, words],
        "one address asks for hundreds of paths",
    )
}

pub(super) fn unknown_key(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let name = people.new_name(draw);
    let caller = people.pen.name(name.clone());
    let addresses =
        evil_addresses(1, scene.strength.of(Sort::Hosting, Sort::Home, Sort::Cloud), draw);
    let stream = Stream {
        callers: vec![caller],
        clients: vec![evil_client(&mut people.pen, draw)],
        routes: of_areas(&[Area::Parcels, Area::Customers]),
        ..outside(scene, &addresses, scene.strength.of(80, 20, 3))
    };
    let cast = Cast { keys: vec![name], addresses };
    staged(scene, cast, vec![stream], "accepted, but in no inventory")
}

pub(super) fn automation(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let count = scene.strength.of(110, 60, 28);
    let sort = if draw.chance(0.5) { Sort::Home } else { Sort::Hosting };
    let addresses = evil_addresses(count, sort, draw);
    let route = draw.pick(&routes::of_area(Area::Signup)).unwrap_or(0);
    let stream = Stream {
        callers: vec![Caller::Nobody],
        clients: vec![evil_client(&mut people.pen, draw)],
        routes: vec![(route, 1.0)],
        statuses: vec![(0, 0.85), (422, 0.15)],
        ..outside(scene, &addresses, (count as f64 * draw.between(2.0, 4.5)) as u32)
    };
    staged(
        scene,
        Cast::addresses(&addresses),
        vec![stream],
        "many addresses, few requests each, one route",
    )
}

pub(super) fn flood(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Staged {
    let addresses = evil_addresses(scene.strength.of(40, 200, 500), Sort::Home, draw);
    let total = scene.strength.of(8000, 4000, 2000);
    let stream = Stream {
        callers: vec![Caller::Invented(draw.number())],
        clients: vec![evil_client(&mut people.pen, draw)],
        routes: of_areas(&[Area::Parcels, Area::Rates]),
        statuses: vec![(401, 1.0)],
        ..outside(scene, &addresses, total)
    };
    let cast = Cast { keys: vec!["*".to_owned()], addresses };
    staged(scene, cast, vec![stream], "thousands of invented keys")
}
