//! W3C extended logs of IIS and of AWS's content delivery: a `#Fields` line says what the columns are.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;

use crate::model::Record;

use super::place::Place;
use super::place::set;
use super::time::TimeReader;

/// The columns of the file, as the last `#Fields` line named them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct W3c {
    columns: Vec<Column>,
    /// The `#Fields` line that named them.
    header: Option<Arc<[u8]>>,
    /// IIS counts milliseconds, AWS seconds.
    unit: Place,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Column {
    Date,
    Time,
    Place(Place),
}

const IIS: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken";
/// All that IIS can write, in its order: of a file whose head is not at hand.
const IIS_ALL: &str = "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken";
const CLOUDFRONT: &str = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken";

impl W3c {
    pub(super) fn iis() -> Self {
        Self { columns: columns(IIS.as_bytes(), Place::Millis), header: None, unit: Place::Millis }
    }

    pub(super) fn cloudfront() -> Self {
        Self {
            columns: columns(CLOUDFRONT.as_bytes(), Place::Seconds),
            header: None,
            unit: Place::Seconds,
        }
    }

    pub(super) fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }

    /// Takes a line that begins with `#`.
    pub(super) fn directive(&mut self, line: &[u8]) {
        if let Some(fields) = line.strip_prefix(b"#Fields:") {
            self.columns = columns(fields, self.unit);
            self.header = Some(line.into());
        }
    }

    /// Without a head, the number of its columns says what IIS was told to write.
    fn guess(&mut self, line: &[u8]) {
        let count = line.split(|byte| *byte == b' ').count();
        let all = IIS_ALL.split(' ').count();
        let is_all = self.unit == Place::Millis && all <= count;
        if is_all && self.columns.len() != all {
            self.columns = columns(IIS_ALL.as_bytes(), self.unit);
        }
    }

    pub(super) fn fill<'a>(
        &mut self,
        record: &mut Record<'a>,
        line: &'a [u8],
        time: &mut TimeReader,
    ) -> Result<(), &'static str> {
        let separator = if memchr(b'\t', line).is_some() { b'\t' } else { b' ' };
        if self.header.is_none() {
            self.guess(line);
        }
        let mut values = line.split(|byte| *byte == separator);
        let mut date: &[u8] = &[];
        for (index, column) in self.columns.iter().enumerate() {
            let Some(value) = values.next() else {
                // The file may end before all of its fields; a request needs more than a few.
                return if 5 < index { Ok(()) } else { Err("has fewer columns than its #Fields") };
            };
            match column {
                Column::Date => date = value,
                Column::Time => {
                    let moment = [date, b"T", value].concat();
                    record.time = Some(time.read(&moment).ok_or("has no date and time")?);
                }
                Column::Place(place) => set(record, *place, Cow::Borrowed(value), time),
            }
        }
        if values.next().is_some() {
            record.quirk = Some("extra columns");
        }
        if self.header.is_none() && !is_plausible(record) {
            return Err("has its columns in no usual order, and no #Fields line before it");
        }
        record.key.clone_from(&record.user);
        record.key_is_user = record.key.is_some();
        Ok(())
    }
}

/// A guess at the columns that is wrong puts values where they make no sense.
fn is_plausible(record: &Record<'_>) -> bool {
    let has_method =
        record.method.as_deref().is_none_or(|it| it.iter().all(u8::is_ascii_uppercase));
    let has_client =
        record.source_ip.as_deref().is_none_or(|it| super::address::address(it).is_some());
    let has_path = record.path.as_deref().is_none_or(|it| matches!(it.first(), Some(b'/' | b'*')));
    has_method
        && has_client
        && has_path
        && record.status.is_none_or(|status| (100..600).contains(&status))
}

fn columns(fields: &[u8], unit: Place) -> Vec<Column> {
    let names = fields.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty());
    names
        .map(|name| match name.to_ascii_lowercase().as_slice() {
            b"date" => Column::Date,
            b"time" => Column::Time,
            b"time-taken" => Column::Place(unit),
            name => Column::Place(place_of(name)),
        })
        .collect()
}

fn place_of(name: &[u8]) -> Place {
    match name {
        b"c-ip" => Place::Client,
        b"cs-username" => Place::User,
        b"cs-method" => Place::Method,
        b"cs-uri-stem" => Place::Path,
        b"cs-uri-query" => Place::Query,
        b"cs-uri" => Place::Target,
        b"cs-host" | b"cs(host)" | b"x-host-header" => Place::Host,
        b"cs-version" | b"cs-protocol-version" => Place::Version,
        b"cs(user-agent)" => Place::UserAgent,
        b"cs(referer)" => Place::Referer,
        b"sc-status" => Place::Status,
        b"sc-bytes" => Place::Bytes,
        b"cs-bytes" => Place::RequestBytes,
        _ => Place::Skip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_names_the_columns() {
        let mut format = W3c::iis();
        format.directive(b"#Fields: date time cs-method cs-uri-stem c-ip sc-status time-taken");
        let mut record = Record::default();
        let line = b"2026-01-02 03:04:05 GET /a 192.0.2.1 200 15";
        assert_eq!(format.fill(&mut record, line, &mut TimeReader::default()), Ok(()));
        assert_eq!(record.status, Some(200));
        assert_eq!(record.duration_us, Some(15_000));
        assert_eq!(record.time.map(|at| at.0), Some(1_767_323_045_000));
    }

    #[test]
    fn columns_in_an_order_that_nobody_named_are_no_request() {
        let line = b"2026-05-24 20:18:01 192.0.2.114 - 198.51.100.24 80 GET /Default.htm - 200 7930 248 31 x -";
        let mut record = Record::default();
        assert!(W3c::iis().fill(&mut record, line, &mut TimeReader::default()).is_err());
    }

    #[test]
    fn tabs_part_columns_that_hold_spaces() {
        let mut record = Record::default();
        let line = b"2026-01-02\t03:04:05\tX\t9\t192.0.2.1\tGET\thost\t/a b\t200";
        let mut format = W3c::cloudfront();
        assert_eq!(format.fill(&mut record, line, &mut TimeReader::default()), Ok(()));
        assert_eq!(record.path.as_deref(), Some(b"/a b".as_slice()));
        assert_eq!(record.bytes, Some(9));
    }
}
