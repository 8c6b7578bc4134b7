//! From values to heights of a chart: evenly, or by decades where what is usual would else lie
//! flat on the ground; and the ticks beside it.

use super::chart::Point;
use super::text::about;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    Even {
        top: f64,
    },
    /// Powers of ten, from the lowest to the highest tick.
    Decades {
        low: i32,
        high: i32,
    },
}

/// Decades are drawn where the highest is so many times what is usual.
const TIMES_MIN: f64 = 15.0;

impl Scale {
    pub(super) fn of(points: &[Point]) -> Self {
        let highest = points.iter().map(|point| point.most()).fold(0.0, f64::max);
        let mut usual: Vec<f64> = points
            .iter()
            .map(|point| point.expected.map_or(point.value, |(_, high)| high))
            .filter(|value| 0.0 < *value)
            .collect();
        usual.sort_by(f64::total_cmp);
        let median = usual.get(usual.len() / 2).copied().unwrap_or(highest);
        if highest <= median * TIMES_MIN {
            return Self::Even { top: even_top(highest) };
        }
        let least = points.iter().map(|point| point.least()).filter(|value| 1.0 <= *value);
        let low = decade(least.fold(median, f64::min).max(1.0));
        let high = decade(highest);
        let is_on_it = highest <= 10_f64.powi(high);
        Self::Decades { low, high: if is_on_it { high } else { high + 1 } }
    }

    pub(super) const fn is_by_decades(self) -> bool {
        matches!(self, Self::Decades { .. })
    }

    /// From 0 at the ground to 1 at the top.
    pub(super) fn share(self, value: f64) -> f64 {
        match self {
            Self::Even { top } => value / top,
            Self::Decades { low, .. } if value <= 10_f64.powi(low) => 0.0,
            Self::Decades { low, high } => {
                (value.log10() - f64::from(low)) / f64::from((high - low).max(1))
            }
        }
    }

    /// Evenly spaced, from the top down.
    pub(super) fn ticks(self) -> Vec<String> {
        match self {
            Self::Even { top } => [top, top / 2.0, 0.0].map(written).to_vec(),
            Self::Decades { low, high } => {
                let tick = |decade: i32| {
                    let value = written(10_f64.powi(decade));
                    if decade == low { format!("≤\u{202f}{value}") } else { value }
                };
                (low..=high).rev().map(tick).collect()
            }
        }
    }
}

/// The next number whose half is whole, too.
fn even_top(highest: f64) -> f64 {
    let unit = 10_f64.powi(decade(highest.max(2.0)));
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0].map(|step| step * unit);
    steps.into_iter().filter(|step| 2.0 <= *step).find(|step| highest <= *step).unwrap_or(unit)
}

#[expect(clippy::cast_possible_truncation, reason = "far fewer than 2^31 digits")]
fn decade(value: f64) -> i32 {
    value.log10().floor() as i32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "requests of an hour")]
fn written(value: f64) -> String {
    about(value.max(0.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64], expected: (f64, f64)) -> Vec<Point> {
        let point = |&value: &f64| Point { value, expected: Some(expected), ..Point::default() };
        values.iter().map(point).collect()
    }

    #[test]
    fn waves_are_drawn_evenly_up_to_a_round_number() {
        let scale = Scale::of(&points(&[100.0, 180.0, 310.0], (120.0, 200.0)));
        assert_eq!(scale, Scale::Even { top: 400.0 });
        assert_eq!(scale.ticks(), ["400", "200", "0"]);
        assert_eq!(Scale::of(&points(&[0.0, 1.0], (0.0, 1.0))).ticks(), ["2", "1", "0"]);
        assert_eq!(Scale::of(&[]).ticks(), ["2", "1", "0"]);
    }

    #[test]
    fn a_flood_is_drawn_by_decades_so_that_the_band_can_be_seen() {
        let scale = Scale::of(&points(&[150.0, 140.0, 8200.0], (120.0, 200.0)));
        assert_eq!(scale, Scale::Decades { low: 2, high: 4 });
        assert_eq!(scale.ticks(), ["10\u{202f}000", "1\u{202f}000", "≤\u{202f}100"]);
        assert!((scale.share(1000.0) - 0.5).abs() < 1e-9 && scale.share(0.0) <= 0.0);
        let even = Scale::of(&points(&[150.0, 3000.0], (120.0, 200.0)));
        assert!(!even.is_by_decades(), "fifteen times is still drawn evenly");
    }
}
