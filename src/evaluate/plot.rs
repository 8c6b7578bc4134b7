//! The curve: how much is found at so many false alarms a day, as a picture.

use std::fmt::Write as _;

/// One line, or loose points, of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub title: String,
    /// False alarms a day, and the share of incidents that were found.
    pub points: Vec<(f64, f64)>,
    /// Points of runs each on its own, not joined by a line.
    pub is_loose: bool,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 130.0;

/// The axis of false alarms a day is logarithmic, from the least to the most.
const LEAST: f64 = 0.1;
const MOST: f64 = 10.0;
const TICKS: [f64; 7] = [LEAST, 0.2, 0.5, 1.0, 2.0, 5.0, MOST];

const COLOURS: [&str; 5] = ["#0b5cad", "#b3261e", "#1b7f4b", "#8a5a00", "#6b4fa0"];

/// An SVG document.
pub fn plot(title: &str, lines: &[Line]) -> String {
    let mut svg = String::new();
    draw(&mut svg, title, lines).unwrap_or_default();
    svg
}

fn draw(svg: &mut String, title: &str, lines: &[Line]) -> std::fmt::Result {
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">"
    )?;
    let title = escaped(title);
    writeln!(
        svg,
        "<title>{title}</title><rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>"
    )?;
    writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"24\" font-size=\"15\" font-weight=\"600\">{title}</text>"
    )?;
    axes(svg)?;
    for (line, colour) in lines.iter().zip(COLOURS) {
        points(svg, line, colour)?;
    }
    legend(svg, lines)?;
    writeln!(svg, "</svg>")
}

fn axes(svg: &mut String) -> std::fmt::Result {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for tick in TICKS {
        let x = x_of(tick);
        writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}</text>",
            bottom + 18.0
        )?;
    }
    for tenth in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        let y = y_of(tenth);
        writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} %</text>",
            LEFT - 8.0,
            y + 4.0,
            tenth * 100.0
        )?;
    }
    let middle = f64::midpoint(LEFT, right);
    writeln!(
        svg,
        "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">false alarms a day</text>\
         <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">incidents found</text>",
        bottom + 38.0,
        f64::midpoint(TOP, bottom)
    )
}

fn points(svg: &mut String, line: &Line, colour: &str) -> std::fmt::Result {
    if line.is_loose {
        for (alarms, found) in &line.points {
            let (x, y) = (x_of(*alarms), y_of(*found));
            writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/>")?;
        }
        return Ok(());
    }
    write!(svg, "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" d=\"")?;
    for (place, (alarms, found)) in line.points.iter().enumerate() {
        let step = if place == 0 { 'M' } else { 'L' };
        write!(svg, "{step}{:.1} {:.1}", x_of(*alarms), y_of(*found))?;
    }
    writeln!(svg, "\"/>")
}

fn legend(svg: &mut String, lines: &[Line]) -> std::fmt::Result {
    let mut y = HEIGHT - BOTTOM + 58.0;
    for (line, colour) in lines.iter().zip(COLOURS) {
        writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"14\" height=\"4\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            y - 6.0,
            LEFT + 22.0,
            escaped(&line.title)
        )?;
        y += 17.0;
    }
    Ok(())
}

fn x_of(alarms: f64) -> f64 {
    let share = (alarms.clamp(LEAST, MOST) / LEAST).log10() / (MOST / LEAST).log10();
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn y_of(found: f64) -> f64 {
    TOP + (1.0 - found.clamp(0.0, 1.0)) * (HEIGHT - TOP - BOTTOM)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_found_lies_higher_and_more_alarms_lie_further_right() {
        assert!(y_of(0.9) < y_of(0.5) && x_of(1.0) < x_of(2.0));
        assert!((x_of(0.0) - LEFT).abs() < 1e-9 && (x_of(99.0) - (WIDTH - RIGHT)).abs() < 1e-9);
    }

    #[test]
    fn a_title_cannot_break_out_of_the_picture() {
        let line = Line { title: "<script>".to_owned(), points: vec![(1.0, 0.5)], is_loose: true };
        let svg = plot("a & b", &[line]);
        assert!(svg.contains("a &amp; b") && !svg.contains("<script>"));
        assert_eq!(svg.matches("<circle").count(), 1);
    }
}
