//! A report as one page that needs nothing beside itself, and prints well.

use askama::Template;

use super::coverage::minute;
use super::paper::{Control, Evidence};
use super::shown::{Shown, shown};
use super::{Figure, Report, Section};
use crate::report::Value;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    css: &'static str,
    from: String,
    until: String,
    made: String,
    tiles: Vec<Tile>,
    chapters: Vec<Chapter<'a>>,
    sources: Vec<Source>,
}

/// A number at the top.
struct Tile {
    title: &'static str,
    value: String,
    mark: String,
    is_bad: bool,
}

struct Chapter<'a> {
    section: &'a Section,
    singles: Vec<Single<'a>>,
    tables: Vec<Sheet<'a>>,
    controls: Vec<Ruled<'a>>,
}

struct Single<'a> {
    title: &'a str,
    value: String,
    mark: String,
}

struct Sheet<'a> {
    figure: &'a Figure,
    mark: String,
    labels: Vec<(String, bool)>,
    rows: Vec<Vec<Cell>>,
}

struct Cell {
    text: String,
    class: &'static str,
}

struct Ruled<'a> {
    control: &'a Control,
    evidence: Vec<Proof<'a>>,
}

struct Proof<'a> {
    evidence: &'a Evidence,
    value: String,
    mark: String,
}

/// Where a figure comes from.
struct Source {
    mark: String,
    title: String,
    command: String,
}

/// Columns that are not broken into lines.
const IN_ONE_LINE: [&str; 16] = [
    "kind",
    "state",
    "role",
    "key",
    "id",
    "method",
    "severity",
    "first",
    "last",
    "opened",
    "since",
    "last_used",
    "oldest",
    "from",
    "until",
    "day",
];

const TILES: [(&str, &str); 6] = [
    ("events.all", "Events"),
    ("events.keys", "Keys used"),
    ("incidents.opened", "Incidents"),
    ("incidents.severe", "High or critical"),
    ("incidents.acknowledge", "Median to acknowledge"),
    ("stale.open", "Credential findings"),
];

impl Report {
    pub fn in_html(&self) -> Result<String, std::fmt::Error> {
        let page = Page {
            report: self,
            css: include_str!("../templates/report.css"),
            from: minute(self.from),
            until: minute(self.until),
            made: minute(self.made),
            tiles: TILES.iter().filter_map(|(name, title)| self.tile(name, title)).collect(),
            chapters: self.sections.iter().map(|section| self.chapter(section)).collect(),
            sources: self.figures().map(|figure| self.source(figure)).collect(),
        };
        page.render().map_err(|_askama| std::fmt::Error)
    }

    fn chapter<'a>(&'a self, section: &'a Section) -> Chapter<'a> {
        let singles = section.figures.iter().filter(|it| it.is_single());
        let tables = section.figures.iter().filter(|it| !it.is_single());
        Chapter {
            section,
            singles: singles.map(|figure| self.single(figure)).collect(),
            tables: tables.map(|figure| self.sheet(figure)).collect(),
            controls: section.controls.iter().map(|it| self.ruled(it)).collect(),
        }
    }

    fn tile(&self, name: &str, title: &'static str) -> Option<Tile> {
        let single = self.single(self.figure(name)?);
        let is_bad = name == "incidents.severe" && single.value != "0";
        Some(Tile { title, value: single.value, mark: single.mark, is_bad })
    }

    fn single<'a>(&self, figure: &'a Figure) -> Single<'a> {
        let head = figure.heads.first().map_or("", String::as_str);
        let value = figure.rows.first().and_then(|row| row.first());
        Single {
            title: &figure.title,
            value: value.map(|value| shown(head, value).text).unwrap_or_default(),
            mark: self.mark(&figure.name),
        }
    }

    fn sheet<'a>(&self, figure: &'a Figure) -> Sheet<'a> {
        let first = figure.shown_rows().next().unwrap_or_default();
        let numbers = first.iter().map(|cell| cell.is_number);
        let places = 0..figure.heads.len();
        let is_shown: Vec<bool> = places.map(|place| figure.has_values(place)).collect();
        let cells = |row: Vec<Shown>| {
            let cells = figure.heads.iter().zip(row).zip(&is_shown).filter(|(_, shown)| **shown);
            cells.map(|((head, cell), _)| Cell::of(head, cell)).collect::<Vec<_>>()
        };
        let labels = figure.labels().into_iter().zip(numbers).zip(&is_shown);
        Sheet {
            figure,
            mark: self.mark(&figure.name),
            labels: labels.filter(|(_, shown)| **shown).map(|(label, _)| label).collect(),
            rows: figure.shown_rows().map(cells).collect(),
        }
    }

    fn ruled<'a>(&self, control: &'a Control) -> Ruled<'a> {
        let proof = |evidence: &'a Evidence| {
            let figure = self.figure(&evidence.figure);
            let head = figure.and_then(|it| it.heads.first()).map_or("", String::as_str);
            let mark = figure.map(|it| self.mark(&it.name)).unwrap_or_default();
            Proof { evidence, value: shown(head, &evidence.value).text, mark }
        };
        Ruled { control, evidence: control.evidence.iter().map(proof).collect() }
    }

    fn source(&self, figure: &Figure) -> Source {
        Source {
            mark: self.mark(&figure.name),
            title: figure.title.clone(),
            command: figure.command(),
        }
    }

    /// By which it is cited: F1 is the first.
    fn mark(&self, name: &str) -> String {
        let place = self.figures().position(|figure| figure.name == name);
        place.map(|place| format!("F{}", place + 1)).unwrap_or_default()
    }
}

impl Figure {
    /// A column of names in which no row has one needs no room. That there are no times is worth
    /// to be seen.
    fn has_values(&self, place: usize) -> bool {
        let is_span = self.heads.get(place).is_some_and(|head| head.ends_with("_s"));
        let is_absent = |row: &Vec<Value>| row.get(place).is_none_or(|it| *it == Value::Absent);
        is_span || !self.rows.iter().all(is_absent)
    }
}

impl Cell {
    fn of(head: &str, cell: Shown) -> Self {
        let class = match (head, cell.text.as_str()) {
            ("severity", "critical" | "high") => "bad",
            ("severity", "medium") => "warn",
            (head, _) if IN_ONE_LINE.contains(&head) => "t",
            _ if cell.is_number => "n",
            _ => "",
        };
        Self { text: cell.text, class }
    }
}
