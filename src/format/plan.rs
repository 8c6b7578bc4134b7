//! A format string, compiled: what stands between the fields, and where each field goes.

use std::borrow::Cow;

use memchr::memchr;
use memchr::memrchr;

use crate::model::Record;
use crate::model::record::Field;
use crate::model::short::find;

use super::FormatError;
use super::combined::fill_combined;
use super::credential::Best;
use super::credential::Credentials;
use super::escape::Escape;
use super::escape::undo;
use super::literal::Literal;
use super::ordinary::set_ordinary;
use super::place::Place;
use super::place::set;
use super::step::Cut;
use super::step::Step;
use super::time::TimeReader;

/// A piece of a format string, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Literal(Vec<u8>),
    Variable {
        name: String,
        place: Place,
        /// Where it stands in what was pasted.
        at: usize,
    },
}

/// What a line is cut along. No regular expression, no allocation.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What every line begins with.
    head: Literal,
    steps: Box<[Step]>,
    /// The step that ends at ` [time] "`, wherever its own text would seem to end.
    anchored: Option<usize>,
    credentials: Credentials,
    keeps_extras: bool,
    /// Whether lines that are not odd in any way can be read the short way.
    is_ordinary: bool,
    /// Whether the first steps are those of the combined log format.
    is_combined: bool,
}

impl Plan {
    /// Compiles the tokens. Two variables with nothing between them are refused.
    pub(super) fn new(
        tokens: &[Token],
        pasted: &str,
        escape: Escape,
        credentials: Credentials,
    ) -> Result<Self, FormatError> {
        let (head, variables) = match tokens.split_first() {
            Some((Token::Literal(head), rest)) => (head.as_slice(), rest),
            Some((Token::Variable { .. }, _)) | None => ([].as_slice(), tokens),
        };
        let mut steps: Vec<Step> = Vec::new();
        let mut before = head;
        let mut tokens = variables.iter().peekable();
        while let Some(token) = tokens.next() {
            let Token::Variable { name, place, .. } = token else { continue };
            let after = match tokens.peek() {
                Some(Token::Literal(after)) => after.as_slice(),
                Some(Token::Variable { name: next, at, .. }) => {
                    return Err(adjacent(pasted, *at, [name, next]));
                }
                None => &[],
            };
            let mut step = Step::new((name, *place), before, after);
            let rank = credentials.rank(name);
            let place =
                if rank.is_some() && step.place == Place::Extra { Place::Key } else { *place };
            step.place = place;
            step.escape = escape;
            step.rank = rank;
            steps.push(step);
            before = after;
        }
        if steps.is_empty() {
            return Err(FormatError::at(
                pasted,
                0,
                "the log format holds no variable",
                "nothing can be read from its lines",
            ));
        }
        let anchored = anchor_of(head, &steps);
        let is_ordinary = steps.iter().all(Step::is_ordinary);
        Ok(Self {
            head: Literal::new(head),
            anchored,
            credentials,
            keeps_extras: false,
            is_ordinary,
            is_combined: is_ordinary && head.is_empty() && is_combined(&steps),
            steps: steps.into(),
        })
    }

    /// Values with no place of their own are kept, too. It costs an allocation a line.
    pub(super) fn keep_extras(&mut self) {
        self.keeps_extras = true;
    }

    /// Variables that nginx does not know may have the names of our own fields.
    pub(super) fn name_places(&mut self) {
        for step in self.steps.iter_mut().filter(|step| step.place == Place::Extra) {
            step.place = super::preset::place_of(&step.name).unwrap_or(Place::Extra);
        }
    }

    /// Whether the format has a variable of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.steps.iter().any(|step| step.name == name)
            || (name.starts_with("arg_")
                && self.steps.iter().any(|step| {
                    matches!(step.place, Place::Request | Place::Target | Place::Query)
                }))
    }

    /// Which of client, time, method, path, status and identity its variables give.
    pub(super) fn gives(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().flat_map(|step| step.place.gives()).copied()
    }

    /// Whether even an empty line fits: one variable and nothing else.
    pub(super) fn fits_an_empty_line(&self) -> bool {
        self.head.len() == 0 && matches!(&*self.steps, [step] if step.after.len() == 0)
    }

    /// Cuts the line and puts every field in its place.
    pub(super) fn fill<'a>(
        &self,
        record: &mut Record<'a>,
        line: &'a [u8],
        time: &mut TimeReader,
    ) -> Result<(), &'static str> {
        if self.is_ordinary && !self.keeps_extras && !time.takes_any_notes() {
            if self.is_combined {
                if self.fill_combined(record, line, time).is_some() {
                    return Ok(());
                }
                *record = Record::default();
            }
            if self.fill_ordinary(record, line, time).is_some() {
                return Ok(());
            }
            *record = Record::default();
        }
        self.fill_any(record, line, time)
    }

    /// Whether [`Self::fill_combined`] knows its first columns.
    #[cfg(test)]
    pub(super) const fn begins_as_combined(&self) -> bool {
        self.is_combined
    }

    /// As [`Self::fill_ordinary`], the columns that most formats begin with in one go.
    pub(super) fn fill_combined<'a>(
        &self,
        record: &mut Record<'a>,
        line: &'a [u8],
        time: &mut TimeReader,
    ) -> Option<()> {
        let [_client, user, .., bytes, _referer, agent] = self.steps.get(..COMBINED_STEPS)? else {
            return None;
        };
        let (address, rest) = line.split_at_checked(find(line, b' ')?)?;
        set_ordinary(record, Place::Client, address, time);
        let rest = fill_combined(record, rest, (bytes.place, &mut *time))?;
        let mut best = Best::none();
        if let (Some(rank), Some(Cow::Borrowed(name))) = (user.rank, &record.user) {
            best.offer_word(record, rank, name);
        }
        self.fill_steps(record, (COMBINED_STEPS, agent.after.strip(rest)?, line), (best, time))
    }

    /// A line without an escape or anything else that needs a second look; `None` for any
    /// other, whose record may then be half full.
    pub(super) fn fill_ordinary<'a>(
        &self,
        record: &mut Record<'a>,
        line: &'a [u8],
        time: &mut TimeReader,
    ) -> Option<()> {
        self.fill_steps(record, (0, self.head.strip(line)?, line), (Best::none(), time))
    }

    /// The same from one step on, whose field the rest of the line begins with.
    fn fill_steps<'a>(
        &self,
        record: &mut Record<'a>,
        (first, mut rest, line): (usize, &'a [u8], &'a [u8]),
        (mut best, time): (Best, &mut TimeReader),
    ) -> Option<()> {
        for (index, step) in self.steps.iter().enumerate().skip(first) {
            let (text, behind) = step.cut_ordinary(rest)?;
            rest = behind;
            if self.anchored == Some(index) {
                // The first quote of the line is to be the one behind the time.
                let left = line.get(..line.len() - rest.len())?;
                if find(left, b'"').is_some() {
                    return None;
                }
            }
            if let Some(rank) = step.rank {
                if find(text, b' ').is_some() {
                    return None;
                }
                best.offer_word(record, rank, text);
            }
            if step.place == Place::Time {
                record.time = Some(time.read(text)?);
            } else {
                set_ordinary(record, step.place, text, time);
            }
        }
        if !rest.is_empty() {
            return None;
        }
        self.credentials.settle(record, &best);
        Some(())
    }

    pub(super) fn fill_any<'a>(
        &self,
        record: &mut Record<'a>,
        line: &'a [u8],
        time: &mut TimeReader,
    ) -> Result<(), &'static str> {
        let Some(mut rest) = self.head.strip(line) else {
            return Err("does not begin as the log format does");
        };
        let anchor = match self.anchored {
            Some(step) => Some((step, bracket(line).ok_or("has no [time] before a quoted field")?)),
            None => None,
        };
        let mut best = Best::none();
        for (index, step) in self.steps.iter().enumerate() {
            let cut = match anchor {
                Some((anchored, bracket)) if index == anchored => {
                    let taken = line.len() - rest.len() + step.after.len();
                    let end = (bracket + 1).checked_sub(taken);
                    step.cut_at(rest, end.ok_or("has its fields in another order")?)?
                }
                Some(_) | None => step.cut(rest)?,
            };
            rest = cut.rest;
            if cut.quirk.is_some() {
                record.quirk = cut.quirk;
            }
            if let Some(extra) = self.extra(step, &cut) {
                record.extras.push(extra);
            }
            let value =
                if cut.is_escaped { undo(cut.text, step.escape) } else { Cow::Borrowed(cut.text) };
            if let Some(rank) = step.rank {
                best.offer(record, rank, &value);
            }
            set(record, step.place, value, time);
        }
        if !rest.is_empty() && !rest.trim_ascii().is_empty() {
            record.quirk = Some("extra columns");
        }
        self.credentials.settle(record, &best);
        Ok(())
    }

    /// Up to where a line fits, and what should come there; `None` if that is not known.
    pub(super) fn stops_at(&self, line: &[u8]) -> Option<(usize, String)> {
        let text = |literal: &Literal| String::from_utf8_lossy(literal.bytes()).into_owned();
        let Some(mut rest) = self.head.strip(line) else {
            return Some((0, format!("`{}` should stand here", text(&self.head))));
        };
        for step in &self.steps {
            let at = line.len() - rest.len();
            let Ok(cut) = step.cut(rest) else {
                let (name, after) = (&step.name, text(&step.after));
                return Some((at, format!("${name} should stand here, and `{after}` behind it")));
            };
            rest = cut.rest;
        }
        None
    }

    /// The value under its own name, if it has no other place.
    fn extra<'a>(&self, step: &Step, cut: &Cut<'a>) -> Option<(Field<'a>, Field<'a>)> {
        if !self.keeps_extras || step.place.is_plain() || matches!(cut.text, b"" | b"-") {
            return None;
        }
        Some((Cow::Owned(step.name.clone().into_bytes()), Cow::Borrowed(cut.text)))
    }
}

/// Whether the steps begin with `client - user [time] "request" status bytes "referer" "agent"`.
fn is_combined(steps: &[Step]) -> bool {
    let is_of = |step: &Step, place: Place| {
        step.place == place || (place == Place::Bytes && step.place == Place::BytesOrDash)
    };
    COMBINED_STEPS <= steps.len()
        && COMBINED.iter().zip(steps).all(|((place, after), step)| {
            let is_end = *place == Place::UserAgent && step.after.bytes().starts_with(b"\"");
            is_of(step, *place)
                && (step.rank.is_none() || *place == Place::User)
                && (step.after.bytes() == *after || is_end)
        })
}

const COMBINED_STEPS: usize = 8;
/// Each place, and what stands behind it.
const COMBINED: [(Place, &[u8]); COMBINED_STEPS] = [
    (Place::Client, b" - "),
    (Place::User, b" ["),
    (Place::Time, b"] \""),
    (Place::Request, b"\" "),
    (Place::Status, b" "),
    (Place::Bytes, b" \""),
    (Place::Referer, b"\" \""),
    (Place::UserAgent, b"\""),
];

/// Where the `[` of ` [time] "` stands: before the first quote of the line. Whatever a
/// user's name or a host holds to the left of it, the columns to the right stay in place.
pub(super) fn bracket(line: &[u8]) -> Option<usize> {
    let quote = memchr(b'"', line)?;
    let left = line.get(..quote)?.strip_suffix(b"] ")?;
    memrchr(b'[', left)
}

/// The step before a time in brackets that a quoted field follows, if nothing to the
/// left of it is quoted.
fn anchor_of(head: &[u8], steps: &[Step]) -> Option<usize> {
    let is_time =
        |step: &Step| step.place == Place::Time && step.after.bytes().starts_with(b"] \"");
    let time = steps.iter().position(is_time)?;
    let before = time.checked_sub(1)?;
    let left = steps.get(..time)?;
    let has_quote = |text: &[u8]| text.contains(&b'"');
    let is_bare = !has_quote(head) && !left.iter().any(|step| has_quote(step.after.bytes()));
    let is_bracketed = left.last()?.after.bytes().ends_with(b"[");
    (is_bare && is_bracketed).then_some(before)
}

fn adjacent(pasted: &str, at: usize, names: [&str; 2]) -> FormatError {
    let [name, next] = names;
    let advice = format!("put something between {name} and {next}, a space or a quote");
    FormatError::at(pasted, at, "two variables have nothing between them", &advice)
}
