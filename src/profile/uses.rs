//! What a listed key did in the last months, day by day: enough to say what it needs and
//! what it was given for nothing, whether it came back from the dead, and who shares it.

use serde::{Deserialize, Deserializer, Serialize};

use super::tight;
use crate::model::{Day, Hour, Name, Timestamp};

/// Bounded tables. At the limit the entry that was used longest ago makes room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// Ascending by route and method.
    #[serde(deserialize_with = "sorted")]
    routes: Vec<RouteUse>,
    /// Ascending by name and version.
    #[serde(deserialize_with = "sorted")]
    clients: Vec<ClientUse>,
    /// The hour that was counted last, and the places that used the key in it, ascending.
    hour: Hour,
    #[serde(deserialize_with = "sorted")]
    places: Vec<u64>,
    /// For each of the last days the most places that used the key within one hour.
    crowds: Vec<(Day, u16)>,
    /// The last long pause that a use has ended.
    pub pause: Option<Pause>,
    /// A route that was last used on that day has been forgotten for want of room.
    forgotten: Option<Day>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RouteUse {
    pub route: Name,
    pub method: Name,
    pub first: Day,
    pub last: Day,
    /// On how many days.
    pub days: u16,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientUse {
    pub name: Name,
    pub version: Name,
    pub last: Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Something that a key did, worth a note once a day or an hour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Deed {
    Route { route: Name, method: Name },
    Client { name: Name, version: Name },
    Place(u64),
}

/// The same, as it stands in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use<'a> {
    Route { route: &'a str, method: &'a str },
    Client { name: &'a str, version: &'a str },
    Place(u64),
}

impl From<Use<'_>> for Deed {
    fn from(used: Use<'_>) -> Self {
        match used {
            Use::Route { route, method } => {
                Self::Route { route: route.into(), method: method.into() }
            }
            Use::Client { name, version } => {
                Self::Client { name: name.into(), version: version.into() }
            }
            Use::Place(place) => Self::Place(place),
        }
    }
}

const ROUTES_MAX: usize = 48;
const CLIENTS_MAX: usize = 8;
const PLACES_MAX: usize = 32;
const CROWD_DAYS: i64 = 8;
/// A shorter pause is not remembered.
const PAUSE_DAYS_MIN: i64 = 8;
const TEXT_BYTES_MAX: usize = 96;

impl Uses {
    /// Whether there is nothing left to note about it at that hour.
    pub fn knows(&self, used: Use<'_>, hour: Hour) -> bool {
        match used {
            Use::Route { route, method } => {
                let known = self.route_place(route, method).ok();
                let known = known.and_then(|place| self.routes.get(place));
                known.is_some_and(|known| hour.day() <= known.last)
            }
            Use::Client { name, version } => {
                let known = self.client_place(name, version).ok();
                let known = known.and_then(|place| self.clients.get(place));
                known.is_some_and(|known| hour.day() <= known.last)
            }
            Use::Place(place) => self.hour == hour && self.places.binary_search(&place).is_ok(),
        }
    }

    pub fn note(&mut self, deed: Deed, hour: Hour) {
        match deed {
            Deed::Route { route, method } => self.note_route(cut(route), method, hour.day()),
            Deed::Client { name, version } => self.note_client(name, cut(version), hour.day()),
            Deed::Place(place) => self.note_place(place, hour),
        }
    }

    /// The key is used at `at`, for the first time since `last`.
    pub fn note_pause(&mut self, last: Timestamp, at: Timestamp) {
        if PAUSE_DAYS_MIN <= at.day().0 - last.day().0 {
            self.pause = Some(Pause { from: last, to: at });
        }
    }

    /// The routes that were used since that day; nothing if some may have been forgotten.
    pub fn all_routes_since(&self, day: Day) -> Option<Vec<&RouteUse>> {
        if self.forgotten.is_some_and(|forgotten| day <= forgotten) {
            return None;
        }
        Some(self.routes_since(day).collect())
    }

    /// As far as they are remembered.
    pub fn routes_since(&self, day: Day) -> impl Iterator<Item = &RouteUse> {
        self.routes.iter().filter(move |route| day <= route.last)
    }

    pub fn clients_since(&self, day: Day) -> impl Iterator<Item = &ClientUse> {
        self.clients.iter().filter(move |client| day <= client.last)
    }

    /// On how many days since `day` at least so many places used the key within one hour,
    /// and the most that did.
    pub fn crowded_days(&self, day: Day, places_min: u16) -> (usize, u16) {
        let crowds = self.crowds.iter().filter(|(of, places)| day <= *of && places_min <= *places);
        (crowds.clone().count(), crowds.map(|(_, places)| *places).max().unwrap_or(0))
    }

    fn route_place(&self, route: &str, method: &str) -> Result<usize, usize> {
        let route = cut_str(route);
        self.routes.binary_search_by(|known| {
            (known.route.as_str(), known.method.as_str()).cmp(&(route, method))
        })
    }

    fn client_place(&self, name: &str, version: &str) -> Result<usize, usize> {
        let version = cut_str(version);
        self.clients.binary_search_by(|known| {
            (known.name.as_str(), known.version.as_str()).cmp(&(name, version))
        })
    }

    fn note_route(&mut self, route: Name, method: Name, day: Day) {
        match self.route_place(&route, &method) {
            Ok(place) => {
                let Some(known) = self.routes.get_mut(place) else { return };
                known.days = known.days.saturating_add(u16::from(known.last < day));
                known.last = known.last.max(day);
            }
            Err(place) => {
                let new = RouteUse { route, method, first: day, last: day, days: 1 };
                tight::insert(&mut self.routes, place, new);
            }
        }
        if ROUTES_MAX < self.routes.len() {
            let oldest = self.routes.iter().enumerate().min_by_key(|(_, it)| (it.last, it.days));
            if let Some(place) = oldest.map(|(place, _)| place) {
                let gone = self.routes.remove(place);
                self.forgotten = self.forgotten.max(Some(gone.last));
            }
        }
    }

    fn note_client(&mut self, name: Name, version: Name, day: Day) {
        match self.client_place(&name, &version) {
            Ok(place) => {
                if let Some(known) = self.clients.get_mut(place) {
                    known.last = known.last.max(day);
                }
            }
            Err(place) => {
                tight::insert(&mut self.clients, place, ClientUse { name, version, last: day });
            }
        }
        if CLIENTS_MAX < self.clients.len() {
            let oldest = self.clients.iter().enumerate().min_by_key(|(_, it)| it.last);
            if let Some(place) = oldest.map(|(place, _)| place) {
                self.clients.remove(place);
            }
        }
    }

    fn note_place(&mut self, place: u64, hour: Hour) {
        if self.hour != hour {
            self.hour = hour;
            self.places.clear();
        }
        if let Err(at) = self.places.binary_search(&place)
            && self.places.len() < PLACES_MAX
        {
            tight::insert(&mut self.places, at, place);
        }
        let (day, seen) = (hour.day(), u16::try_from(self.places.len()).unwrap_or(u16::MAX));
        self.crowds.retain(|(of, _)| day.0 - of.0 < CROWD_DAYS);
        match self.crowds.iter_mut().find(|(of, _)| *of == day) {
            Some((_, most)) => *most = seen.max(*most),
            None => tight::push(&mut self.crowds, (day, seen)),
        }
    }
}

/// What was forgotten stands elsewhere by its new name.
fn sorted<'de, D: Deserializer<'de>, T: Deserialize<'de> + Ord>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    let mut list = Vec::deserialize(from)?;
    list.sort_unstable();
    Ok(list)
}

fn cut(text: Name) -> Name {
    if text.len() <= TEXT_BYTES_MAX { text } else { cut_str(&text).into() }
}

fn cut_str(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(number: usize) -> Deed {
        Deed::Route { route: format!("/v1/{number:02}").into(), method: "GET".into() }
    }

    fn knows(uses: &Uses, route: &str, hour: i64) -> bool {
        uses.knows(Use::Route { route, method: "GET" }, Hour(hour))
    }

    #[test]
    fn a_deed_is_noted_once_a_day() {
        let mut uses = Uses::default();
        assert!(!knows(&uses, "/v1/01", 24));
        uses.note(route(1), Hour(24));
        assert!(knows(&uses, "/v1/01", 47));
        assert!(!knows(&uses, "/v1/01", 48));
        uses.note(route(1), Hour(48));
        let days = uses.routes_since(Day(0)).map(|route| route.days).collect::<Vec<_>>();
        assert_eq!(days, [2]);
    }

    #[test]
    fn what_was_forgotten_is_known_to_be_missing() {
        let mut uses = Uses::default();
        for number in 0..=ROUTES_MAX {
            uses.note(route(number), Hour(24 * i64::try_from(number).unwrap()));
        }
        assert_eq!(uses.routes_since(Day(0)).count(), ROUTES_MAX);
        assert!(uses.all_routes_since(Day(0)).is_none());
        assert_eq!(uses.all_routes_since(Day(1)).map(|routes| routes.len()), Some(ROUTES_MAX));
    }

    #[test]
    fn places_count_within_one_hour_and_days_are_forgotten() {
        let mut uses = Uses::default();
        for hour in 0..3 {
            uses.note(Deed::Place(7), Hour(hour));
            uses.note(Deed::Place(8 + u64::try_from(hour).unwrap()), Hour(hour));
        }
        assert_eq!(uses.crowded_days(Day(0), 2), (1, 2));
        assert_eq!(uses.crowded_days(Day(0), 3), (0, 0));
        uses.note(Deed::Place(7), Hour(9 * 24));
        assert_eq!(uses.crowded_days(Day(0), 2), (0, 0));
    }

    #[test]
    fn a_short_pause_is_none() {
        let mut uses = Uses::default();
        let day = |day: i64| Day(day).start();
        uses.note_pause(day(1), day(8));
        assert_eq!(uses.pause, None);
        uses.note_pause(day(1), day(9));
        assert_eq!(uses.pause, Some(Pause { from: day(1), to: day(9) }));
    }
}
