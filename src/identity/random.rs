//! Whether a run of letters and digits looks drawn by chance, as secrets do, or written by people.

/// How the characters of a run change. `-`, `_` and percent-encoded bytes stand between.
#[derive(Default)]
struct Mixture {
    letters_digits: usize,
    digits: usize,
    upper: usize,
    lower: usize,
    /// Neighbours of different classes.
    changes: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Between,
    Digit,
    Upper,
    Lower,
}

/// At least `length_min` letters and digits in the mixture of hex, base32 or base64.
pub(super) fn looks_random(run: &[u8], length_min: usize) -> bool {
    if run.len() < length_min {
        return false;
    }
    let run = without_uuids(run);
    let seen = Mixture::of(run);
    if run.len() < length_min || seen.letters_digits * 4 < length_min * 3 {
        return false;
    }
    if 0 < seen.upper && 0 < seen.lower {
        // By chance three of five neighbours differ; in CamelCase two of five at most.
        let share_min = if 0 < seen.digits { 30 } else { 45 };
        seen.letters_digits * share_min <= seen.changes * 100
    } else {
        // By chance two of five differ; in slugs digits stand between dashes.
        0 < seen.digits && seen.letters_digits <= seen.changes * 6
    }
}

/// Whether it is `8-4-4-4-12` hex digits.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    text.len() == UUID_BYTES
        && text.iter().enumerate().all(|(place, byte)| {
            if DASHES.contains(&place) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
        })
}

const UUID_BYTES: usize = 36;

/// What is left of a run that begins or ends with UUIDs, which are ids and no secrets.
fn without_uuids(mut run: &[u8]) -> &[u8] {
    loop {
        if let Some((first, rest)) = run.split_at_checked(UUID_BYTES)
            && is_uuid(first)
        {
            run = rest;
        } else if let Some((rest, last)) =
            run.len().checked_sub(UUID_BYTES).and_then(|start| run.split_at_checked(start))
            && is_uuid(last)
        {
            run = rest;
        } else {
            return run;
        }
    }
}

impl Mixture {
    fn of(run: &[u8]) -> Self {
        let mut seen = Self::default();
        let mut before = Class::Between;
        let mut encoded = 0;
        for &byte in run {
            let class = if 0 < encoded { Class::Between } else { class_of(byte) };
            encoded = if byte == b'%' { 2 } else { encoded.max(1) - 1 };
            match class {
                Class::Between => (),
                Class::Digit => seen.digits += 1,
                Class::Upper => seen.upper += 1,
                Class::Lower => seen.lower += 1,
            }
            if class != Class::Between {
                seen.letters_digits += 1;
                seen.changes += usize::from(before != Class::Between && before != class);
            }
            before = class;
        }
        seen
    }
}

fn class_of(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => Class::Digit,
        b'A'..=b'Z' => Class::Upper,
        b'a'..=b'z' => Class::Lower,
        _ => Class::Between,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_random() {
        for key in [
            "9e107d9d372bb6826bd81d3542a419d6",
            "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
            "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U",
            "dGhpcyBpcyBhIHNlY3JldCBrZXkgMTIz",
            "hG7dK2_pQ9xW-4mN8vB1cX5zL6jR3tYq",
        ] {
            assert!(looks_random(key.as_bytes(), 32), "{key}");
        }
    }

    #[test]
    fn words_dates_and_uuids_do_not() {
        for text in [
            "the-quick-brown-fox-2024-jumps-over-10-lazy-dogs",
            "550e8400-e29b-41d4-a716-446655440000",
            "user-550e8400-e29b-41d4-a716-446655440000",
            "12345678901234567890123456789012345",
            "GetCustomerOrdersByStatusAndRegionName",
            "%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82%D0%BF%D1%80%D0%B8",
            "9e107d9d372bb6826bd81d3542a419d",
        ] {
            assert!(!looks_random(text.as_bytes(), 32), "{text}");
        }
    }
}
