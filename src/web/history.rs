//! What happened to an incident, and who did what when: the latest first.

use super::errand::Found;
use super::text::{Clock, clean, count, cut, span};
use crate::incident::{Incident, Remark};
use crate::model::Timestamp;
use crate::store::{Answer, OutboxRow, OutboxState};

pub(super) struct Moment {
    pub at: String,
    pub what: String,
    /// A reason, or a server's reply.
    pub more: String,
}

const MAILS_SHOWN: usize = 12;

pub(super) fn history(found: &Found, clock: &Clock) -> Vec<Moment> {
    let mut moments = life(&found.incident);
    moments.extend(found.incident.remarks.iter().map(|it| remark(it, &found.incident, clock)));
    let newest = found.mails.len().saturating_sub(MAILS_SHOWN);
    moments.extend(found.mails.iter().skip(newest).map(mail));
    moments.sort_by_key(|(at, _, _)| *at);
    let shown = |(at, what, more)| Moment { at: clock.when(at), what, more };
    moments.into_iter().rev().map(shown).collect()
}

type Told = (Timestamp, String, String);

fn life(incident: &Incident) -> Vec<Told> {
    let plain = |at, what: String| (at, what, String::new());
    let mut life = vec![plain(incident.since, "Began".to_owned())];
    let after = span(incident.opened.since(incident.since));
    life.push(plain(incident.opened, format!("Opened, {after} after it began")));
    let updates = usize::try_from(incident.revision).unwrap_or(usize::MAX).saturating_sub(1);
    let seen = match updates {
        0 => "Last seen".to_owned(),
        some => format!("Last seen, {}", count(some, "update", "updates")),
    };
    life.push(plain(incident.last_seen, seen));
    if let Some(at) = incident.resolved {
        life.push(plain(at, "Resolved".to_owned()));
    }
    if let Some(other) = incident.merged_into {
        let what = format!("Merged into {other}: they share their evidence");
        life.push(plain(incident.last_seen, what));
    }
    life
}

fn remark(remark: &Remark, incident: &Incident, clock: &Clock) -> Told {
    let by = cut(&clean(&remark.by), 60);
    let until = incident.mute.as_ref().filter(|_| remark.word == "muted");
    let until =
        until.map_or_else(String::new, |mute| format!(" until {}", clock.when_minute(mute.until)));
    let word = super::overview::capital(&clean(&remark.word));
    (remark.at, format!("{word}{until} by {by}"), cut(&clean(&remark.reason), 500))
}

fn mail(row: &OutboxRow) -> Told {
    let to = count(row.told.len(), "recipient", "recipients");
    let mut reply = row.told.iter().map(|told| match &told.answer {
        Answer::Taken(reply) | Answer::Refused(reply) => reply.as_str(),
    });
    let reply = reply.next_back().unwrap_or_default();
    let name = row.notice.transition.name();
    let (at, what, more) = match &row.state {
        OutboxState::Waiting if row.attempts == 0 => {
            (row.next_try, format!("Mail ({name}) waits"), "")
        }
        OutboxState::Waiting => {
            (row.next_try, format!("Mail ({name}) is tried again"), row.last_error.as_str())
        }
        OutboxState::Sent { at, reply: all } => {
            (*at, format!("Mail ({name}) to {to}"), if reply.is_empty() { all } else { reply })
        }
        OutboxState::GivenUp { at, reason } => {
            (*at, format!("Mail ({name}) was given up"), reason.as_str())
        }
        OutboxState::Unwanted { at } => (*at, format!("Nobody wanted a mail ({name})"), ""),
    };
    (at, what, cut(&clean(more), 200))
}
