//! First use of a key from a new network, by new client software, or of a new route.

use serde::{Deserialize, Serialize};

use super::plain::count_text;
use crate::profile::Facet;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Newcomer {
    /// Days of a key's life before anything counts as new.
    pub age_days_min: i64,
}

/// What is known about the newcomer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Novelty {
    /// Hours that the key has been watched, two weeks at most.
    pub hours: u32,
    /// New values in that time, this one not counted.
    pub new_values: u32,
    /// Values that were new within the last day, this one not counted.
    pub burst: u32,
    /// The role's other keys, and how many of them use the value.
    pub peers: u32,
    pub peers_using: u32,
    /// No key of any role is known to use it: more likely something new on offer.
    pub is_new_to_all: bool,
    /// By the newcomer, so far.
    pub requests: u32,
}

/// What is new to everyone is a release, and not this key's doing.
const NEW_TO_ALL_SHARE: f64 = 0.7;

impl Default for Newcomer {
    fn default() -> Self {
        Self { age_days_min: 3 }
    }
}

impl Newcomer {
    /// Good-Turing: as often as something new came lately, it will come again. Rarer
    /// still if no other key of the role uses it; more telling the more it does.
    pub fn score(novelty: &Novelty) -> f64 {
        let rate = (f64::from(novelty.new_values) + 0.5) / f64::from(novelty.hours.max(24));
        let rarity = match (novelty.peers, novelty.peers_using) {
            (_, 1) => 0.3,
            (_, 2..) => 0.0,
            (peers, 0) => f64::from(peers + 1).log10().min(1.5),
        };
        let busy = (1.0 + f64::from(novelty.requests) / 5.0).log10().min(1.5);
        let burst = (1.0 + f64::from(novelty.burst)).log10() * 1.5;
        let strange = if 2 <= novelty.peers_using { 0.6 } else { 1.0 };
        let strange = if novelty.is_new_to_all { strange * NEW_TO_ALL_SHARE } else { strange };
        let rarity = if novelty.is_new_to_all { 0.0 } else { rarity };
        (-rate.min(1.0).log10()).mul_add(strange, rarity + busy + burst)
    }

    pub fn because(facet: Facet, name: &str, novelty: &Novelty) -> String {
        let what = match facet {
            Facet::Network => "first use from",
            Facet::Route => "first use of",
            Facet::Client => "first use by",
        };
        let name: String = name.chars().take(80).collect();
        let plural = if novelty.requests == 1 { "" } else { "s" };
        let peers = count_text(u64::from(novelty.peers));
        let others = match (novelty.peers, novelty.peers_using) {
            (0, _) => "there is no other key of its role to compare with".to_owned(),
            (1, 0) => "the other key of its role does not use it".to_owned(),
            (1, _) => "the other key of its role uses it too".to_owned(),
            (_, 0) => format!("none of the {peers} other keys of its role uses it"),
            (_, 1) => format!("1 of the {peers} other keys of its role uses it"),
            (_, using) => {
                format!("{} of the {peers} other keys of its role use it", count_text(using.into()))
            }
        };
        let requests = count_text(u64::from(novelty.requests));
        format!("{what} {name}, {requests} request{plural} so far; {others}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_peer_uses_is_stranger_than_what_all_do() {
        let strange = Novelty { hours: 336, peers: 24, requests: 20, ..Novelty::default() };
        let common = Novelty { peers_using: 20, ..strange };
        let restless = Novelty { new_values: 12, ..strange };
        assert!(Newcomer::score(&common) + 1.5 < Newcomer::score(&strange));
        assert!(Newcomer::score(&restless) + 1.0 < Newcomer::score(&strange));
        assert_eq!(
            Newcomer::because(Facet::Network, "AS64903", &strange),
            "first use from AS64903, 20 requests so far; none of the 24 other keys of its role uses it"
        );
    }
}
