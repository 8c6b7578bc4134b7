//! Mails that come by the calendar: each day what was too small for a mail of its own,
//! each week the stale keys, each month a sign of life.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};

use super::journal_head::journal_head;
use super::letter_parts::moment;
use super::outbox::Desk;
use super::outbox_settle::{finished, log_reply, settled_as, tried_again};
use super::plain::plain;
use super::round::note;
use super::summary::{LINES_MAX, Line, View, counted, worst_first};
use super::{AlertError, Audience, Letter, News, Refusal, tone};
use crate::detect::count_text;
use crate::incident::{Incident, Notice, StaleFinding, StaleState, words};
use crate::model::{Severity, Timestamp};
use crate::store::{OutboxRow, OutboxState, Shown, StoreError, Topic};

/// Who gets them, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reports {
    /// Nobody: there are none.
    pub to: Vec<String>,
    pub zone: Option<TimeZone>,
    /// Minutes of the day at which they are due.
    pub at: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Daily,
    Weekly,
    Monthly,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Daily, Self::Weekly, Self::Monthly];

    const fn name(self) -> &'static str {
        match self {
            Self::Daily => "digest",
            Self::Weekly => "stale keys",
            Self::Monthly => "sign of life",
        }
    }

    /// Its last time at or before `now`: each day, each Monday, each first of a month.
    fn last(self, now: &Zoned, at: u16) -> Option<Timestamp> {
        let time = jiff::civil::time((at / 60).try_into().ok()?, (at % 60).try_into().ok()?, 0, 0);
        let mut date = now.date();
        loop {
            let is_day = match self {
                Self::Daily => true,
                Self::Weekly => date.weekday() == Weekday::Monday,
                Self::Monthly => date.day() == 1,
            };
            let due = date.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?;
            if is_day && due <= *now {
                return Some(Timestamp(due.timestamp().as_millisecond()));
            }
            date = date.checked_sub(1.day()).ok()?;
        }
    }

    const fn topic(self, since: Timestamp) -> Topic {
        match self {
            Self::Daily => Topic::Digest { since },
            Self::Weekly => Topic::StaleKeys,
            Self::Monthly => Topic::SignOfLife { since },
        }
    }
}

impl Desk {
    /// Puts what has become due into the outbox. The first look only starts the calendar.
    pub(super) fn plan_reports(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let reports = &self.worker.reports;
        if reports.to.is_empty() {
            return Ok(());
        }
        let zone = reports.zone.clone().unwrap_or(TimeZone::UTC);
        let here = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default().to_zoned(zone);
        let at = reports.at;
        for kind in Kind::ALL {
            let known = self.memory.reported.get(kind.name()).copied().filter(|at| *at <= now);
            let due = kind.last(&here, at).filter(|due| known.is_some_and(|known| known < *due));
            if known.is_some() && due.is_none() {
                continue;
            }
            if let (Some(due), Some(since)) = (due, known) {
                let row = OutboxRow::waiting(Notice::report(kind.name(), due), kind.topic(since));
                self.worker.store.outbox_update(&[row])?;
            }
            self.memory.reported.insert(kind.name().to_owned(), due.unwrap_or(now));
            self.memory.write(&self.worker.store)?;
        }
        Ok(())
    }

    pub(super) async fn tell_report(
        &mut self,
        mut row: OutboxRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let letter = match self.report(&row)? {
            Ok(Some(letter)) => letter,
            Ok(None) => {
                let rows = settled_as(&[row], &OutboxState::Unwanted { at: now });
                return self.worker.store.outbox_update(&rows);
            }
            Err(error) => {
                let rows = tried_again(&[row], &Refusal::Later(error.to_string()), now);
                return self.worker.store.outbox_update(&rows);
            }
        };
        let mut refused = None;
        for to in self.worker.reports.to.clone() {
            let is_out = self.worker.opted_out.iter().any(|out| out.eq_ignore_ascii_case(&to));
            let is_person = self.worker.ways.audience(&to) == Audience::People;
            if is_out || !is_person || row.is_told(&to) {
                continue;
            }
            let reply = self.send(&to, letter.clone(), News::Report).await;
            log_reply(&to, &reply);
            note(std::slice::from_mut(&mut row), &mut refused, (&to, reply));
            self.worker.store.outbox_update(std::slice::from_ref(&row))?;
        }
        let rows = match refused {
            Some(refusal) => tried_again(&[row], &refusal, now),
            None => finished(&[row], "a report", now),
        };
        self.worker.store.outbox_update(&rows)
    }

    /// None if there is nothing to say.
    fn report(&self, row: &OutboxRow) -> Result<Result<Option<Letter>, AlertError>, StoreError> {
        let view = match row.topic {
            Topic::Incident => None,
            Topic::Digest { since } => self.digest(since, row.notice.due)?,
            Topic::StaleKeys => self.stale_keys()?,
            Topic::SignOfLife { since } => Some(self.sign_of_life(since, row.notice.due)?),
            Topic::MonthlyReport { from, until } => Some(self.monthly_report(from, until)?),
        };
        let id = format!("report.{:016x}", row.notice.id);
        Ok(view.map(|view| view.letter(&id, &self.worker.frame)).transpose())
    }

    /// Incidents of the day that were told in no mail of their own.
    fn digest(&self, since: Timestamp, until: Timestamp) -> Result<Option<View>, StoreError> {
        let mut small = self.shown_between(since, until)?;
        small.retain(|incident| {
            incident.severity <= Severity::Medium && !self.memory.threads.contains_key(&incident.id)
        });
        if small.is_empty() {
            return Ok(None);
        }
        let frame = &self.worker.frame;
        let lines = worst_first(&small).into_iter().take(LINES_MAX);
        let count = counted(small.len(), "smaller incident");
        Ok(Some(View {
            subject: format!("[keyvigil] {count} since yesterday"),
            head: format!("DAILY · {count}"),
            what: format!(
                "{count} since {}: of medium or low severity, so nobody was woken. Look through \
                 them once; what you can explain needs nothing.",
                moment(since, frame)
            ),
            lines: lines
                .map(|incident| Line::of(incident, frame))
                .chain(journal_head(&self.worker.store)?)
                .collect(),
            more: small.len().saturating_sub(LINES_MAX),
            link: frame.link_to("/incidents"),
            link_text: "Open the list of incidents",
            ..self.framed("the daily digest goes to all of [mail] to")
        }))
    }

    fn stale_keys(&self) -> Result<Option<View>, StoreError> {
        let mut open = self.open_findings()?;
        open.sort_by(|a, b| (b.severity, a.since, &a.key).cmp(&(a.severity, b.since, &b.key)));
        if open.is_empty() {
            return Ok(None);
        }
        let mut about: Vec<&str> = open.iter().map(StaleFinding::subject).collect();
        about.sort_unstable();
        about.dedup();
        // Requests without any key can be unsafe, too.
        let are_keys = open.iter().all(|finding| !finding.key.is_empty());
        let count = counted(about.len(), if are_keys { "key" } else { "key or path" });
        let count = count.replace("key or paths", "keys and paths");
        let not_known: Vec<String> =
            (self.worker.not_known)().iter().map(|it| format!(" Not known yet: {it}.")).collect();
        Ok(Some(View {
            subject: format!("[keyvigil] {count} to tidy up"),
            head: format!("WEEKLY · {count} to tidy up"),
            what: format!(
                "{count} could be misused without anybody noticing, or will soon stop working. \
                 The worst come first. Each is a question to its owner, and mostly ends with a \
                 key revoked that nobody misses.{}",
                not_known.concat()
            ),
            lines: open.iter().take(LINES_MAX).map(stale_line).collect(),
            more: open.len().saturating_sub(LINES_MAX),
            link: self.worker.frame.link_to("/keys"),
            link_text: "Open the list of keys",
            ..self.framed("the weekly report goes to all of [mail] to")
        }))
    }

    fn sign_of_life(&self, since: Timestamp, until: Timestamp) -> Result<View, StoreError> {
        let store = &self.worker.store;
        let incidents = self.shown_between(since, until)?;
        let open = incidents.iter().filter(|incident| incident.is_open()).count();
        let counts = store.outbox_counts();
        let frame = &self.worker.frame;
        let line =
            |title: &str, detail: String| Line { title: title.to_owned(), details: vec![detail] };
        let mail = if counts.given_up == 0 {
            "all delivered".to_owned()
        } else {
            format!("{} given up; the page says which", counted_u64(counts.given_up, "message"))
        };
        Ok(View {
            subject: format!("[keyvigil] still watching on {}", plain(&frame.host, 40)),
            head: "MONTHLY · still watching".to_owned(),
            what: format!(
                "No mail for weeks can mean that all is well, or that nobody watches. This one \
                 says that keyvigil on {} watches. You need to do nothing, unless you did not \
                 expect one of these numbers.",
                plain(&frame.host, 80)
            ),
            lines: [
                line("Requests remembered", count_text(store.event_count())),
                line(
                    &format!("Incidents since {}", moment(since, frame)),
                    format!("{}, {open} of them still open", count_text(incidents.len() as u64)),
                ),
                line("Messages", mail),
            ]
            .into_iter()
            .chain(journal_head(store)?)
            .collect(),
            link: frame.link_to("/"),
            link_text: "Open the status page",
            ..self.framed("the monthly sign of life goes to all of [mail] to")
        })
    }

    fn open_findings(&self) -> Result<Vec<StaleFinding>, StoreError> {
        self.worker.store.stale_findings_if(|it| it.state == StaleState::Open)
    }

    /// Only that it is there, and in short what is in it: it names more than a mail should.
    fn monthly_report(&self, from: Timestamp, until: Timestamp) -> Result<View, StoreError> {
        let incidents = self.shown_between(from, until)?;
        let severe = incidents.iter().filter(|it| Severity::High <= it.severity).count();
        let stale = self.open_findings()?.len();
        let frame = &self.worker.frame;
        let month = jiff::Timestamp::from_millisecond(from.0).unwrap_or_default();
        let month = month.strftime("%Y-%m");
        let line =
            |title: &str, detail: String| Line { title: title.to_owned(), details: vec![detail] };
        Ok(View {
            subject: format!("[keyvigil] report of {month} on {}", plain(&frame.host, 40)),
            head: format!("MONTHLY · report of {month}"),
            what: format!(
                "The report of {month} is ready. It lies on {} in the state directory, usually \
                 /var/lib/keyvigil, as reports/keyvigil-{month}.html, a page that prints, and as \
                 JSON beside it. It names keys, owners and incidents: hand it only to those who \
                 may see them.",
                plain(&frame.host, 80)
            ),
            lines: vec![
                line("Incidents in that month", count_text(incidents.len() as u64)),
                line("Of them high or critical", count_text(severe as u64)),
                line("Findings about credentials that are open now", count_text(stale as u64)),
            ],
            link: frame.link_to("/"),
            link_text: "Open the status page",
            ..self.framed("the monthly report ([reports] monthly)")
        })
    }

    fn shown_between(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        let mut incidents = self.worker.store.incidents(Shown::All)?;
        incidents.retain(|incident| {
            !incident.below
                && incident.merged_into.is_none()
                && since <= incident.last_seen
                && incident.opened < until
        });
        Ok(incidents)
    }

    fn framed(&self, reason: &str) -> View {
        let host = plain(&self.worker.frame.host, 80);
        View { reason: reason.to_owned(), host, tone: tone::CALM, ..View::default() }
    }
}

fn stale_line(finding: &StaleFinding) -> Line {
    let title = words(&finding.kind).map_or("needs a look", |words| words.title);
    let owner = if finding.owner.is_empty() {
        "owner unknown".to_owned()
    } else {
        format!("owner {}", plain(&finding.owner, 60))
    };
    let role = if finding.role.is_empty() {
        String::new()
    } else {
        format!(" · role {}", plain(&finding.role, 40))
    };
    Line {
        title: format!("{}: {title}", plain(finding.subject(), 40)),
        details: vec![
            plain(&finding.because, 200),
            format!("Next: {}", plain(&finding.next, 200)),
            format!("{} · {owner}{role}", finding.severity.name()),
        ],
    }
}

fn counted_u64(count: u64, what: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times in Berlin.
    fn check(kind: Kind, now: &str, expected: &str) {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now: jiff::civil::DateTime = now.parse().unwrap();
        let due = kind.last(&now.to_zoned(zone.clone()).unwrap(), 8 * 60).unwrap();
        let due = jiff::Timestamp::from_millisecond(due.0).unwrap().to_zoned(zone);
        assert_eq!(due.datetime().to_string(), expected);
    }

    #[test]
    fn reports_are_due_in_the_morning_of_their_day() {
        check(Kind::Daily, "2026-03-18T08:00:00", "2026-03-18T08:00:00");
        check(Kind::Daily, "2026-03-18T07:59:59", "2026-03-17T08:00:00");
        check(Kind::Weekly, "2026-03-18T12:00:00", "2026-03-16T08:00:00");
        check(Kind::Weekly, "2026-03-16T07:00:00", "2026-03-09T08:00:00");
        check(Kind::Monthly, "2026-03-18T12:00:00", "2026-03-01T08:00:00");
    }

    #[test]
    fn the_morning_stays_the_morning_when_the_clocks_change() {
        check(Kind::Daily, "2026-03-29T12:00:00", "2026-03-29T08:00:00");
        check(Kind::Daily, "2026-03-29T07:00:00", "2026-03-28T08:00:00");
    }
}
