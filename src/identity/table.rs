//! A CSV file that a person wrote, read so that every mistake names its line and its cure.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::import::{COLUMNS, Entry, SHOWN_BYTES_MAX};

/// Why a file cannot be used. No value of a key is ever quoted in it.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    #[error("{name} is empty; its first line must name the columns, {column} among them")]
    Empty { name: String, column: &'static str },
    #[error("{name}: no column {column}; the first line must name the columns{hint}")]
    NoColumn { name: String, column: &'static str, hint: &'static str },
    #[error("{name}: the column {column} is named twice in the first line")]
    ColumnTwice { name: String, column: &'static str },
    #[error("{name}:{line}: {fields} fields, but the first line names {columns} columns")]
    Fields { name: String, line: u64, fields: usize, columns: usize },
    #[error("{name}:{line}: {column} is empty; every row needs one")]
    Missing { name: String, line: u64, column: &'static str },
    #[error("{name}: lines {first} and {line} have the same {column}; remove one of them")]
    Duplicate { name: String, first: u64, line: u64, column: &'static str },
    #[error("{name}:{line}: {column} {found}is not understood; allowed: {allowed}")]
    Value { name: String, line: u64, column: &'static str, found: String, allowed: &'static str },
    #[error("{name}:{line}: no key that is known here; see the inventory's formats")]
    NoRecord { name: String, line: u64 },
    #[error("{name}:{line}: {reason}")]
    Json { name: String, line: u64, reason: &'static str },
    #[error("{name}:{line}: {reason}")]
    Toml { name: String, line: u64, reason: String },
    #[error("{name}:{line}: {reason}")]
    Consent { name: String, line: u64, reason: String },
    #[error("{name} has no paths; is it an OpenAPI document?")]
    NoPaths { name: String },
    #[error("{name} cannot be used as MMDB")]
    Database { name: String, source: maxminddb::MaxMindDbError },
    #[error("cannot read {name} as CSV")]
    Csv { name: String, source: csv::Error },
}

/// What a file may hold.
pub(super) struct Layout {
    /// The column without which there is nothing to read.
    pub key: &'static str,
    pub known: &'static [&'static str],
    /// Columns whose absence is worth a word.
    pub usual: &'static [&'static str],
    /// What a row stands for, in the plural.
    pub rows: &'static str,
}

pub(super) struct Table {
    pub name: String,
    pub warnings: Vec<String>,
    pub rows: Vec<Row>,
    columns: BTreeMap<&'static str, usize>,
}

pub(super) struct Row {
    pub line: u64,
    fields: StringRecord,
}

/// What an inventory may hold.
const KEYS: Layout = Layout {
    key: "key_id",
    known: COLUMNS,
    usual: &["owner", "role", "created", "last_rotated", "expires", "status", "status_since"],
    rows: "keys",
};

impl Table {
    pub(super) fn read(bytes: &[u8], name: &str, layout: &Layout) -> Result<Self, InventoryError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        if bytes.trim_ascii().is_empty() {
            return Err(InventoryError::Empty { name: name.to_owned(), column: layout.key });
        }
        let broken = |source| InventoryError::Csv { name: name.to_owned(), source };
        let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(true).from_reader(bytes);
        let headers = reader.headers().map_err(broken)?.clone();
        let mut table = Self {
            name: name.to_owned(),
            warnings: Vec::new(),
            rows: Vec::new(),
            columns: BTreeMap::new(),
        };
        table.name_columns(&headers, layout)?;
        let mut lines = Lines { bytes, counted: 0, line: 1 };
        for fields in reader.into_records() {
            let fields = fields.map_err(broken)?;
            if fields.iter().all(str::is_empty) {
                continue;
            }
            let row = Row { line: lines.line_of(&fields), fields };
            table.take_row(row, headers.len(), layout.key)?;
        }
        if table.rows.is_empty() {
            table.warnings.push(format!("{name}: a first line and no {}", layout.rows));
        }
        Ok(table)
    }

    /// A list of keys.
    pub(super) fn of_keys(bytes: &[u8], name: &str) -> Result<Self, InventoryError> {
        Self::read(bytes, name, &KEYS)
    }

    /// Its rows, which are keys.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let entry_of = |row: &Row| {
            let mut entry = Entry::at(row.line);
            for column in COLUMNS {
                entry.set(column, self.text(row, column));
            }
            entry
        };
        self.rows.iter().map(entry_of).collect()
    }

    /// The text of a column; empty if the file has no such column.
    pub(super) fn text<'r>(&self, row: &'r Row, column: &str) -> &'r str {
        self.columns.get(column).and_then(|&place| row.fields.get(place)).unwrap_or("")
    }

    /// The error for a value that means nothing in this column.
    pub(super) fn wrong(
        &self,
        row: &Row,
        column: &'static str,
        allowed: &'static str,
    ) -> InventoryError {
        let text = self.text(row, column);
        let short = text.len() <= SHOWN_BYTES_MAX;
        let found = if short { format!("{text:?} ") } else { String::new() };
        InventoryError::Value { name: self.name.clone(), line: row.line, column, found, allowed }
    }

    fn name_columns(
        &mut self,
        headers: &StringRecord,
        layout: &Layout,
    ) -> Result<(), InventoryError> {
        let name = &self.name;
        let mut unknown = Vec::new();
        for (place, header) in headers.iter().enumerate() {
            let header = header.to_ascii_lowercase();
            let Some(column) = layout.known.iter().find(|known| **known == header) else {
                unknown.push(if header.is_empty() { "(no name)".to_owned() } else { header });
                continue;
            };
            if self.columns.insert(column, place).is_some() {
                return Err(InventoryError::ColumnTwice { name: name.clone(), column });
            }
        }
        if !self.columns.contains_key(layout.key) {
            let hint = hint_of(headers);
            return Err(InventoryError::NoColumn { name: name.clone(), column: layout.key, hint });
        }
        if !unknown.is_empty() {
            let unknown = shown(&unknown);
            self.warnings.push(format!("{name}: columns not known and not used: {unknown}"));
        }
        let absent = layout.usual.iter().filter(|column| !self.columns.contains_key(*column));
        let absent = absent.copied().collect::<Vec<_>>().join(", ");
        if !absent.is_empty() {
            self.warnings.push(format!("{name}: no column {absent}; read as empty"));
        }
        Ok(())
    }

    fn take_row(
        &mut self,
        row: Row,
        columns: usize,
        key: &'static str,
    ) -> Result<(), InventoryError> {
        let (name, line, fields) = (self.name.clone(), row.line, row.fields.len());
        if columns < fields {
            return Err(InventoryError::Fields { name, line, fields, columns });
        }
        if self.text(&row, key).is_empty() {
            return Err(InventoryError::Missing { name, line, column: key });
        }
        self.rows.push(row);
        Ok(())
    }
}

/// Counts lines as editors do: the reader's own count stands before the blank lines that
/// it skips.
struct Lines<'b> {
    bytes: &'b [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    fn line_of(&mut self, fields: &StringRecord) -> u64 {
        let position = fields.position().map_or(0, csv::Position::byte);
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        let rest = self.bytes.get(position..).unwrap_or(&[]);
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let passed = self.bytes.get(self.counted..position + blank).unwrap_or(&[]);
        self.line += passed.iter().filter(|byte| **byte == b'\n').map(|_| 1).sum::<u64>();
        self.counted += passed.len();
        self.line
    }
}

fn hint_of(headers: &StringRecord) -> &'static str {
    let has = |what: char| headers.iter().any(|header| header.contains(what));
    if has(';') {
        " with commas between them, not semicolons"
    } else if has('\t') {
        " with commas between them, not tabs"
    } else {
        ""
    }
}

/// The first few names, cut: a file without a first line has its rows there.
fn shown(names: &[String]) -> String {
    const NAMES_MAX: usize = 8;
    const CHARS_MAX: usize = 40;
    let cut = |name: &String| name.chars().take(CHARS_MAX).collect::<String>();
    let mut shown = names.iter().take(NAMES_MAX).map(cut).collect::<Vec<_>>().join(", ");
    if NAMES_MAX < names.len() {
        shown.push_str(", …");
    }
    shown
}
