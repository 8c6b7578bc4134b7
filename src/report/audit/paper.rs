//! What a report is made of: sections of figures, each with the question that made it.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::report::Value;

/// As data, before it is written as a page, a table or JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub host: String,
    pub version: String,
    pub made: Timestamp,
    pub from: Timestamp,
    pub until: Timestamp,
    /// What a reader has to know before believing any figure.
    pub cautions: Vec<String>,
    pub sections: Vec<Section>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    pub id: String,
    pub title: String,
    pub intro: String,
    /// Name and what is so, in words.
    pub facts: Vec<(String, String)>,
    pub figures: Vec<Figure>,
    pub controls: Vec<Control>,
}

/// A table, or a single number: one row of one column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// For programs; never changes.
    pub name: String,
    pub title: String,
    /// The question in SQL, or else the command that shows the same.
    pub made_by: String,
    pub heads: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// Rows there are beside those shown.
    pub left_out: u64,
    pub note: String,
}

/// A requirement, and what is known towards it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Control {
    pub framework: String,
    pub id: String,
    /// What is asked for, in plain words.
    pub asks: String,
    pub evidence: Vec<Evidence>,
    /// What keyvigil does not see, and others have to show.
    pub beyond: String,
}

/// A figure or a setting that speaks for, or against, a control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub says: String,
    /// The name of the figure; empty for a setting.
    pub figure: String,
    pub value: Value,
    /// It speaks against it: somebody has to look.
    pub is_gap: bool,
}

impl Report {
    /// Every figure, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.figures)
    }

    pub fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures().find(|figure| figure.name == name)
    }

    /// The value of a figure that is a single number.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.figure(name)?.rows.first()?.first()
    }

    /// Only these sections.
    #[must_use]
    pub fn with_only(mut self, ids: &[String]) -> Self {
        if !ids.is_empty() {
            self.sections.retain(|section| ids.contains(&section.id));
        }
        self
    }
}

impl Figure {
    pub fn is_single(&self) -> bool {
        self.heads.len() == 1 && self.rows.len() == 1
    }

    /// As a person would type it.
    pub fn command(&self) -> String {
        if self.is_sql() {
            format!("keyvigil query \"{}\"", self.made_by)
        } else {
            self.made_by.clone()
        }
    }

    pub fn is_sql(&self) -> bool {
        self.made_by.starts_with("SELECT ")
    }
}
