//! Keys as CSV, for a spreadsheet that runs nothing of what an attacker wrote into a name.

use super::text::{is_inert, rfc3339};
use crate::engine::KeyRow;

pub(super) fn keys_csv(keys: &[&KeyRow]) -> String {
    let mut csv = String::from(
        "key,role,owner,first_used,last_used,requests,errors,baseline,hours_learned,stale\r\n",
    );
    csv.reserve(keys.len().saturating_mul(160));
    for key in keys {
        for text in [&key.key, &key.role, &key.owner] {
            push_field(&mut csv, text);
            csv.push(',');
        }
        for time in [key.first_used, key.last_used] {
            csv.push_str(&time.and_then(rfc3339).unwrap_or_default());
            csv.push(',');
        }
        for number in [key.requests, key.errors] {
            csv.push_str(&number.to_string());
            csv.push(',');
        }
        push_field(&mut csv, key.state);
        csv.push(',');
        csv.push_str(&key.hours_learned.to_string());
        csv.push(',');
        push_field(&mut csv, &key.stale.join(" "));
        csv.push_str("\r\n");
    }
    csv
}

/// In quotes; what a spreadsheet would take for a formula gets a mark before it.
fn push_field(csv: &mut String, text: &str) {
    let inert = text.chars().filter(|&char| is_inert(char));
    let first = inert.clone().find(|char| !char.is_whitespace());
    csv.push('"');
    if first.is_some_and(|first| matches!(first, '=' | '+' | '-' | '@' | '|' | '%')) {
        csv.push('\'');
    }
    for char in inert {
        if char == '"' {
            csv.push('"');
        }
        csv.push(char);
    }
    csv.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> String {
        let mut csv = String::new();
        push_field(&mut csv, text);
        csv
    }

    #[test]
    fn a_formula_is_a_text() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "%0A=1"] {
            assert!(field(evil).starts_with("\"'"), "{evil}");
        }
        assert_eq!(field("a\",=1\r\n"), "\"a\"\",=1\"");
        let key = KeyRow { key: "=cmd|' /C calc'!A0".into(), ..KeyRow::default() };
        assert!(
            keys_csv(&[&key])
                .ends_with("\r\n\"'=cmd|' /C calc'!A0\",\"\",\"\",,,0,0,\"\",0,\"\"\r\n")
        );
    }
}
