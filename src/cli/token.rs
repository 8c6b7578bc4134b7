//! `keyvigil token`: the tokens by which people and programs log in to the page.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::look::LookArgs;
use super::tell::shown;
use crate::app::control::{Question, TokenAsk};
use crate::web::Rank;

/// Tokens by which people and programs log in to the page
#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token; it is printed once, and only its hash is kept
    Create {
        /// viewer: look; operator: say what incidents are, too; admin: read the journal, too
        #[arg(long)]
        role: Role,
        /// Whose it is: the name stands in the journal and on incidents
        #[arg(long)]
        name: String,
        /// For how many days it holds; without it, until it is taken back
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
        #[command(flatten)]
        look: LookArgs,
    },
    /// Show whose tokens there are
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        look: LookArgs,
    },
    /// Take a token back; whoever is logged in with it is logged out
    Revoke {
        name: String,
        #[command(flatten)]
        look: LookArgs,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    Viewer,
    Operator,
    Admin,
}

pub(super) fn run(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    let text = match &args.what {
        What::Create { role, name, days, look } => {
            let role = Rank::from(*role);
            let ask = TokenAsk::Create { name: name.clone(), role, days: *days };
            let made = look.token(&ask)?;
            let token = made.get("token").and_then(Value::as_str).unwrap_or_default();
            writeln!(
                std::io::stderr().lock(),
                "The token of {name} ({}); it is shown this once:",
                role.name()
            )?;
            format!("{token}\n")
        }
        What::List { json: true, look } => format!("{:#}\n", look.token(&TokenAsk::List)?),
        What::List { json: false, look } => listed(&look.token(&TokenAsk::List)?),
        What::Revoke { name, look } => {
            look.token(&TokenAsk::Revoke { name: name.clone() })?;
            format!("the token of {} is taken back\n", shown(name))
        }
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

impl LookArgs {
    fn token(&self, ask: &TokenAsk) -> anyhow::Result<Value> {
        if let Some(answer) = self.running(&Question::Token(ask.clone()))? {
            return Ok(answer);
        }
        self.token_at_rest(ask)
    }
}

impl From<Role> for Rank {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Operator => Self::Operator,
            Role::Admin => Self::Admin,
        }
    }
}

fn listed(answer: &Value) -> String {
    let tokens = answer.get("tokens").and_then(Value::as_array).cloned().unwrap_or_default();
    if tokens.is_empty() {
        return "There is no token yet: keyvigil token create --role operator --name YOU\n".into();
    }
    let text = |token: &Value, name: &str| {
        shown(token.get(name).and_then(Value::as_str).unwrap_or_default())
    };
    let line = |token: &Value| {
        let is_over = token.get("is_valid") == Some(&Value::Bool(false));
        let expires = match (text(token, "expires"), is_over) {
            (never, _) if never.is_empty() => String::new(),
            (at, true) => format!(", over since {at}"),
            (at, false) => format!(", until {at}"),
        };
        let (name, role, made) = (text(token, "name"), text(token, "role"), text(token, "created"));
        format!("{name:<20} {role:<9} since {made}{expires}\n")
    };
    tokens.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_tells_names_roles_and_ends_and_no_secret() {
        let answer = serde_json::json!({ "tokens": [
            { "name": "ann", "role": "admin", "created": "2026-01-01T00:00:00Z", "expires": null,
              "is_valid": true },
            { "name": "bob", "role": "viewer", "created": "2026-01-01T00:00:00Z",
              "expires": "2026-01-02T00:00:00Z", "is_valid": false },
        ]});
        let text = listed(&answer);
        assert!(text.starts_with("ann                  admin     since 2026-01-01T00:00:00Z\n"));
        assert!(text.ends_with("over since 2026-01-02T00:00:00Z\n"), "{text}");
        assert!(listed(&serde_json::json!({})).contains("token create"));
    }
}
