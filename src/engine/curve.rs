//! The last day of an incident's key, or of everyone, beside what was expected.

use super::Engine;
use super::key::Key;
use crate::baseline::Expected;
use crate::incident::{Curve, CurveHour, Incident};
use crate::model::{Entity, Hour};

const HOURS_SHOWN: usize = 24;

impl Engine {
    /// The incident as it is handed out.
    pub(super) fn with_curve(&self, mut incident: Box<Incident>) -> Box<Incident> {
        incident.curve = match (&incident.entity, incident.keys.as_slice()) {
            (Entity::Key(key), _) | (Entity::Address(_), [key]) => self.curve_of(key),
            (Entity::Fleet | Entity::Route(_), _) => self.curve_of_all(),
            // What an app sends is no request.
            (Entity::Address(_) | Entity::App(_), _) => None,
        }
        .unwrap_or_default();
        incident
    }

    fn curve_of(&self, id: &str) -> Option<Curve> {
        let key = self.keys.get(self.keys.index_of(id)?)?;
        let learned = key.learned.as_ref()?;
        let now = self.hour?;
        let recent = learned.recent.hours();
        let first = Hour(now.0 - i64::try_from(recent.len()).ok()?);
        let seen = recent.into_iter().chain([key.hour.requests]);
        let hours = seen.zip(first.0..).map(|(requests, hour)| self.hour_of(key, requests, hour));
        Some(Curve { first, hours: hours.collect() })
    }

    fn hour_of(&self, key: &Key, requests: u32, hour: i64) -> CurveHour {
        let expected = key.learned.as_ref().zip(self.roles.get(&key.role));
        let expected =
            expected.map(|(learned, role)| learned.habit.expected(Hour(hour), &role.habit));
        let (expected_low, expected_high) = expected.map_or((0, 0), |expected| band(&expected));
        CurveHour { requests, expected_low, expected_high }
    }

    /// Hours without a request are not kept: they are put in again.
    fn curve_of_all(&self) -> Option<Curve> {
        let rows = self.fleet.rows();
        let last = rows.last()?.hour;
        let first = Hour(last.0 + 1 - i64::try_from(HOURS_SHOWN.min(rows.len())).ok()?);
        let hours = (first.0..=last.0).map(|hour| {
            let seen = rows.iter().find(|row| row.hour.0 == hour);
            seen.map_or_else(CurveHour::default, |row| CurveHour {
                requests: row.requests,
                expected_low: row.expected_low,
                expected_high: row.expected_high,
            })
        });
        Some(Curve { first, hours: hours.collect() })
    }
}

/// Two standard deviations to either side.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float's cast saturates"
)]
fn band(expected: &Expected) -> (u32, u32) {
    let spread = |mean: f64| 2.0 * (mean + expected.dispersion * mean * mean).sqrt();
    let low = expected.mean_lower - spread(expected.mean_lower);
    let high = expected.mean_upper + spread(expected.mean_upper);
    (low.max(0.0) as u32, high as u32)
}
