//! One request, small enough to be sorted, and the line that a server would write about it.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::draw::mix;
use super::loopback;
use super::options::Options;
use super::places;
use super::routes::ROUTES;
use super::routes::WORDS;
use crate::model::Timestamp;

/// Who called: nobody, a key that has a name, or one that was made up on the spot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Nobody,
    Named(u32),
    Invented(u64),
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// Milliseconds since 1970.
    pub(super) at: i64,
    pub(super) address: IpAddr,
    pub(super) caller: Caller,
    pub(super) client: u16,
    pub(super) route: u16,
    pub(super) object: u64,
    pub(super) status: u16,
    pub(super) bytes: u32,
    pub(super) millis: u32,
    /// Number of the staged incident it belongs to.
    pub(super) incident: Option<u16>,
}

/// How the lines of `LineFormat::Combined` are written, in the words of nginx.
pub const LOG_FORMAT: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status \
    $body_bytes_sent \"$http_referer\" \"$http_user_agent\" \"$http_x_api_key\" $request_time";

/// How the lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineFormat {
    #[default]
    Combined,
    Json,
}

/// Writes lines, with the names that hits only number.
pub(super) struct Pen {
    pub(super) format: LineFormat,
    loopback: bool,
    pub(super) clients: Vec<String>,
    pub(super) names: Vec<String>,
    paths: Vec<Vec<Piece>>,
    second: i64,
    second_text: String,
    key: String,
}

/// A part of a path.
#[derive(Clone, Copy)]
enum Piece {
    Text(&'static str),
    Number,
    Uuid,
    Small,
    Words,
    Key,
}

impl Pen {
    pub(super) fn new(options: &Options) -> Self {
        let paths = ROUTES.iter().map(|route| pieces(route.path)).collect();
        let (clients, names) = (vec!["-".to_owned()], vec!["-".to_owned()]);
        Self {
            format: options.format,
            loopback: options.loopback,
            clients,
            names,
            paths,
            second: i64::MIN,
            second_text: String::new(),
            key: String::new(),
        }
    }

    /// The number of a client, which is added if it is new.
    pub(super) fn client(&mut self, text: &str) -> u16 {
        let known = self.clients.iter().position(|client| client == text);
        let number = known.unwrap_or(self.clients.len());
        if known.is_none() {
            self.clients.push(text.to_owned());
        }
        u16::try_from(number).unwrap_or(0)
    }

    /// The caller with this name, which is added.
    pub(super) fn name(&mut self, text: String) -> Caller {
        self.names.push(text);
        Caller::Named(u32::try_from(self.names.len() - 1).unwrap_or(0))
    }

    /// Appends the line about `hit`, with its end of line.
    pub(super) fn write(&mut self, hit: &Hit, line: &mut String) {
        self.note_second(hit.at);
        self.note_key(hit.caller);
        let written = match self.format {
            LineFormat::Combined => self.write_combined(hit, line),
            LineFormat::Json => self.write_json(hit, line),
        };
        debug_assert!(written.is_ok(), "a string takes all that is written to it");
    }

    fn write_combined(&self, hit: &Hit, line: &mut String) -> std::fmt::Result {
        let method = ROUTES.get(usize::from(hit.route)).map_or("GET", |route| route.method);
        write!(line, "{} - - [{}] \"{method} ", self.shown(hit.address), self.second_text)?;
        self.write_path(hit, line)?;
        let client = self.clients.get(usize::from(hit.client)).map_or("-", String::as_str);
        writeln!(
            line,
            " HTTP/1.1\" {} {} \"-\" \"{client}\" \"{}\" {}.{:03}",
            hit.status,
            hit.bytes,
            self.key,
            hit.millis / 1000,
            hit.millis % 1000
        )
    }

    fn write_json(&self, hit: &Hit, line: &mut String) -> std::fmt::Result {
        let method = ROUTES.get(usize::from(hit.route)).map_or("GET", |route| route.method);
        let client = self.clients.get(usize::from(hit.client)).map_or("-", String::as_str);
        write!(line, "{{\"time\":\"{}.{:03}Z\"", self.second_text, hit.at.rem_euclid(1000))?;
        write!(
            line,
            ",\"remote_addr\":\"{}\",\"method\":\"{method}\",\"path\":\"",
            self.shown(hit.address)
        )?;
        self.write_path(hit, line)?;
        let received = if method == "GET" { 0 } else { 120 + hit.object % 900 };
        write!(
            line,
            "\",\"status\":{},\"bytes_in\":{received},\"bytes_out\":{}",
            hit.status, hit.bytes
        )?;
        write!(line, ",\"request_time\":{}.{:03}", hit.millis / 1000, hit.millis % 1000)?;
        write!(line, ",\"user_agent\":\"{client}\",\"key_id\":\"{}\"", self.key)?;
        if is_language(hit.route) {
            let (asked, answered) = (received * 3 + 40, hit.bytes / 4);
            write!(line, ",\"tokens_in\":{asked},\"tokens_out\":{answered}")?;
        }
        if let Some((asn, country)) = places::origin_of(hit.address) {
            write!(line, ",\"asn\":{asn},\"country\":\"{country}\"")?;
        }
        line.push_str("}\n");
        Ok(())
    }

    /// As the log and its tables name an address.
    pub(super) fn shown(&self, address: IpAddr) -> IpAddr {
        if self.loopback { loopback::moved(address) } else { address }
    }

    fn write_path(&self, hit: &Hit, line: &mut String) -> std::fmt::Result {
        let path = self.paths.get(usize::from(hit.route)).map_or(&[][..], Vec::as_slice);
        for piece in path {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Number => write!(line, "{}", hit.object)?,
                Piece::Uuid => write_uuid(hit.object, line)?,
                Piece::Small => write!(line, "{}", hit.object % 97 + 1)?,
                Piece::Words => write_words(hit.object, line)?,
                Piece::Key => line.push_str(&self.key),
            }
        }
        Ok(())
    }

    fn note_key(&mut self, caller: Caller) {
        self.key.clear();
        match caller {
            Caller::Nobody => self.key.push('-'),
            Caller::Named(number) => {
                self.key.push_str(self.names.get(number as usize).map_or("-", String::as_str));
            }
            Caller::Invented(number) => {
                self.key.push_str("k_");
                push_base36(mix(number), &mut self.key);
            }
        }
    }

    /// Civil time is reckoned once a second, not once a line.
    fn note_second(&mut self, at: i64) {
        let second = at.div_euclid(1000);
        if self.second != second {
            self.second = second;
            let form = match self.format {
                LineFormat::Combined => "%d/%b/%Y:%H:%M:%S +0000",
                LineFormat::Json => "%Y-%m-%dT%H:%M:%S",
            };
            self.second_text = time_as(Timestamp::from_seconds(second), form);
        }
    }
}

/// RFC 3339 in UTC, whole seconds.
pub(super) fn rfc3339(at: Timestamp) -> String {
    time_as(Timestamp::from_seconds(at.seconds()), "%Y-%m-%dT%H:%M:%SZ")
}

/// Twelve letters and digits.
pub(super) fn push_base36(mut number: u64, text: &mut String) {
    for _ in 0..12 {
        text.push(char::from_digit((number % 36) as u32, 36).unwrap_or('0'));
        number /= 36;
    }
}

fn time_as(at: Timestamp, form: &str) -> String {
    jiff::Timestamp::from_second(at.seconds())
        .map_or_else(|_| String::new(), |time| time.strftime(form).to_string())
}

fn is_language(route: u16) -> bool {
    ROUTES.get(usize::from(route)).is_some_and(|route| route.area == super::routes::Area::Language)
}

fn pieces(path: &'static str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in path.split_inclusive('}') {
        let Some((text, sign)) = part.split_once('{') else {
            pieces.push(Piece::Text(part));
            continue;
        };
        pieces.push(Piece::Text(text));
        pieces.push(match sign {
            "u}" => Piece::Uuid,
            "m}" => Piece::Small,
            "w}" => Piece::Words,
            "k}" => Piece::Key,
            _ => Piece::Number,
        });
    }
    pieces
}

fn write_uuid(object: u64, line: &mut String) -> std::fmt::Result {
    let (high, low) = (mix(object), mix(object ^ 0x7575_6964));
    write!(line, "{:08x}-{:04x}-4{:03x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFF)?;
    write!(line, "-8{:03x}-{:012x}", low >> 48 & 0xFFF, low & 0xFFFF_FFFF_FFFF)
}

fn write_words(object: u64, line: &mut String) -> std::fmt::Result {
    let count = WORDS.len() as u64;
    let word = |number: u64| WORDS.get((number % count) as usize).copied().unwrap_or("x");
    write!(line, "{}/{}-{}", word(object), word(object / count), object % 131)
}
