//! Who is told what now: within budgets and quiet hours, one mail for many where there
//! would be too many.

use std::collections::BTreeMap;

use super::outbox::Desk;
use super::round::Bundle;
use super::summary::{Cause, summary};
use super::{Allowed, Audience, Bulletin, Letter, News, Occasion, Reason, Refusal, Route, Ways};
use crate::incident::Transition;
use crate::model::{Millis, Severity, Timestamp};
use crate::store::{OutboxRow, StoreError};

pub(super) const USED_UP: &str = "waits: this hour's mails are used up";
pub(super) const QUIET: &str = "waits for the end of the quiet hours";

/// What the hour's limit holds back looks again after this.
const HELD: Millis = Millis::seconds(60);
/// So long a storm gathers before one mail tells of it, unless it is a large one already.
const STORM_GATHERS: Millis = Millis::seconds(60);
const STORM_LARGE: usize = 10;

/// A route's name, and bundles by their places.
type ByRoute = BTreeMap<String, Vec<usize>>;

impl Desk {
    pub(super) async fn tell_each(
        &mut self,
        bundles: &mut [Bundle],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.tell_those_that_waited(bundles, now).await?;
        let mut order: Vec<usize> = (0..bundles.len()).collect();
        order.sort_by_key(|&place| {
            std::cmp::Reverse(bundles.get(place).map(|bundle| bundle.incident.severity))
        });
        let mut held = ByRoute::new();
        for place in order {
            let Some(bundle) = bundles.get_mut(place) else { continue };
            self.tell_programs(bundle).await?;
            for (route, people) in self.pending(bundle, Audience::People) {
                if let Some(end) = route.quiet_until(&bundle.incident, now) {
                    bundle.wait(QUIET, end);
                    continue;
                }
                match self.memory.budget.allows(&route.name, now) {
                    Allowed::Mail(number) => {
                        let reason = Reason { route: route.name.clone(), number };
                        if self.tell(bundle, &reason, &people).await? {
                            self.mail_sent(&route.name, now)?;
                        }
                    }
                    Allowed::Storm | Allowed::Nothing => {
                        bundle.wait(USED_UP, now.plus(HELD));
                        held.entry(route.name).or_default().push(place);
                    }
                }
            }
        }
        self.tell_of_storms(bundles, (held, now)).await
    }

    /// Programs are told everything, and each by itself.
    async fn tell_programs(&mut self, bundle: &mut Bundle) -> Result<(), StoreError> {
        for (route, programs) in self.pending(bundle, Audience::Programs) {
            let reason = Reason { route: route.name, number: 0 };
            if self.tell(bundle, &reason, &programs).await? {
                self.memory.write(&self.worker.store)?;
            }
        }
        Ok(())
    }

    /// What the quiet hours or the last hour's limit held back comes in one mail a route.
    async fn tell_those_that_waited(
        &mut self,
        bundles: &mut [Bundle],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for route in self.worker.routes.clone() {
            let places = |why: &str, desk: &Self| -> Vec<usize> {
                let waited = |bundle: &Bundle| {
                    bundle.waited_for(why)
                        && route.quiet_until(&bundle.incident, now).is_none()
                        && (why != QUIET || route.was_quiet(bundle.due()))
                        && desk.is_pending(bundle, &route.name)
                };
                let found = bundles.iter().enumerate().filter(|(_, bundle)| waited(bundle));
                found.map(|(place, _)| place).collect()
            };
            for (why, cause) in [(QUIET, Cause::Quiet), (USED_UP, Cause::Limit)] {
                let places = places(why, self);
                let is_allowed =
                    matches!(self.memory.budget.allows(&route.name, now), Allowed::Mail(_));
                if 1 < places.len() && is_allowed {
                    let told = self.tell_many((cause, &route.name), bundles, &places).await?;
                    if told {
                        self.mail_sent(&route.name, now)?;
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    async fn tell_of_storms(
        &mut self,
        bundles: &mut [Bundle],
        (held, now): (ByRoute, Timestamp),
    ) -> Result<(), StoreError> {
        for (route, places) in held {
            if self.memory.budget.allows(&route, now) != Allowed::Storm {
                continue;
            }
            let gathered = |bundle: &Bundle| {
                bundle.due().plus(STORM_GATHERS) <= now
                    || bundle.incident.severity == Severity::Critical
            };
            let is_ripe = STORM_LARGE <= places.len()
                || places.iter().any(|&place| bundles.get(place).is_some_and(gathered));
            if is_ripe && self.tell_many((Cause::Storm, &route), bundles, &places).await? {
                self.memory.budget.storm_sent(&route, now);
                self.memory.write(&self.worker.store)?;
            }
        }
        Ok(())
    }

    pub(super) async fn tell_after_outage(
        &mut self,
        bundles: &mut [Bundle],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for bundle in bundles.iter_mut() {
            self.tell_programs(bundle).await?;
        }
        let places: Vec<usize> = (0..bundles.len()).collect();
        for route in self.worker.routes.clone() {
            if self.tell_many((Cause::Outage, &route.name), bundles, &places).await? {
                self.mail_sent(&route.name, now)?;
            }
        }
        Ok(())
    }

    /// One incident to some of those whom a route names. True if anyone took it.
    async fn tell(
        &mut self,
        bundle: &mut Bundle,
        reason: &Reason,
        recipients: &[String],
    ) -> Result<bool, StoreError> {
        let mut any = false;
        let mut is_over = false;
        self.memory.name(&mut bundle.incident);
        let key = bundle.incident.entity.key().unwrap_or_default();
        let stale = self.worker.store.stale_findings_if(|it| it.key == key)?;
        for recipient in recipients {
            let Some(lead) = bundle.lead(recipient).map(|row| row.notice.clone()) else { continue };
            let occasion = Occasion {
                notice: &lead,
                reason,
                mails_before: self.memory.mails(bundle.incident.id, recipient),
                is_owner: *recipient == bundle.incident.owner,
                stale: &stale,
                is_flapping: self.memory.threads.get(&bundle.incident.id).is_some_and(|thread| {
                    lead.transition == Transition::Resolved
                        && super::memory::ENDS_MAX <= thread.ends + 1
                }),
            };
            let reply = match Letter::of(&bundle.incident, &occasion, &self.worker.frame) {
                Ok(letter) => {
                    let about = Box::new(bundle.incident.clone());
                    self.send(recipient, letter, News::Incident(about, lead.transition)).await
                }
                Err(error) => Err(Refusal::Later(error.to_string())),
            };
            if reply.is_ok() {
                any = true;
                is_over |= lead.transition == Transition::Resolved;
                self.memory.told(&bundle.incident, recipient, (self.worker.now)());
            }
            self.note(bundle, recipient, reply)?;
        }
        if let (true, Some(thread)) = (is_over, self.memory.threads.get_mut(&bundle.incident.id)) {
            thread.ends += 1;
        }
        Ok(any)
    }

    /// Many incidents in one mail for each whom the route names. True if anyone took it.
    async fn tell_many(
        &mut self,
        (cause, route): (Cause, &str),
        bundles: &mut [Bundle],
        places: &[usize],
    ) -> Result<bool, StoreError> {
        let mut by_recipient = ByRoute::new();
        for &place in places {
            let Some(bundle) = bundles.get(place) else { continue };
            for (named, people) in self.pending(bundle, Audience::People) {
                for recipient in people.into_iter().filter(|_| named.name == route) {
                    by_recipient.entry(recipient).or_default().push(place);
                }
            }
        }
        let mut any = false;
        for (recipient, places) in by_recipient {
            let about = places.iter().filter_map(|&place| bundles.get(place));
            let incidents: Vec<_> = about.map(|bundle| bundle.incident.clone()).collect();
            let reply = match summary(cause, &incidents, &self.worker.frame, route) {
                Ok(letter) => self.send(&recipient, letter, News::Several(incidents)).await,
                Err(error) => Err(Refusal::Later(error.to_string())),
            };
            any |= reply.is_ok();
            super::outbox_settle::log_reply(&recipient, &reply);
            let mut told = Vec::new();
            for place in places {
                if let Some(bundle) = bundles.get_mut(place) {
                    bundle.note(&recipient, reply.clone());
                    told.extend(bundle.rows.iter().cloned());
                }
            }
            self.worker.store.outbox_update(&told)?;
        }
        Ok(any)
    }

    pub(super) async fn send(
        &mut self,
        to: &str,
        letter: Letter,
        news: News,
    ) -> Result<String, Refusal> {
        let way = Ways::name_of(to);
        if let Some(refusal) = self.blocked.get(way) {
            return Err(refusal.clone());
        }
        let Some(notifier) = self.worker.ways.get(to) else {
            return Err(Refusal::Never(format!("no way of the name {way:?} is configured")));
        };
        let (frame, at) = (self.worker.frame.clone(), (self.worker.now)());
        let bulletin = Bulletin { to: to.to_owned(), letter, news, frame, at };
        let reply = notifier.send(&bulletin).await;
        if let Err(refusal @ Refusal::Unreachable(_)) = &reply {
            self.blocked.insert(way.to_owned(), refusal.clone());
        }
        reply
    }

    /// Routes of a bundle with those of an audience who have not been told yet. Someone on
    /// two routes is told once.
    pub(super) fn pending(&self, bundle: &Bundle, audience: Audience) -> Vec<(Route, Vec<String>)> {
        let mut seen: Vec<String> = Vec::new();
        let mut pending = Vec::new();
        for route in self.worker.routes.iter().filter(|route| route.takes(&bundle.incident)) {
            let mut recipients = route.recipients_for(&bundle.incident);
            recipients.retain(|recipient| {
                !seen.contains(recipient)
                    && self.worker.ways.audience(recipient) == audience
                    && self.is_to_be_told(bundle, recipient)
            });
            seen.extend(recipients.iter().cloned());
            if !recipients.is_empty() {
                pending.push((route.clone(), recipients));
            }
        }
        pending
    }

    fn is_pending(&self, bundle: &Bundle, route: &str) -> bool {
        let pending = self.pending(bundle, Audience::People);
        pending.iter().any(|(named, _)| named.name == route)
    }

    fn is_to_be_told(&self, bundle: &Bundle, recipient: &str) -> bool {
        if self.worker.opted_out.iter().any(|out| out.eq_ignore_ascii_case(recipient)) {
            return false;
        }
        let mut untold = bundle.rows.iter().filter(|row| !row.is_told(recipient));
        untold.any(|row| self.is_news(row, bundle, recipient))
    }

    /// Of an end hears who heard of the beginning, and not again and again.
    fn is_news(&self, row: &OutboxRow, bundle: &Bundle, recipient: &str) -> bool {
        let is_program = self.worker.ways.audience(recipient) == Audience::Programs;
        let knows = 0 < self.memory.mails(bundle.incident.id, recipient);
        let is_flapping = knows && self.memory.is_flapping(&bundle.incident);
        match row.notice.transition {
            Transition::Opened => true,
            Transition::Update => is_program || !is_flapping,
            Transition::Resolved => is_program || (knows && !is_flapping),
            Transition::Acknowledged => is_program || knows,
            Transition::Reminder => !is_program && knows,
        }
    }

    fn mail_sent(&mut self, route: &str, now: Timestamp) -> Result<(), StoreError> {
        self.memory.budget.mail_sent(route, now);
        self.memory.write(&self.worker.store)
    }
}
