//! Staged misuse of somebody's key: stolen, shared, or turned against the service by its owner.

use super::draw::Draw;
use super::key::DAY;
use super::key::HOUR;
use super::key::Key;
use super::key::some_client;
use super::kinds::Strength;
use super::law::Law;
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
use super::staged::Staged;

pub(super) fn stolen_key(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = victim(scene, people, |key| !key.role.roaming && 15.0 < key.level)?;
    let key = people.keys.get(number)?;
    let total =
        scene.strength.of(draw.whole(150, 500), draw.whole(45, 120), draw.whole(18, 26)) as u32;
    let mut stream = as_key(scene, key, total);
    let sort = scene.strength.of(Sort::Hosting, Sort::Home, draw.pick(key.role.homes)?);
    stream.addresses = evil_addresses(1, sort, draw);
    if scene.strength != Strength::Hard {
        stream.clients = vec![evil_client(&mut people.pen, draw)];
    }
    if scene.strength == Strength::Easy {
        stream.routes.extend(of_areas(&[Area::Customers, Area::Export]));
        stream.objects = Objects::Wild;
        stream.statuses = vec![(0, 0.8), (403, 0.12), (404, 0.08)];
    }
    let cast = Cast::key(key, &stream.addresses);
    let note = scene.strength.of(
        "new network, new client, wider routes",
        "new network, new client",
        "almost right",
    );
    Some(staged(scene, cast, vec![stream], note))
}

pub(super) fn exfil_burst(
    scene: Scene<'_>,
    people: &mut People,
    draw: &mut Draw,
) -> Option<Staged> {
    let total = scene.strength.of(900.0, 300.0, 90.0) * draw.between(0.8, 1.4);
    let size = scene.strength.of(3.0, 1.5, 1.0);
    let number = holder_of_data(scene, people)?;
    let key = people.keys.get(number)?;
    Some(exfiltration((scene, "large answers in a short time"), key, (total, size), draw))
}

pub(super) fn exfil_drip(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = holder_of_data(scene, people)?;
    let key = people.keys.get(number)?;
    let days = (scene.to - scene.from) as f64 / DAY as f64;
    let a_day = (key.level * scene.strength.of(0.6, 0.3, 0.15)).clamp(10.0, 300.0);
    let size = scene.strength.of(3.0, 2.0, 1.3);
    let note = "large answers, a few an hour, for days";
    Some(exfiltration((scene, note), key, (a_day * days, size), draw))
}

fn holder_of_data(scene: Scene<'_>, people: &mut People) -> Option<usize> {
    victim(scene, people, |key| {
        20.0 < key.level && key.relative < 4.0 && key.role.name != "webhook"
    })
}

fn exfiltration(
    (scene, note): (Scene<'_>, &str),
    key: &Key,
    (total, size): (f64, f64),
    draw: &mut Draw,
) -> Staged {
    let mut stream = as_key(scene, key, total as u32);
    stream.routes = of_areas(&[Area::Export, Area::Customers]);
    stream.size = size;
    stream.slowness = size;
    if scene.strength != Strength::Easy {
        return staged(scene, Cast::key(key, &[]), vec![stream], note);
    }
    stream.addresses = evil_addresses(1, Sort::Hosting, draw);
    stream.objects = Objects::Wild;
    let cast = Cast::key(key, &stream.addresses);
    staged(scene, cast, vec![stream], note)
}

pub(super) fn enumeration(
    scene: Scene<'_>,
    people: &mut People,
    draw: &mut Draw,
) -> Option<Staged> {
    let number =
        victim(scene, people, |key| !key.iterates && 20.0 < key.level && key.relative < 5.0)?;
    let key = people.keys.get(number)?;
    let total = scene.strength.of(2500.0, 700.0, 160.0) * draw.between(0.7, 1.5);
    let mut stream = as_key(scene, key, total as u32);
    stream.routes.retain(|(route, _)| routes::has_object(*route));
    if stream.routes.is_empty() || scene.strength == Strength::Easy {
        stream.routes = vec![(routes::first_of(Area::Customers), 1.0)];
    }
    stream.routes.truncate(1);
    // Some draw the ids by lot.
    stream.objects = if key.law == Law::Sessions {
        Objects::Run(draw.number() % 90_000_000)
    } else {
        Objects::Wild
    };
    let refused = scene.strength.of(0.5, 0.2, 0.04);
    stream.statuses = vec![(0, 1.0 - refused), (404, refused * 0.7), (403, refused * 0.3)];
    Some(staged(
        scene,
        Cast::key(key, &[]),
        vec![stream],
        "ids that are not its own, in sequence or by lot",
    ))
}

pub(super) fn probing(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = victim(scene, people, |key| key.role.name != "admin" && key.relative < 6.0)?;
    let key = people.keys.get(number)?;
    let total = scene.strength.of(260.0, 80.0, 22.0) * draw.between(0.8, 1.4);
    let mut stream = as_key(scene, key, total as u32);
    stream.routes = of_areas(&[Area::Admin]);
    stream.statuses = scene
        .strength
        .of([(403, 1.0), (404, 0.0)], [(403, 0.9), (404, 0.1)], [(403, 0.7), (404, 0.3)])
        .to_vec();
    if scene.strength == Strength::Hard {
        stream.routes.truncate(3);
        stream.routes.extend(key.routes.iter().take(1));
        stream.statuses.push((0, 0.2));
    }
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "403s on routes outside its role"))
}

pub(super) fn shared(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number =
        victim(scene, people, |key| !key.role.roaming && 40.0 < key.level && key.relative < 4.0)?;
    let count = scene.strength.of(60, 25, 9);
    let clients: Vec<u16> = {
        let role = people.keys.get(number)?.role;
        (0..4).map(|_| some_client(role, &mut people.pen, draw)).collect()
    };
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let total =
        (key.level / 24.0 * hours * scene.strength.of(3.0, 1.2, 0.5)).max(count as f64 * 2.5);
    let mut stream = as_key(scene, key, total as u32);
    stream.addresses = evil_addresses(count, Sort::Home, draw);
    stream.clients = clients;
    let cast = Cast::key(key, &stream.addresses);
    Some(staged(scene, cast, vec![stream], "one key in many hands"))
}

pub(super) fn token_burn(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = victim(scene, people, |key| key.role.name == "assistant")?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let total = (key.level / 24.0 * hours * scene.strength.of(14.0, 5.0, 2.0))
        .max(scene.strength.of(300.0, 90.0, 40.0));
    let mut stream = as_key(scene, key, total as u32);
    stream.routes = vec![(routes::first_of(Area::Language), 1.0)];
    stream.size = scene.strength.of(6.0, 4.0, 3.0);
    stream.slowness = scene.strength.of(5.0, 3.5, 2.5);
    if draw.chance(0.5) {
        stream.addresses = evil_addresses(1, Sort::Hosting, draw);
        let cast = Cast::key(key, &stream.addresses);
        return Some(staged(
            scene,
            cast,
            vec![stream],
            "long answers at another's cost, from elsewhere",
        ));
    }
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "long answers at another's cost"))
}
