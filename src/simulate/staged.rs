//! A staged incident: the requests that it adds to the log, and the label that tells of it.

use std::net::IpAddr;

use super::draw::Draw;
use super::hit::Caller;
use super::hit::Hit;
use super::traffic;
use crate::model::Hour;
use crate::model::Timestamp;

/// One row of `labels.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub id: String,
    pub kind: &'static str,
    /// easy, medium, hard, or na for what is only notable.
    pub strength: &'static str,
    pub keys: Vec<String>,
    pub addresses: Vec<IpAddr>,
    pub start: Timestamp,
    pub end: Timestamp,
    /// critical, high, medium, low or notable.
    pub severity: &'static str,
    pub events: u64,
    pub note: String,
}

/// A label and the streams of requests behind it.
pub(super) struct Staged {
    pub(super) label: Label,
    pub(super) streams: Vec<Stream>,
    /// First and last request so far.
    pub(super) seen: Option<(i64, i64)>,
}

/// Requests of one sort, spread over a time.
pub(super) struct Stream {
    /// Milliseconds since 1970.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) total: u32,
    pub(super) pace: Pace,
    pub(super) callers: Vec<Caller>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) clients: Vec<u16>,
    pub(super) routes: Vec<(u16, f64)>,
    /// None of them: what the route usually answers.
    pub(super) statuses: Vec<(u16, f64)>,
    pub(super) objects: Objects,
    /// Against the route's usual size and time.
    pub(super) size: f64,
    pub(super) slowness: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Even,
    /// More and more, from next to nothing.
    Rising,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Objects {
    /// Among so many from a first number, few of them often.
    Among(u64, u64),
    /// One after the other.
    Run(u64),
    Wild,
}

impl Staged {
    /// The incident's requests of one hour.
    pub(super) fn hour_of(&mut self, number: u16, hour: Hour, draw: &mut Draw) -> Vec<Hit> {
        let mut hits = Vec::new();
        for stream in &self.streams {
            stream.hour_of(hour, draw, &mut hits);
        }
        for hit in &mut hits {
            hit.incident = Some(number);
        }
        hits
    }

    pub(super) fn count(&mut self, at: i64) {
        self.label.events += 1;
        let (first, last) = self.seen.unwrap_or((at, at));
        self.seen = Some((first.min(at), last.max(at)));
    }
}

impl Stream {
    fn hour_of(&self, hour: Hour, draw: &mut Draw, hits: &mut Vec<Hit>) {
        let (from, to) = (self.from.max(hour.start().0), self.to.min(hour.end().0));
        if to <= from {
            return;
        }
        let (before, after) = (self.sent_until(from), self.sent_until(to));
        let mut times: Vec<i64> = (before..after).map(|_| draw.whole(from, to)).collect();
        times.sort_unstable();
        for (number, at) in (before..after).zip(times) {
            hits.push(self.hit(at, number, draw));
        }
    }

    fn hit(&self, at: i64, number: u32, draw: &mut Draw) -> Hit {
        let address = draw.pick(&self.addresses).unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let client = draw.pick(&self.clients).unwrap_or(0);
        let route = draw.weighted(&self.routes).unwrap_or(0);
        let mut hit = traffic::plain(at, address, (client, route), draw);
        hit.caller = match draw.pick(&self.callers).unwrap_or(Caller::Nobody) {
            Caller::Invented(seed) => Caller::Invented(seed ^ draw.number()),
            caller @ (Caller::Nobody | Caller::Named(_)) => caller,
        };
        hit.object = match self.objects {
            Objects::Among(first, count) => {
                first + (draw.unit() * draw.unit() * count as f64) as u64 * 37
            }
            Objects::Run(first) => first + u64::from(number),
            Objects::Wild => hit.object,
        };
        hit.bytes = (f64::from(hit.bytes) * self.size) as u32;
        hit.millis = (f64::from(hit.millis) * self.slowness) as u32;
        hit.status =
            draw.weighted(&self.statuses).filter(|status| *status != 0).unwrap_or(hit.status);
        if 400 <= hit.status {
            traffic::shrink(&mut hit);
        }
        hit
    }

    /// How many of the requests have been sent at a time between `from` and `to`.
    fn sent_until(&self, at: i64) -> u32 {
        let done = (at - self.from) as f64 / (self.to - self.from).max(1) as f64;
        let share = match self.pace {
            Pace::Even => done,
            Pace::Rising => done * done,
        };
        (f64::from(self.total) * share).round() as u32
    }
}
