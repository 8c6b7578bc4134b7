//! Durations and sizes as people write them: `45d`, `15m`, `5s`; `2GB`.

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

/// `None` if it is not a whole number above 0 with one of the units `B kB MB GB TB`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let each: u64 = match unit.trim_start() {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(each).filter(|bytes| 0 < *bytes)
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

    #[test]
    fn a_size_needs_a_number_and_a_unit() {
        assert_eq!(bytes("2GB"), Some(2_000_000_000));
        assert_eq!(bytes("500 kB"), Some(500_000));
        for wrong in ["", "2", "GB", "0MB", "1.5GB", "2gigs", "99999999999TB", "é"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
