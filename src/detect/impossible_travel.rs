//! A key is used in two places, and nobody can have come from one to the other in that time.
//!
//! An address tells a place only roughly, and of carriers, clouds and VPNs not at all: those
//! have no place here. What is left is told, and never weighs more than a hint.

use serde::{Deserialize, Serialize};

use super::plain::count_text;
use crate::model::Millis;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImpossibleTravel {
    /// Nearer places may be one, badly told.
    pub km_min: f64,
    /// An airliner makes 900.
    pub km_per_hour_min: f64,
    /// So much of a distance may be the tables' mistake.
    pub doubt_km: f64,
}

impl Default for ImpossibleTravel {
    fn default() -> Self {
        Self { km_min: 800.0, km_per_hour_min: 1000.0, doubt_km: 200.0 }
    }
}

/// A way that was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Journey<'a> {
    pub km: f64,
    /// The longest that it can have taken.
    pub within: Millis,
    /// Empty where the tables know no name.
    pub from: &'a str,
    pub to: &'a str,
}

impl ImpossibleTravel {
    /// What is to be said of the way, if nobody can have made it.
    pub fn judge(&self, way: &Journey<'_>) -> Option<String> {
        let hours = as_hours(way.within);
        let is_too_fast = self.km_per_hour_min * hours < way.km - self.doubt_km;
        (self.km_min <= way.km && is_too_fast).then(|| {
            format!(
                "used from {} within {} of {}, about {} km away; a VPN or a shared key would \
                 explain it, a traveller would not",
                named(way.to),
                minutes_text(way.within),
                named(way.from),
                count_text(rounded(way.km)),
            )
        })
    }
}

fn named(city: &str) -> String {
    if city.is_empty() {
        "a place without a name".to_owned()
    } else {
        city.chars().take(60).collect()
    }
}

fn minutes_text(length: Millis) -> String {
    match length.0 / 60_000 {
        0 | 1 => "a minute".to_owned(),
        minutes => format!("{} minutes", count_text(u64::try_from(minutes).unwrap_or_default())),
    }
}

#[expect(clippy::cast_precision_loss, reason = "hours between two uses of a key")]
fn as_hours(length: Millis) -> f64 {
    length.0 as f64 / 3_600_000.0
}

/// To tens: more would be a promise.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most half of the globe's girth"
)]
fn rounded(km: f64) -> u64 {
    (km / 10.0).round() as u64 * 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(km: f64, minutes: i64) -> Option<String> {
        let within = Millis::seconds(60 * minutes);
        ImpossibleTravel::default().judge(&Journey { km, within, from: "Oslo", to: "Lima" })
    }

    #[test]
    fn a_way_is_impossible_beyond_an_airliners_speed() {
        assert!(judge(799.0, 1).is_none() && judge(800.0, 1).is_some());
        // 1,200 km less the doubt are 1,000: one hour is enough for them.
        assert!(judge(1201.0, 60).is_some() && judge(1200.0, 60).is_none());
        assert_eq!(
            judge(11_021.0, 12).unwrap(),
            "used from Lima within 12 minutes of Oslo, about 11,020 km away; a VPN or a shared \
             key would explain it, a traveller would not"
        );
    }
}
