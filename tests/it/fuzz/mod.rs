//! Hostile bytes: what the corpora become when they are cut, spliced and bent, from a seed.
//!
//! In the suite each target runs a fixed number of rounds. With `KEYVIGIL_FUZZ_SECONDS=300` each
//! runs for so long: `KEYVIGIL_FUZZ_SECONDS=300 cargo nextest run -j 1 -E 'test(fuzz::)'`. What needs
//! the inside of a room is bent there: `src/store/tests/fuzz.rs`, `src/web/fuzz.rs`, `src/alert/fuzz.rs`.

mod bytes;
mod socket;

use std::fs;
use std::io::Write as _;

use keyvigil::format::{
    Described, FORMATS, Joins, Options, Outcome, OwnFormats, Parser, Parts, Turn,
};
use keyvigil::tail::{FileReader, Limits};

use bytes::{Bytes, fuzz_for};

/// Rounds of the suite: enough to see that the target works, few enough for every run.
const ROUNDS: u64 = 1500;

#[test]
fn plans_take_any_bytes() {
    let plans = ["nginx", "apache", "haproxy", "aws-alb", "aws-s3-access", "envoy-text", "krakend"];
    let more = ["nginx-ingress", "traefik-clf", "squid", "aws-elb-classic", "litellm-access"];
    check_parsers(&[plans.as_slice(), more.as_slice()].concat(), &corpus("plans"));
}

#[test]
fn json_takes_any_bytes() {
    let names: Vec<&str> = FORMATS
        .iter()
        .map(|info| info.name)
        .filter(|name| !name.contains("custom") && !STATEFUL.contains(name))
        .collect();
    check_parsers(&names, &corpus("json"));
}

/// These remember a header, so what a line means hangs on the lines before it.
const STATEFUL: &[&str] = &["csv", "salesforce-elf", "zoho-audit-csv", "w3c-iis", "aws-cloudfront"];

#[test]
fn tables_take_any_bytes() {
    let corpus = corpus("csv");
    let mut parsers = parsers(STATEFUL);
    fuzz(|bytes| {
        for parser in &mut parsers {
            for line in bytes.bend(&corpus).split(|byte| *byte == b'\n') {
                drop(parser.parse(line));
            }
        }
    });
}

#[test]
fn no_format_string_makes_a_compiler_panic() {
    let corpus = corpus("compiler");
    fuzz(|bytes| {
        let text = String::from_utf8_lossy(&bytes.bend(&corpus)).into_owned();
        let line = b"192.0.2.7 - - [21/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 91";
        for name in ["custom-nginx", "custom-apache", "custom-goaccess"] {
            let options = Options { log_format: Some(text.clone()), ..Options::default() };
            match Parser::by_name(name, &options) {
                Ok(mut parser) => {
                    if let Outcome::Malformed(_) = parser.parse(line) {
                        assert!(parser.misfit(line).at <= line.len());
                    }
                }
                Err(error) => drop(error.to_string()),
            }
        }
        drop(Described::read(&text).choose(None, "/var/log/nginx/access.log"));
        let file = format!("name = \"a\"\nregex = '''{text}'''");
        for text in [text, file] {
            if let Err(error) = OwnFormats::read(&[("own.toml".to_owned(), text)]) {
                drop(error.to_string());
            }
        }
    });
}

/// Records of several lines: whatever the lines are, each comes out once, joined or not.
#[test]
fn joining_lines_loses_and_doubles_none() {
    let corpora = [corpus("json"), corpus("csv")];
    fuzz(|bytes| {
        let at = bytes.below(2);
        let mut parts = Parts::default();
        parts.set_joins([Joins::Json, Joins::Rows][at]);
        let (mut sent, mut came) = (0, 0);
        for _ in 0..=bytes.below(20) {
            let text = bytes.bend(&corpora[at]);
            // Some of it laid out, as a person would.
            let text = match serde_json::from_slice::<serde_json::Value>(&text) {
                Ok(value) => serde_json::to_vec_pretty(&value).unwrap(),
                Err(_) => text,
            };
            for line in text.split(|byte| *byte == b'\n') {
                sent += 1;
                match parts.push(line) {
                    Turn::Now => came += 1,
                    Turn::Later => assert!(parts.take().is_empty()),
                    Turn::AllReady => {
                        came += parts.take().iter().map(|it| it.of_lines).sum::<u64>();
                    }
                }
            }
        }
        parts.give_up();
        came += parts.take().iter().map(|it| it.of_lines).sum::<u64>();
        assert_eq!(came, sent);
    });
}

/// The same lines come out wherever the bytes are cut into chunks.
#[test]
fn the_framer_gives_the_same_lines_in_any_chunks() {
    let corpus = [corpus("plans"), corpus("json")].concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fuzz_for(ROUNDS / 10, |bytes| {
        let mut text = Vec::new();
        for _ in 0..bytes.below(8) {
            text.extend(bytes.bend(&corpus));
            text.extend([b"\n".as_slice(), b"\r\n", b"", b"\0\n"][bytes.below(4)]);
        }
        fs::File::create(&path).unwrap().write_all(&text).unwrap();
        let whole = lines_of(&path, 1 << 20);
        assert_eq!(lines_of(&path, 1 + bytes.below(300)), whole, "{}", text.escape_ascii());
    });
}

fn lines_of(path: &std::path::Path, chunk_bytes: usize) -> Vec<Vec<u8>> {
    let limits = Limits { chunk_bytes, ..Limits::default() };
    let mut reader = FileReader::open(path, limits, None).unwrap();
    let mut lines = Vec::new();
    while let Some(chunk) = reader.next_chunk().unwrap() {
        let bytes = chunk.bytes.strip_suffix(b"\n").unwrap_or(&chunk.bytes);
        lines.extend(bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    }
    lines
}

/// No bytes make a parser panic, and one that has seen much says the same as a new one.
fn check_parsers(names: &[&str], corpus: &[Vec<u8>]) {
    let fresh = parsers(names);
    let mut used = fresh.clone();
    fuzz(|bytes| {
        let line = bytes.bend(corpus);
        let at = bytes.below(fresh.len());
        let (mut new, used) = (fresh[at].clone(), &mut used[at]);
        let outcome = used.parse(&line);
        assert_eq!(outcome, new.parse(&line), "{}: {}", used.name(), line.escape_ascii());
        if let Outcome::Events(records) = outcome {
            assert!(!records.is_empty());
        }
    });
}

fn parsers(names: &[&str]) -> Vec<Parser> {
    names.iter().map(|name| Parser::by_name(name, &Options::default()).unwrap()).collect()
}

/// The lines of a corpus, and of every format's examples.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut texts = vec![fs::read_to_string(format!("tests/corpus/{name}.txt")).unwrap()];
    let mut files: Vec<_> =
        fs::read_dir("config/formats").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let file: toml::Table = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let examples = file["example"].as_array().unwrap();
        texts.extend(examples.iter().map(|it| it["lines"].as_str().unwrap().trim().to_owned()));
    }
    texts.iter().flat_map(|text| text.lines()).map(|line| line.as_bytes().to_vec()).collect()
}

fn fuzz(round: impl FnMut(&mut Bytes)) {
    fuzz_for(ROUNDS, round);
}
