//! Matches of rules that count: added up second by second, whatever order the lines came in, and
//! forgotten when they are older than their rule looks back.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::detect::{SIGMA_HITS_MAX, SigmaCount, SigmaHit};
use crate::incident::EvidenceLine;
use crate::model::{Millis, Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tallies {
    /// By the hit (its second comes first), rule and group.
    waiting: BTreeMap<(SigmaHit, String, Vec<String>), Pending>,
    /// By rule and group.
    windows: BTreeMap<(String, Vec<String>), Window>,
    /// Matches that were one too many.
    pub(super) dropped: u64,
}

/// Matches of the same rule, group and value in one second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    times: u32,
    pub(super) at: Timestamp,
    line: EvidenceLine,
    hit: SigmaHit,
}

/// In order of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Window {
    hits: VecDeque<SigmaHit>,
    lines: VecDeque<EvidenceLine>,
}

/// More do not wait: they are counted.
const WAITING_MAX: usize = 10_000;
const WINDOWS_MAX: usize = 10_000;
const LINES_MAX: usize = 10;
/// No rule looks back further.
const OLDEST: Millis = Millis::days(7);

/// What was seen, since when, and the lines that show it.
pub(super) type Tally = (String, Timestamp, Vec<EvidenceLine>);

impl Tallies {
    /// A match that waits until its slot is judged.
    pub(super) fn keep(
        &mut self,
        (rule, group, hit): (String, Vec<String>, SigmaHit),
        (at, line): (Timestamp, EvidenceLine),
    ) {
        let id = (hit.clone(), rule, group);
        if WAITING_MAX <= self.waiting.len() && !self.waiting.contains_key(&id) {
            self.dropped += 1;
            return;
        }
        let known = self.waiting.entry(id).or_insert_with(|| Pending {
            times: 0,
            at,
            line: line.clone(),
            hit,
        });
        known.times = known.times.saturating_add(1);
        if (at, &line) < (known.at, &known.line) {
            (known.at, known.line) = (at, line);
        }
    }

    /// The earliest that waits, with its rule and group.
    pub(super) fn take_before(&mut self, end: Timestamp) -> Option<(String, Vec<String>, Pending)> {
        let first = self.waiting.first_entry()?;
        if end.seconds() <= first.key().0.second {
            return None;
        }
        let ((_, rule, group), pending) = first.remove_entry();
        Some((rule, group, pending))
    }

    /// Adds it to those before; what was seen, if there are enough now.
    pub(super) fn add(
        &mut self,
        count: &SigmaCount,
        (rule, group): (&str, &[String]),
        pending: Pending,
    ) -> Option<Tally> {
        let id = (rule.to_owned(), group.to_vec());
        if WINDOWS_MAX <= self.windows.len() && !self.windows.contains_key(&id) {
            self.make_room(pending.hit.second);
        }
        if WINDOWS_MAX <= self.windows.len() && !self.windows.contains_key(&id) {
            self.dropped += u64::from(pending.times);
            return None;
        }
        let window = self.windows.entry(id).or_default();
        window.forget_before(pending.hit.second - count.timespan().0 / 1000);
        window.add(pending, count.counts_values());
        let since = window.hits.front().map_or(0, |first| first.second);
        let because = count.judge(window.hits.iter())?;
        let lines = window.lines.iter().cloned().collect();
        Some((because, Timestamp(since.saturating_mul(1000)), lines))
    }

    /// Rules that are there no more count no more.
    pub(super) fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.windows.retain(|(rule, _), _| is_there(rule));
        self.waiting.retain(|(_, rule, _), _| is_there(rule));
    }

    fn make_room(&mut self, second: i64) {
        let oldest = second - OLDEST.0 / 1000;
        self.windows
            .retain(|_, window| window.hits.back().is_some_and(|last| oldest <= last.second));
        if self.windows.len() < WINDOWS_MAX {
            return;
        }
        // The quarter that was quiet for longest.
        let last_of = |window: &Window| window.hits.back().map_or(i64::MIN, |last| last.second);
        let mut lasts: Vec<i64> = self.windows.values().map(last_of).collect();
        lasts.sort_unstable();
        let quiet = lasts.get(WINDOWS_MAX / 4).copied().unwrap_or(i64::MIN);
        self.windows.retain(|_, window| quiet <= last_of(window));
    }
}

impl Window {
    fn forget_before(&mut self, oldest: i64) {
        while self.hits.front().is_some_and(|first| first.second < oldest) {
            self.hits.pop_front();
        }
        while self.lines.front().is_some_and(|first| first.at.seconds() < oldest) {
            self.lines.pop_front();
        }
    }

    fn add(&mut self, pending: Pending, counts_values: bool) {
        let Pending { times, line, hit, .. } = pending;
        let times = if counts_values {
            self.hits.retain(|known| known.value != hit.value);
            1
        } else {
            usize::try_from(times).unwrap_or(usize::MAX).min(SIGMA_HITS_MAX)
        };
        self.hits.extend(std::iter::repeat_n(hit, times));
        let over = self.hits.len().saturating_sub(SIGMA_HITS_MAX);
        self.hits.drain(..over);
        self.lines.push_back(line);
        let over = self.lines.len().saturating_sub(LINES_MAX);
        self.lines.drain(..over);
    }
}
