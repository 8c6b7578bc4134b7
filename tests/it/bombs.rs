//! Compressed logs that were made to hurt: read within bounds, or refused in words.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::parts::{part, text};
use crate::program::{query, stderr, stdout};

pub(crate) const LINES: u64 = 1000;
/// All that a replay may allocate here; whatever keeps a whole line of zeros dies of it.
pub(crate) const DATA_BYTES_MAX: &str = "268435456";
const ZEROS_MIB: usize = 512;

#[test]
fn half_a_gigabyte_of_zeros_in_one_line_is_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let gzip = folder.path().join("zeros.gz");
    let fast = flate2::Compression::fast();
    let mut file = flate2::write::GzEncoder::new(fs::File::create(&gzip).unwrap(), fast);
    write_zeros(&mut file);
    file.finish().unwrap();
    let zst = folder.path().join("zeros.zst");
    let mut file = zstd::Encoder::new(fs::File::create(&zst).unwrap(), 1).unwrap();
    write_zeros(&mut file);
    file.finish().unwrap();
    for bomb in [gzip, zst] {
        let (code, said) = replay(&bomb);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("2,000 lines, 2,000 of them requests, 0 rejected"), "{said}");
        assert!(said.contains("1 lines were too long and were skipped"), "{said}");
    }
}

#[test]
fn twenty_thousand_empty_members_are_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = folder.path().join("members.gz");
    let empty = packed(b"").repeat(20_000);
    fs::write(&bomb, [packed(&lines(0)), empty, packed(&lines(LINES))].concat()).unwrap();
    let (code, said) = replay(&bomb);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2,000 lines"), "{said}");
}

#[test]
fn what_cannot_be_unpacked_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8], because: &str| {
        let bomb = folder.path().join(name);
        fs::write(&bomb, bytes).unwrap();
        let (code, said) = replay(&bomb);
        assert!(code.is_some_and(|code| code != 0), "{name}: {code:?}: {said}");
        assert!(said.contains(because), "{name}: {said}");
    };
    let whole = packed(&lines(0));
    refused("half.gz", &whole[..whole.len() / 2], "it ends too early");
    refused("trail.gz", &[&whole, b"garbage".repeat(100).as_slice()].concat(), "it is damaged");
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(28).unwrap();
    wide.write_all(&lines(0)).unwrap();
    refused("wide.zst", &wide.finish().unwrap(), "unpack it first");
    let once = zstd::encode_all(lines(0).as_slice(), 1).unwrap();
    let twice = zstd::encode_all(once.as_slice(), 1).unwrap();
    refused("nested.zst", &twice, "no known format fits");
}

#[test]
fn of_several_files_a_damaged_one_is_read_as_far_as_it_goes_and_the_others_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let half = packed(&lines(LINES));
    for (name, bytes) in [
        ("1.gz", packed(&lines(0))),
        ("2.gz", half[..half.len() / 2].to_vec()),
        ("3.gz", half[..20].to_vec()),
        ("4.log", lines(3 * LINES)),
    ] {
        fs::write(path(name), bytes).unwrap();
    }
    let replay = |names: &[&str], more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
        command.args(["replay", "--key-is", "id"]).args(more);
        let output = command.args(names.iter().map(|name| path(name))).output().unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let state = path("state");
    let (code, said, errors) =
        replay(&["1.gz", "2.gz", "3.gz", "4.log"], &["--state", text(&state)]);
    assert_eq!(code, Some(65), "{said}{errors}");
    assert_eq!(said.matches(", 1,000 lines, 1,000 of them requests").count(), 2, "{said}");
    assert_eq!(
        said.matches("  not read to its end (what stands before counts): cannot read ").count(),
        2,
        "{said}"
    );
    assert!(said.contains("2 of 4 files could not be read to the end; the others were"), "{said}");
    assert_eq!(errors.matches("it ends too early").count(), 2, "{errors}");
    let stored = query(&state, "SELECT count(*), count(DISTINCT path) FROM events");
    let (stored, paths) = stored[0].split_once(',').unwrap();
    assert_eq!(stored, paths);
    assert!((2 * LINES + 1..3 * LINES).contains(&stored.parse().unwrap()), "{stored}");
    // One that is damaged is not worse alone, and not less.
    let (code, said, _) = replay(&["2.gz"], &[]);
    let lines_of_it = stored.parse::<u64>().unwrap() - 2 * LINES;
    assert!(code == Some(65) && said.contains(&format!(", {lines_of_it} lines,")), "{said}");
    assert_eq!(replay(&["1.gz", "4.log"], &["--quiet"]), (Some(0), String::new(), String::new()));
}

pub(crate) fn write_zeros(out: &mut impl Write) {
    let mib = vec![0; 1 << 20];
    out.write_all(&lines(0)).unwrap();
    for _ in 0..ZEROS_MIB {
        out.write_all(&mib).unwrap();
    }
    out.write_all(b"\n").unwrap();
    out.write_all(&lines(LINES)).unwrap();
}

pub(crate) fn lines(from: u64) -> Vec<u8> {
    let line = |number| {
        format!(
            "{{\"time\":1790000000,\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\
             \"path\":\"/e/{number}\",\"status\":200,\"key_id\":\"k_a\"}}\n"
        )
    };
    (from..from + LINES).map(line).collect::<String>().into_bytes()
}

pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Its exit code, `None` if it was killed, and all that it said.
fn replay(log: &Path) -> (Option<i32>, String) {
    let output = Command::new(part("prlimit", "util-linux"))
        .arg(format!("--data={DATA_BYTES_MAX}"))
        .arg(env!("CARGO_BIN_EXE_keyvigil"))
        .args(["replay", "--key-is", "id", text(log)])
        .output()
        .unwrap();
    (output.status.code(), stdout(&output) + &stderr(&output))
}
