//! Durations as people write them: `45d`, `15m`, `5s`.

use crate::model::Millis;

/// `None` if it is not a whole number with one of the units `s m h d w`.
pub fn duration(text: &str) -> Option<Millis> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    let seconds_each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    (0 <= number).then(|| Millis::seconds(number.saturating_mul(seconds_each)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_needs_a_number_and_a_unit() {
        assert_eq!(duration("45d"), Some(Millis::days(45)));
        assert_eq!(duration("5 s"), Some(Millis::seconds(5)));
        assert_eq!(duration("2w"), Some(Millis::days(14)));
        for wrong in ["", "5", "d", "-1d", "1.5h", "5 minutes", "é"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
