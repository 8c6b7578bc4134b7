//! Digits drawn as lines: a chart has numbers and times in it, and no font to fetch.

use tiny_skia::{Path, PathBuilder};

/// On a box of 8 by 12, as in SVG: M, L and C with absolute places.
const GLYPHS: &[(char, f32, &str)] = &[
    ('0', 8.0, "M4 0C1.2 0 0 2.6 0 6C0 9.4 1.2 12 4 12C6.8 12 8 9.4 8 6C8 2.6 6.8 0 4 0"),
    ('1', 8.0, "M1.8 2.4L4.8 0L4.8 12"),
    ('2', 8.0, "M.3 3.4C.3 1.2 1.9 0 4 0C6.2 0 7.7 1.3 7.7 3.3C7.7 5 6.6 6.2 5.2 7.5L.3 12L7.9 12"),
    (
        '3',
        8.0,
        "M.4 2.6C.9 1 2.2 0 4 0C6 0 7.4 1.2 7.4 2.9C7.4 4.7 6 5.7 4 5.7L3 5.7M4 5.7C6.3 5.7 7.8 6.8 7.8 8.8C7.8 10.8 6.2 12 4 12C2 12 .6 11 .1 9.3",
    ),
    ('4', 8.0, "M6 12L6 0L0 8.6L8 8.6"),
    (
        '5',
        8.0,
        "M7.2 0L1.3 0L.7 5.6C1.5 4.9 2.6 4.5 3.8 4.5C6.2 4.5 7.9 6 7.9 8.2C7.9 10.5 6.2 12 3.9 12C2 12 .6 11.1 0 9.6",
    ),
    (
        '6',
        8.0,
        "M6.9 1.3C6.2 .5 5.3 0 4.3 0C1.6 0 .1 2.6 .1 6.6C.1 10 1.6 12 4 12C6.3 12 7.9 10.4 7.9 8.2C7.9 6 6.4 4.5 4.2 4.5C2.2 4.5 .6 5.8 .1 7.8",
    ),
    ('7', 8.0, "M0 0L7.8 0L2.8 12"),
    (
        '8',
        8.0,
        "M4 5.5C2 5.5 .6 4.4 .6 2.8C.6 1.1 2 0 4 0C6 0 7.4 1.1 7.4 2.8C7.4 4.4 6 5.5 4 5.5C1.7 5.5 0 6.8 0 8.8C0 10.7 1.7 12 4 12C6.3 12 8 10.7 8 8.8C8 6.8 6.3 5.5 4 5.5",
    ),
    (
        '9',
        8.0,
        "M1.1 10.7C1.8 11.5 2.7 12 3.7 12C6.4 12 7.9 9.4 7.9 5.4C7.9 2 6.4 0 4 0C1.7 0 .1 1.6 .1 3.8C.1 6 1.6 7.5 3.8 7.5C5.8 7.5 7.4 6.2 7.9 4.2",
    ),
    (':', 1.2, "M.6 4L.6 4.1M.6 11.3L.6 11.4"),
    (',', 1.6, "M1.2 11.4L.4 13.8"),
    ('.', 1.2, "M.6 11.6L.6 11.7"),
    ('–', 6.4, "M0 6.6L6.4 6.6"),
    ('k', 6.2, "M0 0L0 12M5.8 4L0 8.8M2.2 7L6.2 12"),
    ('M', 9.2, "M0 12L0 0L4.6 7L9.2 0L9.2 12"),
];

const GLYPH_HEIGHT: f32 = 12.0;
const GAP: f32 = 2.7;

/// The lines of a text whose upper left corner is given. What has no glyph is left out.
pub(super) fn path(text: &str, (x, y): (f32, f32), height: f32) -> Option<Path> {
    let unit = height / GLYPH_HEIGHT;
    let mut path = PathBuilder::new();
    let mut left = x;
    for (width, shape) in text.chars().filter_map(glyph) {
        draw(shape, &mut path, |(glyph_x, glyph_y)| (left + glyph_x * unit, y + glyph_y * unit));
        left += (width + GAP) * unit;
    }
    path.finish()
}

pub(super) fn width(text: &str, height: f32) -> f32 {
    let all: f32 = text.chars().filter_map(glyph).map(|(width, _)| width + GAP).sum();
    (all - GAP).max(0.0) * height / GLYPH_HEIGHT
}

/// `8,200`; from a hundred thousand on shortened: `820k`, `1.2M`.
pub(super) fn grouped(value: u64) -> String {
    match value {
        0..1000 => value.to_string(),
        1000..100_000 => format!("{},{:03}", value / 1000, value % 1000),
        100_000..1_000_000 => format!("{}k", value / 1000),
        _ if value % 1_000_000 < 100_000 => format!("{}M", value / 1_000_000),
        _ => format!("{}.{}M", value / 1_000_000, value / 100_000 % 10),
    }
}

fn glyph(letter: char) -> Option<(f32, &'static str)> {
    GLYPHS.iter().find(|(known, _, _)| *known == letter).map(|(_, width, shape)| (*width, *shape))
}

fn draw(shape: &str, path: &mut PathBuilder, place: impl Fn((f32, f32)) -> (f32, f32)) {
    let commands = shape.split_inclusive(['M', 'L', 'C']).zip(shape.split(['M', 'L', 'C']).skip(1));
    for (before, numbers) in commands {
        let numbers: Vec<f32> =
            numbers.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
        let points: Vec<(f32, f32)> = numbers
            .chunks_exact(2)
            .filter_map(|pair| Some(place((*pair.first()?, *pair.get(1)?))))
            .collect();
        match (before.chars().last(), points.as_slice()) {
            (Some('M'), [(x, y)]) => path.move_to(*x, *y),
            (Some('L'), [(x, y)]) => path.line_to(*x, *y),
            (Some('C'), [(x1, y1), (x2, y2), (x, y)]) => {
                path.cubic_to(*x1, *y1, *x2, *y2, *x, *y);
            }
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_that_a_chart_needs_is_drawn_within_its_box() {
        for letter in "0123456789:,.–kM".chars() {
            let path = path(&letter.to_string(), (10.0, 20.0), 12.0).unwrap();
            let bounds = path.bounds();
            assert!(10.0 <= bounds.left() && 20.0 <= bounds.top(), "{letter}");
            assert!(bounds.right() <= 20.0 && bounds.bottom() <= 34.0, "{letter}");
        }
        assert!(width("", 12.0) < 0.1);
        assert!(width("10:00", 12.0) > width("9:00", 12.0));
    }

    #[test]
    fn large_numbers_are_shortened() {
        let texts = [7, 8200, 99_999, 820_000, 1_000_000, 1_240_000].map(grouped);
        assert_eq!(texts, ["7", "8,200", "99,999", "820k", "1M", "1.2M"]);
    }
}
