//! From findings to incidents, and from their changes to actions.

use std::sync::Arc;

use super::{Action, Engine};
use crate::detect::SigmaNote;
use crate::incident::{Change, Context, EvidenceLine, Transition};
use crate::model::{Finding, Millis};
use crate::profile::Sample;

/// An entity under suspicion has its lines kept as evidence this long.
const WATCH: Millis = Millis::hours(1);

impl Engine {
    /// Hands a finding to the incidents, with what is known of its key.
    pub(super) fn raise(
        &mut self,
        finding: &Finding,
        (index, combined): (Option<u32>, Option<f64>),
        actions: &mut Vec<Action>,
    ) {
        let context = Context { combined, ..Context::default() };
        self.raise_of(finding, (index, context), actions);
    }

    /// The same, of a rule that says something of itself.
    pub(super) fn raise_rule(
        &mut self,
        finding: &Finding,
        (index, rule): (Option<u32>, Option<SigmaNote>),
        actions: &mut Vec<Action>,
    ) {
        let context = Context { rule, ..Context::default() };
        self.raise_of(finding, (index, context), actions);
    }

    fn raise_of(
        &mut self,
        finding: &Finding,
        (index, mut context): (Option<u32>, Context),
        actions: &mut Vec<Action>,
    ) {
        if self.is_off(finding) {
            return;
        }
        context.theta = self.budget.theta;
        if let Some(key) = index.and_then(|index| self.keys.get_mut(index)) {
            key.watch_until = Some(finding.at.plus(WATCH));
            context.role = key.role.to_string();
            context.owner = key.owner.to_string();
            context.label = key.label.to_string();
            // Lent, not copied: an incident under fire is raised again and again.
            context.evidence = std::mem::take(&mut key.evidence);
            context.events = u64::from(key.hour.requests);
        }
        let changes = self.incidents.absorb(finding, &context);
        if let Some(key) = index.and_then(|index| self.keys.get_mut(index)) {
            key.evidence = context.evidence;
        }
        self.tell(changes, actions);
    }

    /// Hands over a finding that is about no key, with the lines that show it.
    pub(super) fn raise_with(
        &mut self,
        finding: &Finding,
        samples: &[Sample],
        actions: &mut Vec<Action>,
    ) {
        let lines = samples.iter().map(line_of).collect();
        self.raise_rule_with(finding, (lines, None), actions);
    }

    /// The same, of a rule that says something of itself.
    pub(super) fn raise_rule_with(
        &mut self,
        finding: &Finding,
        (evidence, rule): (Vec<EvidenceLine>, Option<SigmaNote>),
        actions: &mut Vec<Action>,
    ) {
        if self.is_off(finding) {
            return;
        }
        let events = u64::try_from(evidence.len()).unwrap_or_default();
        let theta = self.budget.theta;
        let evidence = evidence.into_iter().map(Arc::new).collect();
        let context = Context { evidence, events, theta, rule, ..Context::default() };
        let changes = self.incidents.absorb(finding, &context);
        self.tell(changes, actions);
    }

    /// Of a kind that nobody wants to hear of.
    fn is_off(&mut self, finding: &Finding) -> bool {
        let is_off = self.settings.kinds.is_off(&finding.kind);
        self.totals.turned_off += u64::from(is_off);
        is_off
    }

    pub(super) fn tell(&mut self, changes: Vec<Change>, actions: &mut Vec<Action>) {
        for change in changes {
            actions.push(match change {
                Change::Incident(incident) => Action::Incident(self.with_curve(incident)),
                Change::Alert(alert) => Action::Alert(alert),
                Change::Notice(notice) => {
                    self.totals.alarms += u64::from(notice.transition == Transition::Opened);
                    Action::Notice(notice)
                }
            });
        }
    }
}

fn line_of(sample: &Sample) -> EvidenceLine {
    let said = sample.said();
    EvidenceLine {
        at: said.at,
        source_ip: said.address.into_owned(),
        method: said.method.into_owned(),
        path: said.path.into_owned(),
        status: said.status,
        user_agent: said.user_agent.into_owned(),
    }
}
