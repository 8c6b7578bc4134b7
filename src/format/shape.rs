//! The names in a system's JSON records, learned once: what a value under each stands for.

use super::aliases::Alias;
use super::aliases::Aliases;
use super::aliases::GROUPS;
use super::aliases::push_name;
use super::credential::Credentials;
use super::place::Place;
use super::preset::Preset;

/// Names that are remembered; what comes beyond is worked out again each time.
const NAMES_MAX: usize = 4096;
/// Names in one object that are remembered.
const SIBLINGS_MAX: usize = 256;
const DEPTH_MAX: usize = 6;
/// The usual names count less than a path of a preset.
const RANK_OF_USUAL_NAMES: u8 = 120;

/// Instead of a key: of the objects in a list, the first is looked into, for paths only.
pub(super) const FIRST_ITEM: &[u8] = b"[]";
/// Instead of a key: the one that the record's `type` names.
pub(super) const OF_TYPE: &[u8] = b"$type";

/// A path of names in an object, and where the value at its end goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    pub(super) steps: Vec<String>,
    pub(super) hit: Hit,
}

/// A value that is wanted: for which slot of the record, and how good the name is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hit {
    pub(super) slot: usize,
    pub(super) place: Place,
    pub(super) rank: u8,
}

/// Whose record it is shows in a key that only they write; their meaning of a name then
/// comes first.
pub(super) type Dialect = &'static [(&'static str, Place)];

/// What names are looked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) patterns: Vec<Pattern>,
    /// The usual names, too.
    pub(super) usual: Option<Aliases>,
    /// The field a person named, as names are compared.
    pub(super) key_from: Option<Vec<u8>>,
}

impl Wanted {
    pub(super) fn of(credentials: &Credentials, preset: Option<&Preset>) -> Self {
        let key_from = credentials.from().map(|from| {
            let mut name = Vec::new();
            push_name(&mut name, from.as_bytes());
            name
        });
        let has_usual_names = preset.is_none_or(|preset| preset.has_usual_names);
        Self {
            patterns: preset.map_or_else(Vec::new, |preset| preset.patterns.clone()),
            usual: has_usual_names.then(Aliases::new),
            key_from,
        }
    }
}

/// Every name that was seen so far, by the name of what it is in.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    names: Vec<Name>,
}

#[derive(Clone, Debug, Default)]
struct Name {
    key: Box<[u8]>,
    inner: Vec<u32>,
    hits: Box<[Hit]>,
    state: State,
}

/// What is known on the way to a value.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Patterns of which so many steps were taken.
    open: Vec<(usize, usize)>,
    /// The usual name so far, if usual names count here.
    usual: Option<Vec<u8>>,
    dialect: Dialect,
    depth: usize,
}

/// A name that was looked up: remembered under a number, or worked out for this once.
pub(super) enum Found {
    Known(usize),
    Unknown(Box<(State, Vec<Hit>)>),
}

impl Shape {
    /// One root a dialect.
    pub(super) fn new(wanted: &Wanted, dialects: &[(&str, Dialect)]) -> Self {
        let plain: Dialect = &[];
        let dialects = std::iter::once(plain).chain(dialects.iter().map(|(_, names)| *names));
        let names =
            dialects.map(|dialect| Name { state: State::root(wanted, dialect), ..Name::default() });
        Self { names: names.collect() }
    }

    /// Looks up a key in the name numbered `within`. `guess` says which of its siblings came
    /// last: records of one system have their keys in one order.
    pub(super) fn find(
        &mut self,
        (within, guess): (usize, &mut usize),
        key: &[u8],
        wanted: &Wanted,
    ) -> Found {
        if let Some(number) = self.known((within, guess), key) {
            return Found::Known(number);
        }
        let Some(parent) = self.names.get(within) else { return Found::Unknown(Box::default()) };
        let (state, hits) = wanted.step(&parent.state, key);
        if NAMES_MAX <= self.names.len() || SIBLINGS_MAX <= parent.inner.len() {
            return Found::Unknown(Box::new((state, hits)));
        }
        let number = self.names.len();
        let name = Name { key: key.into(), inner: Vec::new(), hits: hits.into(), state };
        self.names.push(name);
        if let (Ok(child), Some(parent)) = (u32::try_from(number), self.names.get_mut(within)) {
            parent.inner.push(child);
            *guess = parent.inner.len();
        }
        Found::Known(number)
    }

    /// The values wanted under a name.
    pub(super) fn hits(&self, number: usize) -> &[Hit] {
        self.names.get(number).map_or(&[], |name| &name.hits)
    }

    /// Whether anything in an object under that name is wanted.
    pub(super) fn is_wanted(&self, number: usize) -> bool {
        self.names.get(number).is_some_and(|name| name.state.is_wanted())
    }

    fn known(&self, (within, guess): (usize, &mut usize), key: &[u8]) -> Option<usize> {
        let inner = &self.names.get(within)?.inner;
        let is_key =
            |child: u32| self.names.get(child as usize).is_some_and(|name| *name.key == *key);
        let at = match inner.get(*guess) {
            Some(&child) if is_key(child) => *guess,
            Some(_) | None => inner.iter().position(|&child| is_key(child))?,
        };
        *guess = at + 1;
        inner.get(at).map(|&child| child as usize)
    }
}

impl Hit {
    /// A path of a preset gave it, and not a usual name.
    pub(super) const fn is_of_preset(self) -> bool {
        self.rank < RANK_OF_USUAL_NAMES
    }
}

impl State {
    /// At the beginning of a record.
    pub(super) fn root(wanted: &Wanted, dialect: Dialect) -> Self {
        let open = (0..wanted.patterns.len()).map(|pattern| (pattern, 0)).collect();
        let is_named = wanted.usual.is_some() || wanted.key_from.is_some();
        Self { open, usual: is_named.then(Vec::new), dialect, depth: 0 }
    }

    pub(super) fn is_wanted(&self) -> bool {
        !self.open.is_empty() || self.usual.is_some()
    }
}

impl Wanted {
    /// One key further: what is known then, and what a value there stands for.
    pub(super) fn step(&self, state: &State, key: &[u8]) -> (State, Vec<Hit>) {
        if key == FIRST_ITEM {
            return (State { usual: None, ..state.clone() }, Vec::new());
        }
        let mut hits = Vec::new();
        let mut open = Vec::new();
        for &(number, taken) in &state.open {
            let Some(pattern) = self.patterns.get(number) else { continue };
            let Some(step) = pattern.steps.get(taken) else { continue };
            if !step.as_bytes().eq_ignore_ascii_case(key) {
                continue;
            }
            match pattern.steps.len() - taken {
                1 => hits.push(pattern.hit),
                _ => open.push((number, taken + 1)),
            }
        }
        let usual = state.usual.as_ref().map(|before| {
            let (own, alias) = self.usual_name(before, key, state.dialect);
            hits.extend(alias.map(|Alias { place, rank }| Hit {
                slot: slot_of(place),
                place,
                rank: rank.saturating_add(RANK_OF_USUAL_NAMES),
            }));
            own
        });
        if self.key_from.is_some() {
            hits.retain(|hit| hit.place != Place::Key || hit.rank == RANK_OF_USUAL_NAMES);
        }
        let usual = usual.filter(|_| state.depth < DEPTH_MAX);
        (State { open, usual, dialect: state.dialect, depth: state.depth + 1 }, hits)
    }

    /// The name with its groups left out, and what it stands for.
    fn usual_name(&self, before: &[u8], key: &[u8], dialect: Dialect) -> (Vec<u8>, Option<Alias>) {
        let mut name = before.to_vec();
        push_name(&mut name, key);
        let is_group = GROUPS.iter().any(|group| group.as_bytes() == before);
        let own = if is_group { name.get(before.len()..).unwrap_or(&[]) } else { &name };
        let alias = if self.key_from.as_deref() == Some(&name) {
            Some(Alias { place: Place::Key, rank: 0 })
        } else if let Some((_, place)) =
            dialect.iter().find(|(known, _)| known.as_bytes() == name.as_slice())
        {
            Some(Alias { place: *place, rank: 0 })
        } else {
            let usual = self.usual.as_ref();
            usual.and_then(|usual| usual.get(&name).or_else(|| usual.get(own)))
        };
        let is_other_key = self.key_from.is_some() && self.key_from.as_deref() != Some(&name);
        let alias = alias.filter(|alias| !(alias.place == Place::Key && is_other_key));
        (own.to_vec(), alias)
    }
}

/// Units of one duration share a slot.
pub(super) const fn slot_of(place: Place) -> usize {
    if place.is_duration() { Place::Seconds as usize } else { place as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_worked_out_once_and_found_again() {
        let hit = Hit { slot: 3, place: Place::User, rank: 0 };
        let pattern = Pattern { steps: vec!["a".to_owned(), "b".to_owned()], hit };
        let wanted = Wanted { patterns: vec![pattern], usual: None, key_from: None };
        let mut shape = Shape::new(&wanted, &[]);
        for _ in 0..3 {
            let Found::Known(outer) = shape.find((0, &mut 0), b"A", &wanted) else { panic!() };
            assert!(shape.is_wanted(outer) && shape.hits(outer).is_empty());
            let Found::Known(inner) = shape.find((outer, &mut 0), b"b", &wanted) else { panic!() };
            assert_eq!(shape.hits(inner), [hit]);
            assert!(!shape.is_wanted(inner));
        }
        assert_eq!(shape.names.len(), 3);
    }

    #[test]
    fn names_without_end_are_not_all_remembered() {
        let wanted = Wanted { patterns: Vec::new(), usual: Some(Aliases::new()), key_from: None };
        let mut shape = Shape::new(&wanted, &[]);
        for number in 0..10_000 {
            shape.find((0, &mut 0), format!("x{number}").as_bytes(), &wanted);
        }
        assert_eq!(shape.names.len(), 1 + SIBLINGS_MAX);
        let found = shape.find((0, &mut 0), b"status", &wanted);
        let Found::Unknown(found) = found else { panic!() };
        assert_eq!(found.1.first().map(|hit| hit.place), Some(Place::Status));
    }
}
