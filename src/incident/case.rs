//! One incident: what is known about it, and the steps of its life.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::contribution::thousandths;
use super::{Context, Contribution, Curve, Family, IncidentId, combined_score, family, words};
use crate::detect::SigmaNote;
use crate::model::{Class, Entity, Finding, Severity, Timestamp};

/// As it stands now. Every change raises `revision`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub id: IncidentId,
    /// The kind of its strongest finding.
    pub kind: String,
    pub entity: Entity,
    pub keys: Vec<String>,
    /// The main one first.
    pub addresses: Vec<String>,
    pub role: String,
    pub owner: String,
    /// What people call the entity: the inventory's label, or the public id.
    pub label: String,
    pub class: Class,
    pub severity: Severity,
    pub state: State,
    /// The time of its earliest finding.
    pub opened: Timestamp,
    /// When what it describes began.
    pub since: Timestamp,
    /// The time of its latest finding.
    pub last_seen: Timestamp,
    pub resolved: Option<Timestamp>,
    pub acknowledged_by: String,
    pub mute: Option<Mute>,
    /// The incident that took this one in, because they share their evidence.
    pub merged_into: Option<IncidentId>,
    pub score: f64,
    /// Under the threshold: nobody is shown it.
    pub below: bool,
    /// A sentence for a person, as things stand.
    pub title: String,
    /// The title and severity people were first told. A mail's subject keeps them, so
    /// that its thread holds together.
    pub first_title: String,
    pub first_severity: Severity,
    /// One for each kind, the strongest first.
    pub findings: Vec<Contribution>,
    /// In order of time: the first ten and the last ten. Shared, because an incident under fire is
    /// handed out every ten seconds.
    pub evidence: Vec<Arc<EvidenceLine>>,
    /// How many events the evidence was taken from.
    pub events: u64,
    pub revision: u32,
    /// What people said about it, in order: the first and the latest.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// How its key, or everyone, was used in the last day. Only in what is handed out.
    #[serde(default)]
    pub curve: Curve,
}

/// A person's word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    pub at: Timestamp,
    pub by: String,
    /// `acknowledged`, `muted`, …
    pub word: String,
    pub reason: String,
}

/// Where an incident stands in its life.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    #[default]
    Open,
    Acknowledged,
    Resolved,
    Muted,
}

/// Nobody is told until `until`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    pub by: String,
    pub reason: String,
    pub until: Timestamp,
}

/// One log line, scrubbed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EvidenceLine {
    pub at: Timestamp,
    pub source_ip: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub user_agent: String,
}

/// What a rule that was broken scores: it is certain.
pub const POLICY_SCORE: f64 = 99.0;
const EVIDENCE_MAX: usize = 20;
const ADDRESSES_MAX: usize = 10;
const KEYS_MAX: usize = 40;
/// Of a person's own rules.
const RULES_MAX: usize = 10;
/// A title and its subject line's other parts stay within 78 characters.
pub const TITLE_CHARS_MAX: usize = 45;
/// So far over the threshold that evidence of two families is worth a grade more …
const MARGIN_HIGH: f64 = 4.0;
/// … and two kinds of it are each so rare alone. In calm traffic the second came to 4.2 at most.
const SECOND_MIN: f64 = 5.0;

impl Incident {
    pub(super) fn begin(finding: &Finding, context: &Context) -> Self {
        Self {
            id: IncidentId::of(&finding.entity, finding.at),
            entity: finding.entity.clone(),
            opened: finding.at,
            since: finding.since.min(finding.at),
            last_seen: finding.at,
            role: context.role.clone(),
            owner: context.owner.clone(),
            label: context.label.clone(),
            below: true,
            ..Self::default()
        }
    }

    /// Adds a finding. The order in which findings come makes no difference. False if it
    /// says nothing new.
    pub(super) fn add(&mut self, finding: &Finding, context: &Context) -> bool {
        let before = (self.opened, self.since, self.last_seen, self.events, self.score.to_bits());
        self.opened = self.opened.min(finding.at);
        self.since = self.since.min(finding.since).min(finding.at);
        self.last_seen = self.last_seen.max(finding.at);
        self.events = self.events.saturating_add(context.events);
        for (mine, theirs) in [
            (&mut self.role, &context.role),
            (&mut self.owner, &context.owner),
            (&mut self.label, &context.label),
        ] {
            if mine.is_empty() {
                mine.clone_from(theirs);
            }
        }
        let contribution = Contribution { rule: context.rule.clone(), ..Contribution::of(finding) };
        let contributed = self.contribute(contribution);
        let evident = self.add_evidence(&context.evidence);
        let own = finding.entity.key().map(str::to_owned);
        let keyed = self.add_keys(own.into_iter().chain(finding.keys.clone()));
        self.judge(context.theta, context.combined);
        let described = contributed || evident || keyed;
        if described {
            self.describe();
        }
        described
            || before
                != (self.opened, self.since, self.last_seen, self.events, self.score.to_bits())
    }

    /// Takes in all that another incident knows.
    pub(super) fn take_in(&mut self, other: Self, theta: f64) {
        self.opened = self.opened.min(other.opened);
        self.since = self.since.min(other.since);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.events = self.events.saturating_add(other.events);
        for finding in other.findings {
            self.contribute(finding);
        }
        self.add_evidence(&other.evidence);
        self.add_keys(other.keys);
        if self.owner.is_empty() {
            self.owner = other.owner;
        }
        if self.role.is_empty() {
            self.role = other.role;
        }
        self.judge(theta, Some(other.score));
        self.describe();
    }

    /// Kept: of one kind, or one rule of a person's own, the strongest, then the earliest.
    fn contribute(&mut self, new: Contribution) -> bool {
        match self.findings.iter_mut().find(|known| known.is_alike(&new)) {
            Some(known) if new.rank(known).is_lt() => *known = new,
            Some(_) => return false,
            None => self.findings.push(new),
        }
        self.findings.sort_by(Contribution::rank);
        let mut rules = 0;
        self.findings.retain(|finding| {
            rules += usize::from(finding.rule.is_some());
            finding.rule.is_none() || rules <= RULES_MAX
        });
        true
    }

    /// The first half and the last half in time are kept, whatever lies between.
    fn add_evidence(&mut self, lines: &[Arc<EvidenceLine>]) -> bool {
        let mut added = false;
        for line in lines {
            // An incident under fire is shown the same lines again and again.
            if self.evidence.iter().any(|known| Arc::ptr_eq(known, line)) {
                continue;
            }
            let Err(place) = self.evidence.binary_search(line) else { continue };
            if self.evidence.len() == EVIDENCE_MAX && place == EVIDENCE_MAX / 2 {
                continue;
            }
            self.evidence.insert(place, Arc::clone(line));
            if EVIDENCE_MAX < self.evidence.len() {
                self.evidence.remove(EVIDENCE_MAX / 2);
            }
            added = true;
        }
        added
    }

    fn add_keys(&mut self, keys: impl IntoIterator<Item = String>) -> bool {
        let mut added = false;
        for key in keys {
            if let Err(place) = self.keys.binary_search(&key)
                && place < KEYS_MAX
            {
                self.keys.insert(place, key);
                self.keys.truncate(KEYS_MAX);
                added = true;
            }
        }
        added
    }

    /// How bad it is.
    fn judge(&mut self, theta: f64, combined: Option<f64>) {
        let policy = self.findings.iter().any(|finding| finding.class == Class::Policy);
        self.class = if policy { Class::Policy } else { Class::Statistical };
        self.score = match (policy, combined) {
            (true, _) => POLICY_SCORE,
            (false, Some(known)) => self.score.max(known),
            (false, None) => combined_score(&self.findings),
        };
        self.score = thousandths(self.score);
        self.below = self.below && !policy && self.score < theta;
        self.severity = self.severity_over(theta);
    }

    /// What it is called, and where it comes from.
    fn describe(&mut self) {
        self.addresses = self.addresses_in_order();
        if let Some(first) = self.findings.first() {
            self.kind.clone_from(&first.kind);
        }
        self.title = self.title_now();
    }

    fn severity_over(&self, theta: f64) -> Severity {
        let named = self.findings.iter().map(|finding| finding.severity).max().unwrap_or_default();
        let wide = self.class == Class::Statistical && theta + MARGIN_HIGH <= self.score;
        let is_broad = wide && 1 < self.families().len();
        let strong = self.findings.iter().filter(|finding| SECOND_MIN <= finding.score);
        let strong: BTreeSet<&str> = strong.map(|finding| finding.kind.as_str()).collect();
        match named {
            Severity::Low if is_broad => Severity::Medium,
            Severity::Medium if is_broad && 1 < strong.len() => Severity::High,
            Severity::Low | Severity::Medium | Severity::High | Severity::Critical => named,
        }
    }

    /// The address of the strongest finding first, then the evidence's.
    fn addresses_in_order(&self) -> Vec<String> {
        let mut addresses: Vec<String> = Vec::new();
        let own = self.entity.address().map(str::to_owned);
        let named = self.findings.iter().filter_map(|finding| finding.address.clone());
        let seen = self.evidence.iter().map(|line| line.source_ip.clone());
        for address in own.into_iter().chain(named).chain(seen) {
            if !address.is_empty() && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses.truncate(ADDRESSES_MAX);
        addresses
    }

    /// The address that a finding named, if one did.
    pub fn main_address(&self) -> Option<String> {
        let named = self.findings.iter().find_map(|finding| finding.address.clone());
        self.entity.address().map(str::to_owned).or(named)
    }

    /// What a person's own rules that matched say of themselves.
    pub fn rules(&self) -> impl Iterator<Item = &SigmaNote> {
        self.findings.iter().filter_map(|finding| finding.rule.as_ref())
    }

    /// Techniques of ATT&CK: of its kind, and those that rules name.
    pub fn attack(&self) -> Vec<&str> {
        let mut ids = words(&self.kind).map_or_else(Vec::new, |words| words.attack.to_vec());
        for id in self.rules().flat_map(|rule| &rule.attack) {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }

    pub fn families(&self) -> BTreeSet<Family> {
        self.findings.iter().map(|finding| family(&finding.kind)).collect()
    }

    fn title_now(&self) -> String {
        let what = words(&self.kind).map_or("unusual use", |words| words.title);
        let who = self.name();
        let room = TITLE_CHARS_MAX.saturating_sub(what.chars().count() + 2);
        format!("{}: {what}", shortened(&who, room))
    }

    /// What people call the one it is about.
    pub fn name(&self) -> String {
        let own = match &self.entity {
            Entity::Key(name) | Entity::Address(name) | Entity::Route(name) | Entity::App(name) => {
                name.as_str()
            }
            Entity::Fleet => "all keys",
        };
        let name = if self.label.is_empty() { own } else { &self.label };
        name.to_owned()
    }

    /// Whether it still asks for someone.
    pub const fn is_open(&self) -> bool {
        match self.state {
            State::Open | State::Acknowledged | State::Muted => true,
            State::Resolved => false,
        }
    }
}

impl State {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::Muted => "muted",
        }
    }
}

/// The beginning of a text; an ellipsis stands for what is missing.
fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    short.push('…');
    short
}
