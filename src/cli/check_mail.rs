//! `check --mail`: talks to the mail server, and says each step in words.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use super::check_ways;
use super::tell::shown;
use crate::alert::{self, Step};
use crate::app;
use crate::config::{Config, Mail, Tls};

/// Whether a mail would be taken, and the other ways can be used.
pub(super) fn run(config: &Config) -> anyhow::Result<bool> {
    let is_by_mail = config.mail.is_some() || config.notify.is_empty();
    let mailed = !is_by_mail || by_mail(config)?;
    let mut text = String::new();
    let others = check_ways::run(&mut text, config);
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(mailed && others)
}

fn by_mail(config: &Config) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    let Some(mail) = &config.mail else {
        writeln!(
            out,
            "\nnobody is mailed: add to the configuration\n\n[mail]\nto = \"you@example.com\""
        )?;
        return Ok(false);
    };
    if let Some(program) = &mail.sendmail {
        let is_program = std::fs::metadata(program)
            .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
        let program = program.display();
        if !is_program {
            writeln!(out, "\nmail by the program {program}\n  PROBLEM   it is not there")?;
            return Ok(false);
        }
        writeln!(out, "\nmail by the program {program}; `keyvigil mail test` sends one")?;
        return Ok(true);
    }
    writeln!(out, "\nmail by {}", server(mail))?;
    if let Some(dkim) = &mail.dkim {
        let (selector, domain) = (&dkim.selector, &dkim.domain);
        writeln!(out, "  DKIM      signed with the key of {selector}._domainkey.{domain}")?;
    }
    let options = match app::smtp_options(mail) {
        Ok(options) => options,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|it| format!(": {it}"));
            writeln!(out, "  PROBLEM   {error}{}", cause.unwrap_or_default())?;
            return Ok(false);
        }
    };
    let well = alert::probe(&options, (&mail.from, &mail.to), &mut |(name, outcome): Step| {
        let said = match outcome {
            Ok(said) => format!("  {name:8}  {}", shown(&said)),
            Err(advice) => format!(
                "  {name:8}  PROBLEM: {}\n            {}",
                shown(&advice.what),
                shown(&advice.next)
            ),
        };
        // To a closed terminal nothing is said.
        writeln!(out, "{said}").and_then(|()| out.flush()).unwrap_or_default();
    });
    writeln!(
        out,
        "{}",
        if well { "mails would be taken; nothing was sent" } else { "nothing was sent" }
    )?;
    Ok(well)
}

fn server(mail: &Mail) -> String {
    let tls = match mail.tls {
        Tls::Starttls => "STARTTLS",
        Tls::Implicit => "TLS from the first byte",
        Tls::None => "no encryption",
    };
    let login = mail.user.as_ref().map_or(String::new(), |user| format!(", as {user}"));
    format!("{} port {}, {tls}{login}", mail.server, mail.port)
}
