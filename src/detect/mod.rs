//! Profile against baseline or rule to findings. To add a detector, add a file, its `mod`
//! line and its line in `panel!`. A detector is its thresholds and nothing else: what
//! must be remembered belongs in the profile or the baseline, where a replay finds it.

mod brute_force;
mod canary_key_used;
mod consent;
mod credential_status;
mod distributed_automation;
mod failures;
mod grant;
mod hygiene;
mod impossible_travel;
mod key_flood;
mod kinds;
mod large_answers;
mod metric;
mod newcomer;
mod object_enumeration;
mod odd_hours;
mod over_privileged;
mod pattern;
mod plain;
mod quota;
mod role_policy;
mod rules;
mod scanning;
mod shared_cause;
mod shared_key;
mod sigma;
mod sigma_count;
mod sigma_event;
mod sigma_fields;
mod sigma_note;
mod silent_key;
mod slow_drift;
mod spending;
mod stale_credential;
mod stale_dates;
#[cfg(test)]
mod stale_tests;
mod stale_use;
mod token_burn;
mod traffic_shift;
mod unknown_key;
mod volume_spike;

use serde::{Deserialize, Serialize};

use crate::model::{Class, Severity};

pub use brute_force::BruteForce;
pub use canary_key_used::CanaryKeyUsed;
pub use consent::Consent;
pub use credential_status::CredentialStatus;
pub use distributed_automation::DistributedAutomation;
pub use failures::Failures;
pub use grant::{Grant, Meanings};
pub use hygiene::{Flawed, Hygiene, Whose};
pub use impossible_travel::{ImpossibleTravel, Journey};
pub use key_flood::KeyFlood;
pub use kinds::{Kinds, Loudness};
pub use large_answers::LargeAnswers;
pub use metric::Metric;
pub use newcomer::{Newcomer, Novelty};
pub use object_enumeration::ObjectEnumeration;
pub use odd_hours::OddHours;
pub use pattern::Pattern;
use plain::length_text;
pub use plain::{count_text, date_text, time_text};
pub use quota::{ADDRESSES_MAX, Quota, Spent};
pub use role_policy::{Circumstances, RolePolicy, Said};
pub use rules::{RoleRules, Rules, TlsMin};
pub use scanning::Scanning;
pub use shared_cause::SharedCause;
pub use shared_key::SharedKey;
pub use sigma::{SigmaFile, SigmaMatches, SigmaRules};
pub use sigma_count::{SIGMA_HITS_MAX, SigmaCount, SigmaHit};
pub use sigma_note::SigmaNote;
pub use silent_key::SilentKey;
pub use slow_drift::SlowDrift;
pub use spending::{Amount, Spending};
pub use stale_credential::{Stale, StaleCredential, Watched};
pub use token_burn::TokenBurn;
pub use traffic_shift::{Total, TrafficShift};
pub use unknown_key::UnknownKeyAccepted;
pub use volume_spike::VolumeSpike;

/// A detector, as the README's table shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetectorInfo {
    /// Its table in the configuration.
    pub name: &'static str,
    pub class: Class,
    pub severity: Severity,
    /// What it finds, in one line.
    pub about: &'static str,
}

/// A broken rule, or something as good as certain, in the words of a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub kind: &'static str,
    pub severity: Severity,
    pub score: f64,
    pub because: String,
}

/// What a broken rule scores.
pub const POLICY_SCORE: f64 = 99.0;

macro_rules! panel {
    ($($name:ident: $thresholds:ty, $class:ident, $severity:ident, $about:literal;)*) => {
        /// Every detector's thresholds, by its name.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Panel {
            $(#[doc = $about] pub $name: $thresholds,)*
        }

        /// Every detector, in the order in which the README lists them.
        pub const DETECTORS: &[DetectorInfo] = &[
            $(DetectorInfo {
                name: stringify!($name),
                class: Class::$class,
                severity: Severity::$severity,
                about: $about,
            },)*
        ];
    };
}

panel! {
    volume_spike: VolumeSpike, Statistical, Medium,
        "a key asks far more than it usually does at this hour of this day";
    slow_drift: SlowDrift, Statistical, Medium,
        "a key's days bring more and more, though no hour of them stands out";
    silent_key: SilentKey, Statistical, Low,
        "a key that is always busy has fallen silent";
    failures: Failures, Statistical, Medium,
        "an unusual share of a key's requests is refused or fails: 401, 403, 404, 429, 5xx";
    large_answers: LargeAnswers, Statistical, Medium,
        "a key's answers are far larger than usual: somebody takes more than they need";
    object_enumeration: ObjectEnumeration, Statistical, Medium,
        "a key walks from one object's number to the next, or asks for far more objects than usual";
    token_burn: TokenBurn, Statistical, Medium,
        "a key's requests cost far more tokens or money than usual";
    shared_key: SharedKey, Statistical, Medium,
        "a key is used from far more addresses at a time than usual: it is in many hands";
    odd_hours: OddHours, Statistical, Low,
        "a key is used at an hour at which it never is: a hint that supports others";
    newcomer: Newcomer, Statistical, Medium,
        "first use of a key from a new network, by new client software, or of a new route";
    impossible_travel: ImpossibleTravel, Statistical, Low,
        "a key is used in two places, and nobody can have come from one to the other in that time";
    credential_status: CredentialStatus, Policy, High,
        "a revoked, retired, disabled or expired key is used";
    canary_key_used: CanaryKeyUsed, Policy, Critical,
        "a key that nobody should ever use is touched";
    unknown_key_accepted: UnknownKeyAccepted, Policy, High,
        "a key that the inventory does not know is let in";
    role_policy: RolePolicy, Policy, High,
        "a key does what its role may not: method, route, network, country, hour, rate, TLS";
    brute_force: BruteForce, Statistical, High,
        "one address is refused with many keys or many times, or one key from many addresses";
    scanning: Scanning, Statistical, Medium,
        "one address asks for one thing after another that is not there or not allowed";
    distributed_automation: DistributedAutomation, Statistical, Medium,
        "many addresses without keys, each with few requests, keep using one form";
    key_flood: KeyFlood, Statistical, High,
        "keys that nobody has seen before come in by the dozen";
    shared_cause: SharedCause, Statistical, Medium,
        "many keys change in the same way at once: one incident for all, not one each";
    traffic_shift: TrafficShift, Statistical, Medium,
        "all keys of a role together, or the whole API, do what they never did at such a time";
    spending: Spending, Statistical, High,
        "messages of an app, their failures or cost, or tokens in a provider's records of usage: far more than usual";
    consent: Consent, Policy, High,
        "a message goes to somebody who is on no list of opt-ins, or who has opted out";
    stale_credential: StaleCredential, Stale, Low,
        "a key is unused, overdue for rotation, about to expire, shared, over-privileged, or nobody's";
    hygiene: Hygiene, Stale, Medium,
        "keys or personal data in URLs, no TLS or an old one, signed URLs that go round";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detector_is_set_by_its_name_and_a_misspelt_threshold_is_refused() {
        let panel: Panel = toml::from_str("[scanning]\nrefusals_min = 7\n").unwrap();
        assert_eq!(panel.scanning.refusals_min, 7);
        assert_eq!(panel.volume_spike, VolumeSpike::default());
        let error = toml::from_str::<Panel>("[scanning]\nrefusals = 7\n").unwrap_err();
        assert!(error.to_string().contains("refusals"), "{error}");
    }

    #[test]
    fn every_detector_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> =
            DETECTORS.iter().map(|detector| detector.name).collect();
        assert_eq!(names.len(), DETECTORS.len());
    }
}
