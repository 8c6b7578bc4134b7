//! Which incidents are staged: how many of each kind, how hard, and when.

use super::draw::Draw;
use super::draw::dice;
use super::key::DAY;
use super::key::HOUR;
use super::kinds::CARDS;
use super::kinds::Card;
use super::kinds::Kind;
use super::kinds::Strength;
use super::options::Options;
use super::options::Staging;
use super::people::People;
use super::stage;
use super::stage::Scene;
use super::staged::Staged;

const MINUTE: i64 = HOUR / 60;

/// What a showcase stages: the minute after its start, and for how many minutes. Something
/// is to be seen at once, and then every now and then.
const SHOWCASE: [(Kind, i64, i64); 14] = [
    (Kind::RevokedKeyUsed, 3, 30),
    (Kind::Scanning404, 8, 25),
    (Kind::StolenKey, 12, 70),
    (Kind::CanaryTouched, 24, 8),
    (Kind::CredStuffing, 32, 50),
    (Kind::ExfilBurst, 50, 40),
    (Kind::Bola, 80, 60),
    (Kind::UnknownKeyAccepted, 110, 20),
    (Kind::VolumeSpike, 125, 90),
    (Kind::PrivilegeProbing, 150, 60),
    (Kind::ExpiredKeyUsed, 190, 20),
    (Kind::Scraping429, 210, 90),
    (Kind::DormantRevived, 250, 60),
    (Kind::BruteForce, 300, 45),
];

/// Chooses the scenes and writes them.
pub(super) fn stage_all(options: &Options, people: &mut People) -> Vec<Staged> {
    let mut draw = Draw::of(options.seed, &[dice::STAGE]);
    let cards = match options.staging {
        Staging::Spread => spread(options, &mut draw),
        Staging::Showcase { last_hours } => return showcase(options, last_hours, people),
        Staging::Nothing => Vec::new(),
    };
    let from = options.eval_start().0 + HOUR;
    // With a fixed number of lines the end may come a little early.
    let until = if options.lines.is_some() {
        options.end.0 - (options.end.0 - from) / 16
    } else {
        options.end.0 - HOUR
    };
    let mut staged = Vec::new();
    for (number, (card, strength)) in cards.into_iter().enumerate() {
        let mut draw = Draw::of(options.seed, &[dice::SCENE, number as u64]);
        let (shortest, longest) = (card.minutes.0 * 60_000, card.longest());
        let length = draw.whole(shortest, longest).min((until - from) * 2 / 3);
        let begin = draw.whole(from, until - length);
        let begin = begin - begin.rem_euclid(1000);
        let scene = Scene { card, strength, from: begin, to: begin + length };
        staged.extend(stage::stage(scene, people, &mut draw));
    }
    staged
}

/// One easy scene after the other, at the minutes of [`SHOWCASE`].
fn showcase(options: &Options, last_hours: u32, people: &mut People) -> Vec<Staged> {
    let from = options.end.0 - i64::from(last_hours) * HOUR;
    let scene = |&(kind, begin, length): &(Kind, i64, i64)| {
        let card = CARDS.iter().find(|card| card.kind == kind)?;
        let from = from + begin * MINUTE;
        let to = from + length * MINUTE;
        (to <= options.end.0).then_some(Scene { card, strength: Strength::Easy, from, to })
    };
    let mut staged = Vec::new();
    for (number, scene) in SHOWCASE.iter().filter_map(scene).enumerate() {
        let mut draw = Draw::of(options.seed, &[dice::SCENE, number as u64]);
        staged.extend(stage::stage(scene, people, &mut draw));
    }
    staged
}

/// How many of each kind, for this time and these keys.
fn spread(options: &Options, draw: &mut Draw) -> Vec<(&'static Card, Strength)> {
    let eval_days = options.end.since(options.eval_start()).0 as f64 / DAY as f64;
    let share = eval_days / 20.0 * (options.keys as f64 / 120.0).sqrt();
    let mut cards = Vec::new();
    for card in CARDS {
        let usual = card.usual.get(options.profile.number()).copied().unwrap_or(0);
        let wanted = (f64::from(usual) * share + draw.unit() * 0.999) as u32;
        let first = draw.below(3);
        for number in 0..wanted as usize {
            let strength =
                Strength::ALL.get((first + number) % 3).copied().unwrap_or(Strength::Medium);
            cards.push((card, strength));
        }
    }
    cards
}
