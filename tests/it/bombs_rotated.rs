//! Compressed bombs among the rotated files of a log that is followed: they are read within bounds
//! or refused in words, and the newer file and the other logs are read all the same.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::bombs::{DATA_BYTES_MAX, LINES, lines, packed, write_zeros};
use crate::parts::{part, text};
use crate::program::{Running, free_address, start_as};

/// Lines of the new file, and of another log.
const NEW: usize = 500;

/// What became of the log while no daemon ran, and what is said of it then.
fn check(name: &str, rotated: &[u8], lines_expected: Option<u64>, said: &[&str]) {
    let outer = tempfile::tempdir().unwrap();
    // Directories beside a log are looked through: the other tests have such logs, too.
    let folder = outer.path().join("logs");
    fs::create_dir(&folder).unwrap();
    let path = |name: &str| folder.join(name);
    for log in ["access.log", "other.log"] {
        fs::write(path(log), "").unwrap();
    }
    let mut running = started(&folder);
    running.wait_for("/api/v1/status", |body| body.matches("\"state\":\"idle\"").count() == 2);
    fs::write(path("access.log"), lines(0)).unwrap();
    let all_read = format!("\"lines\":{LINES},");
    running.wait_for("/api/v1/status", |body| body.contains(&all_read));
    assert_eq!(running.stop(), 0, "{name}");

    fs::write(path(name), rotated).unwrap();
    fs::remove_file(path("access.log")).unwrap();
    for (log, from) in [("access.log", 50_000), ("other.log", 60_000)] {
        let all = String::from_utf8(lines(from)).unwrap();
        let some: String = all.split_inclusive('\n').take(NEW).collect();
        fs::write(path(log), some).unwrap();
    }
    let mut running = started(&folder);
    let beside = format!("\"lines\":{NEW},");
    let status = running.wait_for("/api/v1/status", |body| {
        let there = lines_expected.is_none_or(|all| body.contains(&format!("\"lines\":{all},")));
        there && body.contains(&beside) && body.matches("\"state\":\"idle\"").count() == 2
    });
    let page = running.get("/health").map(|(_, body)| body).unwrap_or_default();
    assert_eq!(running.stop(), 0, "{name}");
    let log = fs::read_to_string(path("stderr")).unwrap();
    for said in said {
        let is_said = [&status, &page, &log].iter().any(|text| text.contains(said));
        assert!(is_said, "{name}: {said} is not said:\n{status}\n{log}\n{page}");
    }
}

#[test]
fn half_a_gigabyte_of_zeros_in_a_rotated_log_is_skipped_and_the_rest_is_read() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    write_zeros(&mut gzip);
    // What was read before, the zeros, what stands behind them, and the new file.
    let all = 2 * LINES + 1 + NEW as u64;
    check("access.log.1.gz", &gzip.finish().unwrap(), Some(all), &["\"rejected\":1,"]);
}

#[test]
fn a_rotated_log_that_cannot_be_unpacked_is_told_of_and_the_new_one_is_read() {
    let whole = packed(&[lines(0), lines(LINES)].concat());
    let all = LINES + NEW as u64;
    check("access.log.1.gz", &whole[..20], Some(all), &["\"losses\":", "it ends too early"]);
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(28).unwrap();
    wide.write_all(&[lines(0), lines(LINES)].concat()).unwrap();
    let wide = wide.finish().unwrap();
    check("access.log.1.zst", &wide, Some(all), &["\"losses\":", "lines may be lost"]);
    // What is packed twice is no log: its bytes are rejected, and counted.
    let once = zstd::encode_all([lines(0), lines(LINES)].concat().as_slice(), 1).unwrap();
    let twice = zstd::encode_all(once.as_slice(), 1).unwrap();
    check("access.log.1.zst", &twice, None, &["\"losses\":", "lines may be lost"]);
}

fn started(folder: &Path) -> Running {
    let path = |name: &str| text(&folder.join(name)).to_owned();
    let listen = free_address();
    let config = format!(
        "key_is = \"id\"\nsources = [{{ path = \"{}\", format = \"json\" }}, {{ path = \"{}\", \
         format = \"json\" }}]\n[store]\ndirectory = \"{}\"\n[web]\nlisten = \"{listen}\"\n",
        path("access.log"),
        path("other.log"),
        path("state"),
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
    let mut command = Command::new(part("prlimit", "util-linux"));
    command.arg(format!("--data={DATA_BYTES_MAX}")).arg(env!("CARGO_BIN_EXE_keyvigil"));
    command.args(["run", "--config", &path("keyvigil.toml")]);
    start_as(&mut command, listen, folder)
}
