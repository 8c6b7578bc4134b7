//! `keyvigil demo`: the whole program on made-up traffic, with nothing configured.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use super::announce::Announcer;
use super::tell;
use crate::app::{self, Live, Outputs, Play, Reader};
use crate::config::Config;
use crate::detect::count_text;
use crate::identity::KeyIs;
use crate::model::Millis;
use crate::simulate::{self, Options, Simulation, Staging};

/// Enough to be interesting, and learned from within seconds.
const DEMO_KEYS: usize = 60;
const DEMO_REQUESTS_PER_DAY: f64 = 30_000.0;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The same seed tells the same story
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days of history to learn from
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(3..=60))]
    days: u32,
    /// How many hours to play after it
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=48))]
    hours: u32,
    /// How many times faster than life
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=3600))]
    speed: u32,
    /// Where the page is served
    #[arg(long, value_name = "ADDR")]
    listen: Option<std::net::SocketAddr>,
    /// Where mails and state are put; a new directory if not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    // That the key of the store lies beside it is worth a warning, but not for made-up data.
    tell::start_logging("warn,keyvigil::store::key_file=error");
    let out = match &args.out {
        Some(out) => out.clone(),
        None => std::env::temp_dir().join(format!("keyvigil-demo-{}", std::process::id())),
    };
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let from = app::now().hour().end();
    let simulation = simulate::simulate(&Options {
        seed: args.seed,
        days: args.days + 1,
        end: from.plus(Millis::hours(i64::from(args.hours))),
        keys: DEMO_KEYS,
        requests_per_day: DEMO_REQUESTS_PER_DAY,
        staging: Staging::Showcase { last_hours: args.hours },
        ..Options::default()
    });
    let config = config(args, &simulation, &out)?;
    say(&format!(
        "{} days of made-up traffic to learn from, then {} hours of it at {} times their pace\n\n",
        args.days, args.hours, args.speed,
    ))?;
    let mut announcer = Announcer::default();
    let same = config.clone();
    let live = Live {
        config,
        file: None,
        reread: Arc::new(move || Ok(same.clone())),
        state: Some(out.join("state")),
        outputs: Outputs::default(),
        reader: Reader::Play(play(args, simulation, from, out.join("mails"))),
        any_port: args.listen.is_none(),
        announce: Box::new(move |incident| {
            if from <= incident.last_seen {
                announcer.announce(incident);
            }
        }),
        on_page: Box::new(|address| drop(say(&format!("page     {address}\n")))),
    };
    say(&format!("mails    {}\n", out.join("mails").display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(app::run(live))?;
    say(&format!("\nstopped; mails and state are in {}\n", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn config(args: &DemoArgs, simulation: &Simulation, out: &Path) -> anyhow::Result<Config> {
    let (inventory, networks) = (out.join("inventory.csv"), out.join("networks.csv"));
    fs::write(&inventory, simulation.inventory_csv())?;
    fs::write(&networks, simulation.networks_csv())?;
    let mut config = Config {
        key_is: KeyIs::Id,
        inventory: Some(inventory),
        networks: Some(networks),
        ..Config::default()
    };
    config.web.listen = args.listen.or(config.web.listen);
    Ok(config)
}

fn play(
    args: &DemoArgs,
    mut simulation: Simulation,
    from: crate::model::Timestamp,
    letters: PathBuf,
) -> Play {
    Play {
        next_hour: Box::new(move |text| simulation.next_hour(text)),
        from,
        speed: args.speed,
        log_format: simulate::LOG_FORMAT.to_owned(),
        letters,
        on_over: Box::new(|| {
            drop(say("\nThat was the story. The page stays until Ctrl-C.\n"));
        }),
        on_learned: Box::new(|events| {
            drop(say(&format!(
                "learned from {} requests; now watching. Ctrl-C ends it.\n\n",
                count_text(events)
            )));
        }),
    }
}

fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
