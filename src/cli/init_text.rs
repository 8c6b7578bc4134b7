//! The configuration that `init` writes: short, commented, and right for what was found.

use super::init::SmtpTls;
use super::job::KeyIs;
use crate::survey::{Access, Content, Found};

/// What a person said, by flags or on the terminal.
pub(super) struct Answers {
    pub(super) to: Vec<String>,
    pub(super) smtp: Option<String>,
    pub(super) smtp_tls: SmtpTls,
    pub(super) smtp_user: Option<String>,
    pub(super) key_is: KeyIs,
    pub(super) inventory: Option<String>,
    /// Whether this machine passes mail on by itself.
    pub(super) has_local_mail: bool,
}

const HEAD: &str = "# Written by `keyvigil init`. What is not here has its default;\n\
    # `keyvigil check` says whether all is well, and `keyvigil check --logs` what the logs lack.\n\n";

pub(super) fn configuration(logs: &[Found], answers: &Answers) -> String {
    let mut text = HEAD.to_owned();
    keys(&mut text, answers);
    for log in logs {
        source(&mut text, log);
    }
    if logs.is_empty() {
        text.push_str("\n# No access log was found. For each one:\n# [[sources]]\n# path = \"/var/log/nginx/access.log\"\n");
    }
    mail(&mut text, answers);
    text
}

fn keys(text: &mut String, answers: &Answers) {
    let (word, meaning) = match answers.key_is {
        KeyIs::Secret => (
            "secret",
            "the keys themselves: a keyed hash takes their place before anything is stored",
        ),
        KeyIs::Id => ("id", "public ids of keys, which are stored and shown as they are"),
    };
    setting(text, &format!("# The logs hold {meaning}."), "key_is", word);
    match &answers.inventory {
        Some(path) => setting(text, "\n# Who owns which key.", "inventory", path),
        None => text.push_str(
            "\n# Who owns which key, its role, dates and status: findings then name owners, and stale\n\
             # keys are found.\n# inventory = \"/etc/keyvigil/inventory.csv\"\n",
        ),
    }
}

fn source(text: &mut String, log: &Found) {
    let mut comments = Vec::new();
    if let Some(declared) = &log.declared {
        comments.push(format!("{}, by {}.", declared.server.title(), declared.place));
    }
    match &log.content {
        Content::Lines(lines) => {
            let keys = if 0 < lines.keys.named {
                "they say which key was used"
            } else {
                "they do not say which key was used"
            };
            comments.push(format!("Its lines are in the format {}; {keys}.", lines.format));
        }
        Content::Empty => comments.push("It is empty so far.".to_owned()),
        Content::Unknown(_) | Content::Unseen(_) => {}
    }
    if let Access::Denied { what, mend } = &log.access {
        comments.push(format!("It cannot be read yet: {what}. {}", mend.join("; ")));
    }
    text.push('\n');
    for comment in comments {
        add(text, &format!("# {}\n", one_line(&comment)));
    }
    text.push_str("[[sources]]\n");
    setting(text, "", "path", &log.path);
    let pasted = log.declared.as_ref().and_then(|declared| declared.log_format.as_ref());
    if let Some(pasted) = pasted.filter(|_| pasted_fits(log)) {
        setting(text, "# As the server's configuration has it.", "log_format", pasted);
    }
}

/// Unless the lines tell that they are in another format.
fn pasted_fits(log: &Found) -> bool {
    match &log.content {
        Content::Lines(lines) => lines.format.starts_with("custom-"),
        Content::Empty | Content::Unknown(_) | Content::Unseen(_) => true,
    }
}

fn mail(text: &mut String, answers: &Answers) {
    if answers.to.is_empty() {
        text.push_str(
            "\n# Without this table nobody is mailed; the page shows everything all the same.\n\
             # [mail]\n# to = \"you@example.com\"\n# server = \"mail.example.com\"\n",
        );
        return;
    }
    text.push_str("\n[mail]\n");
    let to: Vec<toml::Value> = answers.to.iter().cloned().map(toml::Value::String).collect();
    add(text, &format!("to = {}\n", toml::Value::Array(to)));
    let Some(smtp) = &answers.smtp else {
        if answers.has_local_mail {
            text.push_str("# This machine passes mails on by itself.\nserver = \"localhost\"\ntls = \"none\"\n");
        } else {
            text.push_str(
                "# The server that takes mails from this machine, and how to log in there.\n\
                 server = \"localhost\"\n# user = \"keyvigil\"\n# password = { credential = \"smtp\" }\n",
            );
        }
        return;
    };
    let (host, port) = match smtp.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, Some(port)),
        Some(_) | None => (smtp.as_str(), None),
    };
    setting(text, "", "server", host);
    text.push_str(match answers.smtp_tls {
        SmtpTls::Starttls => "tls = \"starttls\"\n",
        SmtpTls::Implicit => "tls = \"implicit\"\n",
        SmtpTls::None => "tls = \"none\"\n",
    });
    text.extend(port.map(|port| format!("port = {port}\n")));
    if let Some(user) = &answers.smtp_user {
        setting(text, "", "user", user);
        text.push_str(
            "# The password is in /etc/credstore/keyvigil.smtp, for the service alone:\n\
             # sudo install -D -m 600 /dev/stdin /etc/credstore/keyvigil.smtp\n\
             password = { credential = \"smtp\" }\n",
        );
    }
}

fn setting(text: &mut String, comment: &str, name: &str, value: &str) {
    if !comment.is_empty() {
        add(text, &format!("{comment}\n"));
    }
    add(text, &format!("{name} = {}\n", toml::Value::String(value.to_owned())));
}

/// A comment ends with its line, whatever a file's name holds.
fn one_line(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

fn add(text: &mut String, more: &str) {
    text.push_str(more);
}
