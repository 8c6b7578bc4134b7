//! All roles, each at a place of its own that stays: it is asked for with every key in every slot.

use std::collections::BTreeMap;

use super::role::Role;

#[derive(Debug, Default)]
pub(super) struct Roles {
    /// Of those that have a name.
    places: BTreeMap<String, u32>,
    /// Keys that nobody gave a role: texts of nothing are slow to compare.
    unnamed: Option<u32>,
    all: Vec<Role>,
}

impl Roles {
    pub(super) fn get(&self, name: &str) -> Option<&Role> {
        self.all.get(self.place(name)? as usize)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Role> {
        let place = self.place(name)?;
        self.all.get_mut(place as usize)
    }

    pub(super) fn at_mut(&mut self, place: u32) -> Option<&mut Role> {
        self.all.get_mut(place as usize)
    }

    pub(super) fn place(&self, name: &str) -> Option<u32> {
        if name.is_empty() { self.unnamed } else { self.places.get(name).copied() }
    }

    /// Where the role of that name is, new if there is none.
    pub(super) fn place_of(&mut self, name: &str) -> u32 {
        if let Some(place) = self.place(name) {
            return place;
        }
        let place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        if name.is_empty() {
            self.unnamed = Some(place);
        } else {
            self.places.insert(name.to_owned(), place);
        }
        self.all.push(Role::default());
        place
    }

    pub(super) fn put(&mut self, name: &str, role: Role) {
        let place = self.place_of(name);
        if let Some(known) = self.at_mut(place) {
            *known = role;
        }
    }

    /// In the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Role)> {
        let in_order = in_order(&self.places, self.unnamed);
        in_order.filter_map(|(name, place)| Some((name, self.all.get(place as usize)?)))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Role> {
        self.all.iter()
    }

    /// In the order of their names.
    pub(super) fn for_each_mut(&mut self, mut work: impl FnMut(&str, &mut Role)) {
        for (name, place) in in_order(&self.places, self.unnamed) {
            if let Some(role) = self.all.get_mut(place as usize) {
                work(name, role);
            }
        }
    }
}

fn in_order(
    places: &BTreeMap<String, u32>,
    unnamed: Option<u32>,
) -> impl Iterator<Item = (&str, u32)> {
    let named = places.iter().map(|(name, place)| (name.as_str(), *place));
    unnamed.map(|place| ("", place)).into_iter().chain(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_stays_and_names_are_in_order() {
        let mut roles = Roles::default();
        let (mobile, batch) = (roles.place_of("mobile"), roles.place_of("batch"));
        roles.at_mut(batch).unwrap().keys = 2;
        assert_eq!(roles.place_of("mobile"), mobile);
        assert_eq!(roles.get("batch").map(|role| role.keys), Some(2));
        assert_eq!(roles.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["batch", "mobile"]);
        assert!(roles.get("").is_none());
        let unnamed = roles.place_of("");
        assert_eq!((roles.place_of(""), roles.place("")), (unnamed, Some(unnamed)));
        let mut names = Vec::new();
        roles.for_each_mut(|name, _| names.push(name.to_owned()));
        assert_eq!(names, ["", "batch", "mobile"]);
    }
}
