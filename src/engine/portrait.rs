//! What is known of one key beyond its row: its usual week and what it uses, read from the
//! state as it was last written out, so that nobody has to ask the engine at work.

use super::key::Key;
use super::role::Role;
use super::{EngineError, StateRow, state};
use crate::model::{Day, Hour, Name};
use crate::profile::{ClientUse, Facet, RouteUse};

/// One key, as of the last hour that was written out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portrait {
    /// Requests that an hour of the week should bring, Monday 00:00 UTC first.
    pub expected: Vec<f64>,
    /// What the same hours of the last week brought.
    pub last_week: Vec<u32>,
    pub hours_learned: u32,
    /// The busiest hour ever.
    pub most: u32,
    /// How many of each it is known to use.
    pub networks: usize,
    pub routes: usize,
    pub clients: usize,
    /// Of listed keys: what they did in the last months.
    pub route_uses: Vec<RouteUse>,
    pub client_uses: Vec<ClientUse>,
    pub scopes: Vec<String>,
}

/// The first hour of a Monday, UTC.
const MONDAY: Hour = Hour(4 * 24);
const WEEK_HOURS: i64 = 168;

impl Portrait {
    /// The names of the rows that it is read from.
    pub fn row_of_key(key: &str) -> String {
        format!("key/{key}")
    }

    pub fn row_of_role(role: &str) -> String {
        format!("role/{role}")
    }

    pub fn read(key: &StateRow, role: Option<&StateRow>) -> Result<Self, EngineError> {
        let known: Key = state::read(&key.id, key.value.as_deref().unwrap_or_default())?;
        let role = role.and_then(|row| row.value.as_deref().map(|value| (row, value)));
        let role: Option<Role> =
            role.map(|(row, value)| state::read(&row.id, value)).transpose()?;
        let habit_of_role = role.unwrap_or_default().habit;
        let mut portrait = Self {
            scopes: known.granted.scopes().map(Name::to_string).collect(),
            ..Self::default()
        };
        if let Some(uses) = &known.uses {
            portrait.route_uses = uses.routes_since(Day(0)).cloned().collect();
            portrait.client_uses = uses.clients_since(Day(0)).cloned().collect();
        }
        if let Some(learned) = known.learned.as_deref() {
            let hours = (0..WEEK_HOURS).map(|hour| Hour(MONDAY.0 + hour));
            let habit = &learned.habit;
            portrait.expected =
                hours.map(|hour| habit.expected(hour, &habit_of_role).mean).collect();
            portrait.last_week = habit.week();
            portrait.hours_learned = habit.hours;
            portrait.most = habit.most;
            let count = |facet| learned.known(facet).map_or(0, crate::profile::Known::len);
            portrait.networks = count(Facet::Network);
            portrait.routes = count(Facet::Route);
            portrait.clients = count(Facet::Client);
        }
        Ok(portrait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::key::Learned;

    #[test]
    fn a_week_is_read_from_the_rows_that_were_written() {
        let mut learned = Learned::of(Hour(0));
        let mut role = Role::default();
        for hour in (0..14 * 24).map(|hour| Hour(MONDAY.0 + hour)) {
            let requests = if hour.of_day() < 12 { 2 } else { 60 };
            learned.habit.learn(hour, requests, &mut role.habit);
        }
        let key = Key { id: "k_a".into(), learned: Some(Box::new(learned)), ..Key::default() };
        let row = state::row_of(Portrait::row_of_key("k_a"), &key).unwrap();
        let of_role = state::row_of(Portrait::row_of_role("r"), &role).unwrap();
        let portrait = Portrait::read(&row, Some(&of_role)).unwrap();
        assert_eq!((portrait.expected.len(), portrait.last_week.len()), (168, 168));
        assert!(portrait.expected[3] < 8.0 && 40.0 < portrait.expected[15]);
        assert_eq!((portrait.last_week[3], portrait.last_week[15]), (2, 60));
        assert_eq!(portrait.hours_learned, 14 * 24);
        let broken = StateRow { id: row.id, value: Some(vec![0, 1]) };
        assert!(Portrait::read(&broken, None).is_err());
    }
}
