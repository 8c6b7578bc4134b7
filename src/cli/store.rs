//! `keyvigil store`: what a person does to the store itself.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::exit;
use super::look::LookArgs;
use crate::app;
use crate::store::{Compacted, Rebuilt, Rotation, Survey};

/// Replace the key of the store, see whether it is whole, mend it, make it small
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Encrypt everything with a new key, while no daemon runs
    ///
    /// A key that lies in the state directory is replaced by a new one. A configured key is
    /// replaced by you: name the new one as `[store] key`, the old one as `previous_keys`, and
    /// restart. The daemon then does the rest in the background, or this command does it at once.
    /// Killed at any moment, either goes on from there at the next start.
    RotateKey {
        #[command(flatten)]
        look: LookArgs,
    },
    /// Read and decrypt everything, and say what is broken; nothing is changed
    Verify {
        #[command(flatten)]
        look: LookArgs,
    },
    /// Keep what is whole in a new store, and put the old one aside
    ///
    /// What was stored after the last whole checkpoint, an hour at most, is read again from the logs
    /// at the next start, and nothing counts twice. The old store is never deleted: do that yourself.
    Repair {
        #[command(flatten)]
        look: LookArgs,
    },
    /// Give the room back that forgotten events took
    Compact {
        #[command(flatten)]
        look: LookArgs,
    },
}

/// Of a long list, so many are shown.
const SHOWN_MAX: usize = 20;

/// What to do where there is nothing to do here.
const CONFIGURED: &str = "Every value is encrypted with the configured key. To replace that key:
  1. make a new one: openssl rand -hex 32
  2. name it in the configuration as [store] key, and the old one as [store] previous_keys
  3. restart keyvigil, or run this again: what is stored is encrypted anew, and nothing is lost
  4. when `keyvigil status` says nothing more of a new key, take the old one away
";

pub(super) fn run(args: &StoreArgs) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::RotateKey { look } => rotate(look),
        What::Verify { look } => verify(look),
        What::Repair { look } => repair(look),
        What::Compact { look } => compact(look),
    }
}

fn rotate(look: &LookArgs) -> anyhow::Result<ExitCode> {
    let is_watched = std::io::stderr().is_terminal();
    let mut shown = None;
    let done = look.rotate_at_rest(&mut |rotation: &Rotation| {
        if is_watched && shown != Some(rotation.percent) {
            shown = Some(rotation.percent);
            let text = format!("\r{} % encrypted with the new key ", rotation.percent);
            drop(std::io::stderr().lock().write_all(text.as_bytes()));
        }
    })?;
    let text = match done {
        Some(rotation) => told(&rotation),
        None => CONFIGURED.to_owned(),
    };
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn verify(look: &LookArgs) -> anyhow::Result<ExitCode> {
    let survey = app::verify(&look.config()?, &look.whom.state())?;
    say(&surveyed(&survey))?;
    Ok(if survey.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(exit::FINDINGS) })
}

fn repair(look: &LookArgs) -> anyhow::Result<ExitCode> {
    let rebuilt = app::repair(&look.config()?, &look.whom.state())?;
    say(&repaired(&rebuilt))?;
    Ok(ExitCode::SUCCESS)
}

fn compact(look: &LookArgs) -> anyhow::Result<ExitCode> {
    let Compacted { bytes_before, bytes_after } =
        app::compact(&look.config()?, &look.whom.state())?;
    say(&format!(
        "The store took {} MB and takes {} MB now.\n",
        bytes_before.div_ceil(1_000_000),
        bytes_after.div_ceil(1_000_000)
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn surveyed(survey: &Survey) -> String {
    let Survey { values, blocks, events, .. } = survey;
    let held = format!("{events} events in {blocks} blocks, {values} values in all");
    let problems = survey.problems();
    if problems.is_empty() {
        return format!("The store is whole: {held}, and every one can be read.\n");
    }
    let more = problems.len().saturating_sub(SHOWN_MAX);
    let mut lines = vec![format!("The store is damaged. Whole are {held}.")];
    lines.extend(problems.iter().take(SHOWN_MAX).map(|problem| format!("  - {problem}")));
    lines.extend((more != 0).then(|| format!("  - and {more} more")));
    lines.push(
        "next: keyvigil store repair keeps what is whole, and moves this one aside".to_owned(),
    );
    lines.join("\n") + "\n"
}

fn repaired(rebuilt: &Rebuilt) -> String {
    let Rebuilt { blocks, events, events_again, moved_to, .. } = rebuilt;
    let mut lines = vec![format!("Kept: {events} events in {blocks} blocks.")];
    let lost: u64 = rebuilt.survey.broken.iter().map(|gap| u64::from(gap.events)).sum();
    if lost != 0 {
        let lines_of_gaps = rebuilt.survey.problems();
        lines.push(format!("Lost: {lost} events that nothing can read any more."));
        lines.extend(lines_of_gaps.iter().take(SHOWN_MAX).map(|problem| format!("  - {problem}")));
    }
    if *events_again != 0 {
        lines.push(format!(
            "To be read again: {events_again} events after the last checkpoint. The next start reads \
             them from the logs; a mail about them may come a second time."
        ));
    }
    if rebuilt.learns_anew {
        lines.push(
            "What is usual for each key is learned anew from the events that are kept.".into(),
        );
    }
    if rebuilt.has_new_pepper {
        lines.push(
            "The secret of the pseudonyms was lost: keys that are secrets have other ids from now \
             on, and are learned anew."
                .to_owned(),
        );
    }
    lines.push(format!(
        "The old store lies in {}; delete it when you do not want it any more.\nWhoever was \
         forgotten before may be in it: if you forgot somebody lately, do so again.",
        moved_to.display()
    ));
    lines.join("\n") + "\n"
}

impl LookArgs {
    fn rotate_at_rest(
        &self,
        progress: &mut dyn FnMut(&Rotation),
    ) -> anyhow::Result<Option<Rotation>> {
        Ok(app::rotate_at_rest(&self.config()?, &self.whom.state(), progress)?)
    }
}

fn told(rotation: &Rotation) -> String {
    let damaged = match rotation.unreadable {
        0 => String::new(),
        many => format!("; {many} values are damaged and stay as they are"),
    };
    format!(
        "The store is encrypted with its new key (its id begins with {}): {} values were \
         encrypted anew{damaged}.\nThe old key is not needed any more, except for backups that \
         were made with it.\n",
        rotation.key, rotation.rewritten
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_with_what_is_damaged() {
        let rotation = Rotation {
            is_over: true,
            percent: 100,
            rewritten: 12,
            unreadable: 2,
            key: "0a1b2c3d".to_owned(),
        };
        let text = told(&rotation);
        assert!(text.contains("0a1b2c3d): 12 values") && text.contains("2 values are damaged"));
    }
}
