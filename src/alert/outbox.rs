//! The outbox: every notice that waits in the store is delivered, put into a summary, or
//! given up loudly.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info};

use super::progress::Progress;
use super::retry::{BACKOFF_MAX, backoff, is_given_up};
use super::round::{Bundle, bundles, to_be_told, waited_out_an_outage};
use super::summary::{Cause, summary};
use super::{Allowed, Budget, Frame, Letter, Notifier, Reason, Refusal, Route, message};
use crate::model::{Millis, Timestamp};
use crate::store::{OutboxRow, OutboxState, Store, StoreError};

/// What the delivery of mails needs.
pub struct Worker {
    pub store: Store,
    pub notifier: Box<dyn Notifier>,
    pub routes: Vec<Route>,
    pub frame: Frame,
    /// The wall's clock: mails are for people.
    pub now: fn() -> Timestamp,
}

/// Well under the three seconds that a broken rule may take to reach the mail server.
const POLL: Duration = Duration::from_millis(500);
/// How long the end may wait for the mail server.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// What the hour's limit holds back looks again after this.
const HELD: Millis = Millis::seconds(60);
/// At most so many notices are looked at in one round.
const ROUND_MAX: usize = 1000;

/// Delivers until stopped. What waits then is durable, and goes out at the next start.
pub async fn run(worker: Worker, mut stopped: watch::Receiver<bool>) -> Result<(), StoreError> {
    let mut desk = Desk::new(worker);
    while !*stopped.borrow() {
        desk.round().await.or_else(unless_full)?;
        tokio::select! {
            () = tokio::time::sleep(POLL) => (),
            gone = stopped.changed() => if gone.is_err() { break },
        }
    }
    // A last look, for what was committed just before the end.
    match tokio::time::timeout(LAST_LOOK, desk.round()).await {
        Ok(done) => done.or_else(unless_full),
        Err(_elapsed) => Ok(()),
    }
}

/// A disk that fills in the middle of a round is waited for like one that was full before.
fn unless_full(error: StoreError) -> Result<(), StoreError> {
    if error.is_no_space() { Ok(()) } else { Err(error) }
}

/// The worker with what it remembers between rounds.
pub(super) struct Desk {
    worker: Worker,
    budget: Budget,
    progress: Progress,
}

impl Desk {
    pub(super) fn new(worker: Worker) -> Self {
        Self { worker, budget: Budget::default(), progress: Progress::default() }
    }

    #[cfg(test)]
    pub(super) fn into_worker(self) -> Worker {
        self.worker
    }

    /// One look into the outbox.
    pub(super) async fn round(&mut self) -> Result<(), StoreError> {
        let now = (self.worker.now)();
        // What cannot be written down would be told again and again.
        if !self.worker.store.has_room() {
            return Ok(());
        }
        let due = self.due(now)?;
        if due.is_empty() {
            return Ok(());
        }
        self.progress.begin_round();
        if !waited_out_an_outage(&due) {
            return self.tell_each(&due, now).await;
        }
        let told = self.tell_after_outage(&due, now).await;
        for bundle in &due {
            self.settle(bundle, told.as_ref().err(), now)?;
        }
        Ok(())
    }

    /// What is due, each with the notices of the same incident that are to follow soon.
    fn due(&self, now: Timestamp) -> Result<Vec<Bundle>, StoreError> {
        if self.worker.store.outbox_due(now, 1).is_empty() {
            return Ok(Vec::new());
        }
        let soon = now.plus(BACKOFF_MAX).plus(BACKOFF_MAX);
        let waiting = self.worker.store.outbox_due(soon, ROUND_MAX);
        let mut found = Vec::new();
        for (id, rows) in bundles(waiting) {
            let Some(incident) = self.worker.store.incident(id)? else {
                self.put_all(&rows, &given_up(now, "its incident is not stored any more"))?;
                continue;
            };
            let is_due = rows.iter().any(|row| row.next_try <= now);
            let bundle = Bundle { incident, rows, is_due };
            if bundle.recipients(&self.worker.routes).iter().all(|(_, to)| to.is_empty()) {
                info!(incident = %id, "no route takes this incident, nobody is told");
                self.put_all(&bundle.rows, &OutboxState::Unwanted { at: now })?;
                continue;
            }
            found.push(bundle);
        }
        Ok(to_be_told(found))
    }

    async fn tell_each(&mut self, due: &[Bundle], now: Timestamp) -> Result<(), StoreError> {
        let (mut held, mut waiting, mut told) = (BTreeMap::new(), Vec::new(), Ok(()));
        for bundle in due {
            if told.is_ok() {
                told = self.tell_within_budget(bundle, &mut held, now).await;
            }
            // At once: a kill repeats one mail, not all of a round.
            if self.pending(bundle).is_empty() {
                self.settle(bundle, None, now)?;
            } else {
                waiting.push(bundle);
            }
        }
        if told.is_ok() {
            told = self.tell_held(held, now).await;
        }
        for bundle in waiting {
            self.settle(bundle, told.as_ref().err(), now)?;
        }
        Ok(())
    }

    async fn tell_within_budget(
        &mut self,
        bundle: &Bundle,
        held: &mut BTreeMap<String, Vec<Bundle>>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let routes: Vec<(Route, Vec<String>)> = self.pending(bundle);
        for (route, recipients) in routes {
            match self.budget.allows(&route.name, now) {
                Allowed::Mail(number) => {
                    let reason = Reason { route: route.name, number };
                    self.tell(bundle, &reason, &recipients).await?;
                }
                Allowed::Storm | Allowed::Nothing => {
                    held.entry(route.name).or_default().push(bundle.clone());
                }
            }
        }
        Ok(())
    }

    /// What the hour's limit held back, in one mail a route.
    async fn tell_held(
        &mut self,
        held: BTreeMap<String, Vec<Bundle>>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        for (route, bundles) in held {
            if self.budget.allows(&route, now) == Allowed::Storm {
                self.tell_many(Cause::Storm, &route, &bundles).await?;
                self.budget.storm_sent(&route, now);
            }
        }
        Ok(())
    }

    async fn tell_after_outage(&mut self, due: &[Bundle], now: Timestamp) -> Result<(), Refusal> {
        let names: Vec<String> =
            self.worker.routes.iter().map(|route| route.name.clone()).collect();
        for route in names {
            self.tell_many(Cause::Outage, &route, due).await?;
            self.budget.mail_sent(&route, now);
        }
        Ok(())
    }

    /// One incident to all that a route names.
    async fn tell(
        &mut self,
        bundle: &Bundle,
        reason: &Reason,
        recipients: &[String],
    ) -> Result<(), Refusal> {
        let Some(lead) = bundle.lead() else { return Ok(()) };
        let letter = Letter::of(&bundle.incident, &lead.notice, &self.worker.frame, reason);
        let letter = letter.map_err(|error| Refusal::Unreachable(error.to_string()))?;
        let mut sent = false;
        for recipient in recipients {
            let reply = self.send(&letter, recipient).await?;
            sent |= reply.is_ok();
            self.progress.note(lead.notice.id, recipient, reply);
        }
        if sent {
            self.budget.mail_sent(&reason.route, (self.worker.now)());
        }
        Ok(())
    }

    /// Many incidents in one mail for each that the route names.
    async fn tell_many(
        &mut self,
        cause: Cause,
        route: &str,
        bundles: &[Bundle],
    ) -> Result<(), Refusal> {
        let mut by_recipient: BTreeMap<String, Vec<&Bundle>> = BTreeMap::new();
        for bundle in bundles {
            for (named, recipients) in self.pending(bundle) {
                for recipient in recipients.into_iter().filter(|_| named.name == route) {
                    by_recipient.entry(recipient).or_default().push(bundle);
                }
            }
        }
        for (recipient, bundles) in by_recipient {
            let incidents: Vec<_> = bundles.iter().map(|bundle| bundle.incident.clone()).collect();
            let letter = summary(cause, &incidents, &self.worker.frame, route);
            let letter = letter.map_err(|error| Refusal::Unreachable(error.to_string()))?;
            let reply = self.send(&letter, &recipient).await?;
            for lead in bundles.iter().filter_map(|bundle| bundle.lead()) {
                self.progress.note(lead.notice.id, &recipient, reply.clone());
            }
        }
        Ok(())
    }

    /// The server's reply, or its refusal of this one mail. An error if nothing can be sent.
    async fn send(&self, letter: &Letter, to: &str) -> Result<Result<String, Refusal>, Refusal> {
        let mail = match message::mail(letter, &self.worker.frame, to, (self.worker.now)()) {
            Ok(mail) => mail,
            Err(error) => return Ok(Err(Refusal::Never(error.to_string()))),
        };
        match self.worker.notifier.send(&mail).await {
            Err(blocked @ Refusal::Unreachable(_)) => Err(blocked),
            reply => Ok(reply),
        }
    }

    /// Routes of a bundle with those who have not been told yet.
    fn pending(&self, bundle: &Bundle) -> Vec<(Route, Vec<String>)> {
        let lead = bundle.lead().map_or(0, |row| row.notice.id);
        let mut pending = Vec::new();
        for (route, mut recipients) in bundle.recipients(&self.worker.routes) {
            recipients.retain(|recipient| !self.progress.is_settled(lead, recipient));
            if !recipients.is_empty() {
                pending.push((route.clone(), recipients));
            }
        }
        pending
    }

    /// Writes down what became of a bundle in this round.
    fn settle(
        &mut self,
        bundle: &Bundle,
        blocked: Option<&Refusal>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let lead = bundle.lead().map_or(0, |row| row.notice.id);
        if self.pending(bundle).is_empty() {
            let state = self.progress.finish(lead, now);
            if let OutboxState::GivenUp { reason, .. } = &state {
                error!(incident = %bundle.incident.id, reason, "nobody could be told of this incident");
            }
            return self.put_all(&bundle.rows, &state);
        }
        if blocked.is_some() && !bundle.is_due {
            return Ok(());
        }
        let refusal = self.progress.refused_for_now(lead).or(blocked.cloned());
        let Some(refusal) = refusal else {
            return self.put_back(&bundle.rows, now.plus(HELD));
        };
        self.try_again(bundle, &refusal, now)
    }

    fn try_again(
        &mut self,
        bundle: &Bundle,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let attempts = bundle.attempts().saturating_add(1);
        let lead = bundle.lead().map_or(0, |row| row.notice.id);
        if is_given_up(attempts) {
            error!(incident = %bundle.incident.id, attempts, reason = %refusal, "a mail was given up after a day of tries");
            self.progress.forget(lead);
            return self.put_all(
                &bundle.rows,
                &given_up(now, &format!("after {attempts} tries: {refusal}")),
            );
        }
        let rows = bundle.rows.iter().map(|row| OutboxRow {
            attempts,
            next_try: now.plus(backoff(attempts, lead)),
            last_error: refusal.to_string(),
            ..row.clone()
        });
        self.worker.store.outbox_update(&rows.collect::<Vec<_>>())
    }

    fn put_back(&self, rows: &[OutboxRow], next_try: Timestamp) -> Result<(), StoreError> {
        let last_error = "waits: this hour's mails are used up";
        let rows = rows.iter().map(|row| OutboxRow {
            next_try,
            last_error: last_error.to_owned(),
            ..row.clone()
        });
        self.worker.store.outbox_update(&rows.collect::<Vec<_>>())
    }

    fn put_all(&self, rows: &[OutboxRow], state: &OutboxState) -> Result<(), StoreError> {
        let rows = rows.iter().map(|row| OutboxRow { state: state.clone(), ..row.clone() });
        self.worker.store.outbox_update(&rows.collect::<Vec<_>>())
    }
}

fn given_up(at: Timestamp, reason: &str) -> OutboxState {
    OutboxState::GivenUp { at, reason: reason.to_owned() }
}
