//! How fast the program does its work: stage by stage, as a whole, and beside programs that do less.
//! `scripts/bench` runs it.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "rooms are included whole, and used in part"
)]

#[path = "../../src/baseline/mod.rs"]
mod baseline;
#[path = "../../src/detect/mod.rs"]
mod detect;
#[path = "../../src/engine/mod.rs"]
mod engine;
#[path = "../../src/format/mod.rs"]
mod format;
#[path = "../../src/identity/mod.rs"]
mod identity;
#[path = "../../src/incident/mod.rs"]
mod incident;
#[path = "../../src/model/mod.rs"]
mod model;
#[path = "../../src/profile/mod.rs"]
mod profile;
#[path = "../../src/store/mod.rs"]
mod store;
#[path = "../../src/tail/mod.rs"]
mod tail;

/// The part of the room that needs neither page nor mail.
#[path = "../../src/app"]
mod app {
    mod counts;
    mod desk;
    mod headers;
    mod intake;
    mod once;
    mod reading;
    mod spares;
    mod watermark;
    mod whose;
    mod windows;

    #[path = "../../bench/src/whole.rs"]
    pub(crate) mod whole;
}

mod by_hand;
mod clock;
mod engine_alone;
mod formats;
mod guard;
mod logs;
mod stages;
mod traffic;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: keyvigil-bench write combined|json LINES KEYS PATH [DAYS]
       keyvigil-bench stages combined|json PATH
       keyvigil-bench whole combined|json PATH
       keyvigil-bench engine [NAME]…
       keyvigil-bench engine NAME WARM_UP MEASURED
       keyvigil-bench formats [NAME]…
       keyvigil-bench guard";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["write", sort, lines, keys, path, days @ ..] => {
            let days = days.first().map_or(1, |days| days.parse().unwrap());
            let of = (lines.parse().unwrap(), keys.parse().unwrap(), days);
            logs::write(Path::new(path), sort, of);
        }
        ["stages", sort, path] => stages::run(Path::new(path), sort),
        ["whole", sort, path] => {
            let done = app::whole::run(Path::new(path), sort);
            let [reading, judging, keeping] = done.on_core;
            println!("{:.4} {reading:.4} {judging:.4} {keeping:.4}", done.wall);
        }
        ["engine", name, warm_up, measured] if warm_up.parse::<u64>().is_ok() => {
            let events = (warm_up.parse().unwrap(), measured.parse().unwrap());
            engine_alone::run_one(name, events);
        }
        ["engine", names @ ..] => engine_alone::run(names),
        ["formats", names @ ..] => formats::run(names),
        ["guard"] => return guard::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
