//! Staged departures from the usual: too much, too little, errors, and keys that should be at rest.

use super::draw::Draw;
use super::key::HOUR;
use super::key::Key;
use super::key::Shift;
use super::key::What;
use super::kinds::Strength;
use super::people::People;
use super::people::Post;
use super::places::Sort;
use super::roles::Rhythm;
use super::stage::Cast;
use super::stage::Scene;
use super::stage::as_key;
use super::stage::evil_addresses;
use super::stage::evil_client;
use super::stage::staged;
use super::stage::victim;
use super::staged::Objects;
use super::staged::Pace;
use super::staged::Staged;
use super::staged::Stream;

pub(super) fn spike(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let stream = many_times(scene, scene.strength.of(40.0, 18.0, 9.0), people, draw)?;
    Some(by_owner(scene, stream, people, "many times the usual"))
}

pub(super) fn ramp(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let mut stream = many_times(scene, scene.strength.of(5.0, 3.0, 1.6), people, draw)?;
    stream.pace = Pace::Rising;
    Some(by_owner(scene, stream, people, "a little more every day"))
}

pub(super) fn scraping(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let mut stream = many_times(scene, scene.strength.of(30.0, 14.0, 7.0), people, draw)?;
    if let Objects::Among(first, _) = stream.objects {
        stream.objects = Objects::Run(first);
    }
    let refused = scene.strength.of(0.5, 0.3, 0.15);
    stream.statuses = vec![(0, 1.0 - refused), (429, refused)];
    Some(by_owner(scene, stream, people, "lists walked through, with 429s"))
}

/// The work of some key, so many times as much.
fn many_times(
    scene: Scene<'_>,
    times: f64,
    people: &mut People,
    draw: &mut Draw,
) -> Option<Stream> {
    let number = victim(scene, people, |key| {
        60.0 < key.level && key.relative < 6.0 && key.weekly_hour.is_none()
    })?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let least = scene.strength.of(400.0, 150.0, 70.0);
    let total = (key.level / 24.0 * times * hours).max(least) * draw.between(0.8, 1.3);
    Some(as_key(scene, key, total as u32))
}

fn by_owner(scene: Scene<'_>, stream: Stream, people: &People, note: &str) -> Staged {
    let caller = stream.callers.first();
    let key = people.keys.iter().find(|key| Some(&key.caller) == caller);
    let cast = key.map(|key| Cast::key(key, &[])).unwrap_or_default();
    staged(scene, cast, vec![stream], note)
}

pub(super) fn silence(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let steady = |key: &Key| key.role.rhythm == Rhythm::Flat || key.role.rhythm == Rhythm::Shop;
    let least = scene.strength.of(900.0, 350.0, 150.0);
    let number =
        victim(scene, people, |key| steady(key) && least < key.level && key.always.is_none())?;
    let key = people.keys.get_mut(number)?;
    let left = if draw.chance(0.7) { 0.0 } else { 0.02 };
    key.shifts.push(Shift { from: scene.from, to: scene.to, what: What::Level(left, left) });
    Some(staged(scene, Cast::key(key, &[]), Vec::new(), "a steady key falls silent"))
}

/// Keys that nobody should use: dormant, revoked, expired, or laid out as a trap.
pub(super) fn idle_key(
    scene: Scene<'_>,
    post: Post,
    people: &mut People,
    draw: &mut Draw,
) -> Option<Staged> {
    let number = people.take(post)?;
    let scene = after_its_end(scene, people.keys.get(number)?, post);
    let total = match post {
        Post::Dormant => scene.strength.of(250, 70, 18),
        Post::Canary => draw.whole(1, 5),
        Post::Revoked | Post::Expired | Post::Usual | Post::Failing | Post::Resting => {
            scene.strength.of(60, 15, 2)
        }
    };
    let client = evil_client(&mut people.pen, draw);
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
    let number = victim(scene, people, |key| 100.0 < key.level && key.always.is_none())?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let mut stream =
        as_key(scene, key, (key.level / 24.0 * hours * draw.between(2.0, 8.0)).max(60.0) as u32);
    stream.routes.truncate(1);
    stream.statuses = vec![(draw.pick(&[400, 422, 404, 429])?, 1.0)];
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "a broken client tries again and again"))
}

pub(super) fn backfill(scene: Scene<'_>, people: &mut People, draw: &mut Draw) -> Option<Staged> {
    let number = victim(scene, people, |key| {
        key.role.name == "batch" && 20.0 < key.level && key.relative < 5.0
    })?;
    let key = people.keys.get(number)?;
    let hours = (scene.to - scene.from) as f64 / HOUR as f64;
    let mut stream =
        as_key(scene, key, (key.level / 24.0 * hours * draw.between(8.0, 25.0)).max(300.0) as u32);
    stream.objects = Objects::Run(key.objects.0);
    Some(staged(scene, Cast::key(key, &[]), vec![stream], "the owner loads old data again"))
}

/// Moved to a time when the key should be at rest already.
fn after_its_end<'a>(scene: Scene<'a>, key: &Key, post: Post) -> Scene<'a> {
    let ended = match post {
        Post::Revoked => key.record.status_since,
        Post::Expired => key.record.expires.unwrap_or(scene.from),
        Post::Usual | Post::Failing | Post::Dormant | Post::Canary | Post::Resting => scene.from,
    };
    let later = (ended + HOUR - scene.from).max(0);
    Scene { from: scene.from + later, to: scene.to + later, ..scene }
}
