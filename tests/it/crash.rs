//! Killed at any moment, the daemon goes on as if nothing had been.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::parts::{artefacts, text};
use crate::program::{Running, free_address, query, start};
use crate::smtp::{MailServer, Taken};

/// More in the full test: see CONTRIBUTING.md.
const KILLS: u64 = 50;

const LINES_A_ROUND: u64 = 200;

/// Each of so many lines is of a key of its own that was revoked long ago: an incident and
/// a mail that could be lost.
const LINES_AN_INCIDENT: u64 = 5000;

const REVOKED_MAX: u64 = 1000;

/// Every line has a number in its path, so that a lost or doubled one shows. They are of
/// the last hours, so that people are told.
fn line(number: u64, began: i64) -> String {
    let key = match number / LINES_AN_INCIDENT {
        incident if number.is_multiple_of(LINES_AN_INCIDENT) => {
            format!("k_revoked_{}", incident % REVOKED_MAX)
        }
        _ => "k_usual".to_owned(),
    };
    let at = began + i64::try_from(number / 1000).unwrap();
    format!(
        "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/e/{number}\",\"status\":200,\"key_id\":\"{key}\"}}\n"
    )
}

#[test]
fn nothing_is_lost_or_doubled_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let kills = std::env::var("KEYVIGIL_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let mails = MailServer::start_plain(folder.path(), free_address());
    let begin = || begin(folder.path(), &mails);
    write_inventory(folder.path());
    fs::write(folder.path().join("access.log"), "").unwrap();
    let mut running = begin();
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    running.kill();
    let writer = Writer::start(folder.path());
    let mut seed = 7u64;
    for _ in 0..kills {
        let running = begin();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_millis(100 + (seed >> 33) % 900));
        running.kill();
    }
    let lines = writer.stop();

    let mut running = begin();
    let size = fs::metadata(folder.path().join("access.log")).unwrap().len();
    let at_the_end = format!("\"offset\":{size}");
    let status = running.wait_for("/api/v1/status", |body| body.contains(&at_the_end));
    assert!(status.contains(&format!("\"lines\":{lines}")), "not {lines} lines: {status}");
    assert!(1000 < lines, "only {lines} lines were written");
    let expected = lines.div_ceil(LINES_AN_INCIDENT).min(REVOKED_MAX);
    // All lines are read; on a busy machine the last of them are not judged yet.
    let incidents = running.wait_for("/api/v1/incidents", |body| {
        !body.is_empty() && u64::try_from(keys_by_id(body).len()).unwrap() >= expected
    });
    let incidents = keys_by_id(&incidents);
    // What earlier lives left is mailed some seconds after the start: a chance to double it.
    thread::sleep(Duration::from_secs(8));
    let status: Value = serde_json::from_str(&running.get("/api/v1/status").unwrap().1).unwrap();
    let waiting = status["mail"]["queued"].as_u64().unwrap();
    assert_eq!(running.stop(), 0);

    let keys: BTreeSet<&String> = incidents.values().collect();
    assert_eq!(
        (incidents.len(), keys.len()),
        (usize::try_from(expected).unwrap(), incidents.len())
    );
    let counted = query(
        &folder.path().join("state"),
        "SELECT count(*) AS lines, count(DISTINCT path) AS paths FROM events",
    );
    assert_eq!(counted, [format!("{lines},{lines}")]);
    check_mails(&mails.mails(), &incidents, waiting);
}

/// A daemon that mails here.
fn begin(folder: &Path, mails: &MailServer) -> Running {
    let path = |name: &str| text(&folder.join(name)).to_owned();
    let listen = free_address();
    let config = format!(
        "key_is = \"id\"\ninventory = \"{}\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
         [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{listen}\"\n{}",
        path("inventory.csv"),
        path("access.log"),
        path("state"),
        mails.configuration(),
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
    start(&["run", "--config", &path("keyvigil.toml")], listen, folder)
}

fn write_inventory(folder: &Path) {
    let mut inventory =
        "key_id,owner,role,created,status,status_since\nk_usual,a@example.com,partner,2025-01-01,active,2025-01-01\n".to_owned();
    for number in 0..REVOKED_MAX {
        writeln!(
            inventory,
            "k_revoked_{number},b@example.com,partner,2025-01-01,revoked,2025-06-01"
        )
        .unwrap();
    }
    fs::write(folder.join("inventory.csv"), inventory).unwrap();
}

/// Writes lines until it is told to stop.
struct Writer {
    written: Arc<AtomicU64>,
    done: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Writer {
    fn start(folder: &Path) -> Self {
        let path = folder.join("access.log");
        let (written, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let began = jiff::Timestamp::now().as_second() - 6 * 3600;
        let thread = thread::spawn({
            let (written, done) = (Arc::clone(&written), Arc::clone(&done));
            move || {
                let mut log = fs::OpenOptions::new().append(true).open(path).unwrap();
                while !done.load(Ordering::Relaxed) {
                    let first = written.load(Ordering::Relaxed);
                    let lines: String =
                        (first..first + LINES_A_ROUND).map(|it| line(it, began)).collect();
                    // Cut anywhere, as buffers are.
                    let (start, rest) = lines.split_at(lines.len() / 2 + 7);
                    log.write_all(start.as_bytes()).unwrap();
                    thread::sleep(Duration::from_millis(3));
                    log.write_all(rest.as_bytes()).unwrap();
                    written.fetch_add(LINES_A_ROUND, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(10));
                }
            }
        });
        Self { written, done, thread }
    }

    /// How many lines were written.
    fn stop(self) -> u64 {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.written.load(Ordering::Relaxed)
    }
}

/// The key of each incident about a revoked one.
fn keys_by_id(body: &str) -> BTreeMap<String, String> {
    let parsed: Value = serde_json::from_str(body).unwrap();
    let all = parsed["incidents"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let revoked = all.iter().filter(|it| it["kind"] == "revoked_key_used");
    revoked.map(|it| (text(&it["id"]), text(&it["keys"][0]))).collect()
}

/// Everybody was told of every incident, or will be; of none more than twice, and then
/// with the same Message-ID.
fn check_mails(mails: &[Taken], incidents: &BTreeMap<String, String>, waiting: u64) {
    let mut times: BTreeMap<&str, (&str, u32)> = BTreeMap::new();
    for mail in mails {
        let (subject, count) = times.entry(&mail.message_id).or_insert((&mail.subject, 0));
        assert_eq!(*subject, mail.subject, "two mails have one Message-ID");
        *count += 1;
    }
    let doubled = times.values().filter(|(_, count)| 1 < *count).count();
    let most = times.values().map(|(_, count)| *count).max().unwrap();
    assert!(most <= 2, "a mail came {most} times");
    let told = |id: &&String| mails.iter().any(|mail| mail.text.contains(id.as_str()));
    let (told, untold): (Vec<&String>, Vec<&String>) = incidents.keys().partition(told);
    assert!(
        u64::try_from(untold.len()).unwrap() <= waiting,
        "nobody was told of {untold:?}, and only {waiting} mails wait"
    );
    let one_each = |id: &&&String| {
        let of_it = |mail: &&Taken| mail.subject.contains(id.as_str());
        let ids: BTreeSet<&str> =
            mails.iter().filter(of_it).map(|mail| mail.message_id.as_str()).collect();
        ids.len() <= 1
    };
    assert!(told.iter().all(|id| one_each(&id)), "an incident was opened twice by mail");
    let said = format!(
        "{} incidents, {} mails, {doubled} of them doubled, {waiting} waiting\n",
        incidents.len(),
        mails.len()
    );
    fs::write(artefacts("crash").join("counts.txt"), said).unwrap();
}
