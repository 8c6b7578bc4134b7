//! An answer: columns by name, and rows of plain values.

use std::fmt;

use polars::prelude::{AnyValue, DataFrame, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// Rows are made as they are asked for: an answer may be as large as the store.
pub struct Table {
    pub columns: Vec<String>,
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

    pub fn len(&self) -> usize {
        self.frame.height()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn rows(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        (0..self.len()).map(|row| self.row(row))
    }

    /// The values of a row; absent beyond the last.
    pub fn row(&self, row: usize) -> Vec<Value> {
        let value = |column: &polars::prelude::Column| {
            column.get(row).map_or(Value::Absent, |value| value_of(&value))
        };
        self.frame.columns().iter().map(value).collect()
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
