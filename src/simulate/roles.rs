//! Who uses the made-up service: the roles of keys, how much they ask for and when.

use super::places::Sort;
use super::routes::Area;

/// One role: how the keys that have it behave.
pub(super) struct Role {
    pub(super) name: &'static str,
    /// How common, in the profiles rest, llm and partners.
    pub(super) shares: [f64; 3],
    /// Median level against the other roles, and the spread of its logarithm.
    pub(super) level: (f64, f64),
    pub(super) rhythm: Rhythm,
    pub(super) areas: &'static [(Area, f64)],
    pub(super) homes: &'static [Sort],
    /// Few addresses, or one of thousands for each session.
    pub(super) roaming: bool,
    pub(super) clients: &'static [&'static str],
    /// Requests a session, and seconds between them.
    pub(super) session: (f64, f64),
    /// Of the gamma mixture: small is wild.
    pub(super) shape: f64,
}

/// How use is spread over the day and the week of the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rhythm {
    Office,
    Shop,
    Evening,
    Night,
    Flat,
}

pub(super) static ROLES: [Role; 8] = [
    Role {
        name: "partner",
        shares: [0.28, 0.20, 0.52],
        level: (1.0, 1.3),
        rhythm: Rhythm::Shop,
        areas: &[
            (Area::Parcels, 6.0),
            (Area::Rates, 3.0),
            (Area::Customers, 1.0),
            (Area::Export, 0.04),
        ],
        homes: &[Sort::Cloud, Sort::Corp],
        roaming: false,
        clients: &[
            "parcelkit-java/4.",
            "parcelkit-php/2.",
            "axios/1.",
            "Go-http-client/2.",
            "python-requests/2.",
        ],
        session: (3.0, 4.0),
        shape: 5.0,
    },
    Role {
        name: "batch",
        shares: [0.13, 0.10, 0.14],
        level: (1.2, 1.2),
        rhythm: Rhythm::Night,
        areas: &[(Area::Parcels, 3.0), (Area::Customers, 4.0), (Area::Export, 0.4)],
        homes: &[Sort::Cloud, Sort::Inside],
        roaming: false,
        clients: &["python-requests/2.", "parcelkit-python/3.", "curl/8.", "Apache-HttpClient/5."],
        session: (40.0, 1.5),
        shape: 3.0,
    },
    Role {
        name: "analyst",
        shares: [0.16, 0.08, 0.08],
        level: (0.18, 1.0),
        rhythm: Rhythm::Office,
        areas: &[(Area::Reports, 5.0), (Area::Customers, 1.0), (Area::Export, 0.15)],
        homes: &[Sort::Corp, Sort::Home],
        roaming: false,
        clients: &[
            "Mozilla/5.0 (X11; Linux x86_64; rv:1",
            "PostmanRuntime/7.",
            "python-requests/2.",
            "RStudio/2024.",
        ],
        session: (9.0, 25.0),
        shape: 1.2,
    },
    Role {
        name: "mobile-backend",
        shares: [0.09, 0.09, 0.04],
        level: (5.0, 0.9),
        rhythm: Rhythm::Evening,
        areas: &[(Area::App, 9.0), (Area::Parcels, 1.0)],
        homes: &[Sort::Mobile, Sort::Home],
        roaming: true,
        clients: &["ParcelApp/6.", "ParcelApp-iOS/6.", "okhttp/4."],
        session: (6.0, 8.0),
        shape: 12.0,
    },
    Role {
        name: "internal-service",
        shares: [0.14, 0.13, 0.08],
        level: (3.0, 1.1),
        rhythm: Rhythm::Flat,
        areas: &[(Area::Internal, 8.0), (Area::Parcels, 1.0)],
        homes: &[Sort::Inside],
        roaming: false,
        clients: &["Go-http-client/2.", "reqwest/0.", "grpc-gateway/2."],
        session: (1.5, 1.0),
        shape: 14.0,
    },
    Role {
        name: "admin",
        shares: [0.06, 0.04, 0.04],
        level: (0.05, 0.8),
        rhythm: Rhythm::Office,
        areas: &[(Area::Admin, 6.0), (Area::Customers, 1.0), (Area::Reports, 1.0)],
        homes: &[Sort::Corp, Sort::Home],
        roaming: false,
        clients: &[
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7; rv:1",
            "parcelctl/1.",
            "curl/8.",
        ],
        session: (7.0, 20.0),
        shape: 0.9,
    },
    Role {
        name: "webhook",
        shares: [0.08, 0.06, 0.10],
        level: (0.8, 1.2),
        rhythm: Rhythm::Shop,
        areas: &[(Area::Hooks, 1.0)],
        homes: &[Sort::Cloud],
        roaming: false,
        clients: &["hookrelay/1.", "Bolt-Hooks/3.", "node-fetch/3."],
        session: (5.0, 0.7),
        shape: 1.5,
    },
    Role {
        name: "assistant",
        shares: [0.06, 0.30, 0.0],
        level: (0.5, 1.3),
        rhythm: Rhythm::Office,
        areas: &[(Area::Language, 9.0), (Area::Customers, 0.5)],
        homes: &[Sort::Cloud, Sort::Corp],
        roaming: false,
        clients: &["assist-sdk-python/1.", "assist-sdk-node/4.", "python-httpx/0."],
        session: (5.0, 14.0),
        shape: 1.8,
    },
];

const OFFICE: [u8; 24] =
    [1, 1, 1, 1, 1, 2, 5, 14, 30, 42, 46, 44, 30, 38, 45, 43, 36, 22, 10, 6, 4, 3, 2, 1];
const SHOP: [u8; 24] =
    [8, 6, 5, 4, 4, 6, 9, 14, 20, 25, 28, 29, 28, 27, 27, 27, 26, 25, 24, 24, 23, 20, 15, 11];
const EVENING: [u8; 24] =
    [10, 6, 4, 3, 3, 5, 11, 18, 20, 18, 17, 18, 21, 20, 19, 20, 22, 26, 31, 36, 38, 35, 26, 16];
const NIGHT: [u8; 24] =
    [10, 60, 90, 70, 30, 10, 3, 2, 2, 2, 2, 2, 4, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 6];
const FLAT: [u8; 24] = [
    17, 17, 16, 16, 16, 17, 18, 20, 22, 23, 24, 24, 23, 23, 24, 24, 23, 22, 21, 20, 19, 19, 18, 18,
];

impl Rhythm {
    /// Against the mean hour of a working day; `day_of_week` 0 is Monday.
    pub(super) fn factor(self, hour_of_day: usize, day_of_week: usize) -> f64 {
        let (hours, weekend) = match self {
            Self::Office => (&OFFICE, 0.08),
            Self::Shop => (&SHOP, 0.65),
            Self::Evening => (&EVENING, 1.25),
            Self::Night => (&NIGHT, 0.9),
            Self::Flat => (&FLAT, 0.92),
        };
        let sum: f64 = hours.iter().map(|value| f64::from(*value)).sum();
        let shape = hours.get(hour_of_day).map_or(0.0, |value| f64::from(*value) * 24.0 / sum);
        let monday = if day_of_week == 0 && self == Self::Office { 1.15 } else { 1.0 };
        if 5 <= day_of_week { shape * weekend } else { shape * monday }
    }
}
