//! One series of the corpus with its labelled windows, as its files say.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use thiserror::Error;

use crate::model::Timestamp;

/// A series as it is given, and where something was wrong in it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledSeries {
    /// `folder/file.csv`, as the labels call it.
    pub name: String,
    /// As the file writes them.
    pub stamps: Vec<String>,
    pub times: Vec<Timestamp>,
    pub values: Vec<f64>,
    /// First and last row of each.
    pub windows: Vec<(usize, usize)>,
}

#[derive(Debug, Error)]
pub enum NabError {
    #[error("labels/combined_windows.json cannot be read")]
    Labels(#[from] serde_json::Error),
    #[error("{series} cannot be read")]
    Table { series: String, source: csv::Error },
    #[error("{series}, row {row}: {text:?} is no time; write it as 2014-04-01 00:05:00")]
    Time { series: String, row: usize, text: String },
    #[error("{series}: its window from {start:?} to {end:?} has no row that it starts or ends at")]
    Window { series: String, start: String, end: String },
}

#[derive(Debug, Deserialize)]
struct Row {
    timestamp: String,
    value: f64,
}

/// First and last time of each window, by series.
pub(super) type Windows = BTreeMap<String, Vec<(String, String)>>;

/// `labels/combined_windows.json`.
pub fn read_windows(text: &str) -> Result<Windows, NabError> {
    Ok(serde_json::from_str(text)?)
}

/// One file of `data/`, and its windows.
pub fn read_series(
    name: &str,
    text: &str,
    windows: &[(String, String)],
) -> Result<LabelledSeries, NabError> {
    let table = |source| NabError::Table { series: name.to_owned(), source };
    let mut series = LabelledSeries {
        name: name.to_owned(),
        stamps: Vec::new(),
        times: Vec::new(),
        values: Vec::new(),
        windows: Vec::new(),
    };
    for (row, read) in csv::Reader::from_reader(text.as_bytes()).deserialize().enumerate() {
        let Row { timestamp, value } = read.map_err(table)?;
        let Some(time) = time(&timestamp) else {
            let series = name.to_owned();
            return Err(NabError::Time { series, row: row + 1, text: timestamp });
        };
        series.stamps.push(timestamp);
        series.times.push(time);
        series.values.push(value);
    }
    for (start, end) in windows {
        let row = |stamp: &str| series.times.iter().position(|&at| Some(at) == time(stamp));
        let Some(found) = row(start).zip(row(end)).filter(|(first, last)| first < last) else {
            let (series, start, end) = (name.to_owned(), start.clone(), end.clone());
            return Err(NabError::Window { series, start, end });
        };
        series.windows.push(found);
    }
    Ok(series)
}

/// The corpus names no zone.
fn time(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_seconds(zoned.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "timestamp,value\n2014-04-01 00:00:00,20.5\n2014-04-01 00:05:00,-3\n";

    fn window(start: &str, end: &str) -> (String, String) {
        (start.to_owned(), end.to_owned())
    }

    #[test]
    fn a_window_is_found_by_its_first_and_last_row() {
        let windows =
            r#"{"a/b.csv": [["2014-04-01 00:00:00.000000", "2014-04-01 00:05:00.000000"]]}"#;
        let windows = read_windows(windows).unwrap();
        let series = read_series("a/b.csv", TEXT, windows.get("a/b.csv").unwrap()).unwrap();
        assert_eq!(series.windows, [(0, 1)]);
        assert_eq!(series.values, [20.5, -3.0]);
        assert_eq!(series.times.first(), Some(&Timestamp::from_seconds(1_396_310_400)));
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        let stray = window("2014-04-01 00:01:00", "2014-04-01 00:05:00");
        let refused = read_series("a/b.csv", TEXT, &[stray]).unwrap_err().to_string();
        assert!(refused.starts_with("a/b.csv: its window from"), "{refused}");
        let refused = read_series("a/b.csv", "timestamp,value\nnoon,1\n", &[]).unwrap_err();
        assert!(refused.to_string().contains("row 1: \"noon\" is no time"), "{refused}");
    }
}
