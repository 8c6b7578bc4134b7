//! Which figures and settings are evidence towards which requirement. Evidence is no verdict:
//! whether a requirement is met is for those to say who check it.

use super::controls_laws::LAWS;
use super::controls_standards::STANDARDS;
use super::facts::Facts;
use super::paper::{Control, Evidence};
use super::{Case, Figure, Section};
use crate::report::Value;

/// One requirement, and what is shown towards it.
pub(super) struct Rule {
    pub(super) framework: &'static str,
    pub(super) id: &'static str,
    pub(super) asks: &'static str,
    pub(super) shows: &'static [Show],
    pub(super) beyond: &'static str,
}

pub(super) enum Show {
    /// The figure of that name.
    Figure(&'static str),
    /// The same, of which a single one is something to look at.
    None(&'static str),
    Setting(Setting),
}

/// What the configuration says.
#[derive(Clone, Copy)]
pub(super) enum Setting {
    Retention,
    /// Events are to be there for so many days.
    RetentionDaysMin(i64),
    Encryption,
    Keys,
    Recipients,
    Page,
    UnusedDaysMax(i64),
    RotationDays,
    Record,
}

pub(super) fn section(case: &Case<'_>, figures: &[&Figure]) -> Section {
    let rules = LAWS.iter().chain(STANDARDS);
    Section {
        id: "evidence".to_owned(),
        title: "Evidence by control".to_owned(),
        intro: "What keyvigil can show towards single requirements, in their own numbering; the \
                requirements are put in short words here and not quoted. No line says that a \
                requirement is met. \"Look\" stands where a figure or a setting may speak against \
                it."
        .to_owned(),
        controls: rules.map(|rule| rule.control(&case.known.facts, figures)).collect(),
        ..Section::default()
    }
}

impl Rule {
    fn control(&self, facts: &Facts, figures: &[&Figure]) -> Control {
        Control {
            framework: self.framework.to_owned(),
            id: self.id.to_owned(),
            asks: self.asks.to_owned(),
            evidence: self.shows.iter().filter_map(|it| it.evidence(facts, figures)).collect(),
            beyond: self.beyond.to_owned(),
        }
    }
}

impl Show {
    fn evidence(&self, facts: &Facts, figures: &[&Figure]) -> Option<Evidence> {
        let (name, is_none_wanted) = match self {
            Self::Figure(name) => (*name, false),
            Self::None(name) => (*name, true),
            Self::Setting(setting) => return setting.evidence(facts),
        };
        let figure = figures.iter().find(|figure| figure.name == name)?;
        let value = figure.rows.first()?.first()?.clone();
        let is_gap = is_none_wanted && value != Value::Integer(0);
        Some(Evidence { says: figure.title.clone(), figure: name.to_owned(), value, is_gap })
    }
}

impl Setting {
    fn evidence(self, facts: &Facts) -> Option<Evidence> {
        let (says, value, is_gap) = match self {
            Self::Retention => {
                ("Setting: events are kept", facts.retention_in_words(), facts.retention.is_none())
            }
            Self::RetentionDaysMin(days) => {
                let is_short = facts.retention_days().is_some_and(|kept| kept < days);
                ("Setting: events are kept", facts.retention_in_words(), is_short)
            }
            Self::Encryption => (
                "Setting: the store is encrypted with AES-256-GCM; its key is",
                facts.key_place.clone(),
                facts.is_key_beside,
            ),
            Self::Keys => ("Setting: keys in logs", facts.keys_in_words().to_owned(), false),
            Self::Recipients => {
                let told = facts.recipients.iter().map(|(who, _)| who.clone());
                let is_nobody = facts.recipients.is_empty();
                ("Setting: who is told of incidents", super::facts::listed(told), is_nobody)
            }
            Self::Page => {
                let page = facts.page.clone().unwrap_or_else(|| "off".to_owned());
                ("Setting: where the page is served", page, false)
            }
            Self::UnusedDaysMax(most) => {
                let days = facts.unused_days?;
                ("Setting: a key counts as unused after", format!("{days} days"), most < days)
            }
            Self::RotationDays => {
                let days = facts.rotation_days?;
                ("Setting: a key is overdue for rotation after", format!("{days} days"), false)
            }
            Self::Record => {
                ("Record of processing", "in this report, to be completed".to_owned(), false)
            }
        };
        let value = Value::Text(super::clean(&value));
        Some(Evidence { says: says.to_owned(), figure: String::new(), value, is_gap })
    }
}
