//! The keys: who holds them, how they are used from day to day, and what changes in their lives.

use std::net::IpAddr;

use super::draw::Draw;
use super::hit::Caller;
use super::hit::Pen;
use super::law::Law;
use super::places;
use super::places::PLACES;
use super::roles::ROLES;
use super::roles::Role;
use super::routes;
use crate::model::Hour;

/// One key and its habits.
pub(super) struct Key {
    pub(super) name: String,
    pub(super) caller: Caller,
    pub(super) role: &'static Role,
    pub(super) owner: &'static str,
    /// Requests on a usual day, and against the mean of all keys.
    pub(super) level: f64,
    pub(super) relative: f64,
    /// From when on its level grows (or shrinks), and by which logarithm a day.
    pub(super) trend: (i64, f64),
    pub(super) minutes_east: i64,
    pub(super) routes: Vec<(u16, f64)>,
    pub(super) addresses: Vec<IpAddr>,
    /// Networks from which a roaming key comes.
    pub(super) networks: Vec<usize>,
    pub(super) clients: Vec<u16>,
    /// First number and how many of the objects that are its own.
    pub(super) objects: (u64, u64),
    /// Walks through neighbouring objects, as jobs do.
    pub(super) iterates: bool,
    pub(super) cursor: u64,
    /// Shares of answers 404, 422 and 429; or one status for all.
    pub(super) errors: [f64; 3],
    pub(super) always: Option<u16>,
    /// Hour of the week (0 is Monday 0:00 UTC) at which 45 hours' work is done.
    pub(super) weekly_hour: Option<usize>,
    /// Hours of the owner's day in which its jobs run, and nearly nothing happens in the others.
    pub(super) job_hours: Vec<usize>,
    /// How much a month's end multiplies.
    pub(super) month_end: f64,
    pub(super) law: Law,
    /// Rests at weekends, and on holidays.
    pub(super) only_weekdays: bool,
    pub(super) shifts: Vec<Shift>,
    pub(super) record: Record,
}

/// What the inventory says.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) created: i64,
    pub(super) rotated: i64,
    pub(super) expires: Option<i64>,
    pub(super) status: &'static str,
    pub(super) status_since: i64,
    pub(super) successor: String,
    pub(super) canary: bool,
    pub(super) listed: bool,
}

/// A change in a key's life, in milliseconds since 1970.
pub(super) struct Shift {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) what: What,
}

#[derive(Clone)]
pub(super) enum What {
    /// From one multiple of the usual to another, in a straight line.
    Level(f64, f64),
    Addresses(Vec<IpAddr>),
    Client(u16),
    Routes(Vec<(u16, f64)>),
}

pub(super) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 24 * HOUR;
/// Before and after every story.
pub(super) const LONG_AGO: i64 = -(1 << 60);
pub(super) const NEVER: i64 = 1 << 60;

const OWNERS: &[&str] = &[
    "billing@example.com",
    "warehouse@example.com",
    "growth@example.com",
    "platform@example.com",
    "support@example.com",
    "finance@example.com",
    "mobile@example.com",
    "partners@example.com",
    "data@example.com",
    "security@example.com",
    "ops@example.com",
    "returns@example.com",
];

impl Key {
    /// A key of the role with habits of its own; `level` is set later, for all together.
    pub(super) fn new(name: String, role: &'static Role, pen: &mut Pen, draw: &mut Draw) -> Self {
        let caller = pen.name(name.clone());
        let home = places::any_of(draw.pick(role.homes).unwrap_or(places::Sort::Cloud), draw);
        let addresses = if role.roaming { Vec::new() } else { home_addresses(home, draw) };
        let clients = (0..=draw.below(2)).map(|_| some_client(role, pen, draw)).collect();
        Self {
            name,
            caller,
            role,
            owner: draw.pick(OWNERS).unwrap_or("ops@example.com"),
            level: draw.log_normal(role.level.0, role.level.1),
            relative: 0.0,
            trend: (0, draw.log_normal(1.0, 0.006).ln()),
            minutes_east: PLACES.get(home).map_or(0, |place| place.minutes_east),
            routes: habits(role, draw),
            addresses,
            networks: role.homes.iter().flat_map(|sort| places::of_sort(*sort)).collect(),
            clients,
            objects: (
                10_000_000 + draw.number() % 80_000_000,
                30 + (draw.log_normal(900.0, 1.2) as u64),
            ),
            iterates: role.name == "batch" && draw.chance(0.7),
            cursor: 0,
            errors: [
                draw.log_normal(0.008, 0.9),
                draw.log_normal(0.006, 0.9),
                draw.log_normal(0.0008, 1.0),
            ],
            always: None,
            weekly_hour: None,
            job_hours: if role.name == "batch" && draw.chance(0.5) {
                job_hours(draw)
            } else {
                Vec::new()
            },
            month_end: 1.0,
            law: Law::default(),
            only_weekdays: false,
            shifts: Vec::new(),
            record: Record { status: "active", listed: true, ..Record::default() },
        }
    }

    /// Requests to be expected in this hour, before chance; `is_holiday` in the owner's country.
    pub(super) fn rate(&self, hour: Hour, is_holiday: bool) -> f64 {
        let at = hour.start().0;
        let days = (at - self.trend.0) as f64 / DAY as f64;
        let usual = self.level / 24.0 * (self.trend.1 * days).exp();
        let week_hour = (hour.day().of_week() * 24) + hour.of_day();
        if self.weekly_hour == Some(week_hour) {
            return usual * 45.0 * self.change_of_level(at);
        }
        let local = Hour((at + self.minutes_east * 60_000).div_euclid(HOUR));
        let day_of_week = if is_holiday { 6 } else { local.day().of_week() };
        if self.only_weekdays && 5 <= day_of_week {
            return 0.0;
        }
        let season = if self.job_hours.is_empty() {
            self.role.rhythm.factor(local.of_day(), day_of_week)
        } else if self.job_hours.contains(&local.of_day()) {
            22.0 / self.job_hours.len() as f64
        } else {
            0.08
        };
        usual * season * self.month_factor(hour) * self.change_of_level(at)
    }

    /// The changes that are on at this moment.
    pub(super) fn shifts_at(&self, at: i64) -> impl Iterator<Item = &What> {
        self.shifts
            .iter()
            .filter(move |shift| shift.from <= at && at < shift.to)
            .map(|shift| &shift.what)
    }

    /// Whether it does at least a part of its usual work then.
    pub(super) fn is_in_use(&self, at: i64) -> bool {
        0.3 < self.change_of_level(at)
    }

    fn change_of_level(&self, at: i64) -> f64 {
        let mut factor = 1.0;
        for shift in self.shifts.iter().filter(|shift| shift.from <= at && at < shift.to) {
            if let What::Level(first, last) = shift.what {
                let done = (at - shift.from) as f64 / (shift.to - shift.from).max(1) as f64;
                factor *= first + (last - first) * done;
            }
        }
        factor
    }

    fn month_factor(&self, hour: Hour) -> f64 {
        if self.month_end <= 1.0 {
            return 1.0;
        }
        let next_day = jiff::Timestamp::from_second(hour.day().next().start().seconds());
        let is_last = next_day.is_ok_and(|day| day.to_zoned(jiff::tz::TimeZone::UTC).day() == 1);
        if is_last { self.month_end } else { 1.0 }
    }
}

/// A few addresses side by side, or a pool in several subnets.
fn home_addresses(home: usize, draw: &mut Draw) -> Vec<IpAddr> {
    if draw.chance(0.84) {
        return places::neighbours(home, 1 + draw.below(4), draw);
    }
    (0..3).flat_map(|_| places::neighbours(home, 6 + draw.below(12), draw)).collect()
}

fn job_hours(draw: &mut Draw) -> Vec<usize> {
    (0..=draw.below(3)).map(|_| draw.below(24)).collect()
}

/// A client of the role, with a version.
pub(super) fn some_client(role: &Role, pen: &mut Pen, draw: &mut Draw) -> u16 {
    let family = draw.pick(role.clients).unwrap_or("curl/8.");
    let (minor, patch) = (draw.whole(1, 28), draw.whole(0, 6));
    if family.starts_with("Mozilla") {
        let version = 100 + minor;
        return pen.client(&format!(
            "{family}{:02}.0) Gecko/20100101 Firefox/{version}.0",
            version % 100
        ));
    }
    pen.client(&format!("{family}{minor}.{patch}{}", below(family)))
}

/// What a client says of the library and the system below it.
fn below(family: &str) -> &'static str {
    let systems = [
        ("parcelkit-java", " okhttp/4.12.0 (Linux; OpenJDK 21.0.5)"),
        ("parcelkit-php", " GuzzleHttp/7.9.2 PHP/8.3.14"),
        ("parcelkit-python", " python-requests/2.32.3 CPython/3.12.8"),
        ("ParcelApp-iOS", " CFNetwork/1568.300.101 Darwin/24.2.0"),
        ("ParcelApp", " (Android 15; arm64-v8a) okhttp/4.12.0"),
        ("assist-sdk-python", " (linux; x86_64) httpx/0.27.2"),
        ("assist-sdk-node", " (linux; x64) node/22.11.0"),
        ("Apache-HttpClient", " (Java/17.0.13)"),
        ("RStudio", " (R 4.4.2; httr2 1.0.7)"),
        ("Bolt-Hooks", " (+https://example.com/hooks)"),
    ];
    systems.iter().find(|(name, _)| family.starts_with(name)).map_or("", |(_, system)| system)
}

/// Some of the role's routes, a few of them much oftener than the rest.
fn habits(role: &Role, draw: &mut Draw) -> Vec<(u16, f64)> {
    let mut habits = Vec::new();
    for (area, weight) in role.areas {
        if *weight < 2.0 && draw.chance(0.4) {
            continue;
        }
        for route in routes::of_area(*area) {
            if draw.chance(0.75) {
                habits.push((route, draw.log_normal(*weight, 1.2)));
            }
        }
    }
    // A client that puts its key where proxies and browsers write it down.
    if role.name == "partner" && draw.chance(0.06) {
        habits.push((routes::first_of(routes::Area::KeyInUrl), 0.5));
    }
    if habits.is_empty() {
        let area = role.areas.first().map_or(routes::Area::Parcels, |(area, _)| *area);
        habits.push((routes::first_of(area), 1.0));
    }
    habits
}

/// A role by its share in the profile.
pub(super) fn some_role(profile: usize, draw: &mut Draw) -> &'static Role {
    let shares: Vec<(usize, f64)> = ROLES
        .iter()
        .enumerate()
        .map(|(number, role)| (number, role.shares.get(profile).copied().unwrap_or(0.0)))
        .collect();
    let number = draw.weighted(&shares).unwrap_or(0);
    ROLES.get(number).unwrap_or(&ROLES[0])
}
