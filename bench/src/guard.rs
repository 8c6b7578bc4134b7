//! A small run for the tests: fails if the work has become much dearer, measured in `grep`s.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::app::whole;
use crate::logs;

/// What the work on these lines costs, in times what `LC_ALL=C grep -cF` costs on the same file:
/// what was measured, on a busy machine and on a quiet one (`docs/performance.md`). To be lowered
/// when the program has become faster.
const GREPS_MEASURED: f64 = 4.4;
/// So much more is a regression.
const REGRESSION: f64 = 1.3;
const LINES: usize = 200_000;
const KEYS: usize = 200;
const ROUNDS: usize = 7;
/// The kernel counts a child's time in hundredths of a second.
const GREPS_A_ROUND: u32 = 10;
const TICKS_A_SECOND: f64 = 100.0;

pub(crate) fn run() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("keyvigil-guard-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let log = folder.join("access.log");
    logs::write(&log, "combined", (LINES, KEYS, 1));
    grep(&log);
    let mut ratios: Vec<f64> = (0..ROUNDS).map(|_| round(&log)).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    ratios.sort_by(f64::total_cmp);
    let max = GREPS_MEASURED * REGRESSION;
    let (best, median) = (ratios[0], ratios[ROUNDS / 2]);
    println!(
        "on a core {best:.1} times grep at best, {median:.1} in the middle; {max:.1} is too much"
    );
    if best <= max {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "the work on a line costs more than it did, in every one of {ROUNDS} rounds: see docs/performance.md"
    );
    ExitCode::FAILURE
}

/// The cores' time for the whole work, by that for `grep`. Waiting does not count, nor do other
/// programs.
fn round(log: &Path) -> f64 {
    let before = children_on_core();
    for _ in 0..GREPS_A_ROUND {
        grep(log);
    }
    let grep = (children_on_core() - before) / f64::from(GREPS_A_ROUND);
    let done = whole::run(log, "combined");
    done.on_core.iter().sum::<f64>() / grep
}

fn grep(log: &Path) {
    let mut grep = Command::new("grep");
    grep.args(["-cF", "\" 401 "]).arg(log).env("LC_ALL", "C").stdout(Stdio::piped());
    assert!(grep.output().unwrap().status.success());
}

/// What children that have ended had of a core.
fn children_on_core() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit(") ").next().unwrap();
    let ticks = behind_name.split(' ').skip(13).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS_A_SECOND
}
