//! How many requests, how many of them failed and how: the integers of one stretch of time.

use serde::{Deserialize, Serialize};

/// What one key (or everyone) did in one slot or hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub requests: u32,
    /// 401.
    pub unauthorized: u32,
    /// 403.
    pub forbidden: u32,
    /// 404.
    pub missing: u32,
    /// 429.
    pub throttled: u32,
    /// 500 and above.
    pub broken: u32,
    pub bytes: u64,
    /// Objects asked for right beside another one, by number.
    pub neighbours: u32,
    /// Of language models, in and out.
    pub tokens: u64,
    /// What the log says it cost, in millionths.
    pub cost: u64,
}

/// The classes of failure that are judged, each by its own baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Failure {
    Unauthorized,
    Forbidden,
    Missing,
    Throttled,
    Broken,
}

impl Failure {
    pub const ALL: [Self; 5] =
        [Self::Unauthorized, Self::Forbidden, Self::Missing, Self::Throttled, Self::Broken];

    /// As a person would call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "401 unauthorized",
            Self::Forbidden => "403 forbidden",
            Self::Missing => "404 not found",
            Self::Throttled => "429 too many requests",
            Self::Broken => "5xx server errors",
        }
    }
}

impl Counts {
    pub const fn count(&mut self, status: u16, bytes: u64) {
        self.requests = self.requests.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        match status {
            401 => self.unauthorized += 1,
            403 => self.forbidden += 1,
            404 => self.missing += 1,
            429 => self.throttled += 1,
            500.. => self.broken += 1,
            _ => (),
        }
    }

    pub const fn spend(&mut self, tokens: u64, cost: u64) {
        self.tokens = self.tokens.saturating_add(tokens);
        self.cost = self.cost.saturating_add(cost);
    }

    pub const fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.unauthorized = self.unauthorized.saturating_add(other.unauthorized);
        self.forbidden = self.forbidden.saturating_add(other.forbidden);
        self.missing = self.missing.saturating_add(other.missing);
        self.throttled = self.throttled.saturating_add(other.throttled);
        self.broken = self.broken.saturating_add(other.broken);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.neighbours = self.neighbours.saturating_add(other.neighbours);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.cost = self.cost.saturating_add(other.cost);
    }

    pub const fn of(&self, failure: Failure) -> u32 {
        match failure {
            Failure::Unauthorized => self.unauthorized,
            Failure::Forbidden => self.forbidden,
            Failure::Missing => self.missing,
            Failure::Throttled => self.throttled,
            Failure::Broken => self.broken,
        }
    }

    /// Every failure of a judged class.
    pub const fn errors(&self) -> u32 {
        self.unauthorized
            .saturating_add(self.forbidden)
            .saturating_add(self.missing)
            .saturating_add(self.throttled)
            .saturating_add(self.broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_up_is_the_same_in_any_order() {
        let of = |statuses: &[u16]| {
            let mut counts = Counts::default();
            for &status in statuses {
                counts.count(status, 10);
            }
            counts
        };
        let (left, right) = (of(&[200, 401, 404]), of(&[503, 429, 403]));
        let (mut one, mut other) = (left, right);
        one.add(&right);
        other.add(&left);
        assert_eq!(one, other);
        assert_eq!((one.requests, one.errors(), one.bytes), (6, 5, 60));
        assert!(Failure::ALL.iter().all(|&failure| one.of(failure) == 1));
    }
}
