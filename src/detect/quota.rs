//! How much a key may use, as a person set it: certain, from the first second.

use serde::{Deserialize, Serialize};

use super::{POLICY_SCORE, Verdict, count_text};
use crate::model::Severity;
use crate::profile::Counts;

/// What one key may use in a minute, an hour or a day by the clock (UTC). What is not said is not
/// limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    pub requests_per_minute_max: Option<u64>,
    pub requests_per_hour_max: Option<u64>,
    pub requests_per_day_max: Option<u64>,
    /// Different addresses that use the key.
    pub addresses_per_hour_max: Option<u64>,
    pub bytes_per_hour_max: Option<u64>,
    pub bytes_per_day_max: Option<u64>,
    /// Answers 401, 403 and 429.
    pub refusals_per_hour_max: Option<u64>,
    pub refusals_per_day_max: Option<u64>,
    /// Of language models, in and out.
    pub tokens_per_hour_max: Option<u64>,
    pub tokens_per_day_max: Option<u64>,
    /// In millionths of what the log counts in.
    pub cost_micros_per_day_max: Option<u64>,
}

/// More addresses of one hour are not told apart.
pub const ADDRESSES_MAX: u64 = 1_000;

/// What a key used so far.
#[derive(Clone, Copy, Debug)]
pub struct Spent<'a> {
    pub minute_requests: u64,
    pub hour_addresses: u64,
    pub hour: &'a Counts,
    pub day: &'a Counts,
}

/// What is counted, in words and as numbers are said.
#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    text: fn(u64) -> String,
    verb: &'static str,
}

const REQUESTS: Unit = Unit { name: " requests", text: count_text, verb: "make" };
const ADDRESSES: Unit = Unit { name: " addresses", text: count_text, verb: "come from" };
const BYTES: Unit = Unit { name: "", text: bytes_text, verb: "have" };
const REFUSALS: Unit = Unit { name: " refusals", text: count_text, verb: "have" };
const TOKENS: Unit = Unit { name: " tokens", text: count_text, verb: "use" };
const COST: Unit = Unit { name: " of cost", text: cost_text, verb: "have" };

impl Quota {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A key's own limits, and its role's where it has none of its own.
    #[must_use]
    pub fn or(&self, role: &Self) -> Self {
        Self {
            requests_per_minute_max: self.requests_per_minute_max.or(role.requests_per_minute_max),
            requests_per_hour_max: self.requests_per_hour_max.or(role.requests_per_hour_max),
            requests_per_day_max: self.requests_per_day_max.or(role.requests_per_day_max),
            addresses_per_hour_max: self.addresses_per_hour_max.or(role.addresses_per_hour_max),
            bytes_per_hour_max: self.bytes_per_hour_max.or(role.bytes_per_hour_max),
            bytes_per_day_max: self.bytes_per_day_max.or(role.bytes_per_day_max),
            refusals_per_hour_max: self.refusals_per_hour_max.or(role.refusals_per_hour_max),
            refusals_per_day_max: self.refusals_per_day_max.or(role.refusals_per_day_max),
            tokens_per_hour_max: self.tokens_per_hour_max.or(role.tokens_per_hour_max),
            tokens_per_day_max: self.tokens_per_day_max.or(role.tokens_per_day_max),
            cost_micros_per_day_max: self.cost_micros_per_day_max.or(role.cost_micros_per_day_max),
        }
    }

    /// Whether nothing that is limited is used up: nearly always.
    pub fn allows(&self, spent: &Spent<'_>) -> bool {
        let (hour, day) = (spent.hour, spent.day);
        let is_within = |most: Option<u64>, seen: u64| seen <= most.unwrap_or(u64::MAX);
        // All of them at once: each is quicker compared than left out.
        is_within(self.requests_per_minute_max, spent.minute_requests)
            & is_within(self.requests_per_hour_max, u64::from(hour.requests))
            & is_within(self.requests_per_day_max, u64::from(day.requests))
            & is_within(self.refusals_per_hour_max, refusals(hour))
            & is_within(self.refusals_per_day_max, refusals(day))
            & is_within(self.addresses_per_hour_max, spent.hour_addresses)
            & is_within(self.bytes_per_hour_max, hour.bytes)
            & is_within(self.bytes_per_day_max, day.bytes)
            & is_within(self.tokens_per_hour_max, hour.tokens)
            & is_within(self.tokens_per_day_max, day.tokens)
            & is_within(self.cost_micros_per_day_max, day.cost)
    }

    /// Whatever is used up; `whose` limits they are ends the sentence. One verdict a kind: the
    /// shortest time says most.
    pub fn judge(&self, spent: &Spent<'_>, whose: &str) -> Vec<Verdict> {
        let (hour, day) = (spent.hour, spent.day);
        let requests = [
            (self.requests_per_minute_max, spent.minute_requests, "minute", REQUESTS),
            (self.requests_per_hour_max, u64::from(hour.requests), "hour", REQUESTS),
            (self.requests_per_day_max, u64::from(day.requests), "day", REQUESTS),
        ];
        let others = [
            (self.refusals_per_hour_max, refusals(hour), "hour", REFUSALS),
            (self.refusals_per_day_max, refusals(day), "day", REFUSALS),
            (self.addresses_per_hour_max, spent.hour_addresses, "hour", ADDRESSES),
            (self.bytes_per_hour_max, hour.bytes, "hour", BYTES),
            (self.bytes_per_day_max, day.bytes, "day", BYTES),
            (self.tokens_per_hour_max, hour.tokens, "hour", TOKENS),
            (self.tokens_per_day_max, day.tokens, "day", TOKENS),
            (self.cost_micros_per_day_max, day.cost, "day", COST),
        ];
        let of = |kind, (most, seen, per, unit): (Option<u64>, u64, &str, Unit)| {
            let most = most.filter(|most| *most < seen)?;
            let Unit { name, text, verb } = unit;
            let (seen, most) = (text(seen), text(most));
            let because = format!("{seen}{name} in one {per}; {whose} may {verb} {most}");
            Some(Verdict { kind, severity: Severity::Medium, score: POLICY_SCORE, because })
        };
        let rate = requests.into_iter().find_map(|it| of("rate_exceeded", it));
        let quota = others.into_iter().find_map(|it| of("quota_exceeded", it));
        rate.into_iter().chain(quota).collect()
    }
}

fn refusals(counts: &Counts) -> u64 {
    u64::from(counts.unauthorized) + u64::from(counts.forbidden) + u64::from(counts.throttled)
}

/// `12.4 GB`.
fn bytes_text(bytes: u64) -> String {
    let mut step = 1;
    for name in ["bytes", "kB", "MB", "GB"] {
        if bytes / step < 1000 {
            return scaled(bytes, (step, name));
        }
        step *= 1000;
    }
    scaled(bytes, (step, "TB"))
}

fn scaled(bytes: u64, (step, name): (u64, &str)) -> String {
    let tenths = u128::from(bytes) * 10 / u128::from(step);
    if step == 1 || tenths.is_multiple_of(10) {
        return format!("{} {name}", count_text(bytes / step));
    }
    format!("{}.{} {name}", count_text(bytes / step), tenths % 10)
}

/// `5.25`, of millionths.
fn cost_text(micros: u64) -> String {
    format!("{}.{:02}", count_text(micros / 1_000_000), micros / 10_000 % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn because(quota: &Quota, hour: &Counts, day: &Counts) -> Vec<(&'static str, String)> {
        let minute_requests = u64::from(hour.requests);
        let spent = Spent { minute_requests, hour_addresses: 0, hour, day };
        let verdicts = quota.judge(&spent, "a key of role partner");
        verdicts.into_iter().map(|verdict| (verdict.kind, verdict.because)).collect()
    }

    #[test]
    fn what_is_allowed_is_no_news_and_one_more_is() {
        let quota = Quota { requests_per_hour_max: Some(1100), ..Quota::default() };
        let hour = |requests| Counts { requests, ..Counts::default() };
        assert_eq!(because(&quota, &hour(1100), &Counts::default()), []);
        let said = "1,101 requests in one hour; a key of role partner may make 1,100".to_owned();
        assert_eq!(because(&quota, &hour(1101), &Counts::default()), [("rate_exceeded", said)]);
    }

    #[test]
    fn each_limit_is_said_with_its_unit() {
        let day = Counts {
            bytes: 12_400_000_000,
            forbidden: 3,
            throttled: 4,
            missing: 100,
            tokens: 2_000_001,
            cost: 5_250_000,
            ..Counts::default()
        };
        let check = |quota: Quota, said: &str| {
            let found = because(&quota, &Counts::default(), &day);
            assert_eq!(found, [("quota_exceeded", said.to_owned())]);
        };
        let none = Quota::default;
        check(
            Quota { bytes_per_day_max: Some(2_000_000_000), ..none() },
            "12.4 GB in one day; a key of role partner may have 2 GB",
        );
        check(
            Quota { refusals_per_day_max: Some(6), ..none() },
            "7 refusals in one day; a key of role partner may have 6",
        );
        check(
            Quota { tokens_per_day_max: Some(2_000_000), ..none() },
            "2,000,001 tokens in one day; a key of role partner may use 2,000,000",
        );
        check(
            Quota { cost_micros_per_day_max: Some(5_000_000), ..none() },
            "5.25 of cost in one day; a key of role partner may have 5.00",
        );
    }

    #[test]
    fn a_key_has_its_own_limits_and_the_rest_from_its_role() {
        let key = Quota { requests_per_day_max: Some(5), ..Quota::default() };
        let role =
            Quota { requests_per_day_max: Some(9), bytes_per_day_max: Some(7), ..Quota::default() };
        let both = key.or(&role);
        assert_eq!((both.requests_per_day_max, both.bytes_per_day_max), (Some(5), Some(7)));
    }
}
