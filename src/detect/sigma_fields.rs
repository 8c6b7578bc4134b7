//! What of an event a Sigma rule can ask for, by the names of the fields of its log sources.

/// What is kept of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Method,
    Path,
    /// Without values.
    Query,
    Uri,
    Status,
    Address,
    Client,
    Referer,
    Key,
    Bytes,
    RequestBytes,
    Operation,
    Outcome,
}

const FIELDS: [(&str, Column); 34] = [
    ("cs-method", Column::Method),
    ("c-method", Column::Method),
    ("cs-uri-stem", Column::Path),
    ("c-uri-stem", Column::Path),
    ("c-uri-path", Column::Path),
    ("cs-uri-query", Column::Query),
    ("c-uri-query", Column::Query),
    ("cs-uri", Column::Uri),
    ("c-uri", Column::Uri),
    ("sc-status", Column::Status),
    ("status", Column::Status),
    ("c-ip", Column::Address),
    ("src_ip", Column::Address),
    ("sourceIPAddress", Column::Address),
    ("callerIpAddress", Column::Address),
    ("cs-user-agent", Column::Client),
    ("c-useragent", Column::Client),
    ("userAgent", Column::Client),
    ("c-user-agent", Column::Client),
    ("user_agent", Column::Client),
    ("cs-referer", Column::Referer),
    ("cs-referrer", Column::Referer),
    ("c-referer", Column::Referer),
    ("c-referrer", Column::Referer),
    ("cs-username", Column::Key),
    ("userIdentity.accessKeyId", Column::Key),
    ("sc-bytes", Column::Bytes),
    ("cs-bytes", Column::RequestBytes),
    ("eventName", Column::Operation),
    ("operationName", Column::Operation),
    ("gcp.audit.method_name", Column::Operation),
    ("errorCode", Column::Outcome),
    ("outcome", Column::Outcome),
    ("resultType", Column::Outcome),
];

/// None if nothing of the kind is kept.
pub(super) fn column(field: &str) -> Option<Column> {
    let known = FIELDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
    known.map(|(_, column)| *column)
}

impl Column {
    pub(super) const ALL: [Self; 13] = [
        Self::Method,
        Self::Path,
        Self::Query,
        Self::Uri,
        Self::Status,
        Self::Address,
        Self::Client,
        Self::Referer,
        Self::Key,
        Self::Bytes,
        Self::RequestBytes,
        Self::Operation,
        Self::Outcome,
    ];

    /// The first name by which it is asked for.
    pub(super) fn name(self) -> &'static str {
        FIELDS.iter().find(|(_, column)| *column == self).map_or("", |(name, _)| name)
    }
}
