//! Sigma rules of a person's own: which of them are in force, and which an event matches.

use std::borrow::Cow;

use rsigma_eval::{Engine, Event, EventValue};
use rsigma_parser::{Detection, Level, SigmaCollection, SigmaRule, parse_sigma_yaml};
use serde::{Deserialize, Serialize};

use super::sigma_fields::{Column, column};
use crate::model::{EventBatch, EventKind, Severity};

/// A file of rules, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigmaFile {
    pub name: String,
    pub text: String,
}

/// The rules that are in force, made ready; and those that are not.
#[derive(Default)]
pub struct SigmaRules {
    of_requests: Engine,
    of_audits: Engine,
    /// Title and file of each that is in force.
    pub in_force: Vec<(String, String)>,
    /// What is not, and why, in words.
    pub refused: Vec<String>,
    /// Whether a rule looks at what is asked for in a query.
    pub is_about_queries: bool,
}

/// A rule that an event matches.
#[derive(Clone, Debug, PartialEq)]
pub struct SigmaMatch {
    pub title: String,
    pub severity: Severity,
    /// ATT&CK techniques, as its tags name them.
    pub attack: Vec<String>,
}

impl SigmaMatch {
    /// What was seen, in a sentence: method, path and status of the request.
    pub fn because(&self, (method, path, status): (&str, &str, u16)) -> String {
        let ids = self.attack.join(", ");
        let ids = if ids.is_empty() { ids } else { format!(" ({ids})") };
        format!("rule \"{}\"{ids}: {method} {path} answered with {status}", self.title)
    }
}

/// One row of a batch, as the rules see it.
struct Row<'a> {
    batch: &'a EventBatch,
    row: usize,
}

impl std::fmt::Debug for SigmaRules {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(&self.in_force).finish()
    }
}

impl SigmaRules {
    pub fn read(files: &[SigmaFile]) -> Self {
        let mut rules = Self::default();
        for file in files {
            match parse_sigma_yaml(&file.text) {
                Ok(collection) => rules.add(&file.name, &collection),
                Err(error) => rules.refused.push(format!("{}: {error}", file.name)),
            }
        }
        rules
    }

    pub fn is_empty(&self) -> bool {
        self.in_force.is_empty()
    }

    /// Every rule that the row matches, in the order of the files.
    pub fn matches(&self, batch: &EventBatch, row: usize) -> Vec<SigmaMatch> {
        let engine = match batch.kind.get(row) {
            Some(EventKind::Request) => &self.of_requests,
            Some(EventKind::Audit) => &self.of_audits,
            Some(EventKind::Usage | EventKind::Delivery | EventKind::Inventory) | None => {
                return Vec::new();
            }
        };
        if engine.rule_count() == 0 {
            return Vec::new();
        }
        let found = engine.evaluate(&Row { batch, row });
        let found = found.into_iter().map(|result| SigmaMatch {
            severity: severity_of(result.header.level),
            attack: result.header.tags.iter().filter_map(|tag| technique(tag)).collect(),
            title: result.header.rule_title,
        });
        found.collect()
    }

    fn add(&mut self, file: &str, collection: &SigmaCollection) {
        self.refused.extend(collection.errors.iter().map(|error| format!("{file}: {error}")));
        for rule in &collection.rules {
            if let Err(why) = self.add_rule(rule) {
                self.refused.push(format!("{file}: {:?} {why}", rule.title));
                continue;
            }
            self.in_force.push((rule.title.clone(), file.to_owned()));
        }
        for rule in &collection.correlations {
            let what = "counts other rules' matches, which is not done yet";
            self.refused.push(format!("{file}: {:?} {what}", rule.title));
        }
        if !collection.filters.is_empty() {
            self.refused.push(format!("{file}: filters of other rules are not read"));
        }
    }

    fn add_rule(&mut self, rule: &SigmaRule) -> Result<(), String> {
        let mut fields = Vec::new();
        let mut named: Vec<_> = rule.detection.named.iter().collect();
        named.sort_by_key(|(name, _)| *name);
        for (_, detection) in named {
            fields_of(detection, &mut fields);
        }
        if let Some(field) = fields.iter().find(|field| column(field).is_none()) {
            return Err(format!("needs the field {field}, which is not kept"));
        }
        let source = &rule.logsource;
        let is_cloud = ["aws", "azure", "gcp"].contains(&source.product.as_deref().unwrap_or(""));
        let engine = match source.category.as_deref() {
            Some("webserver" | "proxy") => &mut self.of_requests,
            Some("cloud") => &mut self.of_audits,
            None if is_cloud => &mut self.of_audits,
            _ => return Err("is about other logs than webserver, proxy and cloud".to_owned()),
        };
        engine.add_rule(rule).map_err(|error| error.to_string())?;
        self.is_about_queries |=
            fields.iter().any(|field| matches!(column(field), Some(Column::Query | Column::Uri)));
        Ok(())
    }
}

/// The names of all fields that a detection looks at.
fn fields_of(detection: &Detection, out: &mut Vec<String>) {
    match detection {
        Detection::AllOf(items) => {
            out.extend(items.iter().filter_map(|item| item.field.name.clone()));
        }
        Detection::AnyOf(parts) | Detection::And(parts) => {
            for part in parts {
                fields_of(part, out);
            }
        }
        Detection::Keywords(_) => (),
        Detection::ArrayMatch { field, .. } => out.push(format!("{field}[]")),
        Detection::Conditional { .. } => out.push("[]".to_owned()),
    }
}

fn severity_of(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Critical) => Severity::Critical,
        Some(Level::High) => Severity::High,
        Some(Level::Medium) | None => Severity::Medium,
        Some(Level::Low | Level::Informational) => Severity::Low,
    }
}

/// `attack.t1190` to `T1190`.
fn technique(tag: &str) -> Option<String> {
    let id = tag.strip_prefix("attack.t")?;
    let is_id = id.starts_with(|first: char| first.is_ascii_digit());
    is_id.then(|| format!("T{id}"))
}

impl Row<'_> {
    fn text(&self, column: Column) -> String {
        let event = self.batch.event(self.row);
        match column {
            Column::Method => event.method.to_owned(),
            Column::Path => event.path.to_owned(),
            Column::Query => event.query.to_owned(),
            Column::Uri if event.query.is_empty() => event.path.to_owned(),
            Column::Uri => format!("{}?{}", event.path, event.query),
            Column::Status => event.status.to_string(),
            Column::Address => event.source_ip.to_owned(),
            Column::Client => event.user_agent.to_owned(),
            Column::Key => event.key.to_owned(),
            Column::Bytes => event.bytes.to_string(),
            Column::Operation => self.batch.operation.get(self.row).to_owned(),
            Column::Outcome => self.batch.outcome.get(self.row).to_owned(),
        }
    }
}

impl Event for Row<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        let text = self.text(column(path)?);
        (!text.is_empty()).then_some(EventValue::Str(Cow::Owned(text)))
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        Column::ALL.iter().any(|column| pred(&self.text(*column)))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        Column::ALL.iter().map(|column| Cow::Owned(self.text(*column))).collect()
    }

    fn to_json(&self) -> serde_json::Value {
        let pairs =
            Column::ALL.iter().map(|column| (column.name().to_owned(), self.text(*column).into()));
        serde_json::Value::Object(pairs.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "
title: Looks for backups
id: 00000000-0000-4000-8000-000000000001
logsource:
    category: webserver
detection:
    selection:
        cs-uri-stem|endswith:
            - .bak
            - .sql
        sc-status: 200
    condition: selection
level: high
tags:
    - attack.t1595.003
    - attack.reconnaissance
";

    fn read(text: &str) -> SigmaRules {
        SigmaRules::read(&[SigmaFile { name: "a.yml".to_owned(), text: text.to_owned() }])
    }

    fn titles(rules: &SigmaRules, path: &str, status: u16) -> Vec<SigmaMatch> {
        let mut batch = EventBatch::default();
        batch.time.push(0);
        batch.kind.push(EventKind::Request);
        batch.method.push("GET");
        batch.path.push(path);
        batch.status.push(status);
        rules.matches(&batch, 0)
    }

    #[test]
    fn a_request_is_matched_by_the_fields_of_its_rule() {
        let rules = read(RULE);
        assert_eq!(rules.in_force, [("Looks for backups".to_owned(), "a.yml".to_owned())]);
        let expected = SigmaMatch {
            title: "Looks for backups".to_owned(),
            severity: Severity::High,
            attack: vec!["T1595.003".to_owned()],
        };
        assert_eq!(titles(&rules, "/dump.sql", 200), [expected]);
        assert_eq!(titles(&rules, "/dump.sql", 404), []);
        assert_eq!(titles(&rules, "/dump.txt", 200), []);
    }

    #[test]
    fn a_rule_that_needs_what_is_not_kept_is_refused_and_the_others_stay() {
        let referer = RULE.replace("sc-status: 200", "cs-referer: x").replace("Looks", "Asks");
        let rules = read(&format!("{RULE}---{referer}"));
        assert_eq!(rules.in_force.len(), 1);
        let why = "a.yml: \"Asks for backups\" needs the field cs-referer, which is not kept";
        assert_eq!(rules.refused, [why]);
        let windows = RULE.replace("category: webserver", "category: process_creation");
        assert!(read(&windows).refused[0].contains("is about other logs"));
        assert!(!read("title: [").refused.is_empty());
    }
}
