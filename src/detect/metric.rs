//! What is measured of a key against its baseline, each with its own calibration.

use serde::{Deserialize, Serialize};

use crate::baseline::Daily;
use crate::model::Severity;
use crate::profile::{Facet, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Metric {
    Volume,
    Silence,
    Size,
    Enumeration,
    /// Different objects, by whatever id.
    Objects,
    Tokens,
    Cost,
    /// From how many addresses it is used.
    Addresses,
    OddHours,
    Failure(Failure),
    New(Facet),
    /// A whole day against the days before.
    Drift(Daily),
}

impl Metric {
    /// The kind of finding that it gives.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Volume => "volume_spike",
            Self::Silence => "silent_key",
            Self::Size => "large_answers",
            Self::Enumeration | Self::Objects => "object_enumeration",
            Self::Tokens | Self::Cost => "token_burn",
            Self::Addresses => "shared_key",
            Self::OddHours => "odd_hours",
            Self::Failure(_) => "failures",
            Self::New(Facet::Network) => "new_network",
            Self::New(Facet::Route) => "new_route",
            Self::New(Facet::Client) => "new_client",
            Self::Drift(Daily::Requests) => "slow_ramp",
            Self::Drift(Daily::Bytes | Daily::Size) => "slow_exfiltration",
        }
    }

    /// The kind when it is everyone's.
    pub const fn fleet_kind(self) -> &'static str {
        match self {
            Self::Failure(_) => "fleet_errors",
            Self::Volume
            | Self::Silence
            | Self::Size
            | Self::Enumeration
            | Self::Objects
            | Self::Tokens
            | Self::Cost
            | Self::Addresses
            | Self::OddHours
            | Self::New(_)
            | Self::Drift(_) => self.kind(),
        }
    }

    pub const fn severity(self) -> Severity {
        match self {
            Self::Silence
            | Self::OddHours
            | Self::Failure(Failure::Missing | Failure::Throttled | Failure::Broken) => {
                Severity::Low
            }
            Self::Failure(Failure::Unauthorized | Failure::Forbidden)
            | Self::Volume
            | Self::Size
            | Self::Enumeration
            | Self::Objects
            | Self::Tokens
            | Self::Cost
            | Self::Addresses
            | Self::New(_)
            | Self::Drift(_) => Severity::Medium,
        }
    }

    /// Judged once a day, by its own spread: too seldom to be calibrated by role.
    pub const fn is_daily(self) -> bool {
        match self {
            Self::Drift(_) => true,
            Self::Volume
            | Self::Silence
            | Self::Size
            | Self::Enumeration
            | Self::Objects
            | Self::Tokens
            | Self::Cost
            | Self::Addresses
            | Self::OddHours
            | Self::Failure(_)
            | Self::New(_) => false,
        }
    }

    /// From how many hours of learning on its scores tell what is usual: before, there are none.
    pub const fn tried_from_hours(self) -> u32 {
        match self {
            Self::Volume | Self::Failure(_) => 12,
            Self::Size | Self::Enumeration | Self::Objects | Self::Tokens | Self::Cost => 24,
            Self::New(_) | Self::Addresses => 72,
            Self::OddHours => 168,
            Self::Silence | Self::Drift(_) => 0,
        }
    }

    /// What is only a hint never scores more than this: it supports what else was seen.
    pub const fn score_max(self) -> f64 {
        match self {
            // Servers that fail are no attack.
            Self::OddHours => 2.5,
            Self::Failure(Failure::Broken) => 3.5,
            Self::Volume
            | Self::Silence
            | Self::Size
            | Self::Enumeration
            | Self::Objects
            | Self::Tokens
            | Self::Cost
            | Self::Addresses
            | Self::Failure(_)
            | Self::New(_)
            | Self::Drift(_) => f64::INFINITY,
        }
    }

    /// What a unit of its score is worth beside the others': what changes that are no attacks
    /// show as often as attacks do says less than that it is rare.
    pub const fn worth(self) -> f64 {
        match self {
            Self::New(Facet::Route | Facet::Client) => 0.7,
            Self::Volume
            | Self::Silence
            | Self::Size
            | Self::Enumeration
            | Self::Objects
            | Self::Tokens
            | Self::Cost
            | Self::Addresses
            | Self::OddHours
            | Self::Failure(_)
            | Self::New(Facet::Network)
            | Self::Drift(_) => 1.0,
        }
    }

    /// A measure of how much is asked, answered or refused.
    pub const fn is_of_use(self) -> bool {
        match self {
            Self::Volume
            | Self::Size
            | Self::Enumeration
            | Self::Objects
            | Self::Tokens
            | Self::Cost
            | Self::Addresses
            | Self::OddHours
            | Self::Failure(_) => true,
            Self::Silence | Self::New(_) | Self::Drift(_) => false,
        }
    }

    /// Metrics of one family say the same thing in several ways.
    pub const fn family(self) -> u8 {
        match self {
            Self::Volume | Self::OddHours | Self::Silence | Self::Drift(Daily::Requests) => 0,
            Self::Failure(Failure::Unauthorized | Failure::Forbidden) => 1,
            Self::Failure(Failure::Missing) => 2,
            Self::Failure(Failure::Throttled | Failure::Broken) => 3,
            Self::New(Facet::Network) => 4,
            // A new route brings answers of its own size.
            Self::New(Facet::Route) | Self::Size | Self::Drift(Daily::Bytes | Daily::Size) => 5,
            Self::New(Facet::Client) => 6,
            Self::Enumeration | Self::Objects => 7,
            Self::Tokens | Self::Cost => 8,
            Self::Addresses => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_and_server_errors_are_different_news() {
        let refused = Metric::Failure(Failure::Forbidden);
        let broken = Metric::Failure(Failure::Broken);
        assert_eq!(refused.kind(), broken.kind());
        assert_ne!(refused.family(), broken.family());
    }
}
