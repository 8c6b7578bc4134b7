//! Every write of the daemon is made to fail in turn: by a broken disk, by a full one, half-way, or
//! by a kill there and then. It says so, and the next start has lost nothing and doubled nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::parts::{signal, text};
use crate::program::{Running, free_address, keyvigil, query, start_as, stderr};
use crate::smtp::MailServer;

/// A point where something is written, and how often it may be passed before it fails.
type Point = (&'static str, u64);

/// What a daemon passes within seconds.
const OF_A_DAEMON: [Point; 11] = [
    ("store.batch", 14),
    ("store.flush", 14),
    ("store.sync", 14),
    ("outputs.flush", 8),
    ("ocsf.write", 2),
    ("marker.write", 1),
    ("marker.rename", 1),
    ("opening.write", 1),
    ("control.rename", 1),
    ("key.write", 1),
    ("key.rename", 1),
];

/// Others have tests of their own below, or are of stories alone.
const OF_OTHERS: [&str; 6] =
    ["mending.rename", "report.write", "report.rename", "eml.write", "store.open", "store.read"];

/// A broken disk, a full one, a kill.
const HOW: [&str; 3] = ["broken", "full", "die"];

/// Each is an incident and a mail that could be lost.
const REVOKED: u64 = 3;
const CHUNKS: u64 = 6;
const LINES_A_CHUNK: u64 = 60;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// Until what follows from the last line is written, too.
const AFTER: Duration = Duration::from_secs(2);

#[test]
fn whatever_write_fails_nothing_is_lost_or_doubled_and_it_is_said() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).map_or(usual, |text| text.parse::<u64>().unwrap())
    };
    let rounds = number("KEYVIGIL_FAULTS", 1);
    let first = number("KEYVIGIL_FAULT_SEED", 1);
    let mut hits = 0;
    for seed in first..first + rounds {
        let mut dice = Dice(seed);
        for (point, passes) in OF_A_DAEMON {
            let how = HOW[usize::try_from(dice.below(3)).unwrap()];
            let points = format!("{point}={}*off->2*return({how})->off", dice.below(passes));
            let again = format!("KEYVIGIL_FAULT_SEED={seed} FAILPOINTS={points}");
            hits += u64::from(Scene::new(again).run(&points));
        }
    }
    // The later ones may not be come to.
    let cases = rounds * u64::try_from(OF_A_DAEMON.len()).unwrap();
    assert!(cases / 2 < hits, "only {hits} of {cases} writes failed");
}

#[test]
fn a_store_that_is_compacted_is_there_wherever_it_is_interrupted() {
    for (how, before) in [("broken", 0), ("die", 0), ("die", 1), ("full", 1), ("die", 2)] {
        let mut scene = Scene::new(format!("compact: {how} after {before}"));
        let mut running = scene.begin();
        scene.write(LINES_A_CHUNK);
        scene.wait_until_all_is_read(&mut running);
        assert_eq!(running.stop(), 0, "{}", scene.case);
        let state = scene.path("state");
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
        command.args(["store", "compact", "--state", text(&state)]);
        command.env("FAILPOINTS", format!("mending.rename={before}*off->1*return({how})->off"));
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{}: it did not fail", scene.case);
        let lines = scene.lines;
        let there = query(&state, "SELECT count(*) AS lines FROM events");
        assert_eq!(there, [lines.to_string()], "{}: {}", scene.case, stderr(&output));
        let again = keyvigil(&["store", "compact", "--state", text(&state)]);
        assert!(again.status.success(), "{}: {}", scene.case, stderr(&again));
        assert_eq!(query(&state, "SELECT count(*) AS lines FROM events"), there, "{}", scene.case);
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_of_and_written_later() {
    for point in ["report.write", "report.rename"] {
        let mut scene = Scene::new(point.to_owned());
        // A line of the month before the last, one of this month, and the last lies between.
        let mut running = scene.begin();
        scene.line(jiff::Timestamp::now().as_second() - 62 * 86_400, "k_usual");
        scene.write(LINES_A_CHUNK);
        scene.wait_until_all_is_read(&mut running);
        assert_eq!(running.stop(), 0, "{point}");
        let mut running = scene.start(&format!("{point}=return(full)"));
        let status = running.wait_for("/api/v1/status", |body| {
            body.contains("report could not") && body.contains("\"verdict\":\"degraded\"")
        });
        assert!(status.contains("No space left"), "{status}");
        assert_eq!(running.stop(), 0, "{point}");
        let reports = scene.path("state/reports");
        let pages = || -> Vec<PathBuf> {
            let files = fs::read_dir(&reports).unwrap().map(|file| file.unwrap().path());
            files.filter(|path| path.extension().is_some_and(|it| it == "html")).collect()
        };
        assert_eq!(pages(), [] as [PathBuf; 0]);
        let mut running = scene.start("");
        running.wait_for("/api/v1/status", |_| !pages().is_empty());
        let page = fs::read_to_string(&pages()[0]).unwrap();
        assert!(page.trim_end().ends_with("</html>"), "{point}");
        assert_eq!(running.stop(), 0, "{point}");
    }
}

#[test]
fn every_place_that_writes_has_its_point() {
    let mut points = Vec::new();
    for room in ["store", "app", "alert"] {
        look_into(&Path::new("src").join(room), &mut points);
    }
    points.sort_unstable();
    let mut known: Vec<&str> = OF_A_DAEMON.iter().map(|(point, _)| *point).collect();
    known.extend(OF_OTHERS);
    known.sort_unstable();
    assert_eq!(points, known);
}

/// Names of points; complains of a file that writes and has none.
fn look_into(folder: &Path, points: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look_into(&path, points);
            continue;
        }
        let whole = fs::read_to_string(&path).unwrap();
        let source = whole.split("#[cfg(test)]").next().unwrap();
        let is_test = text(&path).contains("test") || text(&path).ends_with("fault.rs");
        if is_test {
            continue;
        }
        let found: Vec<&str> = ["fault::point(\"", "fault::write(\""]
            .iter()
            .flat_map(|call| source.split(call).skip(1))
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        let writes =
            ["fs::write(", "File::create(", ".create_new(", ".append(true)", "fs::rename("];
        let is_writing = writes.iter().any(|write| source.contains(write));
        // Moving a damaged store aside is `opening`'s, and is tried again by the next start.
        let is_free = text(&path).ends_with("store/opening.rs");
        let has_point = is_free || !found.is_empty();
        assert!(!is_writing || has_point, "{} writes and cannot fail", path.display());
        points.extend(found.into_iter().map(str::to_owned));
    }
}

/// A daemon with everything that it can write to.
struct Scene {
    folder: tempfile::TempDir,
    mails: MailServer,
    lines: u64,
    /// What to run again.
    case: String,
}

impl Scene {
    fn new(case: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mails = MailServer::start_plain(folder.path(), free_address());
        let scene = Self { folder, mails, lines: 0, case };
        let mut inventory = "key_id,owner,role,created,status,status_since\n\
             k_usual,a@example.com,partner,2025-01-01,active,2025-01-01\n"
            .to_owned();
        let rest = ",b@example.com,partner,2025-01-01,revoked,2025-06-01\n";
        inventory.extend((0..REVOKED).map(|number| format!("k_revoked_{number}{rest}")));
        fs::write(scene.path("inventory.csv"), inventory).unwrap();
        fs::write(scene.path("access.log"), "").unwrap();
        scene
    }

    /// Fails once or twice, and then never again. Returns whether it did.
    fn run(mut self, points: &str) -> bool {
        let mut running = self.start(points);
        let early = self.wait_until_it_watches(&mut running);
        if early {
            drop(running);
            running = self.begin();
        }
        for chunk in 0..CHUNKS {
            if chunk % 2 == 0 {
                let now = jiff::Timestamp::now().as_second();
                self.line(now, &format!("k_revoked_{}", chunk / 2));
            }
            self.write(LINES_A_CHUNK);
            thread::sleep(Duration::from_millis(200));
        }
        let ended = self.watch(&mut running);
        let said = fs::read_to_string(self.path("stderr")).unwrap();
        if let Some(ended) = ended {
            self.check_end(ended.code(), &said);
        }
        drop(running);
        let mut running = self.start("");
        self.wait_until_all_is_read(&mut running);
        self.check_people(&mut running);
        assert_eq!(running.stop(), 0, "{}", self.case);
        self.check_state();
        early || ended.is_some() || said.contains("(os error ")
    }

    /// A log that is new is followed from then on. `true` if it ended before that.
    fn wait_until_it_watches(&self, running: &mut Running) -> bool {
        let since = Instant::now();
        loop {
            if let Some(status) = running.child.try_wait().unwrap() {
                let said = fs::read_to_string(self.path("stderr")).unwrap();
                self.check_end(status.code(), &said);
                return true;
            }
            let status = running.get("/api/v1/status").map(|(_, body)| body).unwrap_or_default();
            if status.contains("\"state\":\"idle\"") {
                return false;
            }
            assert!(since.elapsed() < PATIENCE, "{}: it does not begin: {status}", self.case);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// A start at which nothing fails.
    fn begin(&self) -> Running {
        let mut running = self.start("");
        assert!(!self.wait_until_it_watches(&mut running), "{}", self.case);
        running
    }

    /// Until it ends, or all is read and what follows is written; then it is stopped. Gives how it
    /// ended by itself.
    fn watch(&self, running: &mut Running) -> Option<ExitStatus> {
        let all = format!("\"lines\":{},", self.lines);
        let since = Instant::now();
        let mut read: Option<Instant> = None;
        loop {
            if let Some(status) = running.child.try_wait().unwrap() {
                return (!status.success()).then_some(status);
            }
            let status = running.get("/api/v1/status").map(|(_, body)| body).unwrap_or_default();
            if read.is_none() && status.contains(&all) {
                read = Some(Instant::now());
            }
            if read.is_some_and(|read| AFTER < read.elapsed()) {
                // What it writes at its end may fail as well.
                signal(running.child.id(), "TERM");
                read = None;
            }
            assert!(
                since.elapsed() < PATIENCE,
                "{}: it neither reads nor ends: {status}",
                self.case
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// By an error it ends with an exit code that systemd starts it again after, and with words.
    fn check_end(&self, code: Option<i32>, said: &str) {
        let case = &self.case;
        if case.contains("die") {
            assert_eq!(code, None, "{case}:\n{said}");
            return;
        }
        assert!(matches!(code, Some(1 | 78)), "{case}: {code:?}\n{said}");
        let last = said.trim_end().lines().rev().take(6).collect::<Vec<_>>().join("\n");
        let helps = ["start", "give", "room", "look"].iter().any(|word| last.contains(word));
        assert!(helps, "{case}: it does not say what to do:\n{last}");
    }

    fn wait_until_all_is_read(&self, running: &mut Running) -> String {
        let all = format!("\"lines\":{},", self.lines);
        running.wait_for("/api/v1/status", |body| body.contains(&all))
    }

    /// Everybody was told of every incident, and of none more than twice.
    fn check_people(&self, running: &mut Running) {
        let case = &self.case;
        let all = |body: &str| (0..REVOKED).all(|it| body.contains(&format!("k_revoked_{it}:")));
        let body = running.wait_for("/api/v1/incidents", all);
        let parsed: Value = serde_json::from_str(&body).unwrap();
        let ocsf = self.path("ocsf.jsonl");
        for number in 0..REVOKED {
            let key = format!("k_revoked_{number}");
            let about = parsed["incidents"].as_array().unwrap().iter();
            let about = about.filter(|it| it["keys"][0] == key.as_str()).count();
            assert_eq!(about, 1, "{case}: {key}");
            self.mails.wait_for(case, |mail| mail.subject.contains(&key));
            running.wait_for("/api/v1/status", |_| {
                fs::read_to_string(&ocsf).is_ok_and(|lines| lines.contains(&key))
            });
        }
        let mut times: BTreeMap<String, u64> = BTreeMap::new();
        for mail in self.mails.mails() {
            *times.entry(mail.message_id).or_default() += 1;
        }
        assert!(times.values().all(|count| *count <= 2), "{case}: {times:?}");
        running.wait_for("/api/v1/status", |body| body.contains("\"verdict\":\"alert\""));
    }

    fn check_state(&self) {
        let (case, state) = (&self.case, self.path("state"));
        let counted = query(&state, "SELECT count(*) AS n, count(DISTINCT path) AS p FROM events");
        assert_eq!(counted, [format!("{0},{0}", self.lines)], "{case}");
        for command in [["store", "verify"], ["journal", "verify"]] {
            let output = keyvigil(&[&command[..], &["--state", text(&state)]].concat());
            assert!(output.status.success(), "{case}: {command:?}: {}", stderr(&output));
        }
        for name in ["ocsf.jsonl", "alerts.jsonl"] {
            let lines = fs::read_to_string(self.path(name)).unwrap();
            let whole = lines.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok());
            // Half a line may be left of a kill, but nothing is behind it in its line.
            let (whole, all) = (whole.count(), lines.lines().count());
            let halves_max = usize::from(case.contains("die"));
            assert!(all - whole <= halves_max, "{case}: {name}:\n{lines}");
            for number in 0..REVOKED {
                assert!(lines.contains(&format!("k_revoked_{number}")), "{case}: {name}:\n{lines}");
            }
        }
    }

    fn start(&self, points: &str) -> Running {
        let listen = free_address();
        let path = |name: &str| text(&self.path(name)).to_owned();
        let config = format!(
            "key_is = \"id\"\ninventory = \"{}\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
             [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{listen}\"\n{}\
             [reports]\nmonthly = true\n[[notify]]\nname = \"soc\"\nkind = \"ocsf\"\npath = \"{}\"\n",
            path("inventory.csv"),
            path("access.log"),
            path("state"),
            self.mails.configuration(),
            path("ocsf.jsonl"),
        );
        fs::write(self.path("keyvigil.toml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
        command.args(["run", "--config", &path("keyvigil.toml")]);
        command.args(["--alerts-json", &path("alerts.jsonl")]);
        start_as(command.env("FAILPOINTS", points), listen, self.folder.path())
    }

    fn write(&mut self, count: u64) {
        let now = jiff::Timestamp::now().as_second();
        for _ in 0..count {
            self.line(now, "k_usual");
        }
    }

    /// Every path is another one.
    fn line(&mut self, at: i64, key: &str) {
        let mut log = fs::OpenOptions::new().append(true).open(self.path("access.log")).unwrap();
        writeln!(
            log,
            "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\
             \"path\":\"/e/{}\",\"status\":200,\"key_id\":\"{key}\"}}",
            self.lines
        )
        .unwrap();
        self.lines += 1;
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
