//! How `top` looks: a headline, the table, the selected key in full, and what can be pressed.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table, TableState};

use super::state::{KeyLine, Sort, State};
use crate::cli::tell::shown;
use crate::detect::count_text;

/// Whether it may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Coloured,
    Plain,
}

const HEADS: [(&str, Option<Sort>); 7] = [
    ("key", Some(Sort::Key)),
    ("role", None),
    ("req/min", Some(Sort::Rate)),
    ("errors", Some(Sort::Errors)),
    ("requests", Some(Sort::Requests)),
    ("last used", Some(Sort::Last)),
    ("stale", Some(Sort::Stale)),
];

const WIDTHS: [Constraint; 7] = [
    Constraint::Min(14),
    Constraint::Max(16),
    Constraint::Length(8),
    Constraint::Length(7),
    Constraint::Length(11),
    Constraint::Length(11),
    Constraint::Fill(1),
];

const HELP: &str =
    "q ends · sort: r rate n total e errors l last s stale k key · / finds · p holds";

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, paint: Paint) {
    let [head, body, detail, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(2),
        Constraint::Length(2),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(headline(state, paint)), head);
    let rows = state.rows();
    rows_in(frame, body, (state, &rows), paint);
    let selected = rows.get(state.selected).map(|key| about(key)).unwrap_or_default();
    frame.render_widget(Paragraph::new(selected), detail);
    frame.render_widget(Paragraph::new(footer(state, paint)), foot);
}

fn headline(state: &State, paint: Paint) -> Line<'static> {
    let colour = match state.verdict() {
        "alert" | "blind" => Color::Red,
        "warn" | "degraded" => Color::Yellow,
        _ => Color::Reset,
    };
    Line::styled(state.headline(), paint.of(colour).add_modifier(Modifier::BOLD))
}

fn rows_in(frame: &mut Frame<'_>, area: Rect, (state, rows): (&State, &[&KeyLine]), paint: Paint) {
    let head = HEADS.map(|(name, sort)| {
        let is_sorted = sort == Some(state.sort);
        let name = if is_sorted { format!("{name}▾") } else { name.to_owned() };
        Cell::from(name)
    });
    let head = Row::new(head).style(Style::new().add_modifier(Modifier::UNDERLINED));
    // Only those that may be seen: there can be a hundred thousand.
    let room = usize::from(area.height.saturating_sub(1)).max(1);
    let first = (state.selected + 1).saturating_sub(room);
    let shown = rows.iter().skip(first).take(room).map(|key| row(key, state, paint));
    let table = Table::new(shown, WIDTHS)
        .header(head)
        .column_spacing(1)
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut place = TableState::new().with_selected(Some(state.selected - first));
    frame.render_stateful_widget(table, area, &mut place);
}

fn row(key: &KeyLine, state: &State, paint: Paint) -> Row<'static> {
    let right = |text: String, width: usize| Cell::from(format!("{text:>width$}"));
    let is_bad = key.error_share.is_some_and(|share| 0.2 <= share);
    let errors = right(key.errors_text(), 6);
    Row::new([
        Cell::from(shown(&key.key)),
        Cell::from(shown(&key.role)),
        right(key.rate_text(), 7),
        if is_bad { errors.style(paint.of(Color::Red)) } else { errors },
        right(count_text(key.requests), 10),
        Cell::from(key.last_text(state.at())),
        Cell::from(shown(&key.stale.join(", "))).style(paint.of(Color::Yellow)),
    ])
}

fn about(key: &KeyLine) -> Vec<Line<'static>> {
    let owner = if key.owner.is_empty() { "no owner known" } else { &key.owner };
    let stale = if key.stale.is_empty() { "nothing".to_owned() } else { key.stale.join(", ") };
    vec![
        Line::from(format!(
            "{} · owner {} · {}",
            shown(&key.key),
            shown(owner),
            shown(&key.baseline)
        )),
        Line::from(format!(
            "{} errors in all · to look after: {}",
            count_text(key.errors),
            shown(&stale)
        )),
    ]
}

fn footer(state: &State, paint: Paint) -> Line<'static> {
    if let Some(trouble) = &state.trouble {
        return Line::styled(shown(trouble), paint.of(Color::Red));
    }
    if state.is_finding {
        return Line::from(format!(
            "find: {}▏  Enter keeps it, Escape shows all",
            shown(&state.find)
        ));
    }
    let mut spans = Vec::new();
    if state.is_held {
        spans.push(Span::styled("HELD · ", paint.of(Color::Yellow)));
    }
    if !state.find.is_empty() {
        spans.push(Span::raw(format!("only {:?} · ", shown(&state.find))));
    }
    spans.push(Span::styled(HELP, Style::new().add_modifier(Modifier::DIM)));
    Line::from(spans)
}

impl Paint {
    fn of(self, colour: Color) -> Style {
        match self {
            Self::Coloured => Style::new().fg(colour),
            Self::Plain => Style::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::state::tests::state;
    use super::*;

    fn screen((width, height): (u16, u16), state: &State) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, state, Paint::Coloured)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn everything_stands_on_a_screen_of_80_by_24() {
        let lines = screen((80, 24), &state(Sort::Rate));
        assert_eq!(
            lines[0],
            "keyvigil: alert · 2 high · 306 req/min · 2 of 3 keys in use · 0 s behind"
        );
        assert!(lines[1].starts_with("key") && lines[1].contains("req/min▾"), "{}", lines[1]);
        assert!(lines[2].starts_with("k_busy") && lines[2].contains("300"), "{}", lines[2]);
        assert!(lines[4].contains("900") && lines[4].contains("unused"), "{}", lines[4]);
        assert!(lines[21].starts_with("k_busy · owner a@example.com"), "{}", lines[21]);
        assert!(lines[23].starts_with("q ends") && lines[23].ends_with("holds"), "{}", lines[23]);
    }

    #[test]
    fn what_a_stranger_wrote_cannot_paint_the_terminal() {
        let lines = screen((80, 24), &state(Sort::Key));
        assert!(!lines.concat().contains('\u{1b}'), "{lines:?}");
    }

    #[test]
    fn the_selected_row_is_on_the_screen_however_small_that_is() {
        let mut state = state(Sort::Rate);
        state.selected = 2;
        let lines = screen((60, 7), &state);
        assert!(lines.iter().any(|line| line.starts_with("k_quiet ")), "{lines:?}");
        for size in [(1, 1), (10, 3), (200, 5)] {
            screen(size, &state);
        }
        state.find = "nobody".to_owned();
        screen((80, 24), &state);
    }
}
