//! `keyvigil forget` and `keyvigil export`: what is stored about somebody goes, or is handed out.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::exit;
use super::look::LookArgs;
use super::tell::shown;
use crate::app::Receipt;
use crate::app::control::{Question, Whom};

const FORGET_HELP: &str = "\
Without --yes it only says how much that would be. What goes: every event, key and habit, every line of
evidence, message, report and word of the audit journal that names them. Incidents stay, without the
name; the journal still verifies. The receipt says what went, and what remains beyond keyvigil's reach.

  keyvigil forget --subject ann@example.com
  keyvigil forget --key k_3vq7xk2mwq5a --yes

Done again it does no harm: if it was cut off, do it again. What the logs say of them from then on is
stored again, unless they are on the list of [privacy] never_store.";

/// Who it is about
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SubjectArgs {
    /// A person, by the name that the logs have: a user, a mail address, any word of its own
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// A key, as keyvigil calls it, or the key itself
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// An address
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
}

/// Forget somebody: everything that names them goes
#[derive(Debug, Args)]
#[command(after_help = FORGET_HELP)]
pub(super) struct ForgetArgs {
    #[command(flatten)]
    whom: SubjectArgs,
    /// Do it; without this it is only counted
    #[arg(long)]
    yes: bool,
    /// The receipt as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    look: LookArgs,
}

/// Hand out what is stored about somebody
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    whom: SubjectArgs,
    /// JSON has everything, CSV the events
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Csv,
}

pub(super) fn forget(args: &ForgetArgs) -> anyhow::Result<ExitCode> {
    let whom = args.whom.whom();
    let receipt = args.look.forget(&whom, args.yes)?;
    let text = if args.json {
        format!("{}\n", serde_json::to_string_pretty(&receipt)?)
    } else {
        told(&receipt)
    };
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let exported = args.look.export(&args.whom.whom())?;
    match args.format {
        Format::Json => print(format!("{exported:#}\n").as_bytes())?,
        Format::Csv => print(&in_csv(&exported)?)?,
    }
    let left_out = exported.get("events_left_out").and_then(Value::as_u64).unwrap_or_default();
    if 0 < left_out {
        let note = format!("keyvigil: {left_out} more events are not in it; ask with `query`");
        writeln!(std::io::stderr().lock(), "{note}")?;
        return Ok(ExitCode::from(exit::FINDINGS));
    }
    Ok(ExitCode::SUCCESS)
}

impl SubjectArgs {
    fn whom(&self) -> Whom {
        match (&self.key, &self.address, &self.subject) {
            (Some(key), _, _) => Whom::Key(key.clone()),
            (None, Some(address), _) => Whom::Address(address.clone()),
            (None, None, subject) => Whom::Subject(subject.clone().unwrap_or_default()),
        }
    }
}

impl LookArgs {
    fn forget(&self, whom: &Whom, really: bool) -> anyhow::Result<Receipt> {
        let question = Question::Forget { whom: whom.clone(), really };
        match self.running(&question)? {
            Some(answer) => {
                serde_json::from_value(answer).context("the daemon's answer cannot be understood")
            }
            None => self.forget_at_rest(whom, really),
        }
    }

    fn export(&self, whom: &Whom) -> anyhow::Result<Value> {
        match self.running(&Question::Export { whom: whom.clone() })? {
            Some(answer) => Ok(answer),
            None => self.export_at_rest(whom),
        }
    }
}

fn print(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn told(receipt: &Receipt) -> String {
    let mut text = String::new();
    write_told(&mut text, receipt).unwrap_or_default();
    text
}

fn write_told(text: &mut String, receipt: &Receipt) -> std::fmt::Result {
    let stored = &receipt.stored;
    let counts = [
        (receipt.keys, "key with its habits", "keys with their habits"),
        (stored.events, "event", "events"),
        (stored.incidents, "incident that names them", "incidents that name them"),
        (stored.evidence, "line of evidence", "lines of evidence"),
        (stored.findings, "finding about a credential", "findings about credentials"),
        (stored.messages, "message", "messages"),
        (stored.inputs, "journalled input", "journalled inputs"),
        (stored.journal, "entry of the audit journal", "entries of the audit journal"),
        (receipt.reports.len() as u64, "written report", "written reports"),
        (receipt.damaged.len() as u64, "store moved aside", "stores moved aside"),
    ];
    let head = match (receipt.is_preview, counts.iter().all(|(count, _, _)| *count == 0)) {
        (_, true) => "Nothing names them.",
        (true, false) => "This would be forgotten:",
        (false, false) => "Forgotten:",
    };
    writeln!(text, "{head}")?;
    for (count, one, many) in counts {
        if count != 0 {
            writeln!(text, "  {count:>8}  {}", if count == 1 { one } else { many })?;
        }
    }
    for name in receipt.reports.iter().chain(&receipt.damaged) {
        writeln!(text, "            {}", shown(name))?;
    }
    writeln!(text, "What keyvigil cannot reach:")?;
    for remains in &receipt.remains {
        writeln!(text, "  - {}", shown(remains))?;
    }
    if receipt.is_preview {
        writeln!(text, "Nothing was changed yet; --yes does it.")
    } else {
        writeln!(text, "Receipt {}; it stands in the audit journal.", receipt.hash)
    }
}

/// A line for each event; no cell is a formula.
fn in_csv(exported: &Value) -> anyhow::Result<Vec<u8>> {
    let events = exported.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut names: Vec<&String> = Vec::new();
    for event in events.iter().filter_map(Value::as_object) {
        for name in event.keys() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.sort_by_key(|name| (*name != "time", *name));
    let mut csv = csv::Writer::from_writer(Vec::new());
    if !names.is_empty() {
        csv.write_record(&names)?;
    }
    for event in &events {
        csv.write_record(names.iter().map(|name| cell(event.get(name.as_str()))))?;
    }
    Ok(csv.into_inner()?)
}

fn cell(value: Option<&Value>) -> String {
    let text = match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_preview_says_that_nothing_was_changed_and_a_receipt_has_its_number() {
        let mut receipt = Receipt { is_preview: true, keys: 1, ..Receipt::default() };
        receipt.stored.events = 12;
        let text = told(&receipt);
        assert!(text.starts_with("This would be forgotten:\n         1  key with its habits\n"));
        assert!(text.contains("      12  events\n") && text.contains("--yes does it"), "{text}");
        let receipt = Receipt { hash: "abc".to_owned(), ..Receipt::default() };
        let text = told(&receipt);
        assert!(text.starts_with("Nothing names them."), "{text}");
        assert!(text.ends_with("Receipt abc; it stands in the audit journal.\n"), "{text}");
    }

    #[test]
    fn events_are_lines_and_no_cell_is_a_formula() {
        let exported = json!({ "events": [
            { "time": "t1", "path": "=cmd()", "status": 200 },
            { "time": "t2", "user": "ann" },
        ]});
        let text = String::from_utf8(in_csv(&exported).unwrap()).unwrap();
        assert_eq!(text, "time,path,status,user\nt1,'=cmd(),200,\nt2,,,ann\n");
        assert!(in_csv(&json!({})).unwrap().is_empty());
    }
}
