//! Tables for people: as wide as the terminal at most, and in colour only there. Nothing
//! that a log says can steer the terminal.

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use super::tell::shown;

/// Columns are not made narrower than this.
const WIDTH_MIN: usize = 8;

const GAP: &str = "  ";

/// How a cell stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    Bad,
    Warning,
    Faint,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
    is_number: bool,
}

/// What it is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Screen {
    /// `None`: no end.
    width: Option<usize>,
    has_colours: bool,
}

impl Screen {
    /// Standard output, as it is.
    pub(super) fn of_stdout() -> Self {
        if !io::stdout().is_terminal() {
            return Self { width: None, has_colours: false };
        }
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let has_colours = env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        Self { width, has_colours }
    }

    pub(super) fn painted(self, text: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Bad => "1;31",
            Tone::Warning => "33",
            Tone::Faint => "2",
        };
        if self.has_colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

impl Cell {
    pub(super) fn new(text: &str) -> Self {
        Self { text: shown(text), ..Self::default() }
    }

    pub(super) fn number(text: &str) -> Self {
        Self { is_number: true, ..Self::new(text) }
    }

    pub(super) fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Heads that may be cut begin so: what can be told from its beginning.
pub(super) const CUT: char = '~';

/// The heads, and under them the rows.
pub(super) fn table(heads: &[&str], rows: &[Vec<Cell>], screen: Screen) -> String {
    let may_be_cut: Vec<bool> = heads.iter().map(|head| head.starts_with(CUT)).collect();
    let heads: Vec<&str> = heads.iter().map(|head| head.trim_start_matches(CUT)).collect();
    let mut widths: Vec<usize> = heads.iter().map(|head| head.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    if let Some(room) = screen.width {
        narrow(&mut widths, room, &may_be_cut);
        narrow(&mut widths, room, &vec![true; heads.len()]);
    }
    let is_number = |place: usize| {
        rows.first().and_then(|row| row.get(place)).is_some_and(|cell| cell.is_number)
    };
    let head = |(place, head): (usize, &&str)| Cell {
        text: (*head).to_owned(),
        tone: Tone::Faint,
        is_number: is_number(place),
    };
    let heads: Vec<Cell> = heads.iter().enumerate().map(head).collect();
    let mut text = String::new();
    for row in std::iter::once(&heads).chain(rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| fitted(cell, *width));
        let last = row.len().saturating_sub(1);
        let line: Vec<String> = cells
            .zip(row)
            .enumerate()
            .map(|(place, (cell, of))| {
                let cell = if place == last { cell.trim_end() } else { &cell };
                screen.painted(cell, of.tone)
            })
            .collect();
        // Writing to a String cannot fail.
        writeln!(text, "{}", line.join(GAP).trim_end()).unwrap_or_default();
    }
    text
}

/// Takes from the widest of the columns that may be cut until all of them fit.
fn narrow(widths: &mut [usize], room: usize, may_be_cut: &[bool]) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while room < widths.iter().sum::<usize>() + gaps {
        let some = widths.iter_mut().zip(may_be_cut).filter(|(_, may)| **may);
        let Some((widest, _)) = some.max_by_key(|(width, _)| **width) else { return };
        if *widest <= WIDTH_MIN {
            return;
        }
        *widest -= 1;
    }
}

fn fitted(cell: &Cell, width: usize) -> String {
    let text = if cell.width() <= width {
        cell.text.clone()
    } else {
        let mut cut: String = cell.text.chars().take(width.saturating_sub(1)).collect();
        cut.push('…');
        cut
    };
    if cell.is_number { format!("{text:>width$}") } else { format!("{text:width$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Screen = Screen { width: None, has_colours: false };

    fn rows() -> Vec<Vec<Cell>> {
        vec![
            vec![Cell::new("k_alpha"), Cell::number("9"), Cell::new("a key of many words")],
            vec![Cell::new("k_\u{1b}[31mb"), Cell::number("10"), Cell::new("")],
        ]
    }

    #[test]
    fn columns_stand_under_their_heads() {
        let text = table(&["key", "n", "what"], &rows(), WIDE);
        assert_eq!(
            text,
            "key        n  what\nk_alpha    9  a key of many words\nk_\u{fffd}[31mb  10\n"
        );
    }

    #[test]
    fn a_narrow_terminal_cuts_the_widest() {
        let screen = Screen { width: Some(24), ..WIDE };
        let text = table(&["key", "n", "~what"], &rows(), screen);
        assert!(text.lines().all(|line| line.chars().count() <= 24), "{text}");
        assert!(text.contains("a key of …"), "{text}");
    }

    #[test]
    fn colours_are_for_terminals() {
        let painted = Screen { has_colours: true, ..WIDE }.painted("x", Tone::Bad);
        assert_eq!(painted, "\u{1b}[1;31mx\u{1b}[0m");
        assert_eq!(WIDE.painted("x", Tone::Bad), "x");
    }
}
