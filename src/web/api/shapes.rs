//! The shapes of what the API gives: what stands in its description is what is written.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::parts::state_name;
use super::super::text::{clean, rfc3339};
use super::super::view::Source;
use crate::detect::SigmaNote;
use crate::engine::{KeyRow, RoleRow};
use crate::incident::{Incident, StaleFinding};
use crate::model::{Class, Entity, Timestamp};
use crate::store::Entry;

/// Whom an incident is about: one of these, or everybody if none is there.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(in crate::web) struct EntityShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// Nobody is told until then.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct MuteShape {
    pub by: String,
    pub reason: String,
    #[schema(format = DateTime)]
    pub until: Option<String>,
}

/// What somebody said about it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct RemarkShape {
    #[schema(format = DateTime)]
    pub at: Option<String>,
    pub by: String,
    /// `acknowledged`, `muted`, `confirmed`, `false alarm`, `expected` or `resolved`.
    pub word: String,
    pub reason: String,
}

/// One kind of evidence.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ContributionShape {
    pub kind: String,
    /// What was seen, and what is usual.
    pub because: String,
    pub score: f64,
    #[schema(format = DateTime)]
    pub at: Option<String>,
    /// Of a Sigma rule of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleShape>,
}

/// What a Sigma rule says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct RuleShape {
    pub title: String,
    pub id: String,
    /// `informational`, `low`, `medium`, `high` or `critical`; empty if it says none.
    pub level: String,
    pub description: String,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    pub references: Vec<String>,
    pub false_positives: Vec<String>,
}

/// One log line, scrubbed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct EvidenceShape {
    #[schema(format = DateTime)]
    pub at: Option<String>,
    pub source_ip: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub user_agent: String,
}

/// An incident as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct IncidentShape {
    pub id: String,
    pub kind: String,
    /// `open`, `acknowledged`, `resolved` or `muted`.
    pub state: String,
    /// `critical`, `high`, `medium` or `low`.
    pub severity: String,
    /// `policy`, `statistical` or `stale`.
    pub class: String,
    pub title: String,
    pub name: String,
    pub entity: EntityShape,
    pub keys: Vec<String>,
    pub addresses: Vec<String>,
    pub role: String,
    pub owner: String,
    #[schema(format = DateTime)]
    pub opened: Option<String>,
    #[schema(format = DateTime)]
    pub since: Option<String>,
    #[schema(format = DateTime)]
    pub last_seen: Option<String>,
    #[schema(format = DateTime)]
    pub resolved: Option<String>,
    pub acknowledged_by: String,
    pub mute: Option<MuteShape>,
    pub remarks: Vec<RemarkShape>,
    /// The incident that it is part of now.
    pub merged_into: Option<String>,
    /// 99 for a rule that was broken.
    pub score: f64,
    /// Under the alarm line: nobody is told.
    pub below: bool,
    pub events: u64,
    pub revision: u32,
    pub findings: Vec<ContributionShape>,
    pub evidence: Vec<EvidenceShape>,
}

/// A stale credential, or a piece of hygiene about it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct FindingShape {
    pub key: String,
    pub route: String,
    pub kind: String,
    pub severity: String,
    pub owner: String,
    pub role: String,
    #[schema(format = DateTime)]
    pub since: Option<String>,
    pub because: String,
    pub next: String,
}

/// A finding, as it stands beside its key.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct StaleShape {
    pub kind: String,
    pub severity: String,
    #[schema(format = DateTime)]
    pub since: Option<String>,
    pub because: String,
    pub next: String,
}

/// One key, by its public id.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct KeyShape {
    pub key: String,
    pub owner: String,
    pub role: String,
    #[schema(format = DateTime)]
    pub first_used: Option<String>,
    #[schema(format = DateTime)]
    pub last_used: Option<String>,
    pub requests: u64,
    pub errors: u64,
    /// `learning`, `on the role's` or `ready`.
    pub baseline: String,
    pub hours_learned: u32,
    pub stale: Vec<StaleShape>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct RoleShape {
    pub role: String,
    pub keys: u64,
    pub requests: u64,
    pub errors: u64,
}

/// One log that is read.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct SourceShape {
    pub path: String,
    /// `reading`, `idle`, `catching_up`, `unreadable` or `missing`.
    pub state: String,
    pub offset: u64,
    pub lines: u64,
    pub rejected: u64,
    pub losses: u64,
    pub lost_bytes: u64,
}

/// An entry of the audit journal.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct EntryShape {
    pub number: u64,
    #[schema(format = DateTime)]
    pub at: Option<String>,
    pub who: String,
    pub from: String,
    pub what: String,
    pub about: String,
    pub reason: String,
}

impl IncidentShape {
    pub(in crate::web) fn of(incident: &Incident) -> Self {
        let texts = |texts: &[String]| texts.iter().map(|text| clean(text)).collect();
        Self {
            id: incident.id.to_string(),
            kind: clean(&incident.kind),
            state: state_name(incident.state).to_owned(),
            severity: incident.severity.name().to_owned(),
            class: class_name(incident.class).to_owned(),
            title: clean(&incident.title),
            name: clean(&incident.name()),
            entity: EntityShape::of(&incident.entity),
            keys: texts(&incident.keys),
            addresses: texts(&incident.addresses),
            role: clean(&incident.role),
            owner: clean(&incident.owner),
            opened: rfc3339(incident.opened),
            since: rfc3339(incident.since),
            last_seen: rfc3339(incident.last_seen),
            resolved: time(incident.resolved),
            acknowledged_by: clean(&incident.acknowledged_by),
            mute: incident.mute.as_ref().map(|mute| MuteShape {
                by: clean(&mute.by),
                reason: clean(&mute.reason),
                until: rfc3339(mute.until),
            }),
            remarks: remarks(incident),
            merged_into: incident.merged_into.map(|id| id.to_string()),
            score: incident.score,
            below: incident.below,
            events: incident.events,
            revision: incident.revision,
            findings: contributions(incident),
            evidence: evidence(incident),
        }
    }
}

fn remarks(incident: &Incident) -> Vec<RemarkShape> {
    let shape = |remark: &crate::incident::Remark| RemarkShape {
        at: rfc3339(remark.at),
        by: clean(&remark.by),
        word: clean(&remark.word),
        reason: clean(&remark.reason),
    };
    incident.remarks.iter().map(shape).collect()
}

fn contributions(incident: &Incident) -> Vec<ContributionShape> {
    let shape = |finding: &crate::incident::Contribution| ContributionShape {
        kind: clean(&finding.kind),
        because: clean(&finding.because),
        score: finding.score,
        at: rfc3339(finding.at),
        rule: finding.rule.as_ref().map(RuleShape::of),
    };
    incident.findings.iter().map(shape).collect()
}

fn evidence(incident: &Incident) -> Vec<EvidenceShape> {
    let shape = |line: &crate::incident::EvidenceLine| EvidenceShape {
        at: rfc3339(line.at),
        source_ip: clean(&line.source_ip),
        method: clean(&line.method),
        path: clean(&line.path),
        status: line.status,
        user_agent: clean(&line.user_agent),
    };
    incident.evidence.iter().map(|line| shape(line)).collect()
}

impl RuleShape {
    fn of(rule: &SigmaNote) -> Self {
        let all = |texts: &[String]| texts.iter().map(|text| clean(text)).collect();
        Self {
            title: clean(&rule.title),
            id: clean(&rule.id),
            level: clean(&rule.level),
            description: clean(&rule.description),
            attack: all(&rule.attack),
            references: all(&rule.references),
            false_positives: all(&rule.false_positives),
        }
    }
}

impl EntityShape {
    fn of(entity: &Entity) -> Self {
        match entity {
            Entity::Key(key) => Self { key: Some(clean(key)), ..Self::default() },
            Entity::Address(address) => Self { address: Some(clean(address)), ..Self::default() },
            Entity::Route(route) => Self { route: Some(clean(route)), ..Self::default() },
            Entity::App(app) => Self { app: Some(clean(app)), ..Self::default() },
            Entity::Fleet => Self::default(),
        }
    }
}

impl FindingShape {
    pub(in crate::web) fn of(finding: &StaleFinding) -> Self {
        Self {
            key: clean(&finding.key),
            route: clean(&finding.route),
            kind: clean(&finding.kind),
            severity: finding.severity.name().to_owned(),
            owner: clean(&finding.owner),
            role: clean(&finding.role),
            since: rfc3339(finding.since),
            because: clean(&finding.because),
            next: clean(&finding.next),
        }
    }
}

impl KeyShape {
    pub(in crate::web) fn of<'s>(
        key: &KeyRow,
        stale: impl Iterator<Item = &'s StaleFinding>,
    ) -> Self {
        let finding = |finding: &StaleFinding| StaleShape {
            kind: clean(&finding.kind),
            severity: finding.severity.name().to_owned(),
            since: rfc3339(finding.since),
            because: clean(&finding.because),
            next: clean(&finding.next),
        };
        Self {
            key: clean(&key.key),
            owner: clean(&key.owner),
            role: clean(&key.role),
            first_used: time(key.first_used),
            last_used: time(key.last_used),
            requests: key.requests,
            errors: key.errors,
            baseline: key.state.to_owned(),
            hours_learned: key.hours_learned,
            stale: stale.map(finding).collect(),
        }
    }
}

impl RoleShape {
    pub(in crate::web) fn of(role: &RoleRow) -> Self {
        Self {
            role: clean(&role.role),
            keys: u64::try_from(role.keys).unwrap_or(u64::MAX),
            requests: role.requests,
            errors: role.errors,
        }
    }
}

impl SourceShape {
    pub(in crate::web) fn of(source: &Source) -> Self {
        Self {
            path: clean(&source.path),
            state: source.state.name().to_owned(),
            offset: source.offset,
            lines: source.lines,
            rejected: source.rejected,
            losses: source.losses,
            lost_bytes: source.lost_bytes,
        }
    }
}

impl EntryShape {
    pub(in crate::web) fn of(entry: &Entry) -> Self {
        Self {
            number: entry.number,
            at: rfc3339(entry.at),
            who: clean(&entry.who),
            from: clean(&entry.from),
            what: clean(&entry.what),
            about: clean(&entry.about),
            reason: clean(&entry.reason),
        }
    }
}

const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Policy => "policy",
        Class::Statistical => "statistical",
        Class::Stale => "stale",
    }
}

pub(super) fn time(at: Option<Timestamp>) -> Option<String> {
    at.and_then(rfc3339)
}
