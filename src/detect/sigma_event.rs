//! One row of a batch, as a Sigma rule sees it.

use std::borrow::Cow;

use rsigma_eval::{Event, EventValue};

use super::sigma_fields::{Column, column};
use crate::model::EventBatch;

pub(super) struct Row<'a> {
    pub(super) batch: &'a EventBatch,
    pub(super) row: usize,
}

impl<'a> Row<'a> {
    /// Empty if the line does not say.
    pub(super) fn text(&self, column: Column) -> Cow<'a, str> {
        let event = self.batch.event(self.row);
        let number = |number: u64| Cow::Owned(number.to_string());
        let of = |column: &[u64]| number(column.get(self.row).copied().unwrap_or_default());
        match column {
            Column::Method => event.method.into(),
            Column::Path => event.path.into(),
            Column::Query => event.query.into(),
            Column::Uri if event.query.is_empty() => event.path.into(),
            Column::Uri => format!("{}?{}", event.path, event.query).into(),
            Column::Status => number(event.status.into()),
            Column::Address => event.source_ip.into(),
            Column::Client => event.user_agent.into(),
            Column::Referer => self.batch.referer.get(self.row).into(),
            Column::Key => event.key.into(),
            Column::Bytes => number(event.bytes),
            Column::RequestBytes => of(&self.batch.request_bytes),
            Column::Operation => self.batch.operation.get(self.row).into(),
            Column::Outcome => self.batch.outcome.get(self.row).into(),
        }
    }

    /// By any of the field's names.
    pub(super) fn field(&self, name: &str) -> Option<Cow<'a, str>> {
        let text = self.text(column(name)?);
        (!text.is_empty()).then_some(text)
    }
}

impl Event for Row<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        self.field(path).map(EventValue::Str)
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        Column::ALL.iter().any(|column| pred(&self.text(*column)))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        Column::ALL.iter().map(|column| self.text(*column)).collect()
    }

    fn to_json(&self) -> serde_json::Value {
        let pairs = Column::ALL.iter().map(|column| {
            (column.name().to_owned(), serde_json::Value::from(self.text(*column).into_owned()))
        });
        serde_json::Value::Object(pairs.collect())
    }
}
