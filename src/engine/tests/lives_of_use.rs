//! Lives that the log tells: asleep, back again, shared, rotated by a successor.

use super::history::Dice;
use super::lives::{DAYS, LONG_AGO, Life, between, noon, start, well_kept};
use crate::identity::{InventoryKey, KeyStatus};

pub(super) fn healthy(life: &mut Life, id: &str, dice: &mut Dice) {
    life.is_kept(0, DAYS, &well_kept(id, LONG_AGO));
    life.is_used(id, between(dice, 0, 20), DAYS - 1);
}

/// Falls asleep; switched off after a hundred days or more, or never.
pub(super) fn dormant(life: &mut Life, id: &str, dice: &mut Dice) {
    let last = between(dice, 10, 200);
    let off = last + between(dice, 60, 200);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, off, &key);
    life.is_used(id, 0, last);
    let status = (KeyStatus::Disabled, Some(noon(off)));
    life.is(off, InventoryKey { status: status.0, status_since: status.1, ..key });
    life.must(id, "unused", (last + 45, Some(off)));
    if last + 90 <= off {
        life.and_worse(last + 90);
    }
}

/// Made long ago, and not used since anybody watches: that alone is known of it.
pub(super) fn silent(life: &mut Life, id: &str, dice: &mut Dice) {
    let off = between(dice, 50, 300);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, off, &key);
    life.is(off, ended(id, KeyStatus::Disabled, off));
    life.must(id, "unused", (45, Some(off)));
    if 90 <= off {
        life.and_worse(90);
    }
}

/// Never in this log; but the list says when it was used.
pub(super) fn used_elsewhere(life: &mut Life, id: &str, dice: &mut Dice) {
    let (last, again) = (between(dice, -30, 40), between(dice, 100, 250));
    let key = InventoryKey { last_used: Some(start(last)), ..well_kept(id, LONG_AGO) };
    life.is_kept(0, again, &key);
    let used = Some(start(again));
    life.is_kept(again, DAYS, &InventoryKey { last_rotated: used, last_used: used, ..key });
    life.must(id, "unused", (last + 45, Some(again)));
    if last + 90 <= again {
        life.and_worse(last + 90);
    }
    life.must(id, "unused", (again + 45, None));
    life.and_worse(again + 90);
}

pub(super) fn revived(life: &mut Life, id: &str, dice: &mut Dice) {
    let last = between(dice, 10, 150);
    let again = last + between(dice, 46, 85);
    life.is_kept(0, DAYS, &well_kept(id, LONG_AGO));
    life.is_used(id, 0, last);
    life.is_used(id, again, DAYS - 1);
    life.must(id, "unused", (last + 45, Some(again + 1)));
    life.must(id, "revived", (again + 1, Some(again + 8)));
}

/// Made and forgotten; then used at last, or deleted.
pub(super) fn never_used(life: &mut Life, id: &str, dice: &mut Dice) {
    let created = between(dice, 2, 200);
    let end = created + between(dice, 20, 80);
    let key = well_kept(id, created);
    if dice.below(2) == 0 {
        life.is_kept(created, DAYS, &key);
        life.is_used(id, end, DAYS - 1);
        life.must(id, "never_used", (created + 14, Some(end + 1)));
    } else {
        life.is(created, key);
        life.listed.push((end, None));
        life.must(id, "never_used", (created + 14, Some(end)));
    }
}

/// As it should be: the new key takes over within a week, and the old one ends.
pub(super) fn rotated(life: &mut Life, id: &str, dice: &mut Dice) {
    let change = between(dice, 20, 300);
    successor(life, id, change);
    life.is_used(id, 0, change + 5);
    life.is(change + 8, InventoryKey { ..ended(id, KeyStatus::Retired, change + 8) });
}

/// The old key goes on, is retired at last, and even then one machine does not hear of it.
pub(super) fn badly_rotated(life: &mut Life, id: &str, dice: &mut Dice) {
    let change = between(dice, 20, 250);
    successor(life, id, change);
    let first = change + 1;
    let last = first + between(dice, 9, 60);
    life.is_used(id, 0, change);
    for day in change..=last {
        life.is_used(id, day, day);
    }
    if dice.below(2) == 0 {
        life.must(id, "rotation_incomplete", (first + 8, Some(last + 7)));
        life.is(last + 20, ended(id, KeyStatus::Retired, last + 20));
    } else {
        let retired = last - 1;
        life.is(retired, ended(id, KeyStatus::Retired, retired));
        if first + 8 <= retired {
            life.must(id, "rotation_incomplete", (first + 8, Some(retired)));
        }
        // Noon, and it was used in the afternoon of the same day and on the next.
        life.must(id, "used_after_end", (retired + 1, Some(last + 7)));
    }
}

/// The new key, and the old one's entry that names it.
fn successor(life: &mut Life, id: &str, change: i64) {
    let new = format!("{id}_new");
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, change, &key);
    let last_rotated = Some(start(change - 1));
    life.is(change, InventoryKey { successor: Some(new.as_str().into()), last_rotated, ..key });
    life.is_kept(change, DAYS, &well_kept(&new, change));
    life.is_used(&new, change + 1, (change + 1).max(DAYS - 1));
}

fn ended(id: &str, status: KeyStatus, day: i64) -> InventoryKey {
    InventoryKey { status, status_since: Some(noon(day)), ..well_kept(id, LONG_AGO) }
}

pub(super) fn revoked(life: &mut Life, id: &str, dice: &mut Dice) {
    let day = between(dice, 10, 300);
    let (first, last) = (day + 1, day + between(dice, 2, 10));
    life.is_kept(0, day, &well_kept(id, LONG_AGO));
    life.is(day, ended(id, KeyStatus::Revoked, day));
    life.is_used(id, 0, day - 1);
    for day in first..=last {
        life.is_used(id, day, day);
    }
    life.must(id, "used_after_end", (first + 1, Some(last + 7)));
}

/// A key that many machines hold for some days; before, two shared it, which is no news.
pub(super) fn shared(life: &mut Life, id: &str, dice: &mut Dice) {
    let first = between(dice, 20, 300);
    let last = first + between(dice, 2, 30);
    life.is_kept(0, DAYS, &well_kept(id, LONG_AGO));
    life.is_used(id, 0, DAYS - 1);
    for day in 5..first {
        life.acts(id, day, (2, "GET"));
    }
    for (day, place) in (first..=last).flat_map(|day| (1..5).map(move |place| (day, place))) {
        life.acts(id, day, (place, "GET"));
    }
    life.must(id, "shared", (first + 3, Some(last + 6)));
}

/// May write, and does so only until some day.
pub(super) fn over_privileged(life: &mut Life, id: &str, dice: &mut Dice) {
    let last = between(dice, 0, 150);
    let cut = last + between(dice, 100, 200);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, cut, &key);
    let scopes = vec!["orders:read".into()];
    life.is_kept(cut, DAYS, &InventoryKey { scopes, last_rotated: Some(start(cut)), ..key });
    life.acts(id, 0, (1, "GET"));
    for day in (0..DAYS).step_by(4) {
        life.acts(id, day, (1, "GET"));
    }
    for day in (0..last).step_by(30).chain([last]) {
        life.acts(id, day, (1, "POST"));
    }
    life.must(id, "over_privileged", (last + 90, Some(cut)));
}

/// Is given a right that it never uses; it cannot be said before ninety days.
pub(super) fn granted_later(life: &mut Life, id: &str, dice: &mut Dice) {
    let given = between(dice, 1, 250);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, given, &key);
    let mut more = InventoryKey { last_rotated: Some(start(given)), ..key };
    more.scopes.push("payments:read".into());
    life.is_kept(given, DAYS, &more);
    life.is_used(id, 0, DAYS - 1);
    life.must(id, "over_privileged", (given + 90, None));
}

/// Of a role whose keys may sleep for 120 days.
pub(super) fn batch(life: &mut Life, id: &str, dice: &mut Dice) {
    let last = between(dice, 0, 120);
    let key = InventoryKey { role: "batch".into(), ..well_kept(id, LONG_AGO) };
    life.is_kept(0, DAYS, &key);
    life.is_used(id, 0, last);
    let again = last + between(dice, 100, 150);
    life.is_used(id, again, again);
    if last + 120 <= again {
        life.must(id, "unused", (last + 120, Some(again + 1)));
        life.must(id, "revived", (again + 1, Some(again + 8)));
    }
    life.must(id, "unused", (again + 120, None));
}

/// Switched off for a while: that it sleeps then is no news.
pub(super) fn paused(life: &mut Life, id: &str, dice: &mut Dice) {
    let off = between(dice, 20, 150);
    let on = off + between(dice, 46, 120);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, off, &key);
    life.is(off, ended(id, KeyStatus::Disabled, off));
    life.is_kept(on, DAYS, &InventoryKey { last_rotated: Some(start(on)), ..key });
    life.is_used(id, 0, off - 1);
    life.is_used(id, on, DAYS - 1);
    life.must(id, "unused", (on, Some(on + 1)));
    life.must(id, "revived", (on + 1, Some(on + 8)));
}

/// A trap that nobody touches, or a key that is deleted when its work is done.
pub(super) fn deleted(life: &mut Life, id: &str, dice: &mut Dice) {
    let key = well_kept(id, LONG_AGO);
    if dice.below(4) == 0 {
        life.is(0, InventoryKey { canary: true, expires: None, ..key });
        return;
    }
    let last = between(dice, 10, 300);
    let gone = last + between(dice, 1, 40);
    life.is_kept(0, gone, &key);
    life.listed.push((gone, None));
    life.is_used(id, 0, last);
}
