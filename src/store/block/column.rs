//! The columns of a block by name and by the number that they are stored under.

use crate::model::{EventBatch, EventKind, TextColumn};

macro_rules! columns {
    ($($name:ident = $number:literal),+ $(,)?) => {
        /// A column of the events. Its number is stored: it never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Column { $($name = $number),+ }

        impl Column {
            pub const ALL: [Self; 33] = [$(Self::$name),+];

            pub(super) const fn number(self) -> u8 {
                self as u8
            }

            pub(super) const fn of_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

columns! {
    Time = 0, Source = 1, Format = 2, Kind = 3, Key = 4, Role = 5, SourceIp = 6, Method = 7,
    Path = 8, Query = 9, Route = 10, Status = 11, Bytes = 12, RequestBytes = 13, Duration = 14,
    UserAgent = 15, Referer = 16, User = 17, Model = 18, InputTokens = 19, OutputTokens = 20,
    Cost = 21, Asn = 22, Country = 23, Late = 24, Operation = 25, Outcome = 26, Tenant = 27,
    Count = 28, Flaws = 29, City = 30, Spot = 31, Object = 32,
}

/// A column of one batch, by the sort of its values.
pub(super) enum View<'a> {
    Text(&'a TextColumn),
    Counts(&'a [u64]),
    Times(&'a [i64]),
    Kinds(&'a [EventKind]),
    Statuses(&'a [u16]),
    Asns(&'a [u32]),
    Flags(&'a [bool]),
}

/// The same, to be filled.
pub(super) enum ViewMut<'a> {
    Text(&'a mut TextColumn),
    Counts(&'a mut Vec<u64>),
    Times(&'a mut Vec<i64>),
    Kinds(&'a mut Vec<EventKind>),
    Statuses(&'a mut Vec<u16>),
    Asns(&'a mut Vec<u32>),
    Flags(&'a mut Vec<bool>),
}

impl ViewMut<'_> {
    /// Leaves no rows.
    pub(super) fn clear(self) {
        match self {
            Self::Text(text) => *text = TextColumn::default(),
            Self::Counts(counts) => counts.clear(),
            Self::Times(times) => times.clear(),
            Self::Kinds(kinds) => kinds.clear(),
            Self::Statuses(values) => values.clear(),
            Self::Asns(values) => values.clear(),
            Self::Flags(flags) => flags.clear(),
        }
    }
}

/// A set of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns(u64);

impl Columns {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(u64::MAX);

    #[must_use]
    pub const fn with(self, column: Column) -> Self {
        Self(self.0 | 1u64 << column.number())
    }

    /// Those of them that are among the others.
    pub(super) const fn of(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    pub const fn holds(self, column: Column) -> bool {
        self.0 & 1u64 << column.number() != 0
    }

    /// Whether every one of the others is among them.
    pub(super) const fn hold_all(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }
}

impl Column {
    /// Columns in which people can be named: not where a log lies, or which server wrote it.
    pub(in crate::store) const OF_PEOPLE: [Self; 11] = [
        Self::Key,
        Self::SourceIp,
        Self::Path,
        Self::Query,
        Self::Route,
        Self::UserAgent,
        Self::Referer,
        Self::User,
        Self::Outcome,
        Self::Tenant,
        Self::Object,
    ];

    /// Columns of text that order others.
    pub(super) const LEADERS: [Self; 2] = [Self::Key, Self::Route];

    /// The column whose values order this one's in a block.
    pub(super) const fn leader(self) -> Option<Self> {
        match self {
            Self::Role
            | Self::SourceIp
            | Self::Route
            | Self::UserAgent
            | Self::Referer
            | Self::User
            | Self::Model
            | Self::Asn
            | Self::Country
            | Self::City
            | Self::Spot
            | Self::Tenant => Some(Self::Key),
            Self::Method | Self::Status | Self::Bytes | Self::RequestBytes | Self::Operation => {
                Some(Self::Route)
            }
            Self::Time
            | Self::Source
            | Self::Format
            | Self::Kind
            | Self::Key
            | Self::Path
            | Self::Query
            | Self::Duration
            | Self::InputTokens
            | Self::OutputTokens
            | Self::Cost
            | Self::Late
            | Self::Outcome
            | Self::Count
            | Self::Flaws
            | Self::Object => None,
        }
    }

    pub(super) fn of(self, batch: &EventBatch) -> View<'_> {
        match self {
            Self::Source => View::Text(&batch.source),
            Self::Format => View::Text(&batch.format),
            Self::Key => View::Text(&batch.key),
            Self::Role => View::Text(&batch.role),
            Self::SourceIp => View::Text(&batch.source_ip),
            Self::Method => View::Text(&batch.method),
            Self::Path => View::Text(&batch.path),
            Self::Query => View::Text(&batch.query),
            Self::Route => View::Text(&batch.route),
            Self::UserAgent => View::Text(&batch.user_agent),
            Self::Referer => View::Text(&batch.referer),
            Self::User => View::Text(&batch.user),
            Self::Model => View::Text(&batch.model),
            Self::Country => View::Text(&batch.country),
            Self::City => View::Text(&batch.city),
            Self::Spot => View::Asns(&batch.spot),
            Self::Operation => View::Text(&batch.operation),
            Self::Outcome => View::Text(&batch.outcome),
            Self::Tenant => View::Text(&batch.tenant),
            Self::Object => View::Text(&batch.object),
            Self::Count => View::Counts(&batch.count),
            Self::Bytes => View::Counts(&batch.bytes),
            Self::RequestBytes => View::Counts(&batch.request_bytes),
            Self::Duration => View::Counts(&batch.duration_us),
            Self::InputTokens => View::Counts(&batch.input_tokens),
            Self::OutputTokens => View::Counts(&batch.output_tokens),
            Self::Cost => View::Counts(&batch.cost_micros),
            Self::Time => View::Times(&batch.time),
            Self::Kind => View::Kinds(&batch.kind),
            Self::Status => View::Statuses(&batch.status),
            Self::Asn => View::Asns(&batch.asn),
            Self::Late => View::Flags(&batch.late),
            Self::Flaws => View::Asns(&batch.flaws),
        }
    }

    pub(super) fn of_mut(self, batch: &mut EventBatch) -> ViewMut<'_> {
        match self {
            Self::Source => ViewMut::Text(&mut batch.source),
            Self::Format => ViewMut::Text(&mut batch.format),
            Self::Key => ViewMut::Text(&mut batch.key),
            Self::Role => ViewMut::Text(&mut batch.role),
            Self::SourceIp => ViewMut::Text(&mut batch.source_ip),
            Self::Method => ViewMut::Text(&mut batch.method),
            Self::Path => ViewMut::Text(&mut batch.path),
            Self::Query => ViewMut::Text(&mut batch.query),
            Self::Route => ViewMut::Text(&mut batch.route),
            Self::UserAgent => ViewMut::Text(&mut batch.user_agent),
            Self::Referer => ViewMut::Text(&mut batch.referer),
            Self::User => ViewMut::Text(&mut batch.user),
            Self::Model => ViewMut::Text(&mut batch.model),
            Self::Country => ViewMut::Text(&mut batch.country),
            Self::City => ViewMut::Text(&mut batch.city),
            Self::Spot => ViewMut::Asns(&mut batch.spot),
            Self::Operation => ViewMut::Text(&mut batch.operation),
            Self::Outcome => ViewMut::Text(&mut batch.outcome),
            Self::Tenant => ViewMut::Text(&mut batch.tenant),
            Self::Object => ViewMut::Text(&mut batch.object),
            Self::Count => ViewMut::Counts(&mut batch.count),
            Self::Bytes => ViewMut::Counts(&mut batch.bytes),
            Self::RequestBytes => ViewMut::Counts(&mut batch.request_bytes),
            Self::Duration => ViewMut::Counts(&mut batch.duration_us),
            Self::InputTokens => ViewMut::Counts(&mut batch.input_tokens),
            Self::OutputTokens => ViewMut::Counts(&mut batch.output_tokens),
            Self::Cost => ViewMut::Counts(&mut batch.cost_micros),
            Self::Time => ViewMut::Times(&mut batch.time),
            Self::Kind => ViewMut::Kinds(&mut batch.kind),
            Self::Status => ViewMut::Statuses(&mut batch.status),
            Self::Asn => ViewMut::Asns(&mut batch.asn),
            Self::Late => ViewMut::Flags(&mut batch.late),
            Self::Flaws => ViewMut::Asns(&mut batch.flaws),
        }
    }
}
