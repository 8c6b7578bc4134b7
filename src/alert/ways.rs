//! Which way leads to whom: mail to every address, the others by their names.

use std::collections::BTreeMap;

use super::{Audience, Notifier};

/// The ways that are configured.
#[derive(Default)]
pub struct Ways {
    mail: Option<Box<dyn Notifier>>,
    named: BTreeMap<String, Box<dyn Notifier>>,
}

impl Ways {
    pub fn by_mail(mail: Box<dyn Notifier>) -> Self {
        Self { mail: Some(mail), named: BTreeMap::new() }
    }

    pub fn add(&mut self, name: &str, way: Box<dyn Notifier>) {
        self.named.insert(name.to_owned(), way);
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.mail.is_none() && self.named.is_empty()
    }

    pub(super) fn get(&self, recipient: &str) -> Option<&dyn Notifier> {
        let way =
            if recipient.contains('@') { self.mail.as_ref() } else { self.named.get(recipient) };
        way.map(AsRef::as_ref)
    }

    /// What is blocked together: all mail, or one named way.
    pub(super) fn name_of(recipient: &str) -> &str {
        if recipient.contains('@') { "mail" } else { recipient }
    }

    pub(super) fn audience(&self, recipient: &str) -> Audience {
        self.get(recipient).map_or(Audience::People, Notifier::audience)
    }
}
