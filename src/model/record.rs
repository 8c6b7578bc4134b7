//! What one log line says, before anyone asks who it was. It may hold secrets:
//! only `format/` makes it and only `identity/` takes it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A piece of the line, or a copy where an escape had to be undone.
pub type Field<'a> = Cow<'a, [u8]>;

/// What sort of record it is. Baselines of one kind never feed another's.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum EventKind {
    #[default]
    Request,
    Usage,
    Audit,
    Delivery,
    Inventory,
}

/// A value that the line does not give is `None`; `-` and `""` are absent too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record<'a> {
    pub kind: EventKind,
    pub time: Option<Timestamp>,
    pub source_ip: Option<Field<'a>>,
    pub method: Option<Field<'a>>,
    pub path: Option<Field<'a>>,
    /// Behind the `?`, without it.
    pub query: Option<Field<'a>>,
    pub host: Option<Field<'a>>,
    pub http_version: Option<Field<'a>>,
    /// The request line, where it is not METHOD SP target.
    pub raw_request: Option<Field<'a>>,
    pub status: Option<u16>,
    /// Sent to the client.
    pub bytes: Option<u64>,
    /// Received from the client.
    pub request_bytes: Option<u64>,
    pub duration_us: Option<u64>,
    pub user_agent: Option<Field<'a>>,
    pub referer: Option<Field<'a>>,
    pub user: Option<Field<'a>>,
    /// The credential as it stands in the line: a secret until `identity/` has seen it.
    pub key: Option<Field<'a>>,
    /// Whether `key` is a user's name, which is no secret.
    pub key_is_user: bool,
    pub model: Option<Field<'a>>,
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    /// In millionths of the currency's unit.
    pub cost_micros: Option<u64>,
    pub asn: Option<u32>,
    pub country: Option<Field<'a>>,
    /// `http` or `https`, as the client spoke it.
    pub scheme: Option<Field<'a>>,
    /// The version of TLS or SSL.
    pub tls: Option<Field<'a>>,
    /// The subject of the client's certificate.
    pub certificate: Option<Field<'a>>,
    /// The addresses through which the request came, the nearest last.
    pub hops: Option<Field<'a>>,
    /// The record's own id: the same record may be delivered twice.
    pub id: Option<Field<'a>>,
    /// What was done, where a path does not say it: a tool's name, an audit event's type.
    pub operation: Option<Field<'a>>,
    /// How it ended, in the words of the system.
    pub outcome: Option<Field<'a>>,
    /// The project, account, team or app on whose behalf.
    pub tenant: Option<Field<'a>>,
    /// What it was done to or with: the key of an audit event, the template of a message.
    pub object: Option<Field<'a>>,
    /// To whom a message goes. It is never stored.
    pub recipient: Option<Field<'a>>,
    /// How many requests or units a record of usage stands for.
    pub count: Option<u64>,
    /// What was forgiven, in a few words: `unclosed quote`.
    pub quirk: Option<&'static str>,
    /// Fields with no place of their own, by the name that the format gives them.
    pub extras: Vec<(Field<'a>, Field<'a>)>,
}

impl EventKind {
    pub const ALL: [Self; 5] =
        [Self::Request, Self::Usage, Self::Audit, Self::Delivery, Self::Inventory];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Usage => "usage",
            Self::Audit => "audit",
            Self::Delivery => "delivery",
            Self::Inventory => "inventory",
        }
    }
}
