//! Who has access to what: the listed keys by their owner and role, with what they did.

use std::collections::BTreeMap;

use super::Engine;
use crate::model::{Millis, Name};

/// One integration: an owner's keys of one role. How much they are used stands with the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    pub owner: String,
    pub role: String,
    pub keys: Vec<Name>,
    /// What the keys may do, as scopes and routes.
    pub may: Vec<String>,
    /// What they did in the last months.
    pub routes: Vec<String>,
    /// What sort of data that was, as far as the routes' words tell.
    pub data: Vec<&'static str>,
}

/// Words of routes, and the data behind them.
const DATA: [(&str, &[&str]); 7] = [
    (
        "people",
        &[
            "customer", "user", "contact", "profile", "people", "person", "member", "lead",
            "account", "patient",
        ],
    ),
    (
        "payments",
        &["payment", "invoice", "card", "billing", "payout", "refund", "charge", "subscription"],
    ),
    ("orders", &["order", "cart", "shipment", "delivery", "product", "item"]),
    ("messages", &["message", "sms", "whatsapp", "mail", "email", "conversation", "chat", "call"]),
    (
        "files",
        &["file", "export", "document", "download", "upload", "media", "attachment", "report"],
    ),
    (
        "models",
        &["completion", "embedding", "response", "model", "image", "video", "transcription"],
    ),
    ("credentials", &["key", "token", "secret", "credential", "role", "permission", "session"]),
];
const MONTHS: Millis = Millis::days(90);

impl Engine {
    /// A number that is another whenever the parties may be.
    pub const fn parties_revision(&self) -> u64 {
        self.parties_revision
    }

    /// By owner and role.
    pub fn parties(&self) -> Vec<Party> {
        let mut parties: BTreeMap<(&str, &str), Party> = BTreeMap::new();
        let now = self.waiting.watermark.unwrap_or_default();
        for listed in self.inventory.iter().flat_map(|inventory| inventory.iter()) {
            let party = parties.entry((&listed.owner, &listed.role)).or_default();
            party.owner = listed.owner.to_string();
            party.role = listed.role.to_string();
            party.keys.push(listed.key_id.clone());
            party.may.extend(listed.scopes.iter().map(Name::to_string));
            if let Some(role) = self.settings.rules.roles.get(listed.role.as_str()) {
                party.may.extend(role.routes.iter().cloned().map(String::from));
            }
            let index = self.keys.index_of(&listed.key_id);
            let Some(key) = index.and_then(|index| self.keys.get(index)) else { continue };
            let since = now.back(MONTHS).day();
            let uses = key.uses.iter().flat_map(|uses| uses.routes_since(since));
            party.routes.extend(uses.map(|it| format!("{} {}", it.method, it.route)));
        }
        parties.into_values().map(Party::in_order).collect()
    }
}

impl Party {
    fn in_order(mut self) -> Self {
        for list in [&mut self.may, &mut self.routes] {
            list.sort_unstable();
            list.dedup();
        }
        let is_of = |words: &[&str]| {
            self.routes.iter().any(|route| {
                let mut pieces = route.split(|it: char| !it.is_ascii_alphabetic());
                pieces.any(|piece| words.iter().any(|word| names(piece, word)))
            })
        };
        self.data = DATA.iter().filter(|(_, words)| is_of(words)).map(|(name, _)| *name).collect();
        self
    }
}

/// The word, in singular or plural.
fn names(piece: &str, word: &str) -> bool {
    let piece = piece.to_ascii_lowercase();
    piece == *word || piece.strip_suffix('s') == Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_tell_what_data_was_used() {
        let routes = ["GET /v1/customers/{id}", "POST /v1/whatsapp/messages"];
        let routes = routes.map(str::to_owned).to_vec();
        let party = Party { routes, ..Party::default() }.in_order();
        assert_eq!(party.data, ["people", "messages"]);
        let none = Party { routes: vec!["GET /v1/keyword".to_owned()], ..Party::default() };
        assert!(none.in_order().data.is_empty());
    }
}
