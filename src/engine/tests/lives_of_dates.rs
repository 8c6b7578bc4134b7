//! Lives that the inventory tells: rotation, expiry, owners.

use super::history::Dice;
use super::lives::{DAYS, LONG_AGO, Life, between, start, well_kept};
use crate::identity::{InventoryKey, KeyStatus};

pub(super) fn overdue(life: &mut Life, id: &str, dice: &mut Dice) {
    let rotated = between(dice, 0, 120);
    let late = rotated + between(dice, 92, 140);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, rotated, &key);
    let rotated_on = |day| InventoryKey { last_rotated: Some(start(day)), ..key.clone() };
    life.is(rotated, rotated_on(rotated));
    life.is_kept(late, DAYS, &rotated_on(late));
    life.is_used(id, 0, DAYS - 1);
    life.must(id, "rotation_overdue", (rotated + 91, Some(late)));
}

/// Renewed in time, or not, and used beyond its end.
pub(super) fn expiring(life: &mut Life, id: &str, dice: &mut Dice) {
    let end = between(dice, 60, 300);
    let key = InventoryKey { expires: Some(start(end)), ..well_kept(id, LONG_AGO) };
    if dice.below(2) == 0 {
        let renewed = end - between(dice, 1, 25);
        life.is_kept(0, renewed, &key);
        let rotated = Some(start(renewed));
        let key = InventoryKey { last_rotated: rotated, expires: Some(start(2000)), ..key };
        life.is_kept(renewed, DAYS, &key);
        life.is_used(id, 0, DAYS - 1);
        life.must(id, "expiring", (end - 30, Some(renewed)));
        // The midnight of that day comes before its noon.
        if end - 7 <= renewed {
            life.and_worse(end - 7);
        }
    } else {
        life.is_kept(0, DAYS, &key);
        life.is_used(id, 0, end + 4);
        life.is_used(id, end, end);
        life.must(id, "expiring", (end - 30, Some(end)));
        life.and_worse(end - 7);
        life.must(id, "used_after_end", (end + 1, Some(end + 11)));
    }
}

pub(super) fn no_expiry(life: &mut Life, id: &str, dice: &mut Dice) {
    let set = between(dice, 5, 300);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, set, &InventoryKey { expires: None, ..key.clone() });
    life.is_kept(set, DAYS, &InventoryKey { last_rotated: Some(start(set)), ..key });
    life.is_used(id, 0, DAYS - 1);
    life.must(id, "no_expiry", (0, Some(set)));
}

/// Somebody leaves; somebody else takes the key over, some weeks later.
pub(super) fn owner_gone(life: &mut Life, id: &str, dice: &mut Dice) {
    let gone = between(dice, 5, 250);
    let found = gone + between(dice, 3, 80);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, gone, &key);
    let rotated = Some(start(gone));
    let orphan = InventoryKey { owner_gone: rotated, last_rotated: rotated, ..key.clone() };
    life.is(gone, orphan);
    let owner = "ben@example.com".into();
    life.is_kept(found, DAYS, &InventoryKey { owner, last_rotated: Some(start(found)), ..key });
    life.is_used(id, 0, DAYS - 1);
    life.must(id, "owner_gone", (gone, Some(found)));
}

/// For a time nobody knows whose it is, nor whether it is active.
pub(super) fn unclear(life: &mut Life, id: &str, dice: &mut Dice) {
    let from = between(dice, 5, 200);
    let known = from + between(dice, 3, 60);
    let key = well_kept(id, LONG_AGO);
    life.is_kept(0, from, &key);
    let poor = InventoryKey {
        owner: String::new().into(),
        status: KeyStatus::Unknown,
        last_rotated: Some(start(from)),
        ..key.clone()
    };
    life.is(from, poor);
    life.is_kept(known, DAYS, &InventoryKey { last_rotated: Some(start(known)), ..key });
    life.is_used(id, 0, DAYS - 1);
    life.must(id, "owner_missing", (from, Some(known)));
    life.must(id, "status_unknown", (from, Some(known)));
}
