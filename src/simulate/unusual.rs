//! Staged departures from the usual: too much, too little, errors, and keys that should be at rest.

use super::draw::Draw;
use super::key::HOUR;
use super::key::Key;
use super::key::Shift;
use super::key::What;
use super::kinds::Kind;
use super::kinds::Strength;
use super::people::People;
use super::people::Post;
use super::places::Sort;
use super::roles::Rhythm;
use super::stage::Cast;
use super::stage::Scene;
use super::stage::as_key;
use super::stage::evil_addresses;
use super::stage::staged;
use super::staged::Objects;
use super::staged::Pace;
use super::staged::Staged;

pub(super) fn volume(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number =
        people.victim(|key| 60.0 < key.level && key.level < 6000.0 && key.weekly_hour.is_none())?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let an_hour = key.level / 24.0;
    let times = match scene.card.kind {
        Kind::SlowRamp => scene.strength.of(5.0, 3.0, 1.6),
        Kind::Scraping429 => scene.strength.of(30.0, 14.0, 7.0),
        _ => scene.strength.of(40.0, 18.0, 9.0),
    };
    let total = (an_hour * times * hours).max(scene.strength.of(400.0, 150.0, 70.0))
        * draw.between(0.8, 1.3);
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

pub(super) fn silence(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let steady = |key: &Key| key.role.rhythm == Rhythm::Flat || key.role.rhythm == Rhythm::Shop;
    let least = scene.strength.of(900.0, 350.0, 150.0);
    let number = people.victim(|key| steady(key) && least < key.level && key.always.is_none())?;
    let key = people.keys.get_mut(number)?;
    let left = if draw.chance(0.7) { 0.0 } else { 0.02 };
    key.shifts.push(Shift { from: scene.from, to: scene.to, what: What::Level(left, left) });
    Some(staged(scene, Cast::key(key, &[]), Vec::new(), "a steady key falls silent"))
}

/// Keys that nobody should use: dormant, revoked, expired, or laid out as a trap.
pub(super) fn idle_key(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
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
        Post::Revoked | Post::Expired | Post::Usual | Post::Failing | Post::Resting => {
            scene.strength.of(60, 15, 2)
        }
    };
    let client = people.pen.client("curl/8.4.0");
    let key = people.keys.get(number)?;
    let mut stream = as_key(scene, key, total as u32);
    let is_forgotten =
        scene.strength == Strength::Hard && post != Post::Canary && post != Post::Dormant;
    if !is_forgotten {
        stream.addresses =
            evil_addresses(1, scene.strength.of(Sort::Hosting, Sort::Home, Sort::Cloud), draw);
        stream.clients = vec![client];
    }
    // Whether the gateway still lets such a key in differs from place to place.
    if (post == Post::Revoked || post == Post::Expired) && draw.chance(0.5) {
        stream.statuses = vec![(401, 1.0)];
    }
    let cast = Cast::key(key, if is_forgotten { &[] } else { &stream.addresses });
    Some(staged(scene, cast, vec![stream], "a key that should be at rest"))
}

pub(super) fn error_burst(
    scene: Scene<'_>,
    people: &mut People,
    draw: &mut Draw,
) -> Option<Staged> {
    let number = people.victim(|key| 100.0 < key.level && key.always.is_none())?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let mut stream =
        as_key(scene, key, (key.level / 24.0 * hours * draw.between(2.0, 8.0)).max(60.0) as u32);
    stream.routes.truncate(1);
    stream.statuses = vec![(draw.pick(&[400, 422, 404, 429])?, 1.0)];
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "a broken client tries again and again"))
}

pub(super) fn backfill(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number =
        people.victim(|key| key.role.name == "batch" && 20.0 < key.level && key.level < 5000.0)?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let mut stream =
        as_key(scene, key, (key.level / 24.0 * hours * draw.between(8.0, 25.0)).max(300.0) as u32);
    stream.objects = Objects::Run(key.objects.0);
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "the owner loads old data again"))
}
