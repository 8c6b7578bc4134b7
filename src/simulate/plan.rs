//! Which incidents are staged: how many of each kind, how hard, and when.

use super::draw::Draw;
use super::draw::dice;
use super::key::DAY;
use super::key::HOUR;
use super::kinds::CARDS;
use super::kinds::Card;
use super::kinds::Strength;
use super::options::Options;
use super::options::Staging;
use super::people::People;
use super::stage;
use super::stage::Scene;
use super::staged::Staged;

/// Chooses the scenes and writes them.
pub(super) fn stage_all(options: &Options, people: &mut People) -> Vec<Staged> {
    let mut draw = Draw::of(options.seed, &[dice::STAGE]);
    let cards = match options.staging {
        Staging::Spread => spread(options, &mut draw),
        Staging::Showcase { .. } => CARDS
            .iter()
            .filter(|card| !card.is_notable() && card.longest() <= 6 * HOUR)
            .map(|card| (card, Strength::Easy))
            .collect(),
        Staging::Nothing => Vec::new(),
    };
    let from = match options.staging {
        Staging::Showcase { last_hours } => options.end.0 - i64::from(last_hours) * HOUR,
        Staging::Spread | Staging::Nothing => options.eval_start().0 + HOUR,
    };
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
