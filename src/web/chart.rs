//! Lines over bands, as the numbers of SVG paths. They stretch, so they hold no text.

use std::fmt::Write;

use super::scale::Scale;

/// Paths in a box of [`Spark::WIDTH`] by [`Spark::HEIGHT`].
#[derive(Clone, Debug, Default)]
pub(super) struct Spark {
    pub line: String,
    pub band: String,
    /// The pieces of the line that lie outside the band, or are marked.
    pub outside: String,
    pub is_above: bool,
    pub is_below: bool,
}

/// Observed, and what was expected if anything was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point {
    pub value: f64,
    pub expected: Option<(f64, f64)>,
    /// Part of what is to be seen, whatever was expected.
    pub is_marked: bool,
}

impl Spark {
    pub(super) const WIDTH: f64 = 240.0;
    pub(super) const HEIGHT: f64 = 40.0;

    pub(super) fn new(points: &[Point]) -> Self {
        Self::up_to(points, 0.0)
    }

    /// On a scale with ticks.
    pub(super) fn on(points: &[Point], scale: Scale) -> Self {
        let place =
            |index: usize, value: f64| (x_of(index, points.len()), y_at(scale.share(value)));
        Self::drawn(points, &place)
    }

    /// A line without a band; its upper edge is never below `top_min`, so that small
    /// waves look small.
    pub(super) fn plain(values: impl IntoIterator<Item = f64>, top_min: f64) -> Self {
        let points: Vec<Point> =
            values.into_iter().map(|value| Point { value, ..Point::default() }).collect();
        Self::up_to(&points, top_min)
    }

    fn up_to(points: &[Point], top_min: f64) -> Self {
        let highest = points.iter().map(|point| point.most());
        let highest = highest.fold(top_min, f64::max);
        let top = if 0.0 < highest { highest } else { 1.0 };
        let place = |index: usize, value: f64| (x_of(index, points.len()), y_at(value / top));
        Self::drawn(points, &place)
    }

    fn drawn(points: &[Point], place: &impl Fn(usize, f64) -> (f64, f64)) -> Self {
        let mut spark = Self { band: band_of(points, place), ..Self::default() };
        let mut before: Option<(f64, f64)> = None;
        for (index, point) in points.iter().enumerate() {
            let here = place(index, point.value);
            step(&mut spark.line, if before.is_none() { 'M' } else { 'L' }, here);
            if point.is_outside() {
                // A lone point outside still needs a line that leads to it.
                step(&mut spark.outside, 'M', before.unwrap_or(here));
                step(&mut spark.outside, 'L', here);
            }
            before = Some(here);
        }
        if let Some(last) = points.last() {
            spark.is_above = last.expected.is_some_and(|(_, high)| high < last.value);
            spark.is_below = last.expected.is_some_and(|(low, _)| last.value < low);
        }
        spark
    }
}

impl Point {
    fn high(self) -> f64 {
        self.expected.map_or(0.0, |(_, high)| high)
    }

    /// Of what was seen and what was expected.
    pub(super) fn most(self) -> f64 {
        self.high().max(self.value)
    }

    pub(super) fn least(self) -> f64 {
        self.expected.map_or(self.value, |(low, _)| low.min(self.value))
    }

    pub(super) fn is_outside(self) -> bool {
        let is_out = |(low, high)| self.value < low || high < self.value;
        self.is_marked || self.expected.is_some_and(is_out)
    }
}

/// Where a share of the width lies, for spans and marks.
pub(super) fn x_at(share: f64) -> f64 {
    (share.clamp(0.0, 1.0) * Spark::WIDTH * 10.0).round() / 10.0
}

/// The area between the expectations, forth along the upper and back along the lower edge.
fn band_of(points: &[Point], place: &impl Fn(usize, f64) -> (f64, f64)) -> String {
    let mut band = String::new();
    for run in runs_expected(points) {
        let mut pen = 'M';
        for &(index, (_, high)) in &run {
            step(&mut band, pen, place(index, high));
            pen = 'L';
        }
        for &(index, (low, _)) in run.iter().rev() {
            step(&mut band, 'L', place(index, low));
        }
        band.push('Z');
    }
    band
}

/// Stretches of neighbours with an expectation.
fn runs_expected(points: &[Point]) -> Vec<Vec<(usize, (f64, f64))>> {
    let mut runs: Vec<Vec<(usize, (f64, f64))>> = vec![Vec::new()];
    for (index, point) in points.iter().enumerate() {
        match (point.expected, runs.last_mut()) {
            (Some(expected), Some(run)) => run.push((index, expected)),
            (Some(_) | None, _) => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| 1 < run.len());
    runs
}

#[expect(clippy::cast_precision_loss, reason = "some hundred points at most")]
fn x_of(index: usize, count: usize) -> f64 {
    let last = count.saturating_sub(1).max(1);
    index as f64 / last as f64 * Spark::WIDTH
}

/// Two units stay free at both edges, so that a thick line is not cut.
pub(super) fn y_at(share: f64) -> f64 {
    Spark::HEIGHT - 2.0 - share.clamp(0.0, 1.0) * (Spark::HEIGHT - 4.0)
}

fn step(path: &mut String, pen: char, (x, y): (f64, f64)) {
    // Half a unit cannot be seen. Writing to a text cannot fail.
    write!(path, "{pen}{x:.0} {}", (y * 2.0).round() / 2.0).unwrap_or(());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_spans_the_box_and_the_outside_is_marked() {
        let expected = Some((1.0, 2.0));
        let points = [1.5, 1.5, 4.0].map(|value| Point { value, expected, is_marked: false });
        let spark = Spark::new(&points);
        assert_eq!(spark.line, "M0 24.5L120 24.5L240 2");
        assert_eq!(spark.outside, "M120 24.5L240 2");
        assert_eq!(spark.band, "M0 20L120 20L240 20L240 29L120 29L0 29Z");
        assert!(spark.is_above);
        assert!(!spark.is_below);
    }

    #[test]
    fn nothing_and_zeros_draw_without_a_fault() {
        assert_eq!(Spark::new(&[]).line, "");
        assert_eq!(Spark::plain([0.0, 0.0], 0.0).line, "M0 38L240 38");
    }
}
