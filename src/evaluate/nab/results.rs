//! The benchmark's own files: a row for each value, and a row for each series.

use std::fmt::Write as _;

use super::{LabelledSeries, Marks, Outcome, PROFILES, Profile};
use crate::evaluate::nab::rules::Place;

/// `NAME/folder/NAME_file.csv`.
pub fn series_csv(series: &LabelledSeries, scores: &[(usize, f64)]) -> String {
    let marks = Marks::of(series);
    let names = PROFILES.map(|profile| format!("S(t)_{}", profile.name));
    let mut text = format!("timestamp,value,anomaly_score,label,{}\n", names.join(","));
    let mut scores = scores.iter().peekable();
    let rows = series.stamps.iter().zip(&series.values).zip(&marks.rows).enumerate();
    for (row, ((stamp, value), mark)) in rows {
        let score = scores.next_if(|(of, _)| *of == row).map_or(0.0, |(_, score)| *score);
        let is_inside = series.windows.iter().any(|(first, last)| (*first..=*last).contains(&row));
        let [a, b, c] = PROFILES.map(|profile| mark.weighted(profile));
        let label = u8::from(is_inside);
        let score = anomaly_score(score);
        write_row(&mut text, format_args!("{stamp},{value:?},{score:.9},{label},{a},{b},{c}"));
    }
    text
}

/// `NAME/NAME_PROFILE_scores.csv`.
pub fn scores_csv(
    detector: &str,
    (series, outcome): (&[LabelledSeries], &Outcome),
    (number, profile): (usize, Profile),
) -> String {
    let mut text = "Detector,Profile,File,Threshold,Score,TP,TN,FP,FN,Total_Count\n".to_owned();
    let threshold = outcome.tuned.get(number).map_or(f64::INFINITY, |tuned| tuned.threshold);
    let (mut total, mut totals) = (0.0, [0; 5]);
    for (series, scores) in series.iter().zip(&outcome.scores) {
        let marks = Marks::of(series);
        let alarms: Vec<usize> =
            scores.iter().filter(|(_, score)| threshold <= *score).map(|(row, _)| *row).collect();
        let score = marks.score(alarms.iter().copied(), profile);
        let counts = counts(&marks, &alarms);
        let name = &series.name;
        let said = anomaly_score(threshold);
        let [tp, tn, fp, fn_, all] = counts;
        write_row(
            &mut text,
            format_args!(
                "{detector},{},{name},{said:.9},{score},{tp},{tn},{fp},{fn_},{all}",
                profile.name
            ),
        );
        total += score;
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    let [tp, tn, fp, fn_, all] = totals;
    write_row(&mut text, format_args!("Totals,,,,{total},{tp},{tn},{fp},{fn_},{all}"));
    text
}

/// The benchmark wants scores from 0 to 1; ours have no end.
fn anomaly_score(score: f64) -> f64 {
    if score.is_finite() { score / (score + HALF) } else { 1.0 }
}

/// What becomes one half.
const HALF: f64 = 3.0;

/// Right and wrong alarms and silences by row, without those that teach; and all rows.
fn counts(marks: &Marks, alarms: &[usize]) -> [usize; 5] {
    let (mut inside, mut outside) = (0, 0);
    let (mut right, mut wrong) = (0, 0);
    for (row, mark) in marks.rows.iter().enumerate() {
        let alarm = usize::from(alarms.binary_search(&row).is_ok());
        match mark.place {
            Place::Probation => (),
            Place::Outside => (outside, wrong) = (outside + 1, wrong + alarm),
            Place::Window(_) => (inside, right) = (inside + 1, right + alarm),
        }
    }
    [right, outside - wrong, wrong, inside - right, marks.rows.len()]
}

fn write_row(text: &mut String, row: std::fmt::Arguments<'_>) {
    writeln!(text, "{row}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::nab::read_series;

    #[test]
    fn a_row_says_its_score_and_whether_it_is_in_a_window() {
        let text = "timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,2.5\n";
        let window = ("2014-04-01 00:00:00".to_owned(), "2014-04-01 00:05:00".to_owned());
        let series = read_series("a/b.csv", text, &[window]).unwrap();
        let csv = series_csv(&series, &[(1, 3.0)]);
        let rows: Vec<&str> = csv.lines().collect();
        assert!(rows[0].starts_with("timestamp,value,anomaly_score,label,S(t)_standard,"));
        assert!(rows[1].starts_with("2014-04-01 00:00:00,1.0,0.000000000,1,1,"), "{}", rows[1]);
        assert!(rows[2].starts_with("2014-04-01 00:05:00,2.5,0.500000000,1,0.85"), "{}", rows[2]);
    }
}
