//! Third parties with access: whose keys, what they may do and did, and when last.

use std::collections::BTreeMap;

use super::facts::listed;
use super::{Case, Figure, ROWS_MAX, Section, clean};
use crate::engine::{KeyRow, Party};
use crate::model::Name;
use crate::report::Value;

pub(super) fn section(case: &Case<'_>) -> Section {
    let keys: BTreeMap<&str, &KeyRow> =
        case.known.keys.iter().map(|row| (row.key.as_str(), row)).collect();
    let parties = case.known.parties;
    let left_out = parties.len().saturating_sub(ROWS_MAX);
    let figure = Figure {
        name: "third-parties.each".to_owned(),
        title: "Who has access, by owner and role".to_owned(),
        made_by: "keyvigil third-parties".to_owned(),
        heads: HEADS.map(str::to_owned).to_vec(),
        rows: parties.iter().take(ROWS_MAX).map(|party| row(party, &keys)).collect(),
        left_out: left_out as u64,
        note: match left_out {
            0 => String::new(),
            more => format!("{more} more are not listed here."),
        },
    };
    Section {
        id: "third-parties".to_owned(),
        title: "Third parties and integrations".to_owned(),
        intro:
            "Every owner in the inventory with the keys of one role: what they may do by scopes \
                and rules, what they did in the last 90 days, and which sort of data that was, as \
                far as the words of the routes tell. Use is counted since keyvigil began. Whoever \
                is not in the inventory is not here."
                .to_owned(),
        figures: vec![figure],
        ..Section::default()
    }
}

const HEADS: [&str; 9] =
    ["owner", "role", "keys", "requests", "last_used", "data", "did", "may", "open_findings"];

fn row(party: &Party, known: &BTreeMap<&str, &KeyRow>) -> Vec<Value> {
    let keys: Vec<&KeyRow> =
        party.keys.iter().filter_map(|key| known.get(key.as_str()).copied()).collect();
    let text = |text: String| {
        Some(clean(&text)).filter(|it| !it.is_empty()).map_or(Value::Absent, Value::Text)
    };
    let some =
        |texts: &[String]| if texts.is_empty() { String::new() } else { listed(texts.to_vec()) };
    let mut open: Vec<String> =
        keys.iter().flat_map(|key| key.stale.iter().map(Name::to_string)).collect();
    open.sort_unstable();
    open.dedup();
    let last = keys.iter().filter_map(|key| key.last_used).max();
    vec![
        text(party.owner.clone()),
        text(party.role.clone()),
        Value::Integer(i128::try_from(party.keys.len()).unwrap_or(i128::MAX)),
        Value::Integer(keys.iter().map(|key| i128::from(key.requests)).sum()),
        last.map_or(Value::Absent, Value::Time),
        text(party.data.join(", ")),
        text(some(&party.routes)),
        text(some(&party.may)),
        text(open.join(", ")),
    ]
}
