//! How heads and values of figures are written for people.

use super::Figure;
use crate::detect::count_text;
use crate::report::Value;

/// A value as people read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub text: String,
    pub is_number: bool,
}

impl Figure {
    /// The heads in words.
    pub fn labels(&self) -> Vec<String> {
        self.heads.iter().map(|head| label(head)).collect()
    }

    pub fn shown_rows(&self) -> impl Iterator<Item = Vec<Shown>> + '_ {
        self.rows
            .iter()
            .map(|row| self.heads.iter().zip(row).map(|(head, value)| shown(head, value)).collect())
    }
}

fn label(head: &str) -> String {
    let label = match head {
        "user_agent" => "client software",
        "sent_bytes" => "sent",
        "detected_s" => "to detect",
        "told_s" => "to tell",
        "acknowledged_s" => "to acknowledge",
        "resolved_s" => "until over",
        "total_cost" => "cost",
        _ => return head.replace('_', " "),
    };
    label.to_owned()
}

pub(super) fn shown(head: &str, value: &Value) -> Shown {
    let number = |text: String| Shown { text, is_number: true };
    let text = |text: String| Shown { text, is_number: false };
    let is_span = head.ends_with("_s") || head == "seconds";
    match value {
        Value::Absent if is_span => number("–".to_owned()),
        Value::Absent => text("–".to_owned()),
        Value::Flag(flag) => text(if *flag { "yes" } else { "no" }.to_owned()),
        Value::Integer(seconds) if is_span => number(span(whole(*seconds))),
        Value::Integer(bytes) if head == "sent_bytes" => number(size(whole(*bytes))),
        Value::Integer(other) => match u64::try_from(*other) {
            Ok(count) => number(count_text(count)),
            Err(_below_zero) => number(other.to_string()),
        },
        Value::Fraction(seconds) if is_span => number(span(rounded(*seconds))),
        Value::Fraction(fraction) => number(format!("{fraction:.2}")),
        Value::Text(some) if head == "kind" => text(some.replace('_', " ")),
        Value::Text(some) => text(some.clone()),
        Value::Time(at) => {
            let form = if head == "day" { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" };
            let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
            text(at.strftime(form).to_string())
        }
    }
}

fn whole(number: i128) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of seconds, which is cut to what fits"
)]
fn rounded(seconds: f64) -> u64 {
    seconds.max(0.0).round() as u64
}

/// In its two largest units.
pub(super) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => match seconds % 60 {
            0 => format!("{minutes} min"),
            rest => format!("{minutes} min {rest} s"),
        },
        3600..86_400 => match minutes % 60 {
            0 => format!("{hours} h"),
            rest => format!("{hours} h {rest} min"),
        },
        _ => match hours % 24 {
            0 => format!("{days} d"),
            rest => format!("{days} d {rest} h"),
        },
    }
}

fn size(bytes: u64) -> String {
    let tenths = |unit: u64, name: &str| {
        let tenths = bytes / (unit / 10);
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => tenths(1000, "kB"),
        1_000_000..1_000_000_000 => tenths(1_000_000, "MB"),
        1_000_000_000..1_000_000_000_000 => tenths(1_000_000_000, "GB"),
        _ => tenths(1_000_000_000_000, "TB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn values_have_units_and_absent_ones_a_dash() {
        let check =
            |head: &str, value: &Value, text: &str| assert_eq!(shown(head, value).text, text);
        check("events", &Value::Integer(1_234_567), "1,234,567");
        check("sent_bytes", &Value::Integer(1_999), "1.9 kB");
        check("detected_s", &Value::Integer(3_660), "1 h 1 min");
        check("seconds", &Value::Fraction(89.6), "1 min 30 s");
        check("acknowledged_s", &Value::Absent, "–");
        check("day", &Value::Time(Timestamp(0)), "1970-01-01");
        check("opened", &Value::Time(Timestamp(60_000)), "1970-01-01 00:01");
        assert_eq!(label("sent_bytes"), "sent");
        assert_eq!(label("last_used"), "last used");
    }
}
