//! The benchmark's rules: what an alarm in each row is worth, and the threshold that is best.

use super::LabelledSeries;

/// What is thought of a wrong and of a missing alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    pub name: &'static str,
    /// Off for each row with an alarm far from any window.
    false_alarm: f64,
    /// Off for each window without an alarm.
    missed: f64,
}

/// The benchmark's three.
pub const PROFILES: [Profile; 3] = [
    Profile { name: "standard", false_alarm: 0.11, missed: 1.0 },
    Profile { name: "reward_low_FP_rate", false_alarm: 0.22, missed: 1.0 },
    Profile { name: "reward_low_FN_rate", false_alarm: 0.11, missed: 2.0 },
];

/// The first rows of a series teach and do not count: this share, of so many rows at most.
const PROBATION_SHARE: f64 = 0.15;
const PROBATION_ROWS_MAX: f64 = 5000.0;
/// So many lengths behind a window an alarm is wrong in full.
const FAR: f64 = 3.0;

/// What an alarm in each row of one series is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    pub rows: Vec<Mark>,
    pub windows: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Before weights: 1 at a window's first row, -1 far from any.
    pub worth: f64,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Too early to be judged.
    Probation,
    Outside,
    /// In the window of this number.
    Window(usize),
}

/// A threshold and what it brought, before it is normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    pub least: f64,
    pub score: f64,
}

impl Marks {
    pub fn of(series: &LabelledSeries) -> Self {
        let probation = probation_rows(series.values.len());
        let mut rows = Vec::with_capacity(series.values.len());
        let mut windows = series.windows.iter().enumerate().peekable();
        let mut last: Option<(usize, usize)> = None;
        for row in 0..series.values.len() {
            while let Some((_, &passed)) = windows.next_if(|(_, (_, end))| *end < row) {
                last = Some(passed);
            }
            let inside = windows.peek().filter(|(_, (start, _))| *start <= row);
            let (worth, place) = match inside {
                Some(&(number, &window)) => (worth_inside(row, window), Place::Window(number)),
                None => (last.map_or(-1.0, |last| worth_behind(row, last)), Place::Outside),
            };
            let place = if row < probation { Place::Probation } else { place };
            rows.push(Mark { worth, place });
        }
        Self { rows, windows: series.windows.len() }
    }

    /// What the alarms of a series are worth together: of a window only the best counts.
    pub fn score(&self, alarms: impl Iterator<Item = usize>, profile: Profile) -> f64 {
        let mut of_windows = vec![-profile.missed; self.windows];
        let mut wrong = 0.0;
        for mark in alarms.filter_map(|row| self.rows.get(row)) {
            match mark.place {
                Place::Probation => (),
                Place::Outside => wrong += mark.weighted(profile),
                Place::Window(number) => {
                    if let Some(best) = of_windows.get_mut(number) {
                        *best = best.max(mark.weighted(profile));
                    }
                }
            }
        }
        wrong + of_windows.iter().sum::<f64>()
    }
}

impl Mark {
    pub fn weighted(self, profile: Profile) -> f64 {
        match self.place {
            Place::Probation => 0.0,
            Place::Outside => self.worth * profile.false_alarm,
            Place::Window(_) => self.worth,
        }
    }
}

impl Profile {
    /// 0 for a detector that never says anything, 100 for one that says each window at its
    /// first row and nothing else.
    pub fn normalised(self, score: f64, windows: usize) -> f64 {
        let windows = as_float(windows);
        100.0 * (score + self.missed * windows) / (windows * (1.0 + self.missed))
    }
}

/// One series: what an alarm in each row is worth, and the rows that have a score, with it.
pub(super) type JudgedSeries<'a> = (&'a Marks, &'a [(usize, f64)]);

/// The threshold at which series score best together. Of equals the higher one.
pub fn best_threshold(judged: &[JudgedSeries<'_>], profile: Profile) -> Threshold {
    let missed: f64 =
        judged.iter().map(|(marks, _)| -profile.missed * as_float(marks.windows)).sum();
    let mut best = Threshold { least: NEVER, score: missed };
    at_each_threshold(judged, profile, |least, score| {
        if best.score < score {
            best = Threshold { least, score };
        }
    });
    best
}

/// Like the best threshold, but of each the mean with its neighbours: what is good at a single
/// threshold only is luck. The score alone.
pub(super) fn steady_score(judged: &[JudgedSeries<'_>], profile: Profile) -> f64 {
    let missed: f64 =
        judged.iter().map(|(marks, _)| -profile.missed * as_float(marks.windows)).sum();
    let mut grid = [missed; GRID];
    let mut filled = GRID;
    let mut sum = missed;
    at_each_threshold(judged, profile, |least, score| {
        while 0 < filled && least < step_of(filled - 1) {
            filled -= 1;
            if let Some(step) = grid.get_mut(filled) {
                *step = sum;
            }
        }
        sum = score;
    });
    grid.iter_mut().take(filled).for_each(|step| *step = sum);
    let means = grid
        .windows(KERNEL.len())
        .map(|near| near.iter().zip(KERNEL).map(|(score, share)| score * share).sum::<f64>());
    means.fold(f64::NEG_INFINITY, f64::max)
}

const GRID: usize = 64;
const GRID_STEP: f64 = 0.125;
const KERNEL: [f64; 5] = [1.0 / 9.0, 2.0 / 9.0, 3.0 / 9.0, 2.0 / 9.0, 1.0 / 9.0];

fn step_of(step: usize) -> f64 {
    1.0 + GRID_STEP * as_float(step)
}

/// From the highest threshold down: each, and the score with it.
fn at_each_threshold(
    judged: &[JudgedSeries<'_>],
    profile: Profile,
    mut visit: impl FnMut(f64, f64),
) {
    let mut rows = Vec::new();
    let mut of_windows = Vec::new();
    for (marks, scores) in judged {
        let first = of_windows.len();
        of_windows.resize(first + marks.windows, -profile.missed);
        for &(row, score) in *scores {
            let mark = marks.rows.get(row).filter(|mark| mark.place != Place::Probation);
            rows.extend(mark.map(|mark| (score, first, *mark)));
        }
    }
    rows.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    let mut sum: f64 = of_windows.iter().sum();
    let mut rows = rows.into_iter().peekable();
    while let Some((score, first, mark)) = rows.next() {
        let worth = mark.weighted(profile);
        match mark.place {
            Place::Probation => (),
            Place::Outside => sum += worth,
            Place::Window(number) => {
                if let Some(known) = of_windows.get_mut(first + number) {
                    sum += (worth - *known).max(0.0);
                    *known = known.max(worth);
                }
            }
        }
        if rows.peek().is_none_or(|(next, ..)| *next < score) {
            visit(score, sum);
        }
    }
}

/// No score is as high as this.
const NEVER: f64 = 1e9;

fn worth_inside(row: usize, (start, end): (usize, usize)) -> f64 {
    let length = as_float(end - start + 1);
    let left = as_float(end - row + 1) / length;
    falling(-left) / falling(-1.0)
}

fn worth_behind(row: usize, (start, end): (usize, usize)) -> f64 {
    falling(as_float(row - end) / as_float(end - start))
}

/// From 1 well before a window's end, through 0 at it, to -1 well behind it.
fn falling(lengths: f64) -> f64 {
    if FAR <= lengths { -1.0 } else { 2.0 / (1.0 + (5.0 * lengths).exp()) - 1.0 }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a number of rows is no more than the number"
)]
fn probation_rows(rows: usize) -> usize {
    (PROBATION_SHARE * as_float(rows).min(PROBATION_ROWS_MAX)) as usize
}

#[expect(clippy::cast_precision_loss, reason = "rows stay far below 2^53")]
fn as_float(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: Profile = PROFILES[0];

    /// 200 rows with windows in rows 100 to 119 and 160 to 179; 30 rows teach.
    fn marks() -> Marks {
        Marks::of(&LabelledSeries {
            name: "made/up.csv".to_owned(),
            stamps: Vec::new(),
            times: Vec::new(),
            values: vec![0.0; 200],
            windows: vec![(100, 119), (160, 179)],
        })
    }

    fn score(alarms: &[usize]) -> f64 {
        marks().score(alarms.iter().copied(), STANDARD)
    }

    fn check(alarms: &[usize], expected: f64) {
        let score = score(alarms);
        assert!((score - expected).abs() < 5e-4, "{score}, not {expected}");
    }

    #[test]
    fn silence_is_worth_nothing_and_the_first_row_of_each_window_everything() {
        check(&[], -2.0);
        check(&[100, 160], 2.0);
        assert!((STANDARD.normalised(score(&[]), 2) - 0.0).abs() < 1e-9);
        assert!((STANDARD.normalised(score(&[100, 160]), 2) - 100.0).abs() < 1e-9);
        let [_, _, low_missed] = PROFILES;
        let silent = marks().score(std::iter::empty(), low_missed);
        assert!((silent + 4.0).abs() < 1e-9);
        assert!(low_missed.normalised(silent, 2).abs() < 1e-9);
    }

    #[test]
    fn later_in_a_window_is_worth_less_and_only_the_first_counts() {
        // Half way: 2 / (1 + e^-2.5) - 1, by what the first row is worth.
        check(&[110], 0.8483 / 0.9866 - 1.0);
        check(&[119], 0.1244 / 0.9866 - 1.0);
        check(&[110, 111, 119], 0.8483 / 0.9866 - 1.0);
    }

    #[test]
    fn a_wrong_alarm_costs_more_the_farther_it_is_behind_a_window() {
        check(&[40], -2.0 - 0.11);
        check(&[40, 41], -2.0 - 0.22);
        // One nineteenth of a window behind it, and then two windows.
        check(&[120], -2.0 - 0.11 * 0.1308);
        check(&[157], -2.0 - 0.11 * 0.9999);
    }

    #[test]
    fn what_is_said_while_learning_does_not_count() {
        check(&[0, 29], -2.0);
        check(&[30], -2.0 - 0.11);
    }

    #[test]
    fn the_best_threshold_weighs_what_is_found_against_what_is_wrong() {
        let marks = marks();
        let scores = [(40, 0.5), (50, 2.0), (100, 3.0), (130, 0.4), (160, 0.7)];
        let best = best_threshold(&[(&marks, &scores)], STANDARD);
        assert!((best.least - 0.7).abs() < 1e-9, "{best:?}");
        assert!((best.score - (2.0 - 0.11)).abs() < 1e-3, "{best:?}");
        let none: [(usize, f64); 1] = [(40, 0.9)];
        assert!((best_threshold(&[(&marks, &none)], STANDARD).score + 2.0).abs() < 1e-9);
    }
}
