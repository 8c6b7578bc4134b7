//! The kinds of incidents that are staged, how often, how hard and how grave each is.

use super::key::HOUR;

/// A kind of staged incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    StolenKey,
    ExfilBurst,
    ExfilDrip,
    Bola,
    CredStuffing,
    BruteForce,
    PrivilegeProbing,
    VolumeSpike,
    SilentKey,
    SlowRamp,
    DormantRevived,
    SharedKey,
    Scraping429,
    TokenBurn,
    Scanning404,
    RevokedKeyUsed,
    ExpiredKeyUsed,
    UnknownKeyAccepted,
    CanaryTouched,
    DistributedAutomation,
    KeyFlood,
    ErrorBurst,
    Backfill,
    Deploy5xx,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    Easy,
    Medium,
    Hard,
}

/// What is known of a kind before it is staged.
pub(super) struct Card {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) severity: &'static str,
    /// How many in 20 days of 120 keys, in the profiles rest, llm and partners.
    pub(super) usual: [u32; 3],
    /// Shortest and longest, in minutes.
    pub(super) minutes: (i64, i64),
}

const fn card(
    kind: Kind,
    name: (&'static str, &'static str),
    usual: [u32; 3],
    minutes: (i64, i64),
) -> Card {
    Card { kind, name: name.0, severity: name.1, usual, minutes }
}

const DAY_MINUTES: i64 = 24 * 60;

pub(super) const CARDS: &[Card] = &[
    card(Kind::StolenKey, ("stolen_key", "critical"), [6, 8, 5], (50, 330)),
    card(Kind::ExfilBurst, ("exfil_burst", "critical"), [3, 2, 5], (20, 70)),
    card(Kind::ExfilDrip, ("exfil_drip", "high"), [3, 2, 4], (3 * DAY_MINUTES, 6 * DAY_MINUTES)),
    card(Kind::Bola, ("bola", "high"), [4, 2, 7], (20, 200)),
    card(Kind::CredStuffing, ("cred_stuffing", "high"), [4, 2, 2], (25, 240)),
    card(Kind::BruteForce, ("brute_force", "medium"), [3, 3, 2], (15, 150)),
    card(Kind::PrivilegeProbing, ("privilege_probing", "high"), [4, 3, 4], (15, 180)),
    card(Kind::VolumeSpike, ("volume_spike", "medium"), [4, 4, 4], (60, 200)),
    card(Kind::SilentKey, ("silent_key", "medium"), [3, 2, 4], (9 * 60, 30 * 60)),
    card(Kind::SlowRamp, ("slow_ramp", "medium"), [2, 2, 2], (4 * DAY_MINUTES, 7 * DAY_MINUTES)),
    card(Kind::DormantRevived, ("dormant_revived", "high"), [3, 2, 3], (30, 300)),
    card(Kind::SharedKey, ("shared_key", "high"), [3, 4, 2], (6 * 60, 26 * 60)),
    card(Kind::Scraping429, ("scraping_429", "medium"), [2, 1, 2], (40, 300)),
    card(Kind::TokenBurn, ("token_burn", "high"), [2, 8, 0], (40, 400)),
    card(Kind::Scanning404, ("scanning_404", "low"), [3, 2, 2], (5, 90)),
    card(Kind::RevokedKeyUsed, ("revoked_key_used", "high"), [2, 2, 2], (2, 90)),
    card(Kind::ExpiredKeyUsed, ("expired_key_used", "medium"), [2, 1, 2], (2, 90)),
    card(Kind::UnknownKeyAccepted, ("unknown_key_accepted", "high"), [2, 2, 1], (2, 60)),
    card(Kind::CanaryTouched, ("canary_touched", "critical"), [2, 2, 1], (1, 10)),
    card(
        Kind::DistributedAutomation,
        ("distributed_automation", "medium"),
        [2, 2, 0],
        (5 * 60, 20 * 60),
    ),
    card(Kind::KeyFlood, ("key_flood", "high"), [1, 1, 1], (10, 40)),
    card(Kind::ErrorBurst, ("error_burst", "notable"), [3, 2, 3], (30, 180)),
    card(Kind::Backfill, ("backfill", "notable"), [2, 1, 3], (120, 360)),
    card(Kind::Deploy5xx, ("deploy_5xx", "notable"), [2, 2, 1], (15, 45)),
];

impl Strength {
    pub(super) const ALL: [Self; 3] = [Self::Easy, Self::Medium, Self::Hard];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }

    /// The value for this strength.
    pub(super) const fn of<T: Copy>(self, easy: T, medium: T, hard: T) -> T {
        match self {
            Self::Easy => easy,
            Self::Medium => medium,
            Self::Hard => hard,
        }
    }
}

impl Card {
    pub(super) fn is_notable(&self) -> bool {
        self.severity == "notable"
    }

    /// Longest, in milliseconds.
    pub(super) const fn longest(&self) -> i64 {
        self.minutes.1 * HOUR / 60
    }
}
