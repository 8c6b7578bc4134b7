//! The head of the audit journal in the mails that come by the calendar: a copy of it that
//! nobody on the machine itself can change.

use super::summary::Line;
use crate::store::{Store, StoreError};

/// None while the journal is empty.
pub(super) fn journal_head(store: &Store) -> Result<Option<Line>, StoreError> {
    let line = |signed: crate::store::SignedHead| Line {
        title: "Head of the audit journal".to_owned(),
        details: vec![
            signed.head.to_string(),
            format!(
                "Keep it: `keyvigil journal verify --head` with it shows whether anything that came \
                 before was changed. Signed (Ed25519) {} by {}",
                signed.signature, signed.key
            ),
        ],
    };
    Ok(store.journal_head()?.map(line))
}
