//! Sigma rules that count other rules' matches: so many of them, so many different values, or
//! several rules at once, within a stretch of time and for each key, address or whatever it says.

use rsigma_eval::correlation::compile_correlation;
use rsigma_eval::correlation::{CompiledCorrelation, GroupByField, WindowState};
use rsigma_parser::{ConditionOperator, CorrelationRule, CorrelationType, WindowMode};
use serde::{Deserialize, Serialize};

use super::count_text;
use super::sigma_event::Row;
use super::sigma_fields::{Column, column};
use super::sigma_note::SigmaNote;
use crate::model::{Entity, Millis};

/// A rule that counts, made ready.
pub struct SigmaCount {
    pub note: SigmaNote,
    rule: CompiledCorrelation,
}

/// One match that is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SigmaHit {
    /// Of the log's clock.
    pub second: i64,
    /// Which of the rules matched, by the name under which it is counted.
    pub rule: String,
    /// What is counted or added up, where that is a field.
    pub value: String,
}

/// More are not kept for one key or address: so many are enough for any rule that is in force.
pub const SIGMA_HITS_MAX: usize = 1_000;
const DAYS_MAX: u64 = 7;
const DAY_SECONDS: u64 = 86_400;

impl SigmaCount {
    /// `Err` says in words why it cannot be in force.
    pub(super) fn read(rule: &CorrelationRule) -> Result<Self, String> {
        let note = SigmaNote::of_count(rule);
        let rule = compile_correlation(rule).map_err(|error| error.to_string())?;
        if let Some(field) = fields_of(&rule).into_iter().find(|field| column(field).is_none()) {
            return Err(format!("needs the field {field}, which is not kept"));
        }
        if rule.window_mode != WindowMode::Sliding {
            return Err("counts in windows that do not slide, which is not done".to_owned());
        }
        if DAYS_MAX * DAY_SECONDS < rule.timespan_secs {
            return Err(format!("looks back over more than {DAYS_MAX} days"));
        }
        let predicates = &rule.condition.predicates;
        let counts = matches!(
            rule.correlation_type,
            CorrelationType::EventCount | CorrelationType::ValueCount
        );
        let is_too_many = |(_, most): &(_, f64)| f64::from(SIGMA_HITS_LIMIT) < *most;
        if counts && predicates.iter().any(is_too_many) {
            return Err(format!("counts to more than {SIGMA_HITS_LIMIT}"));
        }
        let is_upper = |(operator, _): &(ConditionOperator, f64)| match operator {
            ConditionOperator::Lt | ConditionOperator::Lte | ConditionOperator::Neq => true,
            ConditionOperator::Gt | ConditionOperator::Gte | ConditionOperator::Eq => false,
        };
        if counts && predicates.iter().all(is_upper) {
            return Err("asks for few matches: the first one would do".to_owned());
        }
        Ok(Self { note, rule })
    }

    /// Ids or names of the rules whose matches it counts.
    pub(super) fn rules(&self) -> &[String] {
        &self.rule.rule_refs
    }

    /// Whether those rules are told of by themselves as well.
    pub(super) const fn leaves_others_alone(&self) -> bool {
        self.rule.generate
    }

    /// For whom a row is counted that a rule with these names matched, and as what; none if the
    /// row does not say what is counted.
    pub(super) fn hit(&self, row: &Row<'_>, names: &[&str]) -> Option<(Vec<String>, SigmaHit)> {
        let known = |name: &&&str| self.rule.rule_refs.iter().any(|known| known == **name);
        let rule = (*names.iter().find(known)?).to_owned();
        let of_group = |field: &GroupByField| row.field(field.resolve(names)).unwrap_or_default();
        let group = self.rule.group_by.iter().map(|field| of_group(field).into_owned()).collect();
        let counted = self.rule.condition.field.as_deref().unwrap_or_default();
        let values: Option<Vec<_>> = counted.iter().map(|field| row.field(field)).collect();
        let second = row.batch.event(row.row).at.seconds();
        Some((group, SigmaHit { second, rule, value: values?.join(" ") }))
    }

    /// Who it is about: the key or else the address that it counts by, or everybody.
    pub fn whose(&self, group: &[String]) -> Entity {
        let by = |wanted: Column| {
            let pairs = self.rule.group_by.iter().zip(group);
            let is_its = |field: &GroupByField| match field {
                GroupByField::Direct(name) => column(name) == Some(wanted),
                GroupByField::Aliased { mapping, .. } => {
                    mapping.values().all(|name| column(name) == Some(wanted))
                }
            };
            let mut found = pairs.filter(|(field, value)| is_its(field) && !value.is_empty());
            found.next().map(|(_, value)| value.clone())
        };
        let address = || by(Column::Address).map(Entity::Address);
        by(Column::Key).map(Entity::Key).or_else(address).unwrap_or(Entity::Fleet)
    }

    pub fn timespan(&self) -> Millis {
        Millis::seconds(i64::try_from(self.rule.timespan_secs).unwrap_or(i64::MAX / 1_000))
    }

    /// Whether another match with a value that is there already is no news.
    pub const fn counts_values(&self) -> bool {
        matches!(self.rule.correlation_type, CorrelationType::ValueCount)
    }

    /// What was seen, in a sentence, if the matches of its timespan are what it looks for.
    pub fn judge<'h>(&self, hits: impl Iterator<Item = &'h SigmaHit> + Clone) -> Option<String> {
        let kind = self.rule.correlation_type;
        let mut window = WindowState::new_for(kind);
        for hit in hits.clone() {
            match kind {
                CorrelationType::EventCount => window.push_event_count(hit.second),
                CorrelationType::ValueCount => {
                    window.push_value_count(hit.second, hit.value.clone());
                }
                CorrelationType::Temporal | CorrelationType::TemporalOrdered => {
                    window.push_temporal(hit.second, &hit.rule);
                }
                CorrelationType::ValueSum
                | CorrelationType::ValueAvg
                | CorrelationType::ValuePercentile
                | CorrelationType::ValueMedian => {
                    if let Ok(number) = hit.value.parse() {
                        window.push_numeric(hit.second, number);
                    }
                }
            }
        }
        let CompiledCorrelation { condition, rule_refs, extended_expr, .. } = &self.rule;
        let value = window.check_condition(condition, kind, rule_refs, extended_expr.as_ref())?;
        let all = u32::try_from(rule_refs.len()).map_or(f64::INFINITY, f64::from);
        if self.wants_all() && value < all {
            return None;
        }
        Some(format!("{}: {}", self.note.named(), self.said(value, hits.count())))
    }

    /// Several rules at once, without a condition: all of them. The crate takes one to be enough.
    fn wants_all(&self) -> bool {
        let is_temporal = matches!(
            self.rule.correlation_type,
            CorrelationType::Temporal | CorrelationType::TemporalOrdered
        );
        let says_none =
            matches!(self.rule.condition.predicates.as_slice(), [(_, most)] if *most <= 1.0);
        is_temporal && self.rule.extended_expr.is_none() && says_none
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count or sum of what fits into 64 bits, as people read it"
    )]
    fn said(&self, value: f64, hits: usize) -> String {
        let within = super::length_text(self.timespan());
        let field = self.rule.condition.field.as_deref().unwrap_or_default().join(" and ");
        let number = count_text(value.max(0.0).round() as u64);
        match self.rule.correlation_type {
            CorrelationType::EventCount => format!("{number} matches within {within}"),
            CorrelationType::ValueCount => {
                format!("{number} different values of {field} within {within}")
            }
            CorrelationType::Temporal | CorrelationType::TemporalOrdered => {
                let rules = self.rule.rule_refs.join(", ");
                format!("{rules} matched within {within} ({} matches)", count_text(hits as u64))
            }
            CorrelationType::ValueSum => format!("{field} added up to {number} within {within}"),
            CorrelationType::ValueAvg
            | CorrelationType::ValuePercentile
            | CorrelationType::ValueMedian => {
                let how = self.rule.correlation_type.as_str().trim_start_matches("value_");
                format!("the {how} of {field} was {number} within {within}")
            }
        }
    }

    /// In a few words, for lists of rules: `counts 2 rules by c-ip within 5 minutes`.
    pub fn about(&self) -> String {
        let rules = self.rule.rule_refs.len();
        let by: Vec<&str> = self.rule.group_by.iter().map(GroupByField::name).collect();
        let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
        let s = if rules == 1 { "" } else { "s" };
        let within = super::length_text(self.timespan());
        format!("counts matches of {rules} rule{s}{by} within {within}")
    }
}

const SIGMA_HITS_LIMIT: u16 = 1_000;

fn fields_of(rule: &CompiledCorrelation) -> Vec<String> {
    let mut fields = Vec::new();
    for field in &rule.group_by {
        match field {
            GroupByField::Direct(name) => fields.push(name.clone()),
            GroupByField::Aliased { mapping, .. } => fields.extend(mapping.values().cloned()),
        }
    }
    fields.extend(rule.condition.field.iter().flatten().cloned());
    fields.sort();
    fields
}
