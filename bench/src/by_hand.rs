//! Readers for one format each, written by hand: as somebody would make them who knew that no line is
//! ever odd. What the formats' own readers are compared with.

use std::hint::black_box;

use memchr::memchr;
use serde::Deserialize;

use crate::model::record::Field;
use crate::model::{EventKind, Record, Timestamp};

/// Reads a line into records, and says how many.
pub(crate) type ByHand = fn(&[u8]) -> Option<usize>;

/// The formats whose readers cost most beside a loop that only splits or only parses.
pub(crate) const BY_HAND: [(&str, ByHand); 5] = [
    ("haproxy", haproxy),
    ("haproxy-tcp", haproxy_tcp),
    ("salesforce-elf", salesforce),
    ("zoho-audit-csv", zoho),
    ("openai-usage", openai_usage),
];

fn done(record: Record<'_>) -> Option<usize> {
    Some(usize::from(black_box(&record).time.is_some()))
}

/// `192.0.2.7:33317 [21/Nov/2026:10:00:00.655] in static/srv1 10/0/30/69/109 200 2750 - - ---- … "GET /orders HTTP/1.1"`
fn haproxy(line: &[u8]) -> Option<usize> {
    let (client, rest) = until(line, b':')?;
    let mut words = rest.split(|byte| *byte == b' ').skip(1);
    let time = clf(words.next()?.get(1..)?);
    let total = number(words.nth(2)?.rsplit(|byte| *byte == b'/').next()?)?;
    let status = u16::try_from(number(words.next()?)?).ok()?;
    let bytes = number(words.next()?);
    let (_, request) = until(line, b'"')?;
    let (method, request) = until(request, b' ')?;
    let (path, version) = until(request, b' ')?;
    done(Record {
        time,
        source_ip: field(client),
        status: Some(status),
        bytes,
        duration_us: Some(total * 1000),
        method: field(method),
        path: field(path),
        http_version: field(version.get(5..8)?),
        ..Record::default()
    })
}

/// `192.0.2.7:33313 [21/Nov/2026:10:00:00.655] db db/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0`
fn haproxy_tcp(line: &[u8]) -> Option<usize> {
    let (client, rest) = until(line, b':')?;
    let mut words = rest.split(|byte| *byte == b' ').skip(1);
    let time = clf(words.next()?.get(1..)?);
    let total = number(words.nth(2)?.rsplit(|byte| *byte == b'/').next()?)?;
    let bytes = number(words.next()?);
    let duration_us = Some(total * 1000);
    done(Record { time, source_ip: field(client), bytes, duration_us, ..Record::default() })
}

/// Nineteen quoted columns.
fn salesforce(line: &[u8]) -> Option<usize> {
    let mut record = Record::default();
    let mut rest = line;
    for column in 0..19 {
        let quoted = rest.get(1..)?;
        let mut end = memchr(b'"', quoted)?;
        while quoted.get(end + 1) == Some(&b'"') {
            end += 2 + memchr(b'"', quoted.get(end + 2..)?)?;
        }
        let cell = quoted.get(..end)?;
        match column {
            0 => record.operation = field(cell),
            2 => record.id = field(cell),
            3 => record.tenant = field(cell),
            5 => record.duration_us = number(cell).map(|millis| millis * 1000),
            6 => record.path = field(cell),
            7 => record.outcome = field(cell),
            8 => record.method = field(cell),
            9 => record.status = number(cell).and_then(|status| u16::try_from(status).ok()),
            10 => {
                let agent = String::from_utf8_lossy(cell).replace("\"\"", "\"");
                record.user_agent = Some(agent.into_bytes().into());
            }
            12 => record.request_bytes = number(cell),
            13 => record.bytes = number(cell),
            15 => record.key = field(cell),
            16 => record.time = iso(cell),
            17 => record.user = field(cell),
            18 => record.source_ip = field(cell),
            _ => {}
        }
        rest = quoted.get(end + 2..).unwrap_or(&[]);
    }
    done(record)
}

/// `2026-11-21T15:30:00+05:30,API user,Deleted,Contacts,"Doe, Ltd",CRM API`
fn zoho(line: &[u8]) -> Option<usize> {
    let (time, rest) = until(line, b',')?;
    let (user, rest) = until(rest, b',')?;
    let (operation, _) = until(rest, b',')?;
    let (time, user, operation) = (iso(time), field(user), field(operation));
    done(Record { time, key: user.clone(), user, operation, ..Record::default() })
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    start_time: i64,
    results: Vec<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    object: String,
    input_tokens: u64,
    output_tokens: u64,
    num_model_requests: u64,
    project_id: Option<String>,
    user_id: Option<String>,
    api_key_id: Option<String>,
    model: Option<String>,
}

fn openai_usage(line: &[u8]) -> Option<usize> {
    let page: Page = sonic_rs::from_slice(line).ok()?;
    let text = |text: String| std::borrow::Cow::Owned(text.into_bytes());
    let mut records = Vec::new();
    for bucket in page.data {
        let time = Some(Timestamp(bucket.start_time * 1000));
        records.extend(bucket.results.into_iter().map(|usage| Record {
            kind: EventKind::Usage,
            time,
            operation: Some(text(usage.object)),
            input_tokens: Some(usage.input_tokens),
            output_tokens: Some(usage.output_tokens),
            count: Some(usage.num_model_requests),
            tenant: usage.project_id.map(text),
            user: usage.user_id.map(text),
            key: usage.api_key_id.map(text),
            model: usage.model.map(text),
            ..Record::default()
        }));
    }
    Some(black_box(&records).len())
}

fn until(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr(byte, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn field(text: &[u8]) -> Option<Field<'_>> {
    (!matches!(text, b"" | b"-")).then_some(text.into())
}

fn number(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

/// `21/Nov/2026:10:00:00.655]`
fn clf(text: &[u8]) -> Option<Timestamp> {
    let part = |from: usize, to: usize| number(text.get(from..to)?);
    let months = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let name = text.get(3..6)?;
    let month = months.chunks(3).position(|month| month == name)? as u64 + 1;
    moment([part(7, 11)?, month, part(0, 2)?, part(12, 14)?, part(15, 17)?, part(18, 20)?])
}

/// `2026-11-21T15:30:00+05:30`, as if it were UTC.
fn iso(text: &[u8]) -> Option<Timestamp> {
    let part = |from: usize, to: usize| number(text.get(from..to)?);
    let date = [part(0, 4)?, part(5, 7)?, part(8, 10)?];
    moment([date[0], date[1], date[2], part(11, 13)?, part(14, 16)?, part(17, 19)?])
}

/// Of the years 2000 to 2099.
fn moment([year, month, day, hour, minute, second]: [u64; 6]) -> Option<Timestamp> {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    const DAYS_TO_2000: u64 = 10_957;
    let years = year.checked_sub(2000)?;
    let leap_days = years.div_ceil(4) + u64::from(years % 4 == 0 && 2 < month);
    let before = BEFORE.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    let days = DAYS_TO_2000 + years * 365 + leap_days + before + day.checked_sub(1)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp(i64::try_from(seconds).ok()? * 1000))
}
