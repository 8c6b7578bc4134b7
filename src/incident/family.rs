//! Which findings are the same news: ten times the requests and ten times the bytes are
//! one piece of evidence, a new network beside them is another.

use serde::{Deserialize, Serialize};

use super::Contribution;

/// Evidence of one family says the same thing in several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    Policy,
    Volume,
    Failures,
    Novelty,
    Objects,
    Address,
    Fleet,
    Stale,
}

/// A share of what the next strongest families add.
const NEXT_SHARE: f64 = 0.5;
const NEXT_MAX: usize = 3;

/// The family of a kind. A kind that nobody has sorted yet counts as volume, the most
/// common and the least surprising.
pub fn family(kind: &str) -> Family {
    match kind {
        "revoked_key_used"
        | "retired_key_used"
        | "disabled_key_used"
        | "expired_key_used"
        | "unknown_key_accepted"
        | "canary_key_used"
        | "method_not_allowed"
        | "route_not_allowed"
        | "network_not_allowed"
        | "country_not_allowed"
        | "hours_not_allowed"
        | "tls_not_allowed"
        | "tenant_not_allowed"
        | "rate_exceeded"
        | "quota_exceeded"
        | "sigma_rule"
        | "no_opt_in"
        | "after_opt_out" => Family::Policy,
        "failures" | "delivery_failures" => Family::Failures,
        "new_network" | "new_route" | "new_client" | "odd_hours" | "impossible_travel" => {
            Family::Novelty
        }
        "object_enumeration" | "large_answers" | "slow_exfiltration" | "token_burn" => {
            Family::Objects
        }
        "brute_force" | "scanning" | "distributed_automation" => Family::Address,
        "key_flood" | "fleet_errors" | "traffic_shift" => Family::Fleet,
        "unused"
        | "never_used"
        | "rotation_overdue"
        | "expiring"
        | "no_expiry"
        | "status_unknown"
        | "owner_missing"
        | "owner_gone"
        | "over_privileged"
        | "rotation_incomplete"
        | "shared"
        | "revived"
        | "used_after_end"
        | "key_in_url"
        | "token_in_url"
        | "mail_in_url"
        | "phone_in_url"
        | "card_in_url"
        | "national_id_in_url"
        | "basic_auth"
        | "plain_http"
        | "old_tls"
        | "signed_url_expired"
        | "signed_url_shared"
        | "deprecated_version"
        | "client_outdated"
        | "list_outdated"
        | "not_listed" => Family::Stale,
        // Many addresses, too: more requests come from more of them.
        _ => Family::Volume,
    }
}

/// The largest score, plus half of the next three of other families: bounded, and it
/// explains itself.
pub fn combined_score(findings: &[Contribution]) -> f64 {
    let mut best: Vec<(f64, Family)> = Vec::new();
    for finding in findings {
        let family = family(&finding.kind);
        match best.iter_mut().find(|(_, known)| *known == family) {
            Some((score, _)) => *score = score.max(finding.score),
            None => best.push((finding.score, family)),
        }
    }
    best.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let largest = best.first().map_or(0.0, |(score, _)| *score);
    let next: f64 = best.iter().skip(1).take(NEXT_MAX).map(|(score, _)| score).sum();
    largest + NEXT_SHARE * next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(findings: &[(&str, f64)], expected: f64) {
        let findings: Vec<_> = findings
            .iter()
            .map(|&(kind, score)| Contribution {
                kind: kind.to_owned(),
                score,
                ..Contribution::default()
            })
            .collect();
        assert!((combined_score(&findings) - expected).abs() < 1e-9);
    }

    #[test]
    fn the_same_news_twice_counts_once() {
        check(&[], 0.0);
        check(&[("volume_spike", 4.0), ("volume_drop", 3.0)], 4.0);
    }

    #[test]
    fn other_families_add_half_and_only_three_of_them() {
        check(&[("volume_spike", 4.0), ("new_network", 3.0)], 5.5);
        let five = [
            ("volume_spike", 5.0),
            ("failures", 4.0),
            ("new_network", 3.0),
            ("object_enumeration", 2.0),
            ("scanning", 1.0),
        ];
        check(&five, 9.5);
    }
}
