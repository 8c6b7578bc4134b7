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
    /// Keys of any role that began to use it within the last week, the two latest of each role.
    pub spread: u32,
    /// Requests from networks that it is known to use, since it is used from this one.
    pub beside: u64,
    /// Requests in the key's average hour: so many of a new sort are soon made by a busy key.
    pub usual_hour: f64,
    /// By the newcomer, so far.
    pub requests: u32,
}

const MANY_PEERS: u32 = 5;
/// What is new to everyone is a release, and not this key's doing.
const RELEASE_SHARE: f64 = 0.5;
/// A release spreads: what so many keys took up within a week is one.
const SPREAD_MIN: u32 = 2;
/// Whoever travels or moves leaves the old place; a thief's victim stays there.
const BESIDE: f64 = 1.5;
const BESIDE_MIN: u64 = 2;
/// Nothing new in nearly two weeks: a key that stays where it is.
const SETTLED: f64 = 2.5;
/// So many new ones within a day.
const ROAMING_MIN: u32 = 16;

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
        let soon = novelty.usual_hour.max(5.0);
        let busy = (1.0 + f64::from(novelty.requests) / soon).log10().min(1.5);
        let burst = (1.0 + f64::from(novelty.burst)).log10() * 1.5;
        let strange = if 2 <= novelty.peers_using { 0.6 } else { 1.0 };
        let rarity = if novelty.is_new_to_all { 0.0 } else { rarity };
        let unlikely = -rate.min(1.0).log10();
        // Who roams is in two places at once all day.
        let is_roaming = ROAMING_MIN <= novelty.burst;
        let settled = if is_roaming { 0.0 } else { (unlikely / SETTLED).min(1.0) };
        let beside = if BESIDE_MIN <= novelty.beside { settled * BESIDE } else { 0.0 };
        let score = unlikely.mul_add(strange, rarity + busy + burst + beside);
        if novelty.is_new_to_all { score * RELEASE_SHARE } else { score }
    }

    /// A route or client that every third peer uses is nobody's secret; and where there are many
    /// keys, what none of them used before is a release.
    pub const fn is_common(facet: Facet, novelty: &Novelty) -> bool {
        if novelty.is_new_to_all && MANY_PEERS <= novelty.peers || SPREAD_MIN <= novelty.spread {
            return true;
        }
        match facet {
            Facet::Network => false,
            Facet::Route | Facet::Client => {
                2 <= novelty.peers_using && novelty.peers <= novelty.peers_using.saturating_mul(3)
            }
        }
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
        assert!(Newcomer::is_common(Facet::Route, &common));
        assert!(!Newcomer::is_common(Facet::Network, &common));
        assert!(!Newcomer::is_common(Facet::Route, &Novelty { peers_using: 7, ..strange }));
        let release = Novelty { is_new_to_all: true, ..strange };
        assert!(Newcomer::score(&release) + 2.0 < Newcomer::score(&strange));
        assert!(Newcomer::is_common(Facet::Route, &release));
        assert!(!Newcomer::is_common(Facet::Route, &Novelty { peers: 4, ..release }));
        let taken_up = Novelty { spread: 2, ..strange };
        assert!(Newcomer::is_common(Facet::Route, &taken_up));
        let beside = Novelty { beside: 2, ..strange };
        assert!(Newcomer::score(&strange) + 1.0 < Newcomer::score(&beside));
        let restless_beside = Novelty { new_values: 60, beside: 9, ..strange };
        let gain = Newcomer::score(&restless_beside)
            - Newcomer::score(&Novelty { beside: 0, ..restless_beside });
        assert!(gain < 0.6, "{gain}");
        let moved = Novelty { beside: 1, ..strange };
        assert!((Newcomer::score(&strange) - Newcomer::score(&moved)).abs() < 1e-9);
        let busy = Novelty { usual_hour: 400.0, ..strange };
        assert!(Newcomer::score(&busy) + 0.5 < Newcomer::score(&strange));
        assert_eq!(
            Newcomer::because(Facet::Network, "AS64903", &strange),
            "first use from AS64903, 20 requests so far; none of the 24 other keys of its role uses it"
        );
    }
}
