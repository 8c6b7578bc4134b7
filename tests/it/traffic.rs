//! Logs from a description of a few lines: `datasets/NAME/traffic.txt`.
//!
//! A line is `DAYS HOURS KEY REQUESTS/HOUR ADDRESS CLIENT ROUTE STATUSES [BYTES]`. Days count
//! from Monday, 2 March 2026; `{1-40}` and `{a|b}` anywhere are one of so many; statuses have weights:
//! `200:97,404:3`; a route may begin with a method: `POST:/v1/orders`. Directives: `format nginx|caddy|traefik`,
//! `rotated`, which makes a file a day and compresses all but the last two.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// 2 March 2026, 00:00 UTC.
const BEGIN: i64 = 1_772_409_600;
const DAY: i64 = 86_400;

/// One request of the story.
struct Hit {
    at: i64,
    millis: u64,
    key: String,
    address: String,
    client: String,
    method: String,
    path: String,
    status: u64,
    bytes: u64,
}

/// Writes the log, or its rotated files, and names them.
pub(crate) fn write(description: &Path, folder: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(description).unwrap();
    let mut dice = Dice(blake3_of(&text));
    let mut hits = Vec::new();
    let (mut format, mut rotated) = ("nginx", false);
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["format", name] => format = name,
            ["rotated"] => rotated = true,
            _ => act(&words, &mut dice, &mut hits),
        }
    }
    hits.sort_by_key(|hit| (hit.at, hit.millis));
    if !rotated {
        let path = folder.join("access.log");
        fs::write(&path, lines(&hits, format)).unwrap();
        return vec![path];
    }
    let last = hits.last().map_or(0, |hit| (hit.at - BEGIN) / DAY);
    let mut paths = Vec::new();
    for day in 0..=last {
        let of_day: Vec<&Hit> = hits.iter().filter(|it| (it.at - BEGIN) / DAY == day).collect();
        let text: String = of_day.iter().map(|hit| one(hit, format)).collect();
        let age = last - day;
        let name = if age == 0 { "access.log".to_owned() } else { format!("access.log.{age}") };
        paths.push(written(&folder.join(name), &text, 2 <= age));
    }
    paths
}

fn written(path: &Path, text: &str, packed: bool) -> PathBuf {
    if !packed {
        fs::write(path, text).unwrap();
        return path.to_owned();
    }
    let path = path.with_file_name(format!("{}.gz", path.file_name().unwrap().display()));
    let file = fs::File::create(&path).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap();
    path
}

/// Adds what one line of the description makes happen.
fn act(words: &[&str], dice: &mut Dice, hits: &mut Vec<Hit>) {
    assert!(8 <= words.len(), "not a line of traffic: {words:?}");
    let (days, hours, key, rate) = (words[0], words[1], words[2], words[3]);
    let (address, client, route, statuses) = (words[4], words[5], words[6], words[7]);
    let (first_day, last_day) = range(days);
    let (first_hour, last_hour) = range(hours);
    let rate: u64 = rate.parse().unwrap();
    let bytes: u64 = words.get(8).map_or(900, |bytes| bytes.parse().unwrap());
    let (method, route) = route.split_once(':').unwrap_or(("GET", route));
    for day in first_day..=last_day {
        for hour in first_hour..=last_hour {
            for _ in 0..dice.about(rate) {
                hits.push(Hit {
                    at: BEGIN + day * DAY + hour * 3600 + dice.below(3600).cast_signed(),
                    millis: dice.below(1000),
                    key: filled(key, dice),
                    address: filled(address, dice),
                    client: client.to_owned(),
                    method: method.to_owned(),
                    path: filled(route, dice),
                    status: status(statuses, dice),
                    bytes: bytes / 2 + dice.below(bytes),
                });
            }
        }
    }
}

fn range(text: &str) -> (i64, i64) {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    (first.parse().unwrap(), last.parse().unwrap())
}

/// `/items/{1-500}` and `/{a|b}.php` with one of them in the place of the braces.
fn filled(text: &str, dice: &mut Dice) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
    let (inside, after) = rest.split_once('}').unwrap();
    let words: Vec<&str> = inside.split('|').collect();
    let chosen = if words.len() == 1 {
        let (first, last) = range(inside);
        (first + dice.below((last - first + 1).cast_unsigned()).cast_signed()).to_string()
    } else {
        words[usize::try_from(dice.below(words.len() as u64)).unwrap()].to_owned()
    };
    format!("{before}{chosen}{}", filled(after, dice))
}

/// `200:97,404:3`.
fn status(text: &str, dice: &mut Dice) -> u64 {
    let weights: Vec<(u64, u64)> = text
        .split(',')
        .map(|one| {
            let (status, weight) = one.split_once(':').unwrap_or((one, "1"));
            (status.parse().unwrap(), weight.parse().unwrap())
        })
        .collect();
    let mut left = dice.below(weights.iter().map(|(_, weight)| weight).sum());
    for (status, weight) in weights {
        if left < weight {
            return status;
        }
        left -= weight;
    }
    0
}

fn lines(hits: &[Hit], format: &str) -> String {
    hits.iter().map(|hit| one(hit, format)).collect()
}

fn one(hit: &Hit, format: &str) -> String {
    let Hit { at, millis, key, address, client, method, path, status, bytes } = hit;
    let time = jiff::Timestamp::from_second(*at).unwrap();
    let mut line = String::new();
    match format {
        "caddy" => {
            let header = if key == "-" { String::new() } else { format!(",\"X-Api-Key\":[\"{key}\"]") };
            writeln!(line, "{{\"level\":\"info\",\"ts\":{at}.{millis:03},\"logger\":\"http.log.access.log0\",\"msg\":\"handled request\",\"request\":{{\"remote_ip\":\"{address}\",\"remote_port\":\"40000\",\"client_ip\":\"{address}\",\"proto\":\"HTTP/2.0\",\"method\":\"{method}\",\"host\":\"api.example.com\",\"uri\":\"{path}\",\"headers\":{{\"User-Agent\":[\"{client}\"]{header}}}}},\"bytes_read\":0,\"user_id\":\"\",\"duration\":0.012,\"size\":{bytes},\"status\":{status},\"resp_headers\":{{\"Server\":[\"Caddy\"]}}}}")
        }
        "traefik" => {
            writeln!(line, "{{\"ClientAddr\":\"{address}:40000\",\"ClientHost\":\"{address}\",\"ClientUsername\":\"-\",\"DownstreamContentSize\":{bytes},\"DownstreamStatus\":{status},\"Duration\":12000000,\"OriginDuration\":11000000,\"OriginStatus\":{status},\"RequestMethod\":\"{method}\",\"RequestPath\":\"{path}\",\"RequestProtocol\":\"HTTP/1.1\",\"downstream_X-Key-Id\":\"{key}\",\"request_User-Agent\":\"{client}\",\"time\":\"{time}\"}}")
        }
        _ => {
            let time = time.strftime("%d/%b/%Y:%H:%M:%S +0000");
            writeln!(line, "{address} - - [{time}] \"{method} {path} HTTP/1.1\" {status} {bytes} \"-\" \"{client}\" \"{key}\" 0.{millis:03}")
        }
    }
    .unwrap();
    line
}

/// The same numbers every time: a counter, hashed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    /// Around `rate`, a quarter more or less.
    fn about(&mut self, rate: u64) -> u64 {
        let quarters = 3 * rate + self.below(2 * rate + 1);
        quarters / 4 + u64::from(self.below(4) < quarters % 4)
    }
}

fn blake3_of(text: &str) -> u64 {
    let hash = blake3::hash(text.as_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap())
}
