//! What `check --logs` says of the logs: what they are, who may read them, what they lack.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::shown::Mask;
use super::tell::shown;
use crate::config::Source;
use crate::format::Misfit;
use crate::model::EventKind;
use crate::survey::{Access, Content, Found, KeyLines, Lines, Machine, Server, key_lines};

/// Logs that are named; of the rest their number is given.
const LOGS_SHOWN_MAX: usize = 30;
/// Column at which a value stands.
const LABEL_WIDTH: usize = 10;

/// The configured logs; whether any of them is of no use.
pub(super) fn sources(text: &mut String, machine: &Machine, sources: &[Source]) -> bool {
    let mut wrong = false;
    for source in sources {
        for found in machine.look_at(source).iter().take(LOGS_SHOWN_MAX) {
            text.push('\n');
            log(text, found, machine);
            wrong |= is_useless(found);
        }
    }
    wrong
}

/// What else is on the machine, and how its servers could say which key was used.
pub(super) fn machine(
    text: &mut String,
    machine: &Machine,
    (configured, header): (&[Source], &str),
) {
    let survey = machine.survey();
    let watched: BTreeSet<String> =
        configured.iter().flat_map(|source| machine.look_at(source)).map(|log| log.path).collect();
    let is_watched =
        |path: &str| watched.contains(path) || configured.iter().any(|source| source.path == path);
    let others: Vec<&Found> = survey.logs.iter().filter(|log| !is_watched(&log.path)).collect();
    let which =
        if configured.is_empty() { "logs on this machine" } else { "other logs on this machine" };
    if others.is_empty() && configured.is_empty() {
        line(
            text,
            &format!("\nno access log was found on this machine by {}", machine.reader.name),
        );
    } else if !others.is_empty() {
        line(text, &format!("\n{which}:"));
    }
    for found in others.iter().take(LOGS_SHOWN_MAX) {
        text.push('\n');
        log(text, found, machine);
    }
    if LOGS_SHOWN_MAX < others.len() {
        line(text, &format!("\nand {} more", others.len() - LOGS_SHOWN_MAX));
    }
    for hint in &survey.hints {
        line(text, &format!("\nnote: {hint}"));
    }
    for server in lacking(&survey.logs) {
        if let Some(lines) = key_lines(server, header) {
            text.push('\n');
            text.push_str(&advice(&lines));
        }
    }
}

/// One log, with the lines that mend it.
pub(super) fn log(text: &mut String, found: &Found, machine: &Machine) {
    line(text, &found.path);
    if let Some(declared) = &found.declared {
        let place = format!("{}, by {}", declared.server.title(), declared.place);
        labelled(text, "written by", &place);
    }
    match &found.access {
        Access::Granted => {}
        Access::Missing => {
            labelled(text, "file", "not there yet; it is read as soon as it appears");
        }
        Access::Denied { what, mend } => {
            labelled(text, "PROBLEM", &format!("{} may not read it: {what}", machine.reader.name));
            for line in mend {
                labelled(text, "", line);
            }
        }
    }
    match &found.content {
        Content::Empty => {
            labelled(text, "format", "empty; its format is told from its first lines");
        }
        Content::Unseen(_) if found.access == Access::Missing => {}
        Content::Unseen(why) => labelled(text, "format", &format!("not known: {why}")),
        Content::Unknown(why) => labelled(text, "PROBLEM", why),
        Content::Lines(lines) => described(text, lines),
    }
    for note in found.declared.iter().flat_map(|declared| &declared.notes) {
        labelled(text, "note", note);
    }
}

/// What the lines are, where the format does not fit them, and what they lack.
pub(super) fn described(text: &mut String, lines: &Lines) {
    let Lines { format, lines: all, requests, lacks, keys, kind, .. } = lines;
    let what = match kind {
        EventKind::Request => "requests",
        EventKind::Usage => "records of usage",
        EventKind::Audit => "audit events",
        EventKind::Delivery => "states of messages",
        EventKind::Inventory => "keys",
    };
    labelled(text, "format", &format!("{format}: {requests} {what} in its last {all} lines"));
    misfit(text, lines);
    if *requests == 0 {
        return labelled(
            text,
            "PROBLEM",
            "no line is a request; is it another log, or another format?",
        );
    }
    if *kind != EventKind::Request {
        return;
    }
    if !lacks.is_empty() {
        let instead =
            if lacks.contains(&"time") { "; the time at which a line is read counts" } else { "" };
        labelled(text, "lacks", &format!("no line gives the {}{instead}", lacks.join(", the ")));
    }
    if keys.named == 0 {
        let users = match keys.users {
            0 => String::new(),
            users => format!(", but {users} name a user, who is taken for one"),
        };
        labelled(text, "key", &format!("no request says which key was used{users}"));
    } else {
        labelled(
            text,
            "key",
            &format!("{} of {requests} requests say which key was used", keys.named),
        );
    }
    for suggested in &lines.suggested {
        let what = match suggested.field {
            "key" => {
                format!("key_from = \"{}\" in this source, if that is the key", suggested.path)
            }
            _ => format!("{suggested} under [fields] of a format of your own (docs/formats.md)"),
        };
        labelled(text, "perhaps", &what);
    }
    if 0 < keys.whole {
        labelled(
            text,
            "mind",
            "these look like whole keys: keyvigil stores keyed hashes of them only, but whoever \
             reads this log can use them; keyvigil check --key-lines SERVER shows a safer way",
        );
    }
}

/// How many lines do not fit, and of the first up to where it does.
fn misfit(text: &mut String, lines: &Lines) {
    let Some((line, misfit)) = &lines.misfit else { return };
    let Misfit { at, because } = misfit;
    let of = match lines.misfits {
        1 => "one line does not fit:".to_owned(),
        misfits => format!("{misfits} lines do not fit, as this one:"),
    };
    labelled(text, "misfits", &of);
    let mask = Mask::hiding();
    let (fits, rest) = line.split_at_checked(*at).unwrap_or((line, &[]));
    let (fits, rest) = (mask.line(fits), mask.line(rest));
    // The place in question is shown, however long the line is.
    let fits: String = fits.chars().rev().take(LINE_WIDTH / 2).collect();
    let fits: String = fits.chars().rev().collect();
    let rest: String = rest.chars().take(LINE_WIDTH / 2).collect();
    let indent = " ".repeat(LABEL_WIDTH + 4);
    line_raw(text, &format!("{indent}{}{}", shown(&fits), shown(&rest)));
    let caret = " ".repeat(shown(&fits).chars().count());
    line_raw(text, &format!("{indent}{caret}^ {}", shown(because)));
}

/// Nothing can be judged from it.
fn is_useless(found: &Found) -> bool {
    match &found.content {
        Content::Empty | Content::Unseen(_) => matches!(found.access, Access::Denied { .. }),
        Content::Unknown(_) => true,
        Content::Lines(lines) => {
            lines.requests == 0 || matches!(found.access, Access::Denied { .. })
        }
    }
}

/// Servers whose logs do not say which key was used.
fn lacking(logs: &[Found]) -> BTreeSet<Server> {
    let lacks = |log: &&Found| match &log.content {
        Content::Lines(lines) => lines.keys.named == 0,
        Content::Empty | Content::Unseen(_) => {
            !log.declared.iter().any(|it| it.log_format.as_deref().is_some_and(names_a_key))
        }
        Content::Unknown(_) => false,
    };
    logs.iter().filter(lacks).map(|log| log.server).collect()
}

/// Whether a format has a variable for a key, by its name.
fn names_a_key(log_format: &str) -> bool {
    let lower = log_format.to_ascii_lowercase().replace('-', "_");
    ["api_key", "key_id", "http_authorization", "{authorization}"]
        .iter()
        .any(|it| lower.contains(it))
}

/// How a server is told to log which key was used.
pub(super) fn advice(lines: &KeyLines) -> String {
    let mut text = String::new();
    line(
        &mut text,
        &format!("to let {} log which key was used, and not the key itself,", lines.server.title()),
    );
    wrapped(&mut text, "", lines.what);
    block(&mut text, &lines.lines);
    line(&mut text, &format!("then: {}", lines.then));
    line(&mut text, "and in keyvigil's configuration: key_is = \"id\", and for this source");
    let settings = if lines.settings.is_empty() {
        "nothing else: the format is recognised"
    } else {
        &lines.settings
    };
    block(&mut text, settings);
    wrapped(&mut text, "", lines.mind);
    text
}

fn block(text: &mut String, lines: &str) {
    text.push('\n');
    for each in lines.lines() {
        line(text, &format!("    {each}"));
    }
    text.push('\n');
}

fn labelled(text: &mut String, label: &str, what: &str) {
    let label = format!("  {label:LABEL_WIDTH$}  ");
    // A line to be pasted is never broken.
    if what.starts_with("sudo ") || what.contains('\n') {
        let inner: Vec<String> = what.lines().map(shown).collect();
        let indent = format!("\n{}", " ".repeat(label.len()));
        return line_raw(text, &format!("{label}{}", inner.join(&indent)));
    }
    wrapped(text, &label, what);
}

const LINE_WIDTH: usize = 100;

fn wrapped(text: &mut String, label: &str, what: &str) {
    let indent = " ".repeat(label.len());
    let mut line = label.to_owned();
    let mut is_begun = false;
    for word in shown(what).split_whitespace() {
        if is_begun && LINE_WIDTH < line.chars().count() + 1 + word.chars().count() {
            line_raw(text, &line);
            line.clone_from(&indent);
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    line_raw(text, &line);
}

/// A text that may hold newlines of its own.
fn line(text: &mut String, what: &str) {
    let lines: Vec<String> = what.split('\n').map(shown).collect();
    line_raw(text, &lines.join("\n"));
}

fn line_raw(text: &mut String, what: &str) {
    // Writing to a String cannot fail.
    writeln!(text, "{}", what.trim_end()).unwrap_or_default();
}
