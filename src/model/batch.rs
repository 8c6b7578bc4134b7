//! Events by column: what the engine judges and the store keeps. No secret is in it.

use super::{EventKind, TextColumn, Timestamp};

/// Up to [`EventBatch::ROWS_MAX`] events, or fewer that have much to say. A column has one entry for each row, up to the last row that
/// says anything there: what is missing behind it is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventBatch {
    /// Milliseconds since 1970, as the log says.
    pub time: Vec<i64>,
    /// The file or stream it came from, by name.
    pub source: TextColumn,
    /// The format that read it, by its registry's name.
    pub format: TextColumn,
    pub kind: Vec<EventKind>,
    /// The public id of the credential; empty if there was none.
    pub key: TextColumn,
    pub role: TextColumn,
    /// Canonical text of the address; IPv4-mapped IPv6 is IPv4.
    pub source_ip: TextColumn,
    pub method: TextColumn,
    pub path: TextColumn,
    pub query: TextColumn,
    /// The path with its ids replaced, so that neighbours share one: `/v1/orders/{id}`.
    pub route: TextColumn,
    /// 0 if the line gives none.
    pub status: Vec<u16>,
    /// Sent to the client.
    pub bytes: Vec<u64>,
    pub request_bytes: Vec<u64>,
    pub duration_us: Vec<u64>,
    pub user_agent: TextColumn,
    pub referer: TextColumn,
    pub user: TextColumn,
    pub model: TextColumn,
    pub input_tokens: Vec<u64>,
    pub output_tokens: Vec<u64>,
    pub cost_micros: Vec<u64>,
    /// 0 if neither the line nor the networks know it.
    pub asn: Vec<u32>,
    pub country: TextColumn,
    /// As the networks know it.
    pub city: TextColumn,
    /// Where on the globe, as a [`Spot`](super::Spot); 0 if nobody knows.
    pub spot: Vec<u32>,
    /// [`Flaws`](super::Flaws) of the request, as a number.
    pub flaws: Vec<u32>,
    /// What was done, where a path does not say it.
    pub operation: TextColumn,
    /// How it ended, in the words of the system.
    pub outcome: TextColumn,
    /// The project, account, team or app on whose behalf.
    pub tenant: TextColumn,
    /// What it was done to or with: the key of an audit event, the template of a message.
    pub object: TextColumn,
    /// How many requests or units a record of usage stands for.
    pub count: Vec<u64>,
    /// Set once the engine has found that the event's slot was judged before it came: see
    /// [`EventBatch::mark_late`].
    pub late: Vec<bool>,
}

/// Ordinary requests, with an id in each path, stay below it.
const TEXT_BYTES_MAX: usize = 512 * 1024;
/// How much text there is is not added up for each row.
const ROWS_BETWEEN_LOOKS: usize = 256;

/// One row of a batch, as it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    pub at: Timestamp,
    pub kind: EventKind,
    pub source: &'a str,
    pub key: &'a str,
    pub role: &'a str,
    pub source_ip: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub route: &'a str,
    pub status: u16,
    pub bytes: u64,
    pub user_agent: &'a str,
}

impl EventBatch {
    /// A batch is cut here, wherever the chunks of bytes end, so that it is the same in
    /// any chunking.
    pub const ROWS_MAX: usize = 8192;

    /// An empty batch, with room for as much as this one holds: the next is mostly as large.
    #[must_use]
    pub fn empty_alike(&self) -> Self {
        Self {
            time: empty_alike(&self.time),
            source: self.source.empty_alike(),
            format: self.format.empty_alike(),
            kind: empty_alike(&self.kind),
            key: self.key.empty_alike(),
            role: self.role.empty_alike(),
            source_ip: self.source_ip.empty_alike(),
            method: self.method.empty_alike(),
            path: self.path.empty_alike(),
            query: self.query.empty_alike(),
            route: self.route.empty_alike(),
            status: empty_alike(&self.status),
            bytes: empty_alike(&self.bytes),
            request_bytes: empty_alike(&self.request_bytes),
            duration_us: empty_alike(&self.duration_us),
            user_agent: self.user_agent.empty_alike(),
            referer: self.referer.empty_alike(),
            user: self.user.empty_alike(),
            model: self.model.empty_alike(),
            input_tokens: empty_alike(&self.input_tokens),
            output_tokens: empty_alike(&self.output_tokens),
            cost_micros: empty_alike(&self.cost_micros),
            asn: empty_alike(&self.asn),
            country: self.country.empty_alike(),
            city: self.city.empty_alike(),
            spot: empty_alike(&self.spot),
            flaws: empty_alike(&self.flaws),
            operation: self.operation.empty_alike(),
            outcome: self.outcome.empty_alike(),
            tenant: self.tenant.empty_alike(),
            object: self.object.empty_alike(),
            count: empty_alike(&self.count),
            late: empty_alike(&self.late),
        }
    }

    /// Nothing is left of it but its room.
    pub fn empty(&mut self) {
        let Self { time, kind, status, late, .. } = self;
        time.clear();
        kind.clear();
        status.clear();
        late.clear();
        let Self { bytes, request_bytes, duration_us, count, .. } = self;
        let Self { input_tokens, output_tokens, cost_micros, .. } = self;
        for column in
            [bytes, request_bytes, duration_us, input_tokens, output_tokens, cost_micros, count]
        {
            column.clear();
        }
        let Self { asn, spot, flaws, .. } = self;
        for column in [asn, spot, flaws] {
            column.clear();
        }
        for column in self.texts() {
            column.empty();
        }
    }

    fn texts(&mut self) -> [&mut TextColumn; 19] {
        let Self { source, format, key, role, source_ip, method, path, query, route, .. } = self;
        let Self { user_agent, referer, user, model, country, city, .. } = self;
        let Self { operation, outcome, tenant, object, .. } = self;
        [
            source, format, key, role, source_ip, method, path, query, route, user_agent, referer,
            user, model, country, city, operation, outcome, tenant, object,
        ]
    }

    /// The row's slot was judged before it came.
    pub fn mark_late(&mut self, row: usize) {
        if self.late.len() <= row {
            self.late.resize(row + 1, false);
        }
        if let Some(mark) = self.late.get_mut(row) {
            *mark = true;
        }
    }

    /// Columns that end early get their entries: of nothing.
    pub fn level(&mut self) {
        let rows = self.len();
        self.kind.resize(rows, EventKind::default());
        self.status.resize(rows, 0);
        self.late.resize(rows, false);
        let Self { bytes, request_bytes, duration_us, count, .. } = self;
        let Self { input_tokens, output_tokens, cost_micros, .. } = self;
        let Self { asn, spot, flaws, .. } = self;
        for column in
            [bytes, request_bytes, duration_us, input_tokens, output_tokens, cost_micros, count]
        {
            column.resize(rows, 0);
        }
        for column in [asn, spot, flaws] {
            column.resize(rows, 0);
        }
        for column in self.texts() {
            column.fill_up(rows);
        }
    }

    pub fn len(&self) -> usize {
        self.time.len()
    }

    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Of rows, or of different texts: whoever invents them does not fill the memory with batches
    /// that wait.
    pub fn is_full(&self) -> bool {
        let rows = self.len();
        let is_looked_at = rows.is_multiple_of(ROWS_BETWEEN_LOOKS) && rows != 0;
        Self::ROWS_MAX <= rows || is_looked_at && self.has_much_text()
    }

    /// As batches of floods have.
    pub fn has_much_text(&self) -> bool {
        let Self { key, source_ip, path, query, route, user_agent, referer, user, .. } = self;
        let texts = [key, source_ip, path, query, route, user_agent, referer, user];
        let bytes: usize = texts.iter().map(|column| column.dictionary.bytes_held()).sum();
        TEXT_BYTES_MAX <= bytes
    }

    pub fn event(&self, row: usize) -> Event<'_> {
        Event {
            at: Timestamp(number(&self.time, row)),
            kind: number(&self.kind, row),
            source: self.source.get(row),
            key: self.key.get(row),
            role: self.role.get(row),
            source_ip: self.source_ip.get(row),
            method: self.method.get(row),
            path: self.path.get(row),
            query: self.query.get(row),
            route: self.route.get(row),
            status: number(&self.status, row),
            bytes: number(&self.bytes, row),
            user_agent: self.user_agent.get(row),
        }
    }
}

fn empty_alike<T>(column: &[T]) -> Vec<T> {
    Vec::with_capacity(column.len())
}

/// The entry of a row; the default for a row that is not there.
fn number<T: Copy + Default>(column: &[T], row: usize) -> T {
    column.get(row).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_texts_fill_a_batch_before_its_rows_do() {
        let rows_of = |path: fn(usize) -> String| {
            let mut batch = EventBatch::default();
            while !batch.is_full() {
                let row = batch.len();
                batch.time.push(0);
                batch.path.push(&path(row));
            }
            batch.len()
        };
        assert_eq!(rows_of(|row| format!("/v1/orders/{row:08}")), EventBatch::ROWS_MAX);
        assert_eq!(rows_of(|row| format!("/{row:0251}")), 2048);
    }

    #[test]
    fn what_was_said_in_no_row_is_nothing_in_each() {
        let mut batch = EventBatch { time: vec![7, 8], status: vec![200], ..EventBatch::default() };
        batch.key.push("k_alpha");
        batch.level();
        assert_eq!((&*batch.status, &*batch.key.rows), (&[200, 0][..], &[1, 0][..]));
        assert_eq!((batch.late.len(), batch.object.rows.len(), batch.spot.len()), (2, 2, 2));
    }

    #[test]
    fn an_emptied_batch_is_as_a_new_one() {
        let mut batch = EventBatch { time: vec![7, 8], asn: vec![1], ..EventBatch::default() };
        batch.key.push("k_alpha");
        batch.mark_late(1);
        batch.level();
        batch.empty();
        assert_eq!(batch, EventBatch::default());
    }

    #[test]
    fn a_row_is_late_whatever_the_column_had_before() {
        let mut batch = EventBatch { time: vec![7, 8, 9], ..EventBatch::default() };
        batch.mark_late(1);
        assert_eq!(batch.late, [false, true]);
        batch.level();
        batch.mark_late(0);
        assert_eq!(batch.late, [true, true, false]);
    }

    #[test]
    fn a_row_is_read_across_its_columns() {
        let mut batch = EventBatch { time: vec![7], status: vec![200], ..EventBatch::default() };
        batch.key.push("k_alpha");
        let event = batch.event(0);
        assert_eq!((event.at, event.status, event.key), (Timestamp(7), 200, "k_alpha"));
        assert_eq!(event.path, "");
        assert_eq!(batch.len(), 1);
    }
}
