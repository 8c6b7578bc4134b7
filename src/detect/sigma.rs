//! Sigma rules of a person's own: which of them are in force, and which an event matches.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rsigma_eval::Engine;
use rsigma_parser::{Detection, SigmaCollection, SigmaRule, parse_sigma_yaml};
use serde::{Deserialize, Serialize};

use super::sigma_count::{SigmaCount, SigmaHit};
use super::sigma_event::Row;
use super::sigma_fields::{Column, column};
use super::sigma_note::SigmaNote;
use crate::model::{EventBatch, EventKind};

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
    /// By id, or by title where there is none.
    single: BTreeMap<String, Single>,
    counts: BTreeMap<String, SigmaCount>,
    /// Title and file of each that is in force, and what it does in a few words.
    pub in_force: Vec<(String, String, String)>,
    /// What is not, and why, in words.
    pub refused: Vec<String>,
    /// Whether a rule looks at what is asked for in a query.
    pub is_about_queries: bool,
}

/// A rule about single events.
struct Single {
    note: SigmaNote,
    /// Its name in rules that count, beside its id.
    name: Option<String>,
    /// Only counted, and not told of by itself.
    is_silent: bool,
    /// Which rules count its matches.
    counted_by: Vec<String>,
}

/// What a row matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SigmaMatches<'r> {
    /// Rules that are told of by themselves: by what they are known, and what they say.
    pub told: Vec<(&'r str, &'r SigmaNote)>,
    /// Matches that are counted: by which rule, for whom, and as what.
    pub counted: Vec<(&'r str, Vec<String>, SigmaHit)>,
}

impl std::fmt::Debug for SigmaRules {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(&self.in_force).finish()
    }
}

impl SigmaRules {
    pub fn read(files: &[SigmaFile]) -> Self {
        let mut rules = Self::default();
        let mut collections = Vec::new();
        for file in files {
            match parse_sigma_yaml(&file.text) {
                Ok(collection) => collections.push((file.name.as_str(), collection)),
                Err(error) => rules.refused.push(unreadable(&file.name, &error.to_string())),
            }
        }
        for (file, collection) in &collections {
            rules.add(file, collection);
        }
        // Whatever file the rules that they count stand in.
        for (file, collection) in &collections {
            rules.add_counts(file, collection);
        }
        rules
    }

    pub fn is_empty(&self) -> bool {
        self.in_force.is_empty()
    }

    /// What a rule says of itself, by what it is known.
    pub fn note(&self, rule: &str) -> Option<&SigmaNote> {
        let single = || self.single.get(rule).map(|single| &single.note);
        self.counts.get(rule).map(|count| &count.note).or_else(single)
    }

    pub fn count(&self, rule: &str) -> Option<&SigmaCount> {
        self.counts.get(rule)
    }

    /// Every rule that the row matches, in the order of the files.
    pub fn matches(&self, batch: &EventBatch, row: usize) -> SigmaMatches<'_> {
        let mut matches = SigmaMatches::default();
        let engine = match batch.kind.get(row) {
            Some(EventKind::Request) => &self.of_requests,
            Some(EventKind::Audit) => &self.of_audits,
            Some(EventKind::Usage | EventKind::Delivery | EventKind::Inventory) | None => {
                return matches;
            }
        };
        if engine.rule_count() == 0 {
            return matches;
        }
        let row = Row { batch, row };
        for found in engine.evaluate(&row) {
            let known = found.header.rule_id.unwrap_or(found.header.rule_title);
            let Some((known, single)) = self.single.get_key_value(&known) else { continue };
            if !single.is_silent {
                matches.told.push((known, &single.note));
            }
            let names: Vec<&str> =
                [known.as_str()].into_iter().chain(single.name.as_deref()).collect();
            for by in &single.counted_by {
                let hit = self.counts.get(by).and_then(|count| count.hit(&row, &names));
                matches.counted.extend(hit.map(|(group, hit)| (by.as_str(), group, hit)));
            }
        }
        matches
    }

    fn add(&mut self, file: &str, collection: &SigmaCollection) {
        self.refused.extend(collection.errors.iter().map(|error| unreadable(file, error)));
        for rule in &collection.rules {
            match self.add_rule(rule) {
                Ok(()) => {
                    let level = SigmaNote::of(rule).severity().name();
                    self.in_force.push((rule.title.clone(), file.to_owned(), level.to_owned()));
                }
                Err(why) => self.refused.push(format!("{file}: {:?} {why}", rule.title)),
            }
        }
        if !collection.filters.is_empty() {
            self.refused.push(format!("{file}: filters of other rules are not read"));
        }
    }

    fn add_rule(&mut self, rule: &SigmaRule) -> Result<(), String> {
        let mut fields = BTreeSet::new();
        rule.detection.named.values().for_each(|detection| fields_of(detection, &mut fields));
        let missing: Vec<&str> =
            fields.iter().map(String::as_str).filter(|field| column(field).is_none()).collect();
        match missing.as_slice() {
            [] => (),
            [field] => return Err(format!("needs the field {field}, which is not kept")),
            fields => {
                return Err(format!("needs the fields {}, which are not kept", fields.join(", ")));
            }
        }
        let known = rule.id.as_ref().unwrap_or(&rule.title);
        if self.single.contains_key(known) {
            return Err(format!("is there twice: {known} was read before"));
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
        let (note, name) = (SigmaNote::of(rule), rule.name.clone());
        let single = Single { note, name, is_silent: false, counted_by: Vec::new() };
        self.single.insert(known.clone(), single);
        Ok(())
    }

    fn add_counts(&mut self, file: &str, collection: &SigmaCollection) {
        for rule in &collection.correlations {
            let known = rule.id.as_ref().unwrap_or(&rule.title);
            let read = SigmaCount::read(rule).and_then(|count| self.add_count(known, count));
            match read {
                Ok(about) => self.in_force.push((rule.title.clone(), file.to_owned(), about)),
                Err(why) => self.refused.push(format!("{file}: {:?} {why}", rule.title)),
            }
        }
    }

    fn add_count(&mut self, known: &str, count: SigmaCount) -> Result<String, String> {
        if self.note(known).is_some() {
            return Err(format!("is there twice: {known} was read before"));
        }
        let is_named = |name: &str, (id, single): (&String, &Single)| {
            id == name || single.name.as_deref() == Some(name)
        };
        for name in count.rules() {
            if !self.single.iter().any(|one| is_named(name, one)) {
                return Err(format!("counts matches of the rule {name}, which is not in force"));
            }
        }
        let counted = self
            .single
            .iter_mut()
            .filter(|(id, single)| count.rules().iter().any(|name| is_named(name, (id, single))));
        for (_, single) in counted {
            single.is_silent |= !count.leaves_others_alone();
            single.counted_by.push(known.to_owned());
        }
        let about = count.about();
        self.counts.insert(known.to_owned(), count);
        Ok(about)
    }
}

/// What the parser says, on one line, and what to write instead of what is no more.
fn unreadable(file: &str, said: &str) -> String {
    let words: Vec<&str> = said.split_whitespace().collect();
    let said = words.join(" ");
    let advice = if said.contains("| count(") || said.contains("| near ") {
        "; counting stands in a rule of its own now, with `correlation`"
    } else {
        ""
    };
    format!("{file}: a rule cannot be read: {said}{advice}")
}

/// The names of all fields that a detection looks at.
fn fields_of(detection: &Detection, out: &mut BTreeSet<String>) {
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
        Detection::ArrayMatch { field, .. } => {
            out.insert(format!("{field}[]"));
        }
        Detection::Conditional { .. } => {
            out.insert("[]".to_owned());
        }
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

    fn titles(rules: &SigmaRules, path: &str, status: u16) -> Vec<String> {
        let mut batch = EventBatch::default();
        batch.time.push(0);
        batch.kind.push(EventKind::Request);
        batch.method.push("GET");
        batch.path.push(path);
        batch.status.push(status);
        let told = rules.matches(&batch, 0).told.into_iter();
        told.map(|(_, note)| format!("{} {:?}", note.named(), note.severity())).collect()
    }

    #[test]
    fn a_request_is_matched_by_the_fields_of_its_rule() {
        let rules = read(RULE);
        let (title, file, level) = rules.in_force[0].clone();
        assert_eq!(
            (title.as_str(), file.as_str(), level.as_str()),
            ("Looks for backups", "a.yml", "high")
        );
        let expected = "rule \"Looks for backups\" (T1595.003) High".to_owned();
        assert_eq!(titles(&rules, "/dump.sql", 200), [expected]);
        assert!(titles(&rules, "/dump.sql", 404).is_empty());
        assert!(titles(&rules, "/dump.txt", 200).is_empty());
    }

    #[test]
    fn a_rule_that_needs_what_is_not_kept_is_refused_and_the_others_stay() {
        let cookie = RULE.replace("sc-status: 200", "cs-cookie: x").replace("Looks", "Asks");
        let rules = read(&format!("{RULE}---{cookie}"));
        assert_eq!(rules.in_force.len(), 1);
        let why = "a.yml: \"Asks for backups\" needs the field cs-cookie, which is not kept";
        assert_eq!(rules.refused, [why]);
        let windows = RULE.replace("category: webserver", "category: process_creation");
        assert!(read(&windows).refused[0].contains("is about other logs"));
        assert!(!read("title: [").refused.is_empty());
    }

    #[test]
    fn the_old_way_to_count_is_refused_with_the_new_one() {
        let old =
            RULE.replace("condition: selection", "condition: selection | count() by c-ip > 9");
        let refused = read(&old).refused;
        assert!(refused[0].starts_with("a.yml: a rule cannot be read: "), "{refused:?}");
        assert!(refused[0].ends_with("with `correlation`"), "{refused:?}");
        assert!(!refused[0].contains('\n'), "{refused:?}");
    }

    #[test]
    fn a_rule_that_is_there_twice_or_counts_what_is_not_there_is_refused() {
        let rules = read(&format!("{RULE}---{RULE}"));
        assert_eq!(rules.in_force.len(), 1);
        assert!(rules.refused[0].contains("is there twice"), "{:?}", rules.refused);
        let count = "
title: Many
correlation:
    type: event_count
    rules: [nowhere]
    timespan: 5m
    condition:
        gte: 10
";
        let why = "a.yml: \"Many\" counts matches of the rule nowhere, which is not in force";
        assert_eq!(read(count).refused, [why]);
        for (part, other, why) in [
            ("gte: 10", "lt: 10", "asks for few matches"),
            ("gte: 10", "gte: 5000", "counts to more than 1000"),
            ("5m", "30d", "looks back over more than 7 days"),
            (
                "    timespan",
                "    group-by: [cs-cookie]\n    timespan",
                "needs the field cs-cookie",
            ),
        ] {
            let refused = read(&count.replace(part, other)).refused;
            assert!(refused[0].contains(why), "{refused:?}");
        }
    }

    #[test]
    fn what_is_counted_is_not_told_by_itself_unless_it_is_asked_for() {
        let count = "
title: Many
correlation:
    type: event_count
    rules: [00000000-0000-4000-8000-000000000001]
    group-by: [cs-method]
    timespan: 5m
    condition:
        gte: 10
";
        let matches = |text: &str| {
            let rules = read(text);
            let mut batch = EventBatch::default();
            batch.time.push(7_000);
            batch.kind.push(EventKind::Request);
            batch.method.push("GET");
            batch.path.push("/dump.sql");
            batch.status.push(200);
            let found = rules.matches(&batch, 0);
            let counted = found
                .counted
                .into_iter()
                .map(|(by, group, hit)| (by.to_owned(), group, hit.second));
            (found.told.len(), counted.collect::<Vec<_>>())
        };
        let counted = vec![("Many".to_owned(), vec!["GET".to_owned()], 7)];
        assert_eq!(matches(&format!("{RULE}---{count}")), (0, counted.clone()));
        let both = count.replace("    timespan", "    generate: true\n    timespan");
        assert_eq!(matches(&format!("{RULE}---{both}")), (1, counted));
    }
}
