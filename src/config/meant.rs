//! What was probably meant by a setting that does not exist: another word, or another table.

use super::mistakes::closest;

/// Words of other programs, and ours.
const OTHER_WORDS: &[(&str, &str, &str)] = &[
    ("", "smtp", "mail"),
    ("", "email", "mail"),
    ("", "notify", "mail"),
    ("", "log", "sources"),
    ("", "logs", "sources"),
    ("", "file", "sources"),
    ("", "files", "sources"),
    ("", "inputs", "sources"),
    ("", "database", "store"),
    ("", "state", "store"),
    ("", "http", "web"),
    ("", "page", "web"),
    ("", "server", "web"),
    ("sources", "file", "path"),
    ("sources", "files", "path"),
    ("sources", "glob", "path"),
    ("sources", "type", "format"),
    ("sources", "parser", "format"),
    ("sources", "key", "key_from"),
    ("sources", "key_header", "key_from"),
    ("sources", "timezone", "time_zone"),
    ("sources", "tz", "time_zone"),
    ("sources", "zone", "time_zone"),
    ("sources", "nginx_conf", "log_format_file"),
    ("mail", "host", "server"),
    ("mail", "hostname", "server"),
    ("mail", "smtp_server", "server"),
    ("mail", "username", "user"),
    ("mail", "login", "user"),
    ("mail", "pass", "password"),
    ("mail", "sender", "from"),
    ("mail", "recipient", "to"),
    ("mail", "recipients", "to"),
    ("mail", "ssl", "tls"),
    ("mail", "encryption", "tls"),
    ("mail", "security", "tls"),
    ("mail", "ca", "root_certificate"),
    ("mail", "ca_file", "root_certificate"),
    ("web", "address", "listen"),
    ("web", "bind", "listen"),
    ("web", "addr", "listen"),
    ("web", "port", "listen"),
    ("web", "url", "base_url"),
    ("store", "path", "directory"),
    ("store", "dir", "directory"),
    ("store", "state", "directory"),
    ("store", "keep", "retention"),
    ("store", "retain", "retention"),
    ("alerts", "budget", "false_alarms_per_day"),
    ("", "report", "reports"),
    ("reports", "month", "monthly"),
    ("reports", "retention", "keep"),
];

/// Which table a setting belongs to, where its name is in one only.
const HOMES: &[(&str, &str)] = &[
    ("key_is", ""),
    ("inventory", ""),
    ("networks", ""),
    ("format", "sources"),
    ("log_format", "sources"),
    ("log_format_file", "sources"),
    ("log_format_name", "sources"),
    ("time_zone", "sources"),
    ("opt_in", "consent"),
    ("opt_out", "consent"),
    ("key_from", "sources"),
    ("false_alarms_per_day", "alerts"),
    ("patience", "alerts"),
    ("unused_warn", "stale"),
    ("unused_fail", "stale"),
    ("never_used", "stale"),
    ("rotation_overdue", "stale"),
    ("to", "mail"),
    ("from", "mail"),
    ("tls", "mail"),
    ("password", "mail"),
    ("listen", "web"),
    ("base_url", "web"),
    ("directory", "store"),
    ("retention", "store"),
];

/// What to say about `typed` in that table, of which `known` are the settings.
pub(super) fn instead(table: &str, typed: &str, known: &[&'static str]) -> String {
    let lower = typed.to_ascii_lowercase().replace('-', "_");
    let other = OTHER_WORDS.iter().find(|(home, word, _)| *home == table && *word == lower);
    let ours = other.map(|(_, _, ours)| *ours).filter(|ours| known.contains(ours));
    if let Some(meant) = ours.or_else(|| closest(&lower, known)) {
        return format!("did you mean `{meant}`?");
    }
    match HOMES.iter().find(|(setting, home)| *setting == lower && *home != table) {
        Some((_, "")) => "it belongs to the top: move it above the first [table]".to_owned(),
        Some((_, "sources")) => "it belongs to a source: move it below [[sources]]".to_owned(),
        Some((_, home)) => format!("it belongs to [{home}]: move it below that line"),
        None => format!("there are {}", known.join(", ")),
    }
}

/// serde's `unknown field …, expected one of …`, with the one that was probably meant.
pub(super) fn field(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(typed) = quoted.next().filter(|_| message.starts_with("unknown field")) else {
        return message.to_owned();
    };
    let known: Vec<&str> = quoted.collect();
    closest(typed, &known).map_or_else(
        || format!("there is no `{typed}`; there are {}", known.join(", ")),
        |meant| format!("there is no `{typed}`; did you mean `{meant}`?"),
    )
}

/// A duration that was typed in another way, as it is written here.
pub(super) fn duration(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let digits = typed.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = typed.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let lower = unit.trim().to_ascii_lowercase();
    let (number, letter) = match lower.as_str() {
        "sec" | "secs" | "second" | "seconds" => (number, 's'),
        "min" | "mins" | "minute" | "minutes" => (number, 'm'),
        "hr" | "hrs" | "hour" | "hours" => (number, 'h'),
        "day" | "days" => (number, 'd'),
        "week" | "weeks" => (number, 'w'),
        "mo" | "month" | "months" => (number.checked_mul(30)?, 'd'),
        "y" | "yr" | "year" | "years" => (number.checked_mul(365)?, 'd'),
        one @ ("s" | "m" | "h" | "d" | "w") => (number, one.chars().next()?),
        _ => return None,
    };
    Some(format!("\"{number}{letter}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_other_spellings_and_other_tables_are_recognised() {
        let mail = ["server", "to", "user"];
        assert_eq!(instead("mail", "host", &mail), "did you mean `server`?");
        assert_eq!(instead("mail", "User", &mail), "did you mean `user`?");
        assert!(instead("mail", "key_is", &mail).contains("above the first [table]"));
        assert!(instead("", "listen", &["key_is"]).contains("[web]"));
        assert_eq!(instead("mail", "frobnicate", &mail), "there are server, to, user");
    }

    #[test]
    fn a_duration_in_words_is_put_into_letters() {
        assert_eq!(duration("45 days").as_deref(), Some("\"45d\""));
        assert_eq!(duration("3months").as_deref(), Some("\"90d\""));
        assert_eq!(duration("30D").as_deref(), Some("\"30d\""));
        for unknown in ["five seconds", "5", "-1d", "1.5h", "5ms"] {
            assert_eq!(duration(unknown), None, "{unknown}");
        }
    }
}
