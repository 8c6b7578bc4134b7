//! A chart as PNG, at twice its size, on its own light ground: it is read by day and by
//! night, whatever the mail program makes of the colours around it.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash,
    Transform,
};

use super::chart::Plot;
use super::digits;
use crate::incident::CurveHour;

pub(super) const WIDTH: u32 = 1072;
pub(super) const HEIGHT: u32 = 384;

const LEFT: f32 = 122.0;
const RIGHT: f32 = 888.0;
const TOP: f32 = 56.0;
const BOTTOM: f32 = 320.0;
const CORNER: f32 = 16.0;

const GROUND: [u8; 4] = [0xfb, 0xfc, 0xfd, 0xff];
const GRID: [u8; 4] = [0xe3, 0xe7, 0xee, 0xff];
const BAND: [u8; 4] = [0xd5, 0xdc, 0xf7, 0xff];
const LINE: [u8; 4] = [0x3a, 0x4c, 0xc4, 0xff];
const HOT: [u8; 4] = [0xb0, 0x1e, 0x28, 0xff];
const SHADE: [u8; 4] = [0xb0, 0x1e, 0x28, 0x18];
const QUIET: [u8; 4] = [0x5b, 0x65, 0x76, 0xff];
const DARK: [u8; 4] = [0x1b, 0x1f, 0x27, 0xff];

/// Heights of digits.
const SMALL: f32 = 21.0;
const LARGE: f32 = 25.0;

/// None if there is no memory for it.
pub(super) fn png(plot: &Plot) -> Option<Vec<u8>> {
    let mut canvas = Canvas { pixels: Pixmap::new(WIDTH, HEIGHT)?, scale: Scale::of(plot) };
    canvas.ground();
    canvas.shade(plot);
    canvas.grid(plot);
    canvas.band(plot);
    canvas.observed(plot);
    canvas.labels(plot);
    canvas.pixels.encode_png().ok()
}

struct Canvas {
    pixels: Pixmap,
    scale: Scale,
}

/// From hours and requests to pixels.
#[derive(Clone, Copy, Debug)]
struct Scale {
    hours: f32,
    top: f32,
    /// Zero for a linear scale.
    bottom: f32,
}

impl Scale {
    fn of(plot: &Plot) -> Self {
        let most = plot.hours.iter().map(|hour| hour.requests.max(hour.expected_high)).max();
        let least = plot.hours.iter().map(|hour| hour.expected_low.min(hour.requests)).min();
        let most = number(most.unwrap_or(1)).max(1.0);
        let hours = number(u32::try_from(plot.hours.len()).unwrap_or(1)).max(1.0);
        if plot.is_logarithmic {
            let bottom = 10_f32.powf(number(least.unwrap_or(1)).max(1.0).log10().floor());
            return Self { hours, top: most * 1.25, bottom };
        }
        Self { hours, top: most * 1.12, bottom: 0.0 }
    }

    fn x(self, hour: f32) -> f32 {
        LEFT + (RIGHT - LEFT) * (hour / self.hours).clamp(0.0, 1.0)
    }

    fn y(self, value: f32) -> f32 {
        let share = if self.bottom == 0.0 {
            value / self.top
        } else {
            (value.max(self.bottom) / self.bottom).log10() / (self.top / self.bottom).log10()
        };
        BOTTOM - (BOTTOM - TOP) * share.clamp(0.0, 1.0)
    }

    /// Round numbers between the edges.
    fn steps(self) -> Vec<f32> {
        if 0.0 < self.bottom {
            let powers = std::iter::successors(Some(self.bottom), |step| Some(step * 10.0));
            return powers.take_while(|step| *step <= self.top).take(8).collect();
        }
        let raw = self.top / 3.0;
        let power = 10_f32.powf(raw.max(1.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = step.into_iter().find(|step| raw <= *step).unwrap_or(power).max(1.0);
        let steps = std::iter::successors(Some(0.0), |value| Some(value + step));
        steps.take_while(|value| *value <= self.top).take(8).collect()
    }
}

impl Canvas {
    fn ground(&mut self) {
        let (right, bottom) = (number(WIDTH), number(HEIGHT));
        let mut path = PathBuilder::new();
        path.move_to(CORNER, 0.0);
        path.line_to(right - CORNER, 0.0);
        path.quad_to(right, 0.0, right, CORNER);
        path.line_to(right, bottom - CORNER);
        path.quad_to(right, bottom, right - CORNER, bottom);
        path.line_to(CORNER, bottom);
        path.quad_to(0.0, bottom, 0.0, bottom - CORNER);
        path.line_to(0.0, CORNER);
        path.quad_to(0.0, 0.0, CORNER, 0.0);
        path.close();
        self.fill(path.finish(), GROUND);
    }

    fn shade(&mut self, plot: &Plot) {
        let (from, to) = (self.scale.x(narrow(plot.shade.0)), self.scale.x(narrow(plot.shade.1)));
        let rect = Rect::from_ltrb(from, TOP - 12.0, to.max(from + 4.0), BOTTOM);
        self.fill(rect.map(PathBuilder::from_rect), SHADE);
        let mut edge = PathBuilder::new();
        edge.move_to(from, TOP - 12.0);
        edge.line_to(from, BOTTOM);
        let dash = StrokeDash::new(vec![5.0, 6.0], 0.0);
        self.stroke(edge.finish(), HOT, Stroke { width: 2.5, dash, ..Stroke::default() });
    }

    fn grid(&mut self, plot: &Plot) {
        for step in self.scale.steps() {
            let mut line = PathBuilder::new();
            line.move_to(LEFT, self.scale.y(step));
            line.line_to(RIGHT, self.scale.y(step));
            self.stroke(line.finish(), GRID, Stroke { width: 2.0, ..Stroke::default() });
        }
        for (hour, _) in &plot.ticks {
            let x = self.scale.x(narrow(*hour));
            let mut line = PathBuilder::new();
            line.move_to(x, BOTTOM);
            line.line_to(x, BOTTOM + 8.0);
            self.stroke(line.finish(), QUIET, Stroke { width: 2.0, ..Stroke::default() });
        }
    }

    fn band(&mut self, plot: &Plot) {
        let mut path = PathBuilder::new();
        let places = || (0_u16..).zip(&plot.hours);
        let hours: Vec<(u16, &CurveHour)> =
            places().filter(|(_, hour)| 0 < hour.expected_high).collect();
        // Each hour as wide as it is: the band reaches from edge to edge.
        for (place, hour) in &hours {
            let y = self.scale.y(number(hour.expected_high));
            let to = |x: f32, path: &mut PathBuilder| {
                if path.is_empty() { path.move_to(x, y) } else { path.line_to(x, y) }
            };
            to(self.scale.x(f32::from(*place) + 0.5 - half(*place, 0)), &mut path);
            to(self.scale.x(f32::from(*place) + 0.5 + half(*place, plot.hours.len())), &mut path);
        }
        for (place, hour) in hours.iter().rev() {
            let y = self.scale.y(number(hour.expected_low));
            path.line_to(self.scale.x(f32::from(*place) + 0.5 + half(*place, plot.hours.len())), y);
            path.line_to(self.scale.x(f32::from(*place) + 0.5 - half(*place, 0)), y);
        }
        path.close();
        self.fill(path.finish(), BAND);
    }

    /// The part that lies in the incident is red and thicker.
    fn observed(&mut self, plot: &Plot) {
        let places: Vec<(f32, f32, bool)> = (0_u16..)
            .zip(&plot.hours)
            .map(|(place, hour)| {
                let is_part =
                    plot.shade.0 < f64::from(place) + 1.0 && f64::from(place) < plot.shade.1;
                let x = self.scale.x(f32::from(place) + 0.5);
                (x, self.scale.y(number(hour.requests)), is_part)
            })
            .collect();
        for wanted in [false, true] {
            let mut path = PathBuilder::new();
            for (before, here) in places.iter().zip(places.iter().skip(1)) {
                if here.2 == wanted {
                    path.move_to(before.0, before.1);
                    path.line_to(here.0, here.1);
                }
            }
            let (colour, width) = if wanted { (HOT, 7.0) } else { (LINE, 5.0) };
            self.stroke(path.finish(), colour, round(width));
        }
        if let Some((x, y, is_part)) = places.last() {
            let colour = if *is_part { HOT } else { LINE };
            self.fill(PathBuilder::from_circle(*x, *y, 12.0), GROUND);
            self.fill(PathBuilder::from_circle(*x, *y, 8.0), colour);
        }
    }

    fn labels(&mut self, plot: &Plot) {
        for step in self.scale.steps() {
            let text = grouped(step);
            let x = LEFT - 18.0 - digits::width(&text, SMALL);
            self.text(&text, (x, self.scale.y(step) - SMALL / 2.0), (SMALL, QUIET));
        }
        for (hour, label) in &plot.ticks {
            let half = digits::width(label, SMALL) / 2.0;
            let x = self.scale.x(narrow(*hour)) - half;
            self.text(label, (x, BOTTOM + 22.0), (SMALL, QUIET));
        }
        let began = digits::width(&plot.began, LARGE);
        let x = (self.scale.x(narrow(plot.shade.0)) - began / 2.0).min(RIGHT - began);
        self.text(&plot.began, (x.max(LEFT), TOP - 48.0), (LARGE, HOT));
        let Some(last) = plot.hours.last() else { return };
        let observed = self.scale.y(number(last.requests)) - LARGE / 2.0;
        self.text(
            &digits::grouped(last.requests.into()),
            (RIGHT + 18.0, observed),
            (LARGE, if narrow(plot.shade.1) < self.scale.hours - 0.5 { LINE } else { HOT }),
        );
        if 0 < last.expected_high {
            let text = format!(
                "{}–{}",
                digits::grouped(last.expected_low.into()),
                digits::grouped(last.expected_high.into())
            );
            let (low, high) = (number(last.expected_low), number(last.expected_high));
            let middle = self.scale.y(low).midpoint(self.scale.y(high)) - SMALL / 2.0;
            // Two numbers do not lie on each other.
            let apart = if (middle - observed).abs() < 38.0 {
                if middle < observed { observed - 38.0 } else { observed + 38.0 }
            } else {
                middle
            };
            self.text(&text, (RIGHT + 18.0, apart.min(BOTTOM)), (SMALL, DARK));
        }
    }

    fn text(&mut self, text: &str, (x, y): (f32, f32), (height, colour): (f32, [u8; 4])) {
        let width = if height == LARGE { 3.8 } else { 2.7 };
        self.stroke(digits::path(text, (x, y), height), colour, round(width));
    }

    fn fill(&mut self, path: Option<Path>, colour: [u8; 4]) {
        let Some(path) = path else { return };
        let paint = paint(colour);
        self.pixels.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
    }

    #[expect(clippy::needless_pass_by_value, reason = "each is made for this one call")]
    fn stroke(&mut self, path: Option<Path>, colour: [u8; 4], stroke: Stroke) {
        let Some(path) = path else { return };
        let paint = paint(colour);
        self.pixels.stroke_path(&path, &paint, &stroke, Transform::identity(), None);
    }
}

/// At the edges an hour's band reaches to the edge, between them to the middle of the hour.
fn half(place: u16, count: usize) -> f32 {
    let is_edge = if count == 0 { place == 0 } else { usize::from(place) + 1 == count };
    if is_edge { 0.5 } else { 0.0 }
}

fn round(width: f32) -> Stroke {
    let (line_cap, line_join) = (LineCap::Round, LineJoin::Round);
    Stroke { width, line_cap, line_join, ..Stroke::default() }
}

fn paint([red, green, blue, alpha]: [u8; 4]) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(Color::from_rgba8(red, green, blue, alpha));
    paint
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step of an axis")]
fn grouped(step: f32) -> String {
    digits::grouped(step.round() as u64)
}

#[expect(clippy::cast_precision_loss, reason = "pixels are coarser than that")]
const fn number(value: u32) -> f32 {
    value as f32
}

#[expect(clippy::cast_possible_truncation, reason = "hours of a day or so")]
const fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(is_logarithmic: bool) -> Plot {
        let hour = |requests| CurveHour { requests, expected_low: 120, expected_high: 200 };
        let mut hours = vec![hour(150); 24];
        hours.push(hour(8200));
        let ticks = vec![(2.0, "12:00".to_owned()), (8.0, "18:00".to_owned())];
        let (shade, began) = ((24.1, 25.0), "09:50".to_owned());
        Plot { hours, shade, ticks, began, is_logarithmic }
    }

    fn is_hot(pixels: &Pixmap, x: u32, y: u32) -> bool {
        let pixel = pixels.pixel(x, y).unwrap();
        pixel.red() > 150 && pixel.green() < 120
    }

    #[test]
    fn the_picture_is_as_large_as_promised_and_small_as_a_file() {
        for is_logarithmic in [false, true] {
            let png = png(&plot(is_logarithmic)).unwrap();
            let pixels = Pixmap::decode_png(&png).unwrap();
            assert_eq!((pixels.width(), pixels.height()), (WIDTH, HEIGHT));
            assert!(png.len() < 40_000, "{} bytes", png.len());
            let top = (860..880).any(|x| (60..120).any(|y| is_hot(&pixels, x, y)));
            assert!(top, "the last hour is at the top, and red");
        }
    }

    #[test]
    fn nothing_and_zeros_draw_without_a_fault() {
        assert!(png(&Plot::default()).is_some());
        let zeros = Plot { hours: vec![CurveHour::default(); 3], ..Plot::default() };
        assert!(png(&zeros).is_some());
    }
}
