//! One line of a source: parsed, looked up among what came before, and added to the batch.

use super::counts::{Counts, count};
use super::headers::Headers;
use super::once::Once;
use super::reading::Reading;
use super::watermark::Follower;
use crate::format::{Grows, Told};
use crate::identity::{Identity, Seen};
use crate::model::{EventBatch, Record, SourceId, Timestamp};

/// Why a record that was read is no event.
const REPEATED: &str = "delivered before";

/// Or why it is only counted.
pub(super) const WITHHELD: &str = "of somebody whose requests are never stored";

/// What lines are taken with, whatever source they come from.
pub(super) struct Desk<'i> {
    pub(super) identity: &'i mut Identity,
    pub(super) once: &'i mut Once,
    pub(super) headers: &'i mut Headers,
    pub(super) batch: &'i mut EventBatch,
    pub(super) follower: Follower<'i>,
    pub(super) latest: &'i mut Option<Timestamp>,
}

impl Desk<'_> {
    /// A line that was so many lines of the file.
    pub(super) fn take(
        &mut self,
        (source, reading): (&SourceId, &mut Reading),
        (line, of_lines): (&[u8], u64),
        arrival: Timestamp,
    ) {
        reading.counts.lines += of_lines;
        reading.doubt.0 += 1;
        reading.count_joined(of_lines);
        let Reading { parser: Some(parser), counts, format, .. } = reading else {
            reading.reject("format not recognised", line, self.identity);
            return;
        };
        let grows = parser.grows();
        let seen = Seen { source: &source.0, format, arrival };
        self.once.begin_line();
        let mut record = Record::default();
        match parser.read(line, &mut record) {
            Told::Event => {
                if !self.append(&mut record, (&seen, grows), counts) {
                    return;
                }
            }
            Told::Events(mut records) => {
                for record in &mut records {
                    self.append(record, (&seen, grows), counts);
                }
            }
            Told::Skip(reason) => {
                count(&mut counts.skipped, reason);
                if let Some(header) = parser.header() {
                    self.headers.note(source, header);
                }
            }
            Told::Malformed(reason) | Told::Pending(reason) => {
                reading.reject(reason, line, self.identity);
                return;
            }
        }
        if let Some(at) = self.batch.time.last() {
            *self.latest = Some(Timestamp(*at));
            self.follower.saw(source, Timestamp(*at));
        }
    }

    /// Whether the record was not here before.
    fn append(
        &mut self,
        record: &mut Record<'_>,
        (seen, grows): (&Seen<'_>, Grows),
        counts: &mut Counts,
    ) -> bool {
        if self.identity.withholds(record) {
            count(&mut counts.skipped, WITHHELD);
            return false;
        }
        let is_new = self.once.admits(record, grows);
        if is_new {
            self.identity.append_loosely(record, seen, self.batch);
            self.once.note_whose(self.batch);
            counts.accept(record);
        } else {
            count(&mut counts.skipped, REPEATED);
        }
        is_new
    }
}
