//! `keyvigil store`: what a person does to the store itself.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::look::LookArgs;
use crate::app;
use crate::store::Rotation;

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
}

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
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
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
