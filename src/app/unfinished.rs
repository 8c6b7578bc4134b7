//! Somebody who is being forgotten, written down until it is done: however the program ends in
//! between, the next one brings it to its end.

use serde::{Deserialize, Serialize};

use super::control::{Because, Refusal, Whom};
use crate::identity::KeyIs;
use crate::model::Mention;
use crate::store::{Store, StoreError};

/// Stands encrypted in the store, and goes with the last step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unfinished {
    /// `a key`, `an address`, `a subject`.
    pub(super) of: String,
    names: Vec<String>,
}

const NAME: &str = "forgetting";

impl Unfinished {
    pub(super) fn new(whom: &Whom, mention: &Mention, key_is: KeyIs) -> Self {
        // A key itself is not written down: what stands in the store is the name made from it.
        let secret = match whom {
            Whom::Key(key) if key_is == KeyIs::Secret => Mention::of([key.clone()]),
            Whom::Key(_) | Whom::Address(_) | Whom::Subject(_) => Mention::default(),
        };
        let is_ours = |name: &&str| name.starts_with(OUR_NAMES) || !secret.is_in(name);
        let names = mention.names().filter(is_ours).map(str::to_owned).collect();
        Self { of: whom.kind().to_owned(), names }
    }

    pub(super) fn mention(&self) -> Mention {
        Mention::of(self.names.iter().cloned())
    }

    pub(super) fn find(store: &Store) -> Result<Option<Self>, StoreError> {
        let stored = store.meta_get(NAME)?.filter(|bytes| !bytes.is_empty());
        // What cannot be read is of another version: there is nothing to go on with.
        Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    pub(super) fn write_down(&self, store: &Store) -> Result<(), Refusal> {
        let failed =
            |error: &dyn std::fmt::Display| Refusal::new(Because::Failed, error.to_string());
        let bytes = serde_json::to_vec(self).map_err(|error| failed(&error))?;
        store.meta_put(NAME, &bytes).map_err(|error| failed(&error))
    }

    pub(super) fn is_done(store: &Store) -> Result<(), StoreError> {
        store.meta_put(NAME, &[])
    }
}

/// As keyvigil calls a key whose secret it has seen.
const OUR_NAMES: &str = "k_";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OpenOptions;

    #[test]
    fn a_secret_is_not_written_down_and_what_is_done_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        assert_eq!(Unfinished::find(&store).unwrap(), None);
        let names = ["sk-live-Secret", "k_3vq7xk2mwq5a", "u_77"].map(str::to_owned);
        let (mention, whom) = (Mention::of(names.clone()), Whom::Key(names[0].clone()));
        let unfinished = Unfinished::new(&whom, &mention, KeyIs::Secret);
        unfinished.write_down(&store).unwrap();
        let found = Unfinished::find(&store).unwrap().unwrap();
        let known: Vec<String> = found.mention().names().map(str::to_owned).collect();
        assert_eq!((found.of.as_str(), known), ("a key", vec![names[1].clone(), names[2].clone()]));
        let as_id = Unfinished::new(&whom, &mention, KeyIs::Id);
        assert!(as_id.mention().is_in("sk-live-Secret"));
        Unfinished::is_done(&store).unwrap();
        assert_eq!(Unfinished::find(&store).unwrap(), None);
    }
}
