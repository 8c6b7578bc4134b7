//! `keyvigil journal`: the audit journal, and whether anybody changed it.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;

use super::exit;
use super::look::LookArgs;
use super::tell::shown;
use crate::app::control::JournalAsk;
use crate::store::{Checked, Entry, Given, Head, KeptHead, Standing, Worth};

const AFTER_HELP: &str = "\
Each entry has the hash of the one before, so that an entry that is changed, cut out, put in or moved
is found by the journal alone. Who has the key of the store could write it anew from some entry on:
that is found by a head that is kept elsewhere. The daemon writes its signed head into the journal of
the system each hour and when it stops, and into the daily mail:

  journalctl -u keyvigil --grep 'head of the audit journal'
  keyvigil journal verify --head 4711.9f2c…
  keyvigil journal verify --head mail.txt

Exit status of verify: 0 if it is whole, 65 if it was changed, 75 if another process holds the
store.";

/// The audit journal: who looked at what, and who said or changed what
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct JournalArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Look whether anything in it was changed, cut out, put in or moved
    #[command(after_help = AFTER_HELP)]
    Verify {
        /// A head that was written down elsewhere: NUMBER.HASH, or the hash, or a file with what the
        /// system's journal or a mail says of it, whose signature is looked at too; may be given
        /// several times
        #[arg(long, value_name = "HEAD|FILE", value_parser = kept_heads)]
        head: Vec<Kept>,
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        look: LookArgs,
    },
    /// Show its entries, the newest first
    List {
        /// So many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Only entries before this number
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        look: LookArgs,
    },
}

pub(super) fn run(args: &JournalArgs) -> anyhow::Result<ExitCode> {
    let (text, code) = match &args.what {
        What::Verify { head, json, look } => {
            let kept: Vec<KeptHead> = head.iter().flat_map(|it| it.0.clone()).collect();
            let heads: Vec<Head> = kept.iter().map(|it| it.head.clone()).collect();
            let checked: Checked = understood(look, &JournalAsk::Verify { heads })?;
            let doubts = doubts(&kept, &checked);
            let is_good = checked.is_whole() && doubts.is_empty();
            let text = if *json { as_json(&checked)? } else { told(&checked, &doubts) };
            for doubt in doubts.iter().filter(|_| *json) {
                writeln!(std::io::stderr().lock(), "keyvigil: {doubt}")?;
            }
            (text, if is_good { 0 } else { exit::ALTERED })
        }
        What::List { limit, before, json, look } => {
            let ask = JournalAsk::List { before: *before, limit: *limit };
            let entries: Vec<Entry> = understood(look, &ask)?;
            (if *json { as_json(&entries)? } else { listed(&entries) }, 0)
        }
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::from(code))
}

/// What one `--head` stands for.
#[derive(Clone, Debug)]
struct Kept(Vec<KeptHead>);

/// More than any line or mail about a head.
const KEPT_BYTES_MAX: u64 = 1 << 20;

/// A head as it is, or a file in which some stand.
fn kept_heads(given: &str) -> Result<Kept, String> {
    let wrong = match given.parse::<Head>() {
        Ok(head) => return Ok(Kept(vec![KeptHead { head, signature: None, key: None }])),
        Err(wrong) => wrong.to_string(),
    };
    let Ok(file) = std::fs::File::open(given) else {
        return Err(format!("{wrong}; and there is no file of that name that can be read"));
    };
    let mut text = Vec::new();
    file.take(KEPT_BYTES_MAX)
        .read_to_end(&mut text)
        .map_err(|error| format!("the file cannot be read: {error}"))?;
    let found = KeptHead::all_in(&String::from_utf8_lossy(&text));
    if found.is_empty() {
        Err(format!("no head stands in the file; {wrong}"))
    } else {
        Ok(Kept(found))
    }
}

/// What is wrong with the signatures of the heads that were given.
fn doubts(kept: &[KeptHead], checked: &Checked) -> Vec<String> {
    let own = checked.head.as_ref().map_or("", |head| head.key.as_str());
    let doubt = |kept: &KeptHead| {
        let head = short(&kept.head);
        match kept.signature(own) {
            Worth::None | Worth::Good => None,
            Worth::OtherKey => Some(format!(
                "head {head}: another key signed it than this journal's: one of them is not of this \
                 installation, or the journal was written anew"
            )),
            Worth::Forged => Some(format!(
                "head {head}: its signature is not good: what was kept was changed, or made up"
            )),
        }
    };
    kept.iter().filter_map(doubt).collect()
}

/// What the daemon answers, or the store that it left.
fn understood<T: DeserializeOwned>(look: &LookArgs, ask: &JournalAsk) -> anyhow::Result<T> {
    serde_json::from_value(look.journal(ask)?).context("the daemon's answer cannot be understood")
}

fn as_json<T: serde::Serialize>(value: &T) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

fn told(checked: &Checked, doubts: &[String]) -> String {
    let mut text = String::new();
    write_told(&mut text, checked, doubts).unwrap_or_default();
    text
}

fn write_told(text: &mut String, checked: &Checked, doubts: &[String]) -> std::fmt::Result {
    let Checked { entries, first, last, forgotten, .. } = checked;
    if !checked.faults.is_empty() {
        writeln!(text, "The journal was changed.")?;
        for fault in &checked.faults {
            writeln!(text, "  {}", shown(&fault.to_string()))?;
        }
        if 0 < checked.more_faults {
            writeln!(text, "  … and {} places more", checked.more_faults)?;
        }
    } else if !checked.is_whole() {
        writeln!(text, "The journal holds together, but not with a head that was kept elsewhere:")?;
    } else if *entries == 0 {
        writeln!(text, "The journal is empty.")?;
    } else {
        writeln!(
            text,
            "The journal holds together: {entries} entries, {first} to {last}, each bound to the one \
             before."
        )?;
    }
    if 0 < *forgotten {
        writeln!(text, "  {forgotten} words in it were forgotten because somebody asked for it")?;
    }
    for given in &checked.given {
        writeln!(text, "  head {}: {}", short(&given.head), standing(given))?;
    }
    for doubt in doubts {
        writeln!(text, "  {doubt}")?;
    }
    if let Some(signed) = &checked.head {
        writeln!(text, "  head now  {}", signed.head)?;
        writeln!(text, "  signed by {} (Ed25519)", signed.key)?;
    }
    if checked.given.is_empty() && checked.faults.is_empty() && 0 < *entries {
        writeln!(
            text,
            "  next: give a head that was kept elsewhere (--head): without one, a journal that was \
             written anew as a whole looks like this too"
        )?;
    }
    Ok(())
}

fn standing(given: &Given) -> String {
    match given.standing {
        Standing::Holds { number } => {
            format!("it is entry {number}; up to there nothing was changed since it was kept")
        }
        Standing::Other => {
            "another entry stands at that number: the journal was written anew, at the latest from \
             there on"
                .to_owned()
        }
        Standing::Cut => "the journal ends before it: its end was cut off".to_owned(),
        Standing::Unknown => {
            "no entry has that hash: it was changed or cut, or it is of another journal; with its \
             number (NUMBER.HASH) more can be said"
                .to_owned()
        }
        Standing::Removed => {
            "that entry was removed because it was old; give a newer head".to_owned()
        }
    }
}

/// Enough of it to know it again.
fn short(head: &Head) -> String {
    head.to_string().chars().take(24).collect()
}

fn listed(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "The journal is empty.\n".to_owned();
    }
    let line = |entry: &Entry| {
        let at = jiff::Timestamp::from_second(entry.at.seconds()).unwrap_or_default();
        let mut line =
            format!("{:>6}  {at}  {:<14} {}", entry.number, shown(&entry.who), shown(&entry.what));
        for (before, word) in [(": ", &entry.about), ("; because ", &entry.reason)] {
            if !word.is_empty() {
                line.push_str(before);
                line.push_str(&shown(word));
            }
        }
        if !entry.from.is_empty() {
            line.push_str("  (");
            line.push_str(&shown(&entry.from));
            line.push(')');
        }
        line.push('\n');
        line
    };
    entries.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Fault;

    #[test]
    fn a_whole_journal_says_what_a_head_would_add() {
        let checked = Checked { entries: 3, first: 1, last: 3, ..Checked::default() };
        let text = told(&checked, &[]);
        assert!(text.starts_with("The journal holds together: 3 entries, 1 to 3,"), "{text}");
        assert!(text.contains("--head"), "{text}");
        assert_eq!(told(&Checked::default(), &[]), "The journal is empty.\n");
    }

    #[test]
    fn faults_say_where_and_heads_what_they_prove() {
        let head: Head = "7.0123456789abcdef".parse().unwrap();
        let given = |standing| Given { head: head.clone(), standing };
        let checked = Checked {
            entries: 9,
            faults: vec![Fault::Missing { from: 4, to: 5 }],
            more_faults: 2,
            given: vec![given(Standing::Cut), given(Standing::Holds { number: 7 })],
            ..Checked::default()
        };
        let text = told(&checked, &[]);
        assert!(text.contains("entries 4 to 5 are missing\n  … and 2 places more"), "{text}");
        assert!(text.contains("head 7.0123456789abcdef: the journal ends before it"), "{text}");
        assert!(text.contains("it is entry 7; up to there nothing"), "{text}");
    }

    #[test]
    fn an_entry_is_one_line_that_steers_no_terminal() {
        let entry = Entry {
            number: 12,
            who: "ann".to_owned(),
            what: "muted".to_owned(),
            about: "INC-0a0001".to_owned(),
            reason: "a\u{1b}[2Jb\nc".to_owned(),
            from: "192.0.2.7".to_owned(),
            ..Entry::default()
        };
        let text = listed(&[entry]);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("ann            muted: INC-0a0001; because a"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
