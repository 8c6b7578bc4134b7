//! Keys as CSV, for a spreadsheet that runs nothing of what an attacker wrote into a name.

use super::text::{clean, rfc3339};
use crate::engine::KeyRow;

pub(super) fn keys_csv(keys: &[&KeyRow]) -> String {
    let mut csv = String::from(
        "key,role,owner,first_used,last_used,requests,errors,baseline,hours_learned,stale\r\n",
    );
    for key in keys {
        let time = |at: Option<crate::model::Timestamp>| at.and_then(rfc3339).unwrap_or_default();
        let fields = [
            field(&key.key),
            field(&key.role),
            field(&key.owner),
            time(key.first_used),
            time(key.last_used),
            key.requests.to_string(),
            key.errors.to_string(),
            field(key.state),
            key.hours_learned.to_string(),
            field(&key.stale.join(" ")),
        ];
        csv.push_str(&fields.join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// In quotes; what a spreadsheet would take for a formula gets a mark before it.
fn field(text: &str) -> String {
    let text = clean(text);
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '|', '%']);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_a_text() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "%0A=1"] {
            assert!(field(evil).starts_with("\"'"), "{evil}");
        }
        assert_eq!(field("a\",=1\r\n"), "\"a\"\",=1\"");
        let key = KeyRow { key: "=cmd|' /C calc'!A0".to_owned(), ..KeyRow::default() };
        assert!(
            keys_csv(&[&key])
                .ends_with("\r\n\"'=cmd|' /C calc'!A0\",\"\",\"\",,,0,0,\"\",0,\"\"\r\n")
        );
    }
}
