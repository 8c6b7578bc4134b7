//! What an audit event says about the life of a key: made, changed, switched off, ended.

use super::inventory::KeyStatus;

/// What was done to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDeed {
    Created,
    Rotated,
    Enabled,
    Disabled,
    Ended,
}

/// Words for keys, as they stand in the names of events without their punctuation.
const KEYS: [&str; 8] = [
    "apikey",
    "accesskey",
    "serviceaccountkey",
    "apitoken",
    "accesstoken",
    "clientsecret",
    "signingkey",
    "deploykey",
];
/// Words for deeds; the first that is found counts: `deactivate` before `activate`.
const DEEDS: [(&str, KeyDeed); 16] = [
    ("delet", KeyDeed::Ended),
    ("revok", KeyDeed::Ended),
    ("destroy", KeyDeed::Ended),
    ("remov", KeyDeed::Ended),
    ("archiv", KeyDeed::Ended),
    ("disabl", KeyDeed::Disabled),
    ("deactivat", KeyDeed::Disabled),
    ("suspend", KeyDeed::Disabled),
    ("enabl", KeyDeed::Enabled),
    ("activat", KeyDeed::Enabled),
    ("rotat", KeyDeed::Rotated),
    ("regenerat", KeyDeed::Rotated),
    ("renew", KeyDeed::Rotated),
    ("creat", KeyDeed::Created),
    ("generat", KeyDeed::Created),
    ("issued", KeyDeed::Created),
];

impl KeyDeed {
    /// What an operation such as `api_key.deleted` or `CreateAccessKey` did; none if it is not
    /// about a key.
    pub fn of(operation: &str) -> Option<Self> {
        let plain: String = operation
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|it| it.to_ascii_lowercase())
            .collect();
        if !KEYS.iter().any(|key| plain.contains(key)) {
            return None;
        }
        DEEDS.iter().find(|(word, _)| plain.contains(word)).map(|(_, deed)| *deed)
    }

    /// How the key stands afterwards.
    pub const fn status(self) -> KeyStatus {
        match self {
            Self::Created | Self::Rotated | Self::Enabled => KeyStatus::Active,
            Self::Disabled => KeyStatus::Disabled,
            Self::Ended => KeyStatus::Revoked,
        }
    }

    /// To be read after "was".
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Rotated => "rotated",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Ended => "ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_many_systems_say_what_was_done() {
        for (operation, expected) in [
            ("api_key.created", Some(KeyDeed::Created)),
            ("api_key.deleted", Some(KeyDeed::Ended)),
            ("CreateAccessKey", Some(KeyDeed::Created)),
            ("DeleteAccessKey", Some(KeyDeed::Ended)),
            ("google.iam.admin.v1.CreateServiceAccountKey", Some(KeyDeed::Created)),
            ("google.iam.admin.v1.DisableServiceAccountKey", Some(KeyDeed::Disabled)),
            ("system.api_token.revoke", Some(KeyDeed::Ended)),
            ("system.api_token.create", Some(KeyDeed::Created)),
            ("personal_access_token.access_revoked", Some(KeyDeed::Ended)),
            ("API key deactivated", Some(KeyDeed::Disabled)),
            ("API key activated", Some(KeyDeed::Enabled)),
            ("app.client_secret.rotated", Some(KeyDeed::Rotated)),
            ("api_key.updated", None),
            ("GetObject", None),
            ("keyboard.created", None),
            ("", None),
        ] {
            assert_eq!(KeyDeed::of(operation), expected, "{operation}");
        }
    }
}
