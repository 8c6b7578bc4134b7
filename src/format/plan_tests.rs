//! Plans, tried on lines that servers write and on lines that nobody should.

use proptest::prelude::*;

use super::credential::Credentials;
use super::nginx;
use super::time::TimeReader;
use crate::model::Record;
use crate::model::record::Field;

const FORMAT: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" \"$http_x_api_key\" $request_time";

fn fill<'a>(format: &str, line: &'a str) -> Result<Record<'a>, &'static str> {
    let plan = nginx::compile(format, Credentials::new(None)).unwrap();
    let mut record = Record::default();
    plan.fill(&mut record, line.as_bytes(), &mut TimeReader::default()).map(|()| record)
}

fn text<'r>(field: Option<&'r Field<'_>>) -> &'r str {
    field.map_or("", |field| std::str::from_utf8(field).unwrap())
}

#[test]
fn a_users_name_cannot_shift_the_columns() {
    let line = "192.0.2.1 - a - b [x] [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" \"k\" 0.1";
    let record = fill(FORMAT, line).unwrap();
    assert_eq!(text(record.user.as_ref()), "a - b [x]");
    assert_eq!((record.status, text(record.key.as_ref())), (Some(200), "k"));
}

#[test]
fn lists_of_upstreams_are_one_column() {
    let format = "$status $upstream_addr $upstream_status $request_time";
    let record =
        fill(format, "502 192.0.2.1:80, 192.0.2.2:80 : 192.0.2.3:80 504, 502 0.5").unwrap();
    assert_eq!((record.status, record.duration_us), (Some(502), Some(500_000)));
}

#[test]
fn what_is_forgiven_is_said() {
    let line = "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" \"k\" 0.1 more";
    assert_eq!(fill(FORMAT, line).unwrap().quirk, Some("extra columns"));
    assert_eq!(
        fill("$status \"$http_user_agent\"", "200 \"a b").unwrap().quirk,
        Some("unclosed quote")
    );
    assert!(
        fill(FORMAT, "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200").is_err()
    );
}

#[test]
fn variables_with_nothing_between_them_are_refused() {
    let error = nginx::compile("$status $host$request_uri", Credentials::new(None)).unwrap_err();
    assert!(
        error.to_string().ends_with(
            "\n               ^ put something between host and request_uri, a space or a quote"
        ),
        "{error}"
    );
    assert!(nginx::compile("", Credentials::new(None)).is_err());
    assert!(nginx::compile("no variable", Credentials::new(None)).is_err());
    assert!(nginx::compile("a $ b", Credentials::new(None)).is_err());
}

#[test]
fn a_whole_statement_is_the_string_in_it() {
    let statement = "log_format main escape=json '$remote_addr - '\n    '\"$http_user_agent\" ' # why\n  '$status';";
    let record = fill(statement, "192.0.2.1 - \"a \\u0022b\\u0022\" 200").unwrap();
    assert_eq!(text(record.user_agent.as_ref()), "a \"b\"");
    assert_eq!(record.status, Some(200));
}

/// As nginx escapes by default.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\x5C").replace('"', "\\x22")
}

fn agrees(format: &str, line: &str) {
    let plan = nginx::compile(format, Credentials::new(None)).unwrap();
    let (mut short, mut long) = (Record::default(), Record::default());
    let time = &mut TimeReader::default();
    if plan.fill_ordinary(&mut short, line.as_bytes(), time).is_some() {
        assert_eq!(plan.fill_any(&mut long, line.as_bytes(), time), Ok(()), "{line}");
        assert_eq!(short, long, "{format}: {line}");
    }
    let (mut combined, mut long) = (Record::default(), Record::default());
    if plan.begins_as_combined()
        && plan.fill_combined(&mut combined, line.as_bytes(), time).is_some()
    {
        assert_eq!(plan.fill_any(&mut long, line.as_bytes(), time), Ok(()), "{line}");
        assert_eq!(combined, long, "{format}: {line}");
    }
}

#[test]
fn an_ordinary_line_goes_the_short_way() {
    let line = "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET /a?b HTTP/1.1\" 200 5 \"-\" \"x y\" \"k\" 0.1";
    let plan = nginx::compile(FORMAT, Credentials::new(None)).unwrap();
    let time = &mut TimeReader::default();
    assert!(plan.fill_ordinary(&mut Record::default(), line.as_bytes(), time).is_some());
    assert!(plan.begins_as_combined());
    assert!(plan.fill_combined(&mut Record::default(), line.as_bytes(), time).is_some());
}

proptest! {
    #[test]
    fn the_short_way_comes_to_the_same(
        (left, user) in ("[0-9.,: ]{1,16}|-|::1|unix:", "[a-z \"\\[-]{0,12}|-"),
        (request, status, bytes) in ("[A-Z]{0,5} ?[a-z/?=_ \\\\\"-]{0,30}( HTTP/[0-9.]{1,3})?", "[0-9 -]{0,4}", "[0-9 -]{0,20}"),
        (agent, key, tail) in ("[ -~]{0,60}", "[a-zA-Z0-9 _]{0,24}|Bearer [a-z]{3}", "[0-9.e -]{0,12}"),
        at in any::<proptest::sample::Index>(),
    ) {
        let line = format!(
            "{left} - {user} [09/Mar/2026:12:34:56 +0100] \"{request}\" {status} {bytes} \"-\" \"{agent}\" \"{key}\" {tail}"
        );
        agrees(FORMAT, &line);
        agrees(FORMAT, &line.replacen("\"-\"", &format!("\"{key}\""), 1));
        let place = at.index(line.len());
        agrees(FORMAT, &format!("{}{}", line.get(..place).unwrap_or(""), line.get(place + 1..).unwrap_or("")));
        agrees("$remote_addr|$status|$body_bytes_sent|$http_user_agent", &format!("{left}|{status}|{bytes}|{agent}"));
        agrees("$host $remote_user \"$http_user_agent\" $request_time", &format!("{user} {key} \"{agent}\" {tail}"));
    }

    #[test]
    fn what_a_server_writes_is_read_again(
        (user, path, agent) in ("[a-z]{1,8}( [a-z\\[]{1,8})?", "/[a-zA-Z0-9./_ \"\\\\-]{0,20}", "[ -~]{2,40}"),
        (key, status, bytes) in ("[a-zA-Z0-9_\"\\\\]{2,30}", 100u16..600, any::<u64>()),
        seconds in 0u32..86_400,
    ) {
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let line = format!(
            "192.0.2.1 - {user} [09/Mar/2026:{clock} +0000] \"GET {} HTTP/1.1\" {status} {bytes} \"-\" \"{}\" \"{}\" 0.250",
            escaped(&path), escaped(&agent), escaped(&key),
        );
        let record = fill(FORMAT, &line).unwrap();
        prop_assert_eq!(text(record.user.as_ref()), user);
        prop_assert_eq!(text(record.path.as_ref()), path);
        prop_assert_eq!(text(record.user_agent.as_ref()), agent);
        prop_assert_eq!(text(record.key.as_ref()), key);
        prop_assert_eq!((record.status, record.bytes), (Some(status), Some(bytes)));
        let midnight = 1_773_014_400_000;
        prop_assert_eq!(record.time.map(|at| at.0), Some(midnight + i64::from(seconds) * 1000));
        prop_assert_eq!(record.duration_us, Some(250_000));
    }
}
