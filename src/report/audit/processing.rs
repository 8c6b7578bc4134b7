//! The record of processing (GDPR, article 30) and a text for the privacy notice, as the
//! configuration in force makes them.

use super::facts::{Facts, listed};
use super::{Case, Section, clean};

/// Where somebody has to fill in what keyvigil cannot know.
const TO_FILL: &str = "(to be filled in)";

pub(super) fn record(case: &Case<'_>) -> Section {
    let facts = &case.known.facts;
    let fact = |name: &str, what: String| (name.to_owned(), clean_text(&what));
    let read = facts.logs.iter().map(|(path, format)| format!("{path} ({format})"));
    Section {
        id: "processing".to_owned(),
        title: "Record of processing (GDPR, article 30)".to_owned(),
        intro: "Made from the configuration in force when the report was made. What keyvigil \
                cannot know has to be filled in by the controller."
            .to_owned(),
        facts: vec![
            fact("Controller, and data protection officer", TO_FILL.to_owned()),
            fact(
                "Name of the processing",
                format!("Monitoring of API access by keyvigil on {}", case.known.host),
            ),
            fact("Purpose", PURPOSE.to_owned()),
            fact("Legal basis", LEGAL_BASIS.to_owned()),
            fact("People concerned", PEOPLE.to_owned()),
            fact("Data that is read", listed(read)),
            fact("Data about owners of keys", lists_in_words(facts)),
            fact("Categories of data", CATEGORIES.to_owned()),
            fact("Keys and secrets in logs", facts.keys_in_words().to_owned()),
            fact("Data about people in URLs", IN_URLS.to_owned()),
            fact("Recipients", recipients_in_words(facts)),
            fact("Transfers to other countries", TRANSFERS.to_owned()),
            fact("Of a request is kept", facts.kept.clone()),
            fact("Events are kept", facts.retention_in_words()),
            fact("Other data is kept", facts.other_times.clone()),
            fact("Security", security(facts)),
            fact("Profiling, decisions", DECISIONS.to_owned()),
        ],
        ..Section::default()
    }
}

pub(super) fn notice(case: &Case<'_>) -> Section {
    let facts = &case.known.facts;
    let fact = |name: &str, what: String| (name.to_owned(), clean_text(&what));
    let told = if facts.recipients.is_empty() {
        "Nobody is told by message; who runs the service looks at it.".to_owned()
    } else {
        format!(
            "When something unusual happens, the people in charge are told by message ({}). Such a \
             message names the key, its owner, the addresses and some of the requests.",
            ways(facts)
        )
    };
    let kept = facts.retention_days().map_or_else(
        || "We set no end to how long requests are kept.".to_owned(),
        |days| format!("Requests are removed after {days} days."),
    );
    Section {
        id: "notice".to_owned(),
        title: "Text for a privacy notice".to_owned(),
        intro: "A draft from the configuration in force, to be completed and checked by whoever \
                answers for it. It covers what keyvigil does, and nothing else of the service."
            .to_owned(),
        facts: vec![
            fact("Who we are", format!("{TO_FILL}: name, address, data protection officer.")),
            fact("What we do", WHAT_WE_DO.to_owned()),
            fact("Why", WHY.to_owned()),
            fact("Which data", WHICH_DATA.to_owned()),
            fact("Keys", keys_for_people(facts).to_owned()),
            fact("Who gets to see it", told),
            fact("How long", format!("{kept} {INCIDENTS_STAY}")),
            fact("Your rights", format!("{RIGHTS} {TO_FILL}.")),
        ],
        ..Section::default()
    }
}

const PURPOSE: &str = "To notice misuse of API credentials: leaked, shared, stale or \
    over-privileged keys, guessing of keys, unusual taking of data; and to show what was done.";
const LEGAL_BASIS: &str = "(to be filled in; often article 6(1)(f), the legitimate interest in the \
    security of networks and information, recital 49)";
const PEOPLE: &str = "Users of the API and of clients that use it; owners of keys; people who \
    answer for incidents.";
const CATEGORIES: &str = "Time, address, method, path and query, status, size, client software, \
    referring page, name of the user where the log has one, key or its hash, country and network \
    of the address, model, tokens and cost; what is normal for a key or a role; incidents with at \
    most twenty log lines each; what people said about an incident, with their name.";
const IN_URLS: &str = "Mail addresses, numbers of phones, cards and persons that are recognised are \
    replaced by a label before they are stored, and reported as findings; what is not recognised \
    stays. Secrets in URLs are replaced, too.";
const TRANSFERS: &str = "keyvigil itself sends nothing anywhere but to the recipients above; where \
    those are has to be filled in.";
const DECISIONS: &str = "Use is compared with what is usual for the key and its role. keyvigil \
    blocks nobody: people decide what to do.";
const WHAT_WE_DO: &str = "We keep watch over the use of our API. Each request that our servers log \
    is read by a program on our own machine, compared with what is usual for the credential that \
    made it, and kept for a while.";
const WHY: &str = "To notice when a credential is stolen, shared or misused, before it does harm \
    to you or to us. We do not use this data for advertising, and do not sell it.";
const WHICH_DATA: &str = "The time, your network address, what was asked for and how it was \
    answered, the software that asked, and, where the server logs it, the name of the account.";
const INCIDENTS_STAY: &str = "What belongs to an incident is kept longer, so that it can be looked \
    into.";
const RIGHTS: &str = "You may ask for access, correction, erasure or restriction, and object. \
    Write to";

fn lists_in_words(facts: &Facts) -> String {
    if facts.lists.is_empty() {
        return "none: no inventory is configured".to_owned();
    }
    format!("owner, role, dates and status of keys, from {}", listed(facts.lists.clone()))
}

fn recipients_in_words(facts: &Facts) -> String {
    let told = facts.recipients.iter().map(|(who, by)| format!("{who} by {by}"));
    let page = facts.page.as_ref().map(|page| format!("whoever may open the page on {page}"));
    listed(told.chain(page).chain(["users of the machine who may ask the daemon".to_owned()]))
}

fn ways(facts: &Facts) -> String {
    let mut ways: Vec<String> = facts.recipients.iter().map(|(_, by)| by.clone()).collect();
    ways.sort_unstable();
    ways.dedup();
    listed(ways)
}

fn security(facts: &Facts) -> String {
    format!(
        "Everything in {} is encrypted with AES-256-GCM; its key is {}. Mail goes out over TLS, or \
         to this machine only.",
        facts.state, facts.key_place
    )
}

const fn keys_for_people(facts: &Facts) -> &'static str {
    if facts.keys_are_secret {
        "Keys are never stored: a hash takes their place, from which the key cannot be worked out."
    } else {
        "Of a key only its public id is stored, as our servers log it."
    }
}

/// Paths and names come from the configuration, and lists can be long.
fn clean_text(text: &str) -> String {
    text.split(' ').map(clean).collect::<Vec<_>>().join(" ")
}
