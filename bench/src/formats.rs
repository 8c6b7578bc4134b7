//! Lines a second of every format, on one core, beside loops over the same bytes that only split
//! (memchr) or only parse JSON (sonic-rs), and beside readers by hand.

use std::hint::black_box;

use crate::by_hand::BY_HAND;
use crate::clock::seconds_on_core;
use crate::format::{FORMATS, Options, Outcome, Parser};

const LINES: usize = 100_000;
const SECONDS_MIN: f64 = 0.2;

/// Of these formats, or of all.
pub(crate) fn run(names: &[&str]) {
    let combined = combined();
    let split = rate(&combined, |lines| each_line(lines, split_columns));
    let nginx = parsed("nginx", &combined);
    println!(
        "combined: {nginx:.2} M lines/s; only split: {split:.2}; {:.0} %",
        100.0 * nginx / split
    );
    for (name, text) in std::iter::once(("json", json())).chain(examples()) {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        let lines = text.as_bytes();
        let is_json = text.starts_with('{') || text.starts_with("[{");
        let own = parsed(name, lines);
        let (what, beside) = if is_json {
            ("sonic-rs only parses", rate(lines, |lines| each_line(lines, parses)))
        } else {
            ("only split", rate(lines, |lines| each_line(lines, split_columns)))
        };
        print!(
            "{name:22} {own:6.2} M lines/s; {what} {beside:6.2}; {:4.0} %",
            100.0 * own / beside
        );
        if let Some((_, read)) = BY_HAND.iter().find(|(of, _)| *of == name) {
            let by_hand =
                rate(lines, |lines| each_line(lines, |line| read(line).unwrap_or_default()));
            print!("; by hand {by_hand:6.2}; {:4.0} %", 100.0 * own / by_hand);
        }
        println!();
    }
}

fn each_line(lines: &[u8], read: impl Fn(&[u8]) -> usize) -> usize {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| black_box(read(black_box(line)))).sum()
}

fn parses(line: &[u8]) -> usize {
    usize::from(sonic_rs::from_slice::<sonic_rs::Value>(line).is_ok())
}

/// Millions of lines a second, over rounds that are long enough to be measured.
fn rate(lines: &[u8], mut run: impl FnMut(&[u8]) -> usize) -> f64 {
    let count = memchr::memchr_iter(b'\n', lines).count();
    black_box(run(lines));
    let begun = seconds_on_core();
    let mut rounds = 0.0;
    while seconds_on_core() - begun < SECONDS_MIN {
        black_box(run(black_box(lines)));
        rounds += 1.0;
    }
    count as f64 * rounds / (seconds_on_core() - begun) / 1e6
}

fn parsed(name: &str, lines: &[u8]) -> f64 {
    let mut parser = Parser::by_name(name, &Options::default()).unwrap();
    rate(lines, |lines| {
        let mut from = 0;
        let mut events = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            match parser.parse(&lines[from..end]) {
                Outcome::Event(record) => {
                    events += usize::from(black_box(&record).status.is_some())
                }
                Outcome::Events(records) => events += black_box(&records).len(),
                _ => {}
            }
            from = end + 1;
        }
        events
    })
}

/// Cuts at spaces and quotes: the least that a reader of columns has to do.
fn split_columns(line: &[u8]) -> usize {
    memchr::memchr2_iter(b' ', b'"', line)
        .map(|at| line.get(at).map_or(0, |byte| *byte as usize))
        .sum()
}

fn combined() -> Vec<u8> {
    let mut text = String::new();
    for number in 0..LINES {
        text.push_str(&format!(
            "192.0.2.{} - - [21/Nov/2026:10:{:02}:{:02} +0000] \"GET /v1/orders/{number}?page={} HTTP/1.1\" 200 {} \"-\" \"acme-client/1.{} (linux; x86_64)\"\n",
            number % 250, number / 6000 % 60, number / 100 % 60, number % 9, number % 4096, number % 7,
        ));
    }
    text.into_bytes()
}

/// The examples of the formats' files, over and over.
fn examples() -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for info in FORMATS.iter() {
        let path = format!("{}/../config/formats/{}.toml", env!("CARGO_MANIFEST_DIR"), info.name);
        let Ok(file) = std::fs::read_to_string(path) else { continue };
        let file: toml::Table = toml::from_str(&file).unwrap();
        let lines: Vec<&str> = file["example"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["lines"].as_str().unwrap().trim())
            .collect();
        let one = lines.join("\n") + "\n";
        // The names of the columns stand in a file once.
        let (header, rows) = match file.get("rows").and_then(toml::Value::as_str) {
            Some("csv") => one.split_at(one.find('\n').unwrap() + 1),
            _ => ("", one.as_str()),
        };
        all.push((info.name, header.to_owned() + &rows.repeat(LINES / 2)));
    }
    all
}

/// What a gateway that logs in JSON writes, with a key's name.
fn json() -> String {
    let line = |number: usize| {
        format!(
            "{{\"time\":\"2026-11-21T10:{:02}:{:02}.{:03}Z\",\"remote_addr\":\"192.0.2.{}\",\"method\":\"GET\",\"uri\":\"/v1/orders/{number}\",\"status\":200,\"bytes_sent\":{},\"request_time\":0.{:03},\"host\":\"api.example.com\",\"user_agent\":\"acme-client/1.{} (linux; x86_64) with a long tail of what it is made of, and where\",\"api_key\":\"k_{:06}\"}}\n",
            number / 6000 % 60,
            number / 100 % 60,
            number % 1000,
            number % 250,
            number % 4096,
            number % 997,
            number % 7,
            number % 200,
        )
    };
    (0..LINES).map(line).collect()
}
