//! Numbers from a seed, what they make of bytes, texts and JSON, and for how long.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Numbers from a seed, and what they make of a corpus.
pub(crate) struct Bytes(u64);

/// So many rounds, or, where `KEYVIGIL_FUZZ_SECONDS` is set, for so long. A round that fails says
/// how it is run again alone: `KEYVIGIL_FUZZ_SEED=…`.
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is asked for")]
pub(crate) fn fuzz_for(rounds_max: u64, mut round: impl FnMut(&mut Bytes)) {
    let (begun, limit) = (Instant::now(), asked("KEYVIGIL_FUZZ_SECONDS").map(Duration::from_secs));
    let mut bytes = Bytes::new(asked("KEYVIGIL_FUZZ_SEED").unwrap_or(SEED).max(1));
    let mut rounds = 0u64;
    while limit.map_or(rounds < rounds_max, |limit| begun.elapsed() < limit) {
        let named = Named(bytes.0);
        round(&mut bytes);
        drop(named);
        rounds += 1;
    }
    if limit.is_some() {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{rounds} rounds in {} s", begun.elapsed().as_secs()).unwrap();
    }
}

/// A number of the environment.
pub(crate) fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// The seed of a round, said if it fails.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let text = format!("this round alone: KEYVIGIL_FUZZ_SEED={}\n", self.0);
            std::io::stderr().lock().write_all(text.as_bytes()).unwrap_or_default();
        }
    }
}

/// Bytes that have made parsers stumble.
const SPICE: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\\"",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b" ",
    b"\0",
    b"\xFF",
    b"\xEF\xBB\xBF",
    b"-",
    b"\\u0000",
    b"\\ud800",
    b"\\x22",
    b"%",
    b"$",
    b"1e999",
    b"18446744073709551616",
    b"\x1B[0m",
    b"\t",
    b"null",
    b"[[[[[[[[[[[[[[[[",
    b"\"\"",
    b"|",
    b"^9/",
    b"~1",
    b"\n",
    b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
    b"\xFF\xFF\xFF\x7F",
];

/// What strangers, or the like of them, would like to see in a name.
pub(crate) const HOSTILE: &[&str] = &[
    "\r\nBcc: victim@example.com\r\n\r\n",
    "\n.\r\nMAIL FROM:<x@example.com>\r\n",
    "\u{1b}[2J\u{1b}]8;;http://example.com\u{7}",
    "\u{202e}gpj.exe\u{2066}\u{200f}\u{61c}\u{2028}\u{2029}\u{feff}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"'&</td></svg><!--",
    "{{ 7*7 }}{% raw %}",
    "=HYPERLINK(\"http://example.com\")",
    "=?utf-8?q?=0d=0aBcc:_x?=",
    "--keyvigil\r\nContent-Type: text/html\r\n\r\n",
    "\0\u{1}\u{7f}\u{85}\u{9b}31m",
    "\u{5d0}\u{5d1}\u{5d2} \u{645}\u{631}\u{62d}\u{628}\u{627}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{fe0f}",
    "a@example.com, b@example.com; <c@example.com>",
    "../../../etc/passwd",
    "%00%0d%0a%2e%2e%2f",
    "\u{fffd}\u{10ffff}\u{e000}",
];

impl Bytes {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }

    /// A line of the corpus, bent one to six times.
    pub(crate) fn bend(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut line = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(6) {
            let at = self.below(line.len() + 1);
            match self.below(7) {
                0 => line.truncate(at),
                1 if at < line.len() => line[at] = self.next().to_le_bytes()[0],
                2 => drop(line.splice(at..at, SPICE[self.below(SPICE.len())].iter().copied())),
                3 => {
                    let end = at + self.below(line.len() - at + 1);
                    line.drain(at..end);
                }
                4 => {
                    let other = &corpus[self.below(corpus.len())];
                    let from = self.below(other.len() + 1);
                    line.truncate(at);
                    line.extend_from_slice(&other[from..]);
                }
                5 => {
                    let end = (at + self.below(40)).min(line.len());
                    let piece = line[at..end].to_vec();
                    let times = 1 + self.below(30);
                    line.splice(at..at, piece.repeat(times));
                }
                _ if at < line.len() => line[at] ^= 1 << self.below(8),
                _ => {}
            }
        }
        line
    }

    /// A text of hostile pieces, seldom a very long one.
    pub(crate) fn hostile(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(4) {
            match self.below(3) {
                0 => text.push_str("billing sync"),
                1 => text.push_str(HOSTILE[self.below(HOSTILE.len())]),
                _ => text.extend(char::from_u32(u32::try_from(self.below(0x11_0000)).unwrap())),
            }
        }
        if self.below(40) == 0 { text.repeat(1 + self.below(2_000)) } else { text }
    }

    /// Still JSON, but one value in it is another: of another type, far out, or gone.
    pub(crate) fn bend_json(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) if !items.is_empty() && self.below(5) != 0 => {
                let at = self.below(items.len());
                match self.below(12) {
                    0 => drop(items.remove(at)),
                    1 => items.push(items[at].clone()),
                    _ => self.bend_json(&mut items[at]),
                }
            }
            Value::Object(fields) if !fields.is_empty() && self.below(5) != 0 => {
                let name = fields.keys().nth(self.below(fields.len())).unwrap().clone();
                match self.below(12) {
                    0 => drop(fields.remove(&name)),
                    1 => drop(fields.insert(self.hostile(), Value::Null)),
                    _ => self.bend_json(fields.get_mut(&name).unwrap()),
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => *value = self.leaf(),
        }
    }

    fn leaf(&mut self) -> Value {
        match self.below(10) {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => i64::MIN.into(),
            3 => u64::MAX.into(),
            4 => 1e308.into(),
            5 => (-1).into(),
            6 => Value::Array(vec![Value::Null; self.below(50)]),
            7 => Value::Object(serde_json::Map::default()),
            _ => Value::String(self.hostile()),
        }
    }
}
