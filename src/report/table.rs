//! An answer: columns by name, and rows of plain values.

use std::fmt;

use polars::prelude::{AnyValue, DataFrame, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// Rows are made as they are asked for: an answer may be as large as the store.
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    frame: DataFrame,
}

/// Over a wire, numbers are texts: so every one of them arrives as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    Absent,
    Flag(bool),
    #[serde(with = "as_text")]
    Integer(i128),
    #[serde(with = "as_text")]
    Fraction(f64),
    Text(String),
    Time(Timestamp),
}

impl Table {
    pub(super) fn new(frame: DataFrame) -> Self {
        let columns = frame.get_column_names().into_iter().map(ToString::to_string).collect();
        Self { columns, frame }
    }

    pub(super) fn len(&self) -> usize {
        self.frame.height()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        (0..self.len()).map(|row| self.row(row))
    }

    /// The values of a row; absent beyond the last.
    pub(super) fn row(&self, row: usize) -> Vec<Value> {
        let value = |column: &polars::prelude::Column| {
            column.get(row).map_or(Value::Absent, |value| value_of(&value))
        };
        self.frame.columns().iter().map(value).collect()
    }
}

impl Value {
    /// As [`Self::write_csv`] writes it.
    pub fn in_csv(&self) -> String {
        let mut cell = String::new();
        // Into a text nothing fails to be written.
        self.write_csv(&mut cell).unwrap_or_default();
        cell
    }

    /// For a spreadsheet, which computes what begins like a formula: a text that does is marked
    /// as a text. What would steer the terminal of somebody who just looks at it is escaped.
    pub fn write_csv(&self, cell: &mut impl fmt::Write) -> fmt::Result {
        let Self::Text(text) = self else {
            return write!(cell, "{self}");
        };
        if text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
            cell.write_char('\'')?;
        }
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return cell.write_str(text);
        }
        for sign in text.chars() {
            if is_steering(sign) {
                write!(cell, "{}", sign.escape_default())?;
            } else {
                cell.write_char(sign)?;
            }
        }
        Ok(())
    }

    pub fn in_json(&self) -> serde_json::Value {
        match self {
            Self::Absent => serde_json::Value::Null,
            Self::Flag(flag) => (*flag).into(),
            Self::Integer(number) => match i64::try_from(*number) {
                Ok(number) => number.into(),
                Err(_large) => {
                    u64::try_from(*number).map_or_else(|_| number.to_string().into(), Into::into)
                }
            },
            Self::Fraction(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Time(_) => self.to_string().into(),
        }
    }
}

/// As it stands in a table or in CSV; absent is empty, times are RFC 3339 in UTC.
impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => Ok(()),
            Self::Flag(flag) => write!(out, "{flag}"),
            Self::Integer(number) => write!(out, "{number}"),
            Self::Fraction(number) => write!(out, "{number}"),
            Self::Text(text) => out.write_str(text),
            Self::Time(time) => match jiff::Timestamp::from_millisecond(time.0) {
                Ok(time) => write!(out, "{time}"),
                Err(_out_of_range) => write!(out, "{} ms", time.0),
            },
        }
    }
}

fn value_of(value: &AnyValue<'_>) -> Value {
    if value.is_integer()
        && let Some(number) = value.extract()
    {
        return Value::Integer(number);
    }
    if let AnyValue::Datetime(time, unit, _) | AnyValue::DatetimeOwned(time, unit, _) = value {
        return Value::Time(Timestamp(in_millis(*time, *unit)));
    }
    if value.is_null() {
        return Value::Absent;
    }
    match (value.extract_bool(), value.get_str()) {
        (_, Some(text)) => Value::Text(text.to_owned()),
        (Some(flag), None) if value.is_boolean() => Value::Flag(flag),
        _ => value.extract::<f64>().map_or_else(|| Value::Text(value.to_string()), Value::Fraction),
    }
}

const fn in_millis(time: i64, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Milliseconds => time,
        TimeUnit::Microseconds => time.div_euclid(1000),
        TimeUnit::Nanoseconds => time.div_euclid(1_000_000),
    }
}

/// A number by its shortest text that means it.
mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_not_one| D::Error::custom("not a number"))
    }
}

/// Controls, and what turns the direction of text around or hides.
fn is_steering(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_from_a_log_line_is_a_text_in_a_spreadsheet() {
        let text = |text: &str| Value::Text(text.to_owned()).in_csv();
        for attack in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", " =1"] {
            assert_eq!(text(attack), format!("'{attack}"));
        }
        assert_eq!(text("\t=1"), "'\\t=1");
        assert_eq!(text("\u{1b}[2Jx\u{202e}"), "\\u{1b}[2Jx\\u{202e}");
        assert_eq!(text("/v1/a=b"), "/v1/a=b");
        assert_eq!(Value::Integer(-5).in_csv(), "-5");
    }
}
