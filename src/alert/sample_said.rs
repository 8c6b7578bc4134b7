//! What a made-up incident says was seen: in the detectors' own words, so that a sample
//! reads like the mail that will come.

use crate::baseline::{Amount as Size, Compared, Daily, Expected, Steady};
use crate::detect::{
    Amount, BruteForce, CanaryKeyUsed, Circumstances, Consent, CredentialStatus, Failures,
    ImpossibleTravel, Journey, KeyFlood, LargeAnswers, Newcomer, Novelty, ObjectEnumeration,
    OddHours, Pattern, Quota, RolePolicy, RoleRules, Scanning, SharedCause, SharedKey, SigmaNote,
    SilentKey, SlowDrift, Spending, Spent, TlsMin, TokenBurn, Total, TrafficShift,
    UnknownKeyAccepted, Verdict, VolumeSpike, count_text, time_text,
};
use crate::identity::{InventoryKey, KeyStatus, Prefixes};
use crate::incident::CurveHour;
use crate::model::{Event, EventKind, Flaw, Flaws, Hour, Millis, Timestamp, Transport};
use crate::profile::{Counts, Facet, Failure, Source};

/// None for a kind that nobody knows.
pub(super) fn said(kind: &str, since: Timestamp, last: CurveHour) -> Option<String> {
    let hour = since.hour();
    Some(match kind {
        "volume_spike" => VolumeSpike::because(last.requests, 412, (hour, &expected(last))),
        "volume_drop" => {
            let [seen, low, high] = [last.requests, last.expected_low, last.expected_high]
                .map(|count| count_text(count.into()));
            format!("{seen} requests in the last hour; {low} to {high} are usual at this time")
        }
        "slow_ramp" => SlowDrift::because(Daily::Requests, &compared(2_900, 1_700)),
        "slow_exfiltration" => {
            SlowDrift::because(Daily::Bytes, &compared(410_000_000, 220_000_000))
        }
        "silent_key" => SilentKey::because(since, 760.0, 5),
        "failures" => Failures::because(Failure::Forbidden, (291, 940), (hour, 0.004)),
        "fleet_errors" => {
            let one = Failures::because(Failure::Broken, (207, 940), (hour, 0.003));
            SharedCause::because(41, 60, &one)
        }
        "new_network" => newcomer(Facet::Network, "AS64496 (Example Hosting)"),
        "new_route" => newcomer(Facet::Route, "GET /v1/export"),
        "new_client" => newcomer(Facet::Client, "curl"),
        "object_enumeration" => ObjectEnumeration::because((1_840, 2_010), (hour, 0.013)),
        "large_answers" => {
            let counts = Counts { requests: 57, bytes: 136_800_000, ..Counts::default() };
            LargeAnswers::because(&counts, hour, 18_400.0)
        }
        "shared_key" => SharedKey::because(31, 2.0),
        "traffic_shift" => {
            TrafficShift::because(Total::Requests, ("partner", since), (9_400.0, 3_100.0))
        }
        "odd_hours" => OddHours::because(20, (hour, &night())),
        "distributed_automation" => format!(
            "1,140 visits from 380 addresses without keys since {}: 91 % of all visits; none of \
             them came more than 10 times or did much else",
            time_text(since)
        ),
        "impossible_travel" => {
            let within = Millis::seconds(41 * 60);
            let way = Journey { km: 9_380.0, within, from: "Frankfurt", to: "Tokyo" };
            ImpossibleTravel::default().judge(&way)?
        }
        "rate_exceeded" | "quota_exceeded" => used_up(kind)?,
        "sigma_rule" => SigmaNote {
            title: "Looks for backups".to_owned(),
            attack: vec!["T1595.003".to_owned()],
            ..SigmaNote::default()
        }
        .because(("GET", "/dump.sql", 200)),
        "canary_key_used" => CanaryKeyUsed::judge(401).because,
        "unknown_key_accepted" => UnknownKeyAccepted::judge(200).map(because)?,
        "key_flood" => KeyFlood::default().judge((2_100, 148), 24).map(because)?,
        "brute_force" => BruteForce::default().judge(&source(since)).map(because)?,
        "scanning" => Scanning::default().judge(&source(since)).map(because)?,
        _ => spent(kind, hour).or_else(|| ended(kind, since)).or_else(|| forbidden(kind, since))?,
    })
}

/// What messages and language models bring about.
fn spent(kind: &str, hour: Hour) -> Option<String> {
    match kind {
        "token_burn" => {
            let counts = Counts { requests: 57, tokens: 684_000, ..Counts::default() };
            Some(TokenBurn::because((Size::Tokens, &counts), hour, 1_400.0))
        }
        "message_pumping" => above(Amount::Messages, (2_400, 90), ("otp", hour)),
        "delivery_failures" => above(Amount::Failures, (310, 4), ("otp", hour)),
        "usage_spike" => above(Amount::Tokens, (2_100_000, 180_000), ("small-1", hour)),
        "no_opt_in" => Consent::judge(Flaws::default().with(Flaw::NoOptIn), "promo").map(because),
        "after_opt_out" => {
            Consent::judge(Flaws::default().with(Flaw::OptedOut), "promo").map(because)
        }
        _ => None,
    }
}

/// An hour of messages or usage far above the others.
fn above(amount: Amount, (sum, usual): (u64, u64), what: (&str, Hour)) -> Option<String> {
    let mut steady = Steady::default();
    (0..48).for_each(|_| steady.learn(usual));
    Spending::default().judge((amount, sum), &steady, what).map(because)
}

fn used_up(kind: &str) -> Option<String> {
    let quota = Quota {
        requests_per_hour_max: Some(10_000),
        bytes_per_hour_max: Some(2_000_000_000),
        ..Quota::default()
    };
    let hour = Counts { requests: 12_400, bytes: 12_400_000_000, ..Counts::default() };
    let (minute_requests, hour_addresses) = (0, 0);
    let spent = Spent { minute_requests, hour_addresses, hour: &hour, day: &Counts::default() };
    let verdicts = quota.judge(&spent, "a key of role partner");
    verdicts.into_iter().find(|verdict| verdict.kind == kind).map(because)
}

fn because(verdict: Verdict) -> String {
    verdict.because
}

fn expected(last: CurveHour) -> Expected {
    let mean = f64::from(last.expected_low.midpoint(last.expected_high));
    Expected { mean, mean_upper: mean, mean_lower: mean, dispersion: 0.1, busy: (mean, 0.1) }
}

/// An hour at which the key sleeps.
const fn night() -> Expected {
    Expected { mean: 0.02, mean_upper: 0.02, mean_lower: 0.02, dispersion: 0.5, busy: (2.0, 0.5) }
}

const fn compared(seen: u64, usual: u64) -> Compared {
    Compared { seen, usual, off: 0.0, spread: 0.0 }
}

fn newcomer(facet: Facet, name: &str) -> String {
    Newcomer::because(facet, name, &Novelty { peers: 24, requests: 41, ..Novelty::default() })
}

fn source(since: Timestamp) -> Source {
    let (keys, paths) = ((0..24).collect(), (0..41).collect());
    Source { since, unauthorized: 412, missing: 96, keys, paths, ..Source::default() }
}

/// A key whose time was over.
fn ended(kind: &str, since: Timestamp) -> Option<String> {
    let status = match kind {
        "revoked_key_used" => KeyStatus::Revoked,
        "retired_key_used" => KeyStatus::Retired,
        "disabled_key_used" => KeyStatus::Disabled,
        "expired_key_used" => KeyStatus::Active,
        _ => return None,
    };
    let day = Some(Hour(since.hour().0 - 24 * 40).start().day().start());
    let is_over = status != KeyStatus::Active;
    let key = InventoryKey {
        status,
        status_since: day.filter(|_| is_over),
        expires: day.filter(|_| !is_over),
        ..InventoryKey::default()
    };
    CredentialStatus::default().judge(&key, (since, 200)).map(because)
}

/// A request that its role may not make.
fn forbidden(kind: &str, since: Timestamp) -> Option<String> {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let mut rules = RoleRules::default();
    let (mut method, mut circumstances) = ("GET", Circumstances::default());
    match kind {
        "method_not_allowed" => {
            method = "DELETE";
            rules.methods = texts(&["GET", "POST"]);
        }
        "route_not_allowed" => rules.routes = vec![Pattern::from("GET /v1/orders*".to_owned())],
        "network_not_allowed" => rules.networks = Prefixes::read(&texts(&["192.0.2.0/24"])).ok()?,
        "country_not_allowed" => {
            rules.countries = texts(&["DE", "NL"]);
            circumstances.country = "FR";
        }
        "tenant_not_allowed" => {
            rules.tenants = texts(&["acme"]);
            circumstances.tenant = "globex";
        }
        "hours_not_allowed" => {
            let hour = u8::try_from(since.hour().of_day()).ok()?;
            rules.hours = Some(((hour + 8) % 24, (hour + 16) % 24));
        }
        "tls_not_allowed" => {
            rules.tls_min = Some(TlsMin::Tls12);
            circumstances.transport = Transport::Tls11;
        }
        _ => return None,
    }
    let event = Event {
        at: since,
        kind: EventKind::Request,
        source: "",
        key: "",
        role: "partner",
        source_ip: super::sample::ADDRESS,
        method,
        path: "/v1/users",
        query: "",
        route: "/v1/users",
        status: 200,
        bytes: 0,
        user_agent: "",
    };
    RolePolicy::judge(&[(&rules, "role partner")], &event, circumstances).pop().map(because)
}
