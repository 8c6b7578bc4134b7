//! The lines that name the columns of tables: a table that is gone on with in its middle, by
//! another process, still has its columns.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::SourceId;
use crate::store::Memory;

/// Longer ones are not remembered.
const HEADER_BYTES_MAX: usize = 64 * 1024;
const HEADER: &str = "header/";

#[derive(Debug, Default)]
pub(super) struct Headers {
    by_source: BTreeMap<SourceId, Vec<u8>>,
    changed: BTreeSet<SourceId>,
}

impl Headers {
    /// As an earlier process stored them.
    pub(super) fn recall(memory: &Memory) -> Self {
        let stored = memory.range(HEADER.to_owned()..);
        let headers = stored.map_while(|(name, header)| {
            Some((SourceId(name.strip_prefix(HEADER)?.to_owned()), header.clone()))
        });
        Self { by_source: headers.collect(), changed: BTreeSet::new() }
    }

    pub(super) fn of(&self, source: &SourceId) -> Option<&[u8]> {
        self.by_source.get(source).map(Vec::as_slice)
    }

    /// The source's columns are named by this line.
    pub(super) fn note(&mut self, source: &SourceId, header: &[u8]) {
        if self.of(source) != Some(header) && header.len() <= HEADER_BYTES_MAX {
            self.by_source.insert(source.clone(), header.to_vec());
            self.changed.insert(source.clone());
        }
    }

    /// What is to be stored, because it has changed.
    pub(super) fn take_news(&mut self) -> Memory {
        let changed = std::mem::take(&mut self.changed).into_iter();
        let of = |source: SourceId| {
            let header = self.by_source.get(&source)?.clone();
            Some((format!("{HEADER}{}", source.0), header))
        };
        changed.filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_outlives_the_process_and_is_stored_once() {
        let (a, b) = (SourceId("/var/log/a.csv".to_owned()), SourceId("/b".to_owned()));
        let mut headers = Headers::default();
        headers.note(&a, b"time,user");
        headers.note(&a, b"time,user");
        let news = headers.take_news();
        assert_eq!(news.len(), 1);
        headers.note(&a, b"time,user");
        assert!(headers.take_news().is_empty());
        let again = Headers::recall(&news);
        assert_eq!((again.of(&a), again.of(&b)), (Some(b"time,user".as_slice()), None));
    }
}
