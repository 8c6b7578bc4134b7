//! What `top` knows: the last answers of the daemon, and how they are to be shown.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;
use serde_json::Value;

use crate::cli::tell::shown;
use crate::detect::count_text;
use crate::model::{Millis, Timestamp};

/// By what is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Sort {
    /// Requests in the last minute
    Rate,
    /// Requests since the beginning
    Requests,
    /// Errors in the last minute
    Errors,
    /// The latest first
    Last,
    /// Those with something to look after first
    Stale,
    /// By name
    Key,
}

/// A key as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct KeyLine {
    pub(super) key: String,
    pub(super) role: String,
    pub(super) owner: String,
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) last_used: Option<String>,
    pub(super) baseline: String,
    #[serde(deserialize_with = "kinds")]
    pub(super) stale: Vec<String>,
    /// Requests per minute, and the share of errors among them; none before the second look.
    #[serde(skip)]
    pub(super) rate: Option<f64>,
    #[serde(skip)]
    pub(super) error_share: Option<f64>,
}

/// Everything that is on the screen.
pub(super) struct State {
    keys: Vec<KeyLine>,
    status: Value,
    /// By key, what it had counted at the last looks.
    looks: BTreeMap<String, VecDeque<Look>>,
    at: Timestamp,
    pub(super) sort: Sort,
    /// Only keys, roles and owners that hold this.
    pub(super) find: String,
    pub(super) is_finding: bool,
    pub(super) is_held: bool,
    pub(super) selected: usize,
    pub(super) trouble: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Timestamp,
    requests: u64,
    errors: u64,
}

/// Rates are those of so long.
const WINDOW: Millis = Millis::seconds(60);

/// Looks that are kept of each key.
const LOOKS_MAX: usize = 64;

impl State {
    pub(super) fn new(sort: Sort) -> Self {
        Self {
            keys: Vec::new(),
            status: Value::Null,
            looks: BTreeMap::new(),
            at: Timestamp(0),
            sort,
            find: String::new(),
            is_finding: false,
            is_held: false,
            selected: 0,
            trouble: None,
        }
    }

    /// Takes up an answer of the daemon.
    pub(super) fn take(&mut self, answer: &Value, at: Timestamp) {
        self.trouble = None;
        let keys = answer.get("keys").cloned().unwrap_or_default();
        let keys: Result<Vec<KeyLine>, _> = serde_json::from_value(keys);
        let Ok(mut keys) = keys else {
            self.trouble = Some("the daemon's answer cannot be understood".to_owned());
            return;
        };
        let mut before = std::mem::take(&mut self.looks);
        for key in &mut keys {
            let mut looks = before.remove(&key.key).unwrap_or_default();
            looks.push_back(Look { at, requests: key.requests, errors: key.errors });
            let is_old = |look: &Look| WINDOW < at.since(look.at);
            while LOOKS_MAX < looks.len() || (2 < looks.len() && looks.front().is_some_and(is_old))
            {
                looks.pop_front();
            }
            key.measure(&looks);
            self.looks.insert(key.key.clone(), looks);
        }
        self.keys = keys;
        self.status = answer.get("status").cloned().unwrap_or_default();
        self.at = at;
    }

    pub(super) const fn at(&self) -> Timestamp {
        self.at
    }

    /// Those that are wanted, in the order that is wanted.
    pub(super) fn rows(&self) -> Vec<&KeyLine> {
        let find = self.find.to_lowercase();
        let is_found = |key: &&KeyLine| {
            let texts = [&key.key, &key.role, &key.owner];
            find.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&find))
        };
        let mut rows: Vec<&KeyLine> = self.keys.iter().filter(is_found).collect();
        let errors = |key: &KeyLine| key.error_share.unwrap_or(0.0) * key.rate.unwrap_or(0.0);
        let most = |a: f64, b: f64| b.total_cmp(&a);
        rows.sort_by(|a, b| {
            let order = match self.sort {
                Sort::Rate => most(a.rate.unwrap_or(0.0), b.rate.unwrap_or(0.0)),
                Sort::Requests => b.requests.cmp(&a.requests),
                Sort::Errors => most(errors(a), errors(b)).then(b.errors.cmp(&a.errors)),
                Sort::Last => b.last_used.cmp(&a.last_used),
                Sort::Stale => b.stale.len().cmp(&a.stale.len()),
                Sort::Key => std::cmp::Ordering::Equal,
            };
            let then = b.requests.cmp(&a.requests);
            let then = if self.sort == Sort::Key { std::cmp::Ordering::Equal } else { then };
            order.then(then).then_with(|| a.key.cmp(&b.key))
        });
        rows
    }

    /// How everything is, in a line.
    pub(super) fn headline(&self) -> String {
        let number = |path: &str| self.status.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let verdict = self.status.get("verdict").and_then(Value::as_str).unwrap_or("unknown");
        let mut parts = vec![format!("keyvigil: {}", shown(verdict))];
        let open = ["critical", "high", "medium"]
            .map(|name| (name, number(&format!("/incidents/{name}"))));
        let open: Vec<String> =
            open.iter().filter(|(_, n)| 0 < *n).map(|(name, n)| format!("{n} {name}")).collect();
        if !open.is_empty() {
            parts.push(open.join(", "));
        }
        let rate: f64 = self.keys.iter().filter_map(|key| key.rate).sum();
        let active = self.keys.iter().filter(|key| key.rate.is_some_and(|rate| 0.0 < rate)).count();
        parts.push(format!("{rate:.0} req/min"));
        parts.push(format!("{active} of {} keys in use", self.keys.len()));
        if let Some(lag) = self.status.get("lag_seconds").and_then(Value::as_f64) {
            parts.push(format!("{lag:.0} s behind"));
        }
        parts.join(" · ")
    }

    pub(super) fn verdict(&self) -> &str {
        self.status.get("verdict").and_then(Value::as_str).unwrap_or("")
    }
}

impl KeyLine {
    /// From the first look of the window to the last.
    fn measure(&mut self, looks: &VecDeque<Look>) {
        let (Some(first), Some(last)) = (looks.front(), looks.back()) else { return };
        let millis = last.at.since(first.at).0;
        if millis <= 0 {
            return;
        }
        let requests = last.requests.saturating_sub(first.requests);
        let errors = last.errors.saturating_sub(first.errors);
        self.rate = Some(share(requests, u64::try_from(millis).unwrap_or(1)) * 60_000.0);
        self.error_share = (0 < requests).then(|| share(errors, requests));
    }

    pub(super) fn rate_text(&self) -> String {
        match self.rate {
            None => "…".to_owned(),
            Some(0.0) => "–".to_owned(),
            Some(rate) if rate < 10.0 => format!("{rate:.1}"),
            Some(rate) => format!("{rate:.0}"),
        }
    }

    pub(super) fn errors_text(&self) -> String {
        match self.error_share {
            None => "–".to_owned(),
            Some(share) => format!("{:.0} %", share * 100.0),
        }
    }

    /// How long ago.
    pub(super) fn last_text(&self, now: Timestamp) -> String {
        let last = self.last_used.as_deref().and_then(|it| it.parse::<jiff::Timestamp>().ok());
        let Some(last) = last else { return "never".to_owned() };
        let seconds = now.since(Timestamp(last.as_millisecond())).0.max(0) / 1000;
        match seconds {
            0..120 => format!("{seconds} s ago"),
            120..7200 => format!("{} min ago", seconds / 60),
            7200..172_800 => format!("{} h ago", seconds / 3600),
            _ => format!("{} d ago", count_text(u64::try_from(seconds / 86_400).unwrap_or(0))),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate, shown with two digits")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Of each finding, what it is.
fn kinds<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Finding {
        kind: String,
    }
    Ok(Vec::<Finding>::deserialize(from)?.into_iter().map(|it| it.kind).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// Two looks, ten seconds apart.
    pub(in crate::cli::top) fn state(sort: Sort) -> State {
        let mut state = State::new(sort);
        for (at, more) in [(1_000_000, 0), (1_010_000, 1)] {
            let key = |key: &str, requests: u64, errors: u64, stale: &[&str]| {
                json!({ "key": key, "role": "partner", "owner": "a@example.com", "requests": requests,
                    "errors": errors, "last_used": "1970-01-01T00:16:40Z", "baseline": "ready",
                    "stale": stale.iter().map(|it| json!({ "kind": it })).collect::<Vec<_>>() })
            };
            let answer = json!({
                "status": { "verdict": "alert", "incidents": { "high": 2 }, "lag_seconds": 0.4 },
                "keys": [
                    key("k_quiet", 900, 0, &["unused"]),
                    key("k_busy", 100 + 50 * more, 10 * more, &[]),
                    key("k_\u{1b}[31mred", 5 + more, more, &[]),
                ],
            });
            state.take(&answer, Timestamp(at));
        }
        state
    }

    fn order(sort: Sort) -> Vec<String> {
        state(sort).rows().iter().map(|key| key.key.clone()).collect()
    }

    #[test]
    fn a_rate_is_what_was_added_in_the_window() {
        let state = state(Sort::Rate);
        let rows = state.rows();
        assert_eq!(rows[0].key, "k_busy");
        assert_eq!((rows[0].rate_text().as_str(), rows[0].errors_text().as_str()), ("300", "20 %"));
        assert_eq!(
            (rows[2].rate_text().as_str(), rows[2].last_text(state.at()).as_str()),
            ("–", "10 s ago")
        );
        assert_eq!(
            state.headline(),
            "keyvigil: alert · 2 high · 306 req/min · 2 of 3 keys in use · 0 s behind"
        );
    }

    #[test]
    fn rows_come_in_the_wanted_order() {
        assert_eq!(order(Sort::Requests)[0], "k_quiet");
        assert_eq!(order(Sort::Stale)[0], "k_quiet");
        assert_eq!(order(Sort::Errors)[0], "k_busy");
        assert_eq!(order(Sort::Key).last().unwrap(), "k_quiet");
        let mut state = state(Sort::Rate);
        state.find = "BUSY".to_owned();
        assert_eq!(state.rows().len(), 1);
    }

    #[test]
    fn an_answer_that_makes_no_sense_leaves_what_was_known() {
        let mut state = state(Sort::Rate);
        state.take(&json!({ "keys": "none" }), Timestamp(1_020_000));
        assert_eq!((state.rows().len(), state.trouble.is_some()), (3, true));
    }
}
