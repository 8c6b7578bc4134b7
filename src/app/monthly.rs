//! The report of each month, written into the state directory once the month is over.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::watch;
use tracing::{info, warn};

use super::board::Board;
use super::control;
use super::steward::said;
use super::whole_file::write_whole;
use crate::config::Config;
use crate::incident::Notice;
use crate::model::{Millis, Timestamp};
use crate::report::Asked;
use crate::store::{OutboxRow, Store, Topic};
use crate::web::View;

/// How often it is asked whether a month is over.
const LOOK_EVERY: Duration = Duration::from_mins(10);

/// Lines of its last minutes may still be on their way.
const LATE_MAX: Millis = Millis::hours(1);

/// What the page says of it stands under this name.
const ABOUT: &str = "reports";

/// Writes reports while the daemon runs.
pub(super) struct Monthly {
    pub(super) store: Store,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) state: PathBuf,
    pub(super) board: Board,
    pub(super) now: fn() -> Timestamp,
}

impl Monthly {
    /// Until stopped.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) -> Result<(), String> {
        let mut clock = tokio::time::interval(LOOK_EVERY);
        while !*stopped.borrow() {
            tokio::select! {
                _ = clock.tick() => self.look().await,
                gone = stopped.changed() => if gone.is_err() { break },
            }
        }
        Ok(())
    }

    async fn look(&self) {
        let config = Arc::clone(&self.config.borrow());
        if !config.reports.monthly {
            self.board.note(ABOUT, None);
            return;
        }
        let (store, view) = (self.store.clone(), Arc::clone(&self.board.view().borrow()));
        let (state, now) = (self.state.clone(), (self.now)());
        let work = move || write_due((&store, &view), &config, (&state, now));
        let written = tokio::task::spawn_blocking(work).await;
        match written.map_err(anyhow::Error::from).flatten() {
            Ok(None) => self.board.note(ABOUT, None),
            Ok(Some(path)) => {
                info!(path = %path.display(), "the report of a month was written");
                self.board.note(ABOUT, None);
            }
            Err(error) => {
                let wrong = format!("the monthly report could not be written: {}", said(&error));
                warn!("{wrong}");
                self.board.note(ABOUT, Some(wrong));
            }
        }
    }
}

/// The report of the last month, if it is not there yet and there is something to report.
fn write_due(
    (store, view): (&Store, &View),
    config: &Config,
    (state, now): (&Path, Timestamp),
) -> anyhow::Result<Option<PathBuf>> {
    let Some((month, from, until)) = last_month(now.back(LATE_MAX)) else { return Ok(None) };
    let folder = state.join("reports");
    let page = folder.join(format!("keyvigil-{month}.html"));
    let stored = store.times()?;
    let is_covered = stored.is_some_and(|(first, last)| first < until && from <= last);
    if page.exists() || !is_covered {
        return Ok(None);
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let report = control::report((store, view), config, Asked { from, until, made: now })?;
    let write = |path: &Path, text: String| {
        write_whole(path, text.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))
    };
    write(&page.with_extension("json"), format!("{:#}\n", report.in_json()))?;
    if config.mail.is_some() {
        let topic = Topic::MonthlyReport { from, until };
        let row = OutboxRow::waiting(Notice::report("report of the month", until), topic);
        store.outbox_update(&[row])?;
    }
    // The last: where it is, the others are, too.
    write(&page, report.in_html().context("the page cannot be made")?)?;
    forget(&folder, now.back(config.reports.keep))?;
    Ok(Some(page))
}

/// Its name, and where it begins and ends.
fn last_month(now: Timestamp) -> Option<(String, Timestamp, Timestamp)> {
    let now = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(TimeZone::UTC);
    let this = now.date().first_of_month();
    let last = this.checked_sub(1.month()).ok()?;
    let start = |date: Date| {
        let start = date.to_zoned(TimeZone::UTC).ok()?;
        Some(Timestamp(start.timestamp().as_millisecond()))
    };
    Some((last.strftime("%Y-%m").to_string(), start(last)?, start(this)?))
}

/// Removes reports of months that ended before.
fn forget(folder: &Path, before: Timestamp) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ended = name.strip_prefix("keyvigil-").and_then(|rest| month_after(rest.get(..7)?));
        if ended.is_some_and(|ended| ended < before) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn month_after(month: &str) -> Option<Timestamp> {
    let first: Date = format!("{month}-01").parse().ok()?;
    let next = first.checked_add(1.month()).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(next.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Input;
    use crate::model::EventBatch;
    use crate::store::{Commit, OpenOptions};

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn store(state: &Path) -> Store {
        let store = Store::open(state, &OpenOptions::default()).unwrap();
        let mut batch =
            EventBatch { time: vec![at("2026-02-10T00:00:00Z").0], ..EventBatch::default() };
        batch.key.push("k_a");
        let inputs = [(0, Input::Batch(batch.into()))];
        store.commit(&Commit { inputs: &inputs, ..Commit::default() }).unwrap();
        store
    }

    #[test]
    fn a_month_is_reported_once_when_it_is_over() {
        let state = tempfile::tempdir().unwrap();
        let store = store(state.path());
        let config = "[mail]\nto = \"a@example.com\"\n[reports]\nmonthly = true\nkeep = \"300d\"\n";
        let config = Config::parse(config, "it.toml").unwrap();
        let written = |now: &str| {
            write_due((&store, &View::default()), &config, (state.path(), at(now))).unwrap()
        };
        assert_eq!(written("2026-02-28T12:00:00Z"), None, "January has no events");
        assert_eq!(written("2026-03-01T00:59:00Z"), None, "lines may still come");
        let page = written("2026-03-01T01:00:00Z").unwrap();
        assert!(page.ends_with("reports/keyvigil-2026-02.html"), "{}", page.display());
        let text = fs::read_to_string(page.with_extension("json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["from"], "2026-02-01T00:00:00Z");
        assert_eq!(report["until"], "2026-03-01T00:00:00Z");
        assert_eq!(written("2026-03-02T00:00:00Z"), None, "it is there already");
        let rows = store.outbox().unwrap();
        assert_eq!(rows.len(), 1);
        assert!(matches!(rows[0].topic, Topic::MonthlyReport { .. }));

        forget(&state.path().join("reports"), at("2026-03-01T00:00:00Z")).unwrap();
        assert!(page.exists());
        forget(&state.path().join("reports"), at("2026-03-01T00:00:01Z")).unwrap();
        assert!(!page.exists() && !page.with_extension("json").exists());
    }

    #[test]
    fn the_year_turns_with_the_month() {
        let (month, from, until) = last_month(at("2026-01-31T23:00:00Z")).unwrap();
        assert_eq!(
            (month.as_str(), from, until),
            ("2025-12", at("2025-12-01T00:00:00Z"), at("2026-01-01T00:00:00Z"))
        );
    }
}
