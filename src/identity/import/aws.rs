//! The credential report of AWS IAM: a row a user, with up to two access keys in it.

use csv::{ReaderBuilder, StringRecord};

use super::{Entry, Listed};
use crate::identity::table::InventoryError;

/// What the report writes where there is nothing to say.
const NOTHING: [&str; 4] = ["N/A", "no_information", "not_supported", ""];
const NEEDED: [&str; 3] = ["user", "arn", "access_key_1_active"];

/// The report names no ids of keys. Each is called after its user's ARN and its number, and
/// an only key after the ARN alone, as logs name it.
pub(super) fn report(bytes: &[u8], name: &str) -> Listed {
    let broken = |source| InventoryError::Csv { name: name.to_owned(), source };
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let headers = reader.headers().map_err(broken)?.clone();
    let place = |column: &str| headers.iter().position(|header| header == column);
    for column in NEEDED {
        if place(column).is_none() {
            let name = name.to_owned();
            return Err(InventoryError::NoColumn { name, column, hint: "" });
        }
    }
    let mut entries = Vec::new();
    let mut without = 0;
    for row in reader.into_records() {
        let row = row.map_err(broken)?;
        let line = row.position().map_or(0, csv::Position::line);
        let (columns, fields) = (headers.len(), row.len());
        if columns != fields {
            let name = name.to_owned();
            return Err(InventoryError::Fields { name, line, fields, columns });
        }
        let text = |column: &str| text_at(&row, place(column));
        let has = |number: u8| {
            !text(&format!("access_key_{number}_last_rotated")).is_empty()
                || text(&format!("access_key_{number}_active")) == "true"
        };
        let numbers: Vec<u8> = [1, 2].into_iter().filter(|number| has(*number)).collect();
        without += usize::from(numbers.is_empty());
        for number in &numbers {
            let is_only = numbers.len() == 1;
            entries.push(entry_of(line, (*number, is_only), &text));
        }
    }
    let mut warnings = Vec::new();
    if 0 < without {
        warnings.push(format!("{name}: {without} users without an access key left out"));
    }
    Ok((entries, warnings))
}

fn entry_of<'r>(
    line: u64,
    (number, is_only): (u8, bool),
    text: &impl Fn(&str) -> &'r str,
) -> Entry {
    let of_key = |what: &str| text(&format!("access_key_{number}_{what}"));
    let mut entry = Entry::at(line);
    let arn = text("arn");
    entry.set("key_id", if is_only { arn.to_owned() } else { format!("{arn}#{number}") });
    entry.set("owner", text("user"));
    entry.set("role", "aws-iam-user");
    entry.set("label", format!("access key {number} of {}", text("user")));
    entry.set("tenant", arn.split(':').nth(4).unwrap_or_default());
    // The report knows one date for both: when the key was made or last changed.
    entry.set("created", of_key("last_rotated"));
    entry.set("last_used", of_key("last_used_date"));
    entry.set("status", if of_key("active") == "true" { "active" } else { "disabled" });
    entry
}

fn text_at(row: &StringRecord, place: Option<usize>) -> &str {
    let text = place.and_then(|place| row.get(place)).unwrap_or("");
    if NOTHING.contains(&text) { "" } else { text }
}
