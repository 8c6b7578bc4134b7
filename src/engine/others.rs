//! What is no request: states of messages and windows of usage. Each app and template, each key
//! and model has hours of its own; those of requests know nothing of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Action, Engine};
use crate::baseline::Steady;
use crate::detect::{Amount, Consent, POLICY_SCORE, Verdict};
use crate::model::{Class, Entity, EventBatch, EventKind, Finding, Flaws, Hour, Timestamp};

/// Series that are followed; the records of further ones are counted.
const SERIES_MAX: usize = 4096;
/// Records of usage come late: an hour is learned from when so many have followed it.
const OPEN_HOURS: i64 = 6;
/// Words with which systems say that a message did not arrive.
const FAILED: [&str; 10] = [
    "fail",
    "undeliver",
    "bounce",
    "reject",
    "drop",
    "error",
    "blocked",
    "spam",
    "expired",
    "invalid",
];

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Others {
    series: BTreeMap<Of, Series>,
    left_out: u64,
}

/// Whose records, and of what: of a key and a model, of an app and a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Of {
    kind: EventKind,
    whose: String,
    what: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Series {
    usual: BTreeMap<Amount, Steady>,
    /// Not learned from yet.
    open: BTreeMap<Hour, Sums>,
    /// Later records of hours before this one change nothing.
    learned_to: Option<Hour>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    spent: BTreeMap<Amount, u64>,
    /// Kinds of findings that were told of this hour, with the records so far; told again when
    /// these have doubled.
    told: BTreeMap<String, u64>,
    records: u64,
}

impl Engine {
    /// Takes in a row that is no request.
    pub(super) fn take_other(&mut self, batch: &EventBatch, row: usize, actions: &mut Vec<Action>) {
        let kind = batch.kind.get(row).copied().unwrap_or_default();
        let Some((entity, of)) = of_row(batch, row, kind) else { return };
        let what = what_of(batch, row, kind);
        let at = Timestamp(batch.time.get(row).copied().unwrap_or_default());
        let Some(series) = self.others.series(of) else { return };
        let Some((sums, usual)) = series.hour(at.hour()) else { return };
        let mut verdicts: Vec<Verdict> = Vec::new();
        let flaws = Flaws(batch.flaws.get(row).copied().unwrap_or_default());
        verdicts.extend(Consent::judge(flaws, what));
        sums.records += 1;
        for (spent, amount) in amounts(batch, row, kind) {
            let sum = sums.spent.entry(spent).or_default();
            *sum = sum.saturating_add(amount);
        }
        for (spent, sum) in &sums.spent {
            let Some(usual) = usual.get(spent) else { continue };
            let detector = &self.settings.detectors.spending;
            verdicts.extend(detector.judge((*spent, *sum), usual, (what, at.hour())));
        }
        verdicts.retain(|verdict| {
            let told = sums.told.get(verdict.kind);
            told.is_none_or(|told| verdict.score < POLICY_SCORE && 2 * told <= sums.records)
        });
        let told = verdicts.iter().map(|verdict| (verdict.kind.to_owned(), sums.records));
        sums.told.extend(told);
        for verdict in verdicts {
            self.raise_other(verdict, (&entity, at), actions);
        }
    }

    fn raise_other(
        &mut self,
        verdict: Verdict,
        (entity, at): (&Entity, Timestamp),
        actions: &mut Vec<Action>,
    ) {
        let is_rule = POLICY_SCORE <= verdict.score;
        let finding = Finding {
            kind: verdict.kind.to_owned(),
            class: if is_rule { Class::Policy } else { Class::Statistical },
            severity: verdict.severity,
            entity: entity.clone(),
            // A record of usage says what was, and is read later.
            at: self.waiting.watermark.map_or(at, |known| known.max(at)),
            since: at.hour().start(),
            because: verdict.because,
            score: verdict.score,
            ..Finding::default()
        };
        let index = entity.key().and_then(|key| self.keys.index_of(key));
        self.raise(&finding, (index, None), actions);
    }
}

impl Others {
    fn series(&mut self, of: Of) -> Option<&mut Series> {
        if SERIES_MAX <= self.series.len() && !self.series.contains_key(&of) {
            self.left_out += 1;
            return None;
        }
        Some(self.series.entry(of).or_default())
    }
}

impl Series {
    /// The sums of an hour beside what is usual, unless it was learned from. What lies far enough
    /// before the newest is learned from now.
    fn hour(&mut self, hour: Hour) -> Option<(&mut Sums, &BTreeMap<Amount, Steady>)> {
        if self.learned_to.is_some_and(|learned| hour < learned) {
            return None;
        }
        let newest = self.open.last_key_value().map_or(hour, |(newest, _)| hour.max(*newest));
        while let Some(first) = self.open.first_entry()
            && first.key().0 < newest.0 - OPEN_HOURS
        {
            let (learned, sums) = first.remove_entry();
            for (spent, sum) in sums.spent {
                self.usual.entry(spent).or_default().learn(sum);
            }
            self.learned_to = Some(learned.next());
        }
        Some((self.open.entry(hour).or_default(), &self.usual))
    }
}

/// Whom the row is about; nobody, if it is of no kind that is judged or names neither key nor
/// app.
fn of_row(batch: &EventBatch, row: usize, kind: EventKind) -> Option<(Entity, Of)> {
    let (key, app) = (batch.key.get(row), batch.tenant.get(row));
    let entity = match kind {
        EventKind::Usage if !key.is_empty() => Entity::Key(key.to_owned()),
        EventKind::Delivery if app.is_empty() => Entity::App(batch.format.get(row).to_owned()),
        EventKind::Usage | EventKind::Delivery => Entity::App(app.to_owned()),
        EventKind::Request | EventKind::Audit | EventKind::Inventory => return None,
    };
    let what = what_of(batch, row, kind);
    let whose = match &entity {
        Entity::Key(name) | Entity::App(name) => name.clone(),
        Entity::Address(_) | Entity::Route(_) | Entity::Fleet => String::new(),
    };
    let of = Of { kind, whose, what: what.to_owned() };
    (!of.whose.is_empty()).then_some((entity, of))
}

/// The template of a message, the model or the operation that was used.
fn what_of(batch: &EventBatch, row: usize, kind: EventKind) -> &str {
    let model = batch.model.get(row);
    match kind {
        EventKind::Delivery => batch.object.get(row),
        EventKind::Usage if model.is_empty() => batch.operation.get(row),
        EventKind::Usage | EventKind::Request | EventKind::Audit | EventKind::Inventory => model,
    }
}

fn amounts(batch: &EventBatch, row: usize, kind: EventKind) -> impl Iterator<Item = (Amount, u64)> {
    let of = |column: &[u64]| column.get(row).copied().unwrap_or_default();
    let cost = (Amount::Cost, of(&batch.cost_micros));
    let amounts = if kind == EventKind::Delivery {
        let outcome = batch.outcome.get(row).to_ascii_lowercase();
        let has_failed = FAILED.iter().any(|word| outcome.contains(word));
        [(Amount::Messages, 1), (Amount::Failures, u64::from(has_failed)), cost]
    } else {
        let tokens = of(&batch.input_tokens).saturating_add(of(&batch.output_tokens));
        [(Amount::Requests, of(&batch.count)), (Amount::Tokens, tokens), cost]
    };
    // An hour without failures is one to learn from; a record that counts no tokens is not.
    amounts.into_iter().filter(|(spent, amount)| *spent == Amount::Failures || 0 < *amount)
}
