//! Constants and threshold from labelled series: from all of them, and from four fifths for the
//! last fifth.

use std::collections::BTreeMap;

use super::rules::{JudgedSeries, steady_score};
use super::{LabelledSeries, Marks, PROFILES, Profile, best_threshold};
use crate::baseline::Series;
use crate::baseline::series::Constants;

/// What came of the corpus.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The constants of the program, which were tuned on all series, and what they give in each.
    pub constants: Constants,
    pub scores: Vec<RowScores>,
    /// In the order of [`PROFILES`].
    pub tuned: [Tuned; 3],
    /// Normalised scores where constants and threshold come from the other folds.
    pub folds: [f64; 3],
    /// The same where they come from the other folders.
    pub folders: [f64; 3],
    pub windows: usize,
}

/// A threshold, and the normalised score with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuned {
    pub threshold: f64,
    pub score: f64,
}

/// The rows of a series that have a score, with it.
pub(super) type RowScores = Vec<(usize, f64)>;

/// One dial of the constants, and how far it can be turned.
type Dial = (fn(&mut Constants) -> &mut f64, f64, f64);

const DIALS: [Dial; 16] = [
    (|it| &mut it.level_rate, 0.0002, 0.02),
    (|it| &mut it.season_rate, 0.005, 0.08),
    (|it| &mut it.lift_rate, 0.003, 0.2),
    (|it| &mut it.spread_rate, 0.0005, 0.03),
    (|it| &mut it.window, 3.0, 48.0),
    (|it| &mut it.tail_share, 0.003, 0.1),
    (|it| &mut it.level_worth, 0.1, 1.5),
    (|it| &mut it.season_worth, 0.1, 1.5),
    (|it| &mut it.jump_worth, 0.1, 1.5),
    (|it| &mut it.mean_worth, 0.1, 1.5),
    (|it| &mut it.spread_worth, 0.1, 1.5),
    (|it| &mut it.odd_share, 0.1, 1.0),
    (|it| &mut it.next_share, 0.05, 1.0),
    (|it| &mut it.told_values, 20.0, 600.0),
    (|it| &mut it.news_min, 0.05, 3.0),
    (|it| &mut it.honest_tests, 50.0, 1500.0),
];
/// Where every search begins: a first guess, made before any series was looked at.
const START: Constants = Constants {
    level_rate: 0.002,
    season_rate: 0.025,
    lift_rate: 0.03,
    spread_rate: 0.003,
    window: 12.0,
    tail_share: 0.02,
    honest_tests: 400.0,
    level_worth: 1.0,
    season_worth: 1.0,
    jump_worth: 1.0,
    mean_worth: 1.0,
    spread_worth: 0.7,
    odd_share: 0.5,
    next_share: 0.3,
    told_values: 150.0,
    news_min: 0.5,
};
/// Every dial is turned by so much up or down, and again by less.
const TURNS: [f64; 2] = [2.0, 1.4];
/// A turn has to be worth so much: less is luck with these series.
const GAIN_MIN: f64 = 1.5;
const FOLDS: usize = 5;

/// Scores of one series with these constants.
fn judged(series: &LabelledSeries, constants: Constants) -> RowScores {
    let mut model = Series::new(constants);
    let steps = series.times.iter().zip(&series.values).enumerate();
    let scores = steps.map(|(row, (&at, &value))| (row, model.step(at, value)));
    scores.filter(|(_, score)| 0.0 < *score).collect()
}

/// Tunes on all, and on all but one fold for each. `tell` hears of every step.
pub fn outcome(series: &[LabelledSeries], tell: impl FnMut()) -> Outcome {
    let mut bench = Bench::new(series, tell);
    let fold_of: Vec<usize> = (0..series.len()).map(|index| index % FOLDS).collect();
    let mut folders: Vec<&str> = series.iter().map(folder).collect();
    folders.dedup();
    let place = |of: &LabelledSeries| folders.iter().position(|it| *it == folder(of));
    let folder_of: Vec<usize> = series.iter().filter_map(place).collect();
    let folds = bench.across(&fold_of);
    let by_folder = bench.across(&folder_of);
    let all: Vec<usize> = (0..series.len()).collect();
    let constants = Constants::default();
    let tuned = PROFILES.map(|profile| {
        let best = best_threshold(&bench.judged(&all, constants), profile);
        Tuned { threshold: best.least, score: profile.normalised(best.score, bench.windows(&all)) }
    });
    let scores = bench.scores(constants).clone();
    let windows = bench.windows(&all);
    Outcome { constants, scores, tuned, folds, folders: by_folder, windows }
}

fn folder(series: &LabelledSeries) -> &str {
    series.name.split('/').next().unwrap_or_default()
}

/// Series, and what was found out of them so far.
struct Bench<'a, T> {
    series: &'a [LabelledSeries],
    marks: Vec<Marks>,
    known: BTreeMap<[u64; DIALS.len()], Vec<RowScores>>,
    tell: T,
}

impl<'a, T: FnMut()> Bench<'a, T> {
    fn new(series: &'a [LabelledSeries], tell: T) -> Self {
        let marks = series.iter().map(Marks::of).collect();
        Self { series, marks, known: BTreeMap::new(), tell }
    }

    /// Normalised scores of all series, each with what is best for those of other groups.
    fn across(&mut self, group_of: &[usize]) -> [f64; 3] {
        let groups = group_of.iter().max().map_or(0, |last| last + 1);
        let mut sums = [0.0; 3];
        for group in 0..groups {
            let of = |wanted: bool| -> Vec<usize> {
                let all = group_of.iter().enumerate();
                all.filter(|(_, it)| (**it == group) == wanted).map(|(index, _)| index).collect()
            };
            let (held_back, others) = (of(true), of(false));
            let constants = self.tune(&others);
            for (sum, profile) in sums.iter_mut().zip(PROFILES) {
                let threshold = best_threshold(&self.judged(&others, constants), profile).least;
                *sum += self.score((&held_back, constants), (threshold, profile));
            }
        }
        let windows = self.marks.iter().map(|marks| marks.windows).sum();
        let mut sums = sums.into_iter().zip(PROFILES);
        std::array::from_fn(|_| {
            sums.next().map_or(0.0, |(sum, profile)| profile.normalised(sum, windows))
        })
    }

    /// The constants that are best for some of the series: dial by dial from the defaults.
    fn tune(&mut self, of: &[usize]) -> Constants {
        let mut best = START;
        let mut best_score = self.steady(of, best);
        for turn in TURNS {
            for (dial, least, most) in DIALS {
                for factor in [turn, 1.0 / turn] {
                    let mut tried = best;
                    *dial(&mut tried) = (*dial(&mut tried) * factor).clamp(least, most);
                    let score = self.steady(of, tried);
                    if best_score + GAIN_MIN < score {
                        (best, best_score) = (tried, score);
                        break;
                    }
                }
            }
        }
        best
    }

    fn steady(&mut self, of: &[usize], constants: Constants) -> f64 {
        let [standard, ..] = PROFILES;
        steady_score(&self.judged(of, constants), standard)
    }

    fn score(
        &mut self,
        (of, constants): (&[usize], Constants),
        (threshold, profile): (f64, Profile),
    ) -> f64 {
        let alarms = |scores: &[(usize, f64)]| -> Vec<usize> {
            scores.iter().filter(|(_, score)| threshold <= *score).map(|(row, _)| *row).collect()
        };
        let judged = self.judged(of, constants);
        judged.iter().map(|(marks, it)| marks.score(alarms(it).into_iter(), profile)).sum()
    }

    fn judged(&mut self, of: &[usize], constants: Constants) -> Vec<JudgedSeries<'_>> {
        self.scores(constants);
        let scores = self.known.get(&bits(constants)).map_or(&[][..], Vec::as_slice);
        let of =
            of.iter().filter_map(|&it| Some((self.marks.get(it)?, scores.get(it)?.as_slice())));
        of.collect()
    }

    fn scores(&mut self, constants: Constants) -> &Vec<RowScores> {
        let (series, tell) = (self.series, &mut self.tell);
        self.known.entry(bits(constants)).or_insert_with(|| {
            tell();
            series.iter().map(|series| judged(series, constants)).collect()
        })
    }

    fn windows(&self, of: &[usize]) -> usize {
        of.iter().filter_map(|&it| self.marks.get(it)).map(|marks| marks.windows).sum()
    }
}

fn bits(mut constants: Constants) -> [u64; DIALS.len()] {
    DIALS.map(|(dial, ..)| dial(&mut constants).to_bits())
}
