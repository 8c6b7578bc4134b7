//! One table of the file, taken apart setting by setting; what is left over is a mistake.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::meant;
use super::mistakes::{Mistake, closest};
use super::people::Place;
use super::secret::Secret;
use super::units;
use crate::model::Millis;

/// Settings are asked for by name; [`Table::finish`] complains about those nobody asked for.
pub(super) struct Table<'t, 'i> {
    name: String,
    values: &'t DeTable<'i>,
    asked: Vec<&'static str>,
    mistakes: Vec<Mistake>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn new(name: &str, values: &'t DeTable<'i>) -> Self {
        Self { name: name.to_owned(), values, asked: Vec::new(), mistakes: Vec::new() }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.value(name)?;
        if let DeValue::String(text) = value.get_ref() {
            return Some(text.to_string());
        }
        self.wrong_type(name, value.span(), (value.get_ref(), "a text in quotes"))
    }

    /// A text, or a list of texts.
    pub(super) fn texts(&mut self, name: &'static str) -> Vec<String> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            return self.text(name).into_iter().collect();
        };
        let mut texts = Vec::new();
        for item in items {
            if let DeValue::String(text) = item.get_ref() {
                texts.push(text.to_string());
            } else {
                let wanted = (item.get_ref(), "a list of texts in quotes");
                texts.extend(self.wrong_type::<String>(name, item.span(), wanted));
            }
        }
        texts
    }

    pub(super) fn number(&mut self, name: &'static str) -> Option<f64> {
        let value = self.value(name)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            other @ (DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_)) => {
                return self.wrong_type(name, value.span(), (other, "a number"));
            }
        };
        number.or_else(|| self.complain(value.span(), format!("`{name}` is out of range"), ""))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        self.wrong_type(name, value.span(), (value.get_ref(), "true or false"))
    }

    pub(super) fn duration(&mut self, name: &'static str) -> Option<Millis> {
        const INSTEAD: &str = "write a number and s, m, h, d or w: \"45d\"";
        let value = self.value(name)?;
        let DeValue::String(text) = value.get_ref() else {
            let what = format!("`{name}` is {}", described(value.get_ref()));
            return self.complain(value.span(), what, INSTEAD);
        };
        units::duration(text).or_else(|| {
            let meant = meant::duration(text).map(|meant| format!("write {meant}"));
            let what = format!("`{name}` is not a duration");
            self.complain(value.span(), what, meant.as_deref().unwrap_or(INSTEAD))
        })
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, name: &'static str, known: &[(&str, T)]) -> Option<T> {
        let value = self.value(name)?;
        let text = if let DeValue::String(text) = value.get_ref() { text.as_ref() } else { "" };
        if let Some((_, chosen)) = known.iter().find(|(word, _)| *word == text) {
            return Some(*chosen);
        }
        let words: Vec<String> = known.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let names: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let instead = closest(&text.to_ascii_lowercase(), &names).map_or_else(
            || format!("write {}", words.join(" or ")),
            |meant| format!("did you mean \"{meant}\"?"),
        );
        let what = match value.get_ref() {
            DeValue::String(text) => format!("`{name}` cannot be {text:?}"),
            other @ (DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_)) => format!("`{name}` is {}", described(other)),
        };
        self.complain(value.span(), what, &instead)
    }

    /// `{ credential = "…" }`, `{ file = "…" }` or `{ env = "…" }`.
    pub(super) fn secret(&mut self, name: &'static str) -> Option<Secret> {
        let value = self.value(name)?;
        self.place_of_secret(name, value)
    }

    /// One such place, or a list of them.
    pub(super) fn secrets(&mut self, name: &'static str) -> Vec<Secret> {
        let Some(value) = self.value(name) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(items) => {
                items.iter().filter_map(|item| self.place_of_secret(name, item)).collect()
            }
            DeValue::Table(_)
            | DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => self.place_of_secret(name, value).into_iter().collect(),
        }
    }

    fn place_of_secret(
        &mut self,
        name: &'static str,
        value: &'t toml::Spanned<DeValue<'i>>,
    ) -> Option<Secret> {
        const INSTEAD: &str = "write { credential = \"…\" }, { file = \"…\" } or { env = \"…\" }";
        let DeValue::Table(place) = value.get_ref() else {
            let what = format!("a secret never stands in the configuration: `{name}`");
            return self.complain(value.span(), what, INSTEAD);
        };
        let mut entries = place.iter();
        match (entries.next(), entries.next()) {
            (Some((kind, value)), None) => match (kind.get_ref().as_ref(), value.get_ref()) {
                ("credential", DeValue::String(it)) => Some(Secret::Credential(it.to_string())),
                ("file", DeValue::String(it)) => Some(Secret::File(it.to_string().into())),
                ("env", DeValue::String(it)) => Some(Secret::Environment(it.to_string())),
                _ => self.complain(value.span(), format!("`{name}` names no place"), INSTEAD),
            },
            _ => self.complain(value.span(), format!("`{name}` names no single place"), INSTEAD),
        }
    }

    /// A web address, or the place of one that is secret itself.
    pub(super) fn url(&mut self, name: &'static str) -> Option<Place> {
        if let DeValue::Table(_) = self.value(name)?.get_ref() {
            return self.secret(name).map(Place::SecretUrl);
        }
        self.text(name).map(Place::Url)
    }

    /// The table of that name.
    pub(super) fn table(&mut self, name: &'static str) -> Option<&'t DeTable<'i>> {
        let value = self.value(name)?;
        if let DeValue::Table(table) = value.get_ref() {
            return Some(table);
        }
        let what = format!("`{name}` is {}", described(value.get_ref()));
        let instead = format!("write [{name}] on a line of its own, and its settings below it");
        self.complain(value.span(), what, &instead)
    }

    /// The tables of a list `[[name]]`.
    pub(super) fn tables(&mut self, name: &'static str) -> Vec<&'t DeTable<'i>> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let what = format!("`{name}` is a list of tables");
            self.complain::<()>(value.span(), what, &format!("begin each with [[{name}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            if let DeValue::Table(table) = item.get_ref() {
                tables.push(table);
            } else {
                let wanted = (item.get_ref(), "a table");
                self.wrong_type::<()>(name, item.span(), wanted);
            }
        }
        tables
    }

    /// The tables within the table of that name, by names of the user's choice.
    pub(super) fn named_tables(&mut self, name: &'static str) -> Vec<(String, &'t DeTable<'i>)> {
        let Some(values) = self.table(name) else { return Vec::new() };
        let mut tables = Vec::new();
        for (key, value) in values {
            if let DeValue::Table(table) = value.get_ref() {
                tables.push((key.get_ref().to_string(), table));
            } else {
                let wanted = (value.get_ref(), "a table");
                self.wrong_type::<()>(key.get_ref(), value.span(), wanted);
            }
        }
        tables
    }

    /// The texts, or lists of texts, within the table of that name.
    pub(super) fn named_texts(&mut self, name: &'static str) -> Vec<(String, Vec<String>)> {
        let Some(values) = self.table(name) else { return Vec::new() };
        let mut found = Vec::new();
        for (key, value) in values {
            let texts: Option<Vec<String>> = match value.get_ref() {
                DeValue::String(text) => Some(vec![text.to_string()]),
                DeValue::Array(items) => items.iter().map(text_of).collect(),
                DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Table(_) => None,
            };
            if let Some(texts) = texts {
                found.push((key.get_ref().to_string(), texts));
            } else {
                let wanted = (value.get_ref(), "a text, or a list of texts, in quotes");
                self.wrong_type::<()>(key.get_ref(), value.span(), wanted);
            }
        }
        found
    }

    /// Whether the setting is there and is that word.
    pub(super) fn says(&mut self, name: &'static str, word: &str) -> bool {
        let value = self.value(name);
        value.is_some_and(
            |value| matches!(value.get_ref(), DeValue::String(text) if text.as_ref() == word),
        )
    }

    /// Where the value of a setting stands; the whole file if it is not there.
    pub(super) fn place_of(&self, name: &str) -> Range<usize> {
        self.values.get(name).map_or(0..0, Spanned::span)
    }

    /// Notes a mistake; `None`, so that a caller can return it.
    pub(super) fn complain<T>(
        &mut self,
        at: Range<usize>,
        what: String,
        instead: &str,
    ) -> Option<T> {
        self.mistakes.push(Mistake { at, what, instead: instead.to_owned() });
        None
    }

    /// The mistakes, with those about settings that nobody asked for.
    pub(super) fn finish(mut self) -> Vec<Mistake> {
        for key in self.values.keys() {
            let typed = key.get_ref().as_ref();
            if self.asked.contains(&typed) {
                continue;
            }
            let what = match self.name.as_str() {
                "" => format!("unknown setting `{typed}`"),
                table => format!("unknown setting `{typed}` in [{table}]"),
            };
            let instead = meant::instead(&self.name, typed, &self.asked);
            self.mistakes.push(Mistake { at: key.span(), what, instead });
        }
        self.mistakes
    }

    fn value(&mut self, name: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        if !self.asked.contains(&name) {
            self.asked.push(name);
        }
        self.values.get(name)
    }

    fn wrong_type<T>(
        &mut self,
        name: &str,
        at: Range<usize>,
        (found, wanted): (&DeValue<'_>, &str),
    ) -> Option<T> {
        let what = format!("`{name}` is {}", described(found));
        self.complain(at, what, &format!("write {wanted}"))
    }
}

fn text_of(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    }
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
