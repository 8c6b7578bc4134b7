//! Lines as the journal of systemd wants them: their level in front, no second clock, and
//! never two lines where one is meant.

use std::env;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::tell::shown;

/// Before a line that needs a person.
const ERROR: &str = "<3>";

/// Whether standard error goes straight to the journal.
pub(super) fn is_listening() -> bool {
    let stream = env::var("JOURNAL_STREAM").unwrap_or_default();
    fs::metadata(Path::new("/proc/self/fd/2"))
        .is_ok_and(|it| stream == format!("{}:{}", it.dev(), it.ino()))
}

/// What a person must read, each line with its level if the journal listens.
pub(super) fn urgent(text: &str) -> String {
    if is_listening() {
        format!("{ERROR}{}", text.replace('\n', &format!("\n{ERROR}")))
    } else {
        text.to_owned()
    }
}

/// `<4>this port is in use, trying the next one address=127.0.0.1:8787`
pub(super) struct JournalLine;

impl<S, N> FormatEvent<S, N> for JournalLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        writeln!(out, "{}{}", priority(*event.metadata().level()), shown(text.trim_end()))
    }
}

/// A level as sd-daemon(3) writes it.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => ERROR,
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_its_level_and_no_clock_and_stays_one_line() {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .event_format(JournalLine)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(path = "/v1/a\nb", file = %"c\n<0>d", "line set aside");
            tracing::error!("cannot go on");
            tracing::info!(sources = 2, "watching");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].starts_with("<4>line set aside path="), "{text}");
        assert!(lines[0].ends_with("file=c\u{fffd}<0>d"), "{text}");
        assert_eq!(lines[1..], ["<3>cannot go on", "<6>watching sources=2"]);
    }
}
