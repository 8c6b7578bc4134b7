//! The walk through one JSON record: its values are offered to the places that their names stand for.

use super::json::Names;
use super::place::Place;
use super::shape::FIRST_ITEM;
use super::shape::Found;
use super::shape::Hit;
use super::shape::State;
use super::slots::Slots;
use super::tape::Kind;
use super::tape::Value;
use super::time::TimeReader;

/// Where in the names the reading is.
pub(super) enum At {
    Known(usize),
    Unknown(State),
}

/// The reading of one record.
pub(super) struct Reading<'r, 's, 'a> {
    pub(super) names: &'r mut Names,
    pub(super) slots: &'s mut Slots<'a>,
    pub(super) time: &'r mut TimeReader,
}

impl<'a> Reading<'_, '_, 'a> {
    pub(super) fn walk(&mut self, object: Value<'_, 'a>, at: &At) {
        let mut guess = 0;
        for value in object.inner() {
            self.enter((at, &mut guess), &value.key(), value);
        }
    }

    /// Looks at the value of a key, and at what is in it.
    pub(super) fn enter(
        &mut self,
        (at, guess): (&At, &mut usize),
        key: &[u8],
        value: Value<'_, 'a>,
    ) {
        let Names { shape, wanted, .. } = &mut *self.names;
        let found = match at {
            At::Known(number) => shape.find((*number, guess), key, wanted),
            At::Unknown(state) => Found::Unknown(Box::new(wanted.step(state, key))),
        };
        match found {
            Found::Known(number) => {
                for at in 0..self.names.shape.hits(number).len() {
                    if let Some(&hit) = self.names.shape.hits(number).get(at) {
                        self.offer(hit, value);
                    }
                }
                if self.names.shape.is_wanted(number) {
                    self.descend(&At::Known(number), value);
                }
            }
            Found::Unknown(found) => {
                let (state, hits) = *found;
                for hit in hits {
                    self.offer(hit, value);
                }
                if state.is_wanted() {
                    self.descend(&At::Unknown(state), value);
                }
            }
        }
    }

    fn descend(&mut self, at: &At, value: Value<'_, 'a>) {
        match value.kind() {
            Kind::Map => self.walk(value, at),
            Kind::List => {
                if let Some(first) = value.inner().next().filter(|it| it.kind() == Kind::Map) {
                    self.enter((at, &mut 0), FIRST_ITEM, first);
                }
            }
            Kind::Null | Kind::Bool | Kind::Number | Kind::Text | Kind::EscapedText => {}
        }
    }

    fn offer(&mut self, hit: Hit, value: Value<'_, 'a>) {
        self.names.offered.push((value.number(), hit));
        // What is true or false says nothing under a usual name.
        let says_nothing =
            value.kind() == Kind::Null || (value.kind() == Kind::Bool && !hit.is_of_preset());
        if says_nothing {
            return;
        }
        if hit.place == Place::Extra && !self.names.keeps_extras {
            self.slots.leave_out();
            return;
        }
        if let Some(text) = value.text() {
            self.slots.offer(hit, text, self.time);
        }
    }
}
