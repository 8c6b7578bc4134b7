//! Numbers in decimal digits, without a detour through text or floats.

/// A whole number; one that is too large is the largest. A fraction is cut off.
pub(super) fn whole(text: &[u8]) -> Option<u64> {
    let digits = memchr::memchr(b'.', text).and_then(|dot| text.get(..dot)).unwrap_or(text);
    // HAProxy's, of a request that it logs before its end.
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    if digits.is_empty() {
        return None;
    }
    let mut number = 0u64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    }
    Some(number)
}

/// A status code. `000` and `0` stand for "none".
pub(super) fn status(text: &[u8]) -> Option<u16> {
    let number = whole(text)?;
    u16::try_from(number).ok().filter(|number| (1..=999).contains(number))
}

/// A decimal number in millionths: `0.005` is 5000.
pub(super) fn millionths(text: &[u8]) -> Option<u64> {
    let (digits, fraction) = match memchr::memchr(b'.', text) {
        Some(dot) => (text.get(..dot)?, text.get(dot + 1..)?),
        None => (text, [].as_slice()),
    };
    if digits.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut number = if digits.is_empty() { 0 } else { whole(digits)? };
    for place in 0..6 {
        let digit = fraction.get(place).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return scientific(text);
        }
        number = number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    }
    Some(number)
}

/// A duration with its unit, as Go prints it, in microseconds: `4.529ms`, `1m2.5s`.
pub(super) fn spelt_micros(text: &[u8]) -> Option<u64> {
    let mut rest = text.trim_ascii();
    let mut micros = 0u64;
    while !rest.is_empty() {
        let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        let end = rest.iter().position(|byte| !is_digit(byte))?;
        let (number, unit) = rest.split_at_checked(end)?;
        let end = unit.iter().position(is_digit).unwrap_or(unit.len());
        let (unit, behind) = unit.split_at_checked(end)?;
        let number = millionths(number)?;
        micros = micros.saturating_add(match unit {
            b"ns" => number / 1_000_000_000,
            b"us" | b"\xC2\xB5s" | b"\xCE\xBCs" => number / 1_000_000,
            b"ms" => number / 1000,
            b"s" => number,
            b"m" => number.saturating_mul(60),
            b"h" => number.saturating_mul(3600),
            _ => return None,
        });
        rest = behind;
    }
    (!text.trim_ascii().is_empty()).then_some(micros)
}

/// `1.2e-05`, as Python and Go print small floats.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes an integer by saturating; negative ones are refused before"
)]
fn scientific(text: &[u8]) -> Option<u64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number.is_finite() && 0.0 <= number).then(|| (number * 1e6).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_too_large_is_the_largest() {
        assert_eq!(whole(b"18446744073709551616"), Some(u64::MAX));
        assert_eq!(whole(b"12a"), None);
        assert_eq!(whole(b""), None);
    }

    #[test]
    fn no_status_is_none() {
        assert_eq!(status(b"000"), None);
        assert_eq!(status(b"0"), None);
        assert_eq!(status(b"499"), Some(499));
        assert_eq!(status(b"1000"), None);
    }

    #[test]
    fn a_duration_may_bring_its_unit() {
        assert_eq!(spelt_micros(b"4.529ms"), Some(4529));
        assert_eq!(spelt_micros("850µs".as_bytes()), Some(850));
        assert_eq!(spelt_micros(b"1m2.5s"), Some(62_500_000));
        assert_eq!(spelt_micros(b"12"), None);
        assert_eq!(spelt_micros(b""), None);
    }

    #[test]
    fn seconds_become_microseconds() {
        assert_eq!(millionths(b"0.005"), Some(5000));
        assert_eq!(millionths(b"123.456"), Some(123_456_000));
        assert_eq!(millionths(b"7"), Some(7_000_000));
        assert_eq!(millionths(b".5"), Some(500_000));
        assert_eq!(millionths(b"1.5e-05"), Some(15));
        assert_eq!(millionths(b"-"), None);
        assert_eq!(millionths(b"-1"), None);
    }
}
