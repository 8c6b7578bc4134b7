//! Where a system keeps its fields in its JSON records: a table, not a program.

use crate::model::EventKind;
use crate::model::Record;

use super::credential::Best;
use super::place::Place;
use super::place::set;
use super::time::TimeReader;
use super::tree::Tree;

/// How one system's records are read.
#[derive(Debug, PartialEq)]
pub(super) struct Preset {
    pub(super) kind: EventKind,
    /// Steps of a path stand between `/`, other paths to try behind `|`. Letters' case does
    /// not matter; of a list, the first item counts.
    pub(super) fields: &'static [(To, &'static str)],
}

/// Where a field goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum To {
    Place(Place),
    /// Has no place of its own: an extra of this name.
    Extra(&'static str),
}

impl Preset {
    /// The record of one object; `None` if the preset finds nothing in it.
    pub(super) fn record<'a>(&self, tree: &Tree<'a>, time: &mut TimeReader) -> Option<Record<'a>> {
        let mut record = Record { kind: self.kind, ..Record::default() };
        let mut found = 0;
        for (to, paths) in self.fields {
            let texts = paths.split('|').filter_map(|path| tree.at(path)?.text());
            let Some(text) = texts.into_iter().find(|text| !matches!(**text, [] | [b'-'])) else {
                continue;
            };
            found += 1;
            match to {
                To::Extra(name) => record.extras.push((name.as_bytes().into(), text)),
                To::Place(Place::Key) => Best::none().offer(&mut record, 0, &text),
                To::Place(Place::Client) if super::address(&text).is_none() => {}
                To::Place(place) => set(&mut record, *place, text, time),
            }
        }
        if record.key.is_none() {
            record.key.clone_from(&record.user);
            record.key_is_user = record.key.is_some();
        }
        (1 < found).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_paths_is_a_format() {
        const PRESET: Preset = Preset {
            kind: EventKind::Audit,
            fields: &[
                (To::Place(Place::Client), "none|a/IP"),
                (To::Place(Place::User), "a/users/name"),
                (To::Extra("action"), "what"),
            ],
        };
        let line =
            br#"{"what":"x","a":{"ip":"192.0.2.1","users":[{"name":"bob"},{"name":"eve"}]}}"#;
        let (tree, _) = Tree::read(line).unwrap();
        let record = PRESET.record(&tree, &mut TimeReader::default()).unwrap();
        assert_eq!(record.source_ip.as_deref(), Some(b"192.0.2.1".as_slice()));
        assert_eq!(record.user.as_deref(), Some(b"bob".as_slice()));
        assert!(record.key_is_user);
        assert_eq!(record.extras.len(), 1);
    }
}
