//! Line to event: what a log line says. To read a new format, add a file, its `mod` line and its line in `FORMATS`.

mod address;
mod aliases;
mod apache;
mod choices;
mod clf;
mod combined;
mod credential;
mod described;
mod detection;
mod error;
mod error_log;
mod escape;
mod explain;
mod familiar;
mod goaccess;
mod json;
mod laid_out;
mod literal;
mod misfit;
mod moment;
mod nginx;
mod number;
mod ordinary;
mod outcome;
mod own;
mod own_fields;
mod parser;
mod parts;
mod path;
mod pattern;
mod place;
mod plan;
#[cfg(test)]
mod plan_tests;
mod preset;
mod presets;
mod reading;
mod registry;
mod repair;
mod request;
mod sample;
mod scan;
mod shape;
mod shown;
mod skeleton;
mod slots;
mod statements;
mod step;
mod table;
mod tape;
mod time;
mod variable;
mod w3c;
mod wrapper;

pub use address::address;
pub use described::Described;
pub use detection::Detected;
pub use error::FormatError;
pub use explain::Origin;
pub use laid_out::{Joins, is_whole_json};
pub use misfit::Misfit;
pub use outcome::{Outcome, Told};
pub use own::OwnFormats;
pub use own_fields::{Suggested, suggested};
pub use parser::Parser;
pub use parts::{Joined, Parts, Turn};
pub use registry::FORMATS;
pub use registry::FormatInfo;
pub use sample::Sample;
pub use statements::{Statement, statements};

use jiff::tz::TimeZone;

use parser::Reader;

/// A line longer than this is not looked at.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What a person may say about a source, beside its format's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A pasted `log_format` or `LogFormat`.
    pub log_format: Option<String>,
    /// The variable or field that holds the credential, instead of the usual ones.
    pub key_from: Option<String>,
    /// Formats of a person's own.
    pub own: OwnFormats,
    /// Of the clock that writes times without a zone; without it they are taken for UTC.
    pub zone: Option<TimeZone>,
}

/// Which numbers of a system's records are counters that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grows {
    pub count: bool,
    pub cost: bool,
}

/// What a request should tell, in the order in which people ask.
const GIVES: [&str; 6] = ["client", "time", "method", "path", "status", "identity"];

#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &[u8] =
        b"192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"x\"";

    fn parsers() -> Vec<Parser> {
        let options = |name: &str| Options {
            log_format: match name {
                "custom-nginx" => {
                    Some("$remote_addr [$time_local] \"$request\" $status".to_owned())
                }
                "custom-apache" => Some("%h %l %u %t \"%r\" %>s %b \"%{X-Key}i\"".to_owned()),
                "custom-goaccess" => Some("%h %^[%d:%t %^] \"%r\" %s %b".to_owned()),
                _ => None,
            },
            ..Options::default()
        };
        let by_name = |info: &FormatInfo| Parser::by_name(info.name, &options(info.name)).unwrap();
        FORMATS.iter().map(by_name).collect()
    }

    #[test]
    fn a_line_without_end_is_refused_at_once() {
        let line = vec![b'"'; 10 << 20];
        for mut parser in parsers() {
            assert!(matches!(parser.parse(&line), Outcome::Malformed(_)), "{}", parser.name());
        }
    }

    #[test]
    fn binary_is_malformed() {
        for line in [b"\x00\x01\x02\xFF\xFE".as_slice(), b"\x16\x03\x01 \x00", &[0xFF; 4096]] {
            for mut parser in parsers() {
                let outcome = parser.parse(line);
                assert!(!matches!(outcome, Outcome::Event(_)), "{}: {outcome:?}", parser.name());
            }
        }
    }

    #[test]
    fn what_is_around_a_line_does_not_change_it() {
        let mut parser = Parser::by_name("nginx", &Options::default()).unwrap();
        let bare = parser.parse(LINE);
        for around in [
            [b"\xEF\xBB\xBF".as_slice(), LINE, b""].concat(),
            [b"\0\0\0\0".as_slice(), LINE, b"\r"].concat(),
            [b"<190>Mar  9 00:00:00 web1 nginx: ".as_slice(), LINE, b""].concat(),
            [b"2026-03-09T00:00:00Z stdout F ".as_slice(), LINE, b""].concat(),
        ] {
            assert_eq!(parser.parse(&around), bare);
        }
    }

    #[test]
    fn an_unknown_format_names_the_known_ones() {
        let error = Parser::by_name("ngnix", &Options::default()).unwrap_err();
        assert!(error.to_string().contains("nginx-ingress"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            for mut parser in parsers() {
                drop(parser.parse(&line));
            }
        }

        #[test]
        fn no_damage_to_a_line_makes_a_parser_panic(at in 0..LINE.len(), byte: u8, end in 0..LINE.len()) {
            let mut line = LINE.to_vec();
            line[at] = byte;
            for mut parser in parsers() {
                drop(parser.parse(&line));
                drop(parser.parse(&line[..end]));
            }
        }

        #[test]
        fn no_text_makes_a_parser_panic(line in "[\\[\\]{}\":,.a-z0-9 /\\\\x-]{0,200}") {
            for mut parser in parsers() {
                drop(parser.parse(line.as_bytes()));
            }
        }
    }
}
