//! The names in the last JSON object, and what follows from them: the next one mostly has the same.

use super::aliases::DIALECTS;
use super::tape::Value;

/// The keys of the last object, in their order, and what follows from them: the next object
/// mostly has the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Familiar {
    keys: Vec<Box<[u8]>>,
    /// The root of the names of the system whose mark it has.
    pub(super) dialect: usize,
    pub(super) may_hold_records: bool,
}

/// Of an object with more keys each is looked at anew.
const KEYS_MAX: usize = 256;

impl Familiar {
    /// What follows from the object's keys.
    pub(super) fn with(&mut self, object: Value<'_, '_>) -> &Self {
        let mut known = self.keys.iter();
        let is_known = object.inner().all(|it| known.next().is_some_and(|key| it.is_under(key)));
        if !is_known || known.next().is_some() {
            self.learn(object);
        }
        self
    }

    fn learn(&mut self, object: Value<'_, '_>) {
        self.dialect = dialect_of(object);
        self.may_hold_records = object.inner().any(is_of_records);
        self.keys.clear();
        self.keys.extend(object.inner().take(KEYS_MAX).map(|it| it.key().as_ref().into()));
    }
}

pub(super) fn is_of_records(value: Value<'_, '_>) -> bool {
    matches!(&*value.key(), b"Records" | b"records")
}

fn dialect_of(object: Value<'_, '_>) -> usize {
    let has = |(_, (marker, _)): &(usize, &(&str, _))| object.get(marker).is_some();
    (1..).zip(DIALECTS).find(has).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::super::tape::Tape;
    use super::*;

    #[test]
    fn what_follows_from_the_keys_is_the_same_however_often_they_come() {
        let mut familiar = Familiar::default();
        for (text, dialect, may_hold_records) in [
            ("{}", 0, false),
            (r#"{"a":1}"#, 0, false),
            (r#"{"a":1,"DownstreamStatus":200}"#, 1, false),
            (r#"{"a":2,"Downstream\u0053tatus":200}"#, 1, false),
            (r#"{"a":1,"DownstreamStatus":200,"b":1}"#, 1, false),
            (r#"{"a":1}"#, 0, false),
            (r#"{"records":[]}"#, 0, true),
            (r#"{"records":{}}"#, 0, true),
            (r#"{"record":{}}"#, 0, false),
        ] {
            for _ in 0..2 {
                let mut tape = Tape::default();
                tape.read(text.as_bytes()).unwrap();
                let seen = familiar.with(Value::root(&tape, text.as_bytes()));
                assert_eq!(
                    (seen.dialect, seen.may_hold_records),
                    (dialect, may_hold_records),
                    "{text}"
                );
            }
        }
    }
}
