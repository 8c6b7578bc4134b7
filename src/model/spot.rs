//! A point on the globe, as near as a table of addresses can tell: to a hundredth of a degree.

use serde::{Deserialize, Serialize};

/// In one number, so that a row holds it; 0 is nowhere.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Spot(pub u32);

/// Hundredths of a degree from pole to pole.
const LATITUDES: u32 = 18_001;
const EARTH_KM: f64 = 6371.0;

impl Spot {
    /// None if these are no degrees.
    pub fn of(latitude: f64, longitude: f64) -> Option<Self> {
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return None;
        }
        let (north, east) = (hundredths(latitude + 90.0), hundredths(longitude + 180.0));
        Some(Self(1 + east * LATITUDES + north))
    }

    pub const fn is_known(self) -> bool {
        self.0 != 0
    }

    /// Over the great circle; none if either is nowhere.
    pub fn km_to(self, other: Self) -> Option<f64> {
        let ((from, from_east), (to, to_east)) = (self.radians()?, other.radians()?);
        let half = |angle: f64| (angle / 2.0).sin().powi(2);
        let chord = (from.cos() * to.cos()).mul_add(half(to_east - from_east), half(to - from));
        Some(2.0 * EARTH_KM * chord.sqrt().min(1.0).asin())
    }

    fn radians(self) -> Option<(f64, f64)> {
        let number = self.0.checked_sub(1)?;
        let (east, north) = (number / LATITUDES, number % LATITUDES);
        let degrees = |hundredths: u32| f64::from(hundredths) / 100.0;
        Some(((degrees(north) - 90.0).to_radians(), (degrees(east) - 180.0).to_radians()))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 360 degrees, in hundredths"
)]
fn hundredths(degrees: f64) -> u32 {
    (degrees * 100.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_globe() {
        let oslo = Spot::of(59.91, 10.75).unwrap();
        let singapore = Spot::of(1.35, 103.82).unwrap();
        let km = oslo.km_to(singapore).unwrap();
        assert!((10_000.0..10_100.0).contains(&km), "{km}");
        let over_the_date_line =
            Spot::of(0.0, 179.9).unwrap().km_to(Spot::of(0.0, -179.9).unwrap());
        assert!(over_the_date_line.unwrap() < 25.0);
        assert!(oslo.km_to(oslo).unwrap() < 0.01);
    }

    #[test]
    fn what_is_nowhere_is_far_from_nothing() {
        let somewhere = Spot::of(-90.0, -180.0).unwrap();
        assert!(somewhere.is_known() && !Spot::default().is_known());
        assert_eq!(Spot::default().km_to(somewhere), None);
        assert_eq!((Spot::of(91.0, 0.0), Spot::of(f64::NAN, 0.0)), (None, None));
    }
}
