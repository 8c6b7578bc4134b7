//! Keys that no inventory knows and that are let in all the same: one cause once there are several.

use super::rules::Broken;
use super::{Action, Engine};
use crate::detect::POLICY_SCORE;
use crate::model::{Class, Entity, Finding, Millis, Timestamp};

/// So many unknown keys that are let in are told of one by one; of more within so long, as one.
const LET_IN: &str = "unknown_key_accepted";
const LET_IN_ALONE_MAX: usize = 8;
const LET_IN_WITHIN: Millis = Millis::hours(6);
const LET_IN_AGAIN: Millis = Millis::seconds(60);

impl Engine {
    /// Keys that nobody knows and that are let in all the same are one cause, once there are
    /// several: the list is not whole, or somebody makes keys.
    pub(super) fn is_one_of_many_let_in(&self, broken: &Broken) -> bool {
        broken.kind == LET_IN
            && self.incidents.open_on(&Entity::Key(broken.key.clone())).is_none()
            && (self.many_let_in(broken.at, LET_IN_WITHIN)
                || LET_IN_ALONE_MAX <= self.let_in_alone(broken.at).count())
    }

    /// Whether people were told within so long that there are many.
    fn many_let_in(&self, at: Timestamp, within: Millis) -> bool {
        self.incidents.open_on(&Entity::Fleet).is_some_and(|known| {
            known.findings.iter().any(|it| it.kind == LET_IN)
                && at.since(known.last_seen).0 < within.0
        })
    }

    /// Keys that were told of one by one.
    fn let_in_alone(&self, at: Timestamp) -> impl Iterator<Item = &str> {
        self.incidents.shown().filter_map(move |known| match &known.entity {
            Entity::Key(key)
                if known.kind == LET_IN && at.since(known.opened).0 < LET_IN_WITHIN.0 =>
            {
                Some(key.as_str())
            }
            Entity::Key(_)
            | Entity::Address(_)
            | Entity::Route(_)
            | Entity::App(_)
            | Entity::Fleet => None,
        })
    }

    /// Of all of them together, and not for every line. Those that were told of before are part
    /// of it.
    pub(super) fn raise_many_let_in(&mut self, broken: &Broken, actions: &mut Vec<Action>) {
        if self.many_let_in(broken.at, LET_IN_AGAIN) {
            return;
        }
        let alone: Vec<String> = self.let_in_alone(broken.at).map(str::to_owned).collect();
        let finding = Finding {
            kind: LET_IN.to_owned(),
            class: Class::Policy,
            severity: broken.severity,
            entity: Entity::Fleet,
            at: broken.at,
            since: broken.at,
            because: format!(
                "more than {LET_IN_ALONE_MAX} keys that the inventory does not know were let in \
                 within hours, and more come"
            ),
            score: POLICY_SCORE,
            address: broken.line.as_ref().map(|line| line.source_ip.clone()),
            keys: alone.iter().chain([&broken.key]).cloned().collect(),
        };
        self.raise(&finding, (None, None), actions);
        for key in alone {
            let changes = self.incidents.give_to(&Entity::Key(key), &Entity::Fleet, LET_IN);
            self.tell(changes, actions);
        }
    }
}
