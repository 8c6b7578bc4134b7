//! What really happened: incidents that somebody labelled, and the time in which alerts count.

use std::collections::BTreeSet;

use serde::Deserialize;
use thiserror::Error;

use crate::model::{Millis, Timestamp};

/// What is labelled `notable` is worth a look and not an attack: finding it is neither right nor wrong.
const NOTABLE: &str = "notable";

/// A labelled history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labelled {
    pub labels: Vec<Label>,
    /// Alerts before it are of the time in which was learned, and do not count.
    pub eval_start: Timestamp,
    pub eval_days: f64,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub id: String,
    pub kind: String,
    /// `*` stands for every key.
    pub keys: BTreeSet<String>,
    pub addresses: BTreeSet<String>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub is_notable: bool,
}

#[derive(Debug, Error)]
pub enum LabelError {
    #[error("labels.csv cannot be read")]
    Table(#[from] csv::Error),
    #[error("meta.json cannot be read")]
    Meta(#[from] serde_json::Error),
    #[error("{what} is no time: {text:?}; write it as 2026-03-17T00:00:00Z")]
    Time { what: String, text: String },
    #[error("the time that counts is {0} days long; correct eval_start or eval_days in meta.json")]
    Days(f64),
}

#[derive(Debug, Deserialize)]
struct Row {
    incident_id: String,
    kind: String,
    keys: String,
    ips: String,
    start: String,
    end: String,
    severity: String,
}

#[derive(Debug, Deserialize)]
struct Meta {
    end: String,
    eval_start: String,
    eval_days: Option<f64>,
}

impl Labelled {
    /// From the tables that lie beside the log: `labels.csv` and `meta.json`.
    pub fn read(labels_csv: &[u8], meta_json: &[u8]) -> Result<Self, LabelError> {
        let meta: Meta = serde_json::from_slice(meta_json)?;
        let eval_start = time("eval_start", &meta.eval_start)?;
        let end = time("end", &meta.end)?;
        let eval_days = meta.eval_days.unwrap_or_else(|| days_of(end.since(eval_start)));
        if !eval_days.is_finite() || eval_days <= 0.0 {
            return Err(LabelError::Days(eval_days));
        }
        let rows = csv::Reader::from_reader(labels_csv).into_deserialize::<Row>();
        let labels = rows.map(|row| Label::of(row?)).collect::<Result<Vec<_>, LabelError>>()?;
        Ok(Self { labels, eval_start, eval_days })
    }
}

impl Label {
    fn of(row: Row) -> Result<Self, LabelError> {
        let set = |list: &str| {
            list.split(';').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
        };
        Ok(Self {
            keys: set(&row.keys),
            addresses: set(&row.ips),
            start: time(&format!("the start of {}", row.incident_id), &row.start)?,
            end: time(&format!("the end of {}", row.incident_id), &row.end)?,
            is_notable: row.severity == NOTABLE,
            id: row.incident_id,
            kind: row.kind,
        })
    }

    pub fn is_about_all(&self) -> bool {
        self.keys.contains("*")
    }
}

fn time(what: &str, text: &str) -> Result<Timestamp, LabelError> {
    let wrong = |_| LabelError::Time { what: what.to_owned(), text: text.to_owned() };
    let time: jiff::Timestamp = text.parse().map_err(wrong)?;
    Ok(Timestamp(time.as_millisecond()))
}

#[expect(clippy::cast_precision_loss, reason = "spans of logs lie far below 2^53 milliseconds")]
fn days_of(span: Millis) -> f64 {
    span.0 as f64 / Millis::days(1).0 as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = r#"{"start": "2026-03-01T00:00:00Z", "end": "2026-03-21T12:00:00Z",
        "eval_start": "2026-03-11T00:00:00Z"}"#;
    const HEAD: &str = "incident_id,kind,strength,keys,ips,start,end,severity,n_events,note\n";

    #[test]
    fn a_row_is_an_incident_with_its_keys_and_addresses() {
        let row = "I1,stolen_key,easy,k_a;k_b,192.0.2.1,2026-03-12T01:00:00Z,2026-03-12T02:00:00Z,high,3,x\n";
        let read = Labelled::read(format!("{HEAD}{row}").as_bytes(), META.as_bytes()).unwrap();
        let label = &read.labels[0];
        assert_eq!((label.keys.len(), label.addresses.len(), label.is_notable), (2, 1, false));
        assert_eq!(label.end.since(label.start), Millis::hours(1));
        assert!((read.eval_days - 10.5).abs() < 1e-9);
    }

    #[test]
    fn a_time_that_is_none_is_named() {
        let row = "I1,x,easy,k_a,,yesterday,2026-03-12T02:00:00Z,high,3,x\n";
        let error = Labelled::read(format!("{HEAD}{row}").as_bytes(), META.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains(r#"the start of I1 is no time: "yesterday""#),
            "{error}"
        );
    }

    #[test]
    fn days_that_do_not_pass_cannot_be_counted_by() {
        let meta = r#"{"end": "2026-03-01T00:00:00Z", "eval_start": "2026-03-02T00:00:00Z"}"#;
        assert!(Labelled::read(HEAD.as_bytes(), meta.as_bytes()).is_err());
    }
}
