//! The words of stale credentials: hygiene, not use.

use super::Words;

const FORGOTTEN_ATTACK: &[&str] = &["T1078.004"];
const FORGOTTEN_OWASP: &[&str] = &["API2", "API9"];

pub(super) const STALE: &[Words] = &[
    Words {
        kind: "unused",
        title: "not used for long",
        why_it_matters: "A key that nobody uses is missed by nobody when it is stolen.",
        next_steps: &[
            "Ask the owner whether it is still needed.",
            "If not, or without an answer, revoke it.",
        ],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "list_outdated",
        title: "listed otherwise than it is",
        why_it_matters: "The list of keys and the system that made them do not agree: whoever trusts the list is wrong about this key.",
        next_steps: &[
            "Correct the inventory, or have it exported anew.",
            "If nobody meant to change the key, ask who did.",
        ],
        attack: &["T1098.001"],
        owasp: &["API9"],
    },
    Words {
        kind: "not_listed",
        title: "made, and never listed",
        why_it_matters: "Somebody made a key that is in no inventory: nobody answers for it, rotates it or takes it away.",
        next_steps: &[
            "Ask who made it what it is for.",
            "List it with an owner and a role, or delete it.",
        ],
        attack: &["T1098.001", "T1136.003"],
        owasp: &["API9", "API5"],
    },
    Words {
        kind: "never_used",
        title: "never used",
        why_it_matters: "A key that was made and never used gives access to whoever finds it, and is good for nothing else.",
        next_steps: &["Ask whoever asked for it whether it is still wanted.", "If not, revoke it."],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "rotation_overdue",
        title: "rotation is overdue",
        why_it_matters: "The longer a key lives, the more places hold a copy of it.",
        next_steps: &[
            "Make a successor, hand it to the owner, and let both work for some days.",
            "When the old one has fallen silent, revoke it.",
        ],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "expiring",
        title: "expires soon",
        why_it_matters: "When the key expires, whatever depends on it stops.",
        next_steps: &[
            "Tell the owner the date.",
            "Make a successor and have it put to work before then.",
        ],
        attack: &[],
        owasp: &["API9"],
    },
    Words {
        kind: "no_expiry",
        title: "never expires",
        why_it_matters: "A leaked key without an end works until someone notices.",
        next_steps: &[
            "Set an expiry at the next rotation.",
            "Until then, limit the key to the networks it is used from.",
        ],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "status_unknown",
        title: "status is not known",
        why_it_matters: "Nobody can say whether this key should work. Nobody will notice when it works for the wrong one.",
        next_steps: &[
            "Find out where the key was made and whether it is active.",
            "Write its status into the inventory, or revoke it.",
        ],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "owner_missing",
        title: "has no owner",
        why_it_matters: "When something is wrong with this key, there is nobody to ask.",
        next_steps: &[
            "Find a person or team that answers for the key, by what it is used for.",
            "If there is none, revoke it.",
        ],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "owner_gone",
        title: "its owner is gone",
        why_it_matters: "Whoever left may still have a copy of the key, and nobody answers for what is done with it.",
        next_steps: &[
            "Find the person or team that uses the key now, and make them its owner.",
            "Rotate it, so that copies the old owner may have are worthless. If nobody needs it, revoke it.",
        ],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "over_privileged",
        title: "may do more than it does",
        why_it_matters: "Rights that the key never uses serve only whoever steals it.",
        next_steps: &[
            "Ask the owner whether the unused rights are for something rare, such as a yearly export.",
            "If not, take them away: give the key the scopes and routes that it did use.",
        ],
        attack: &["T1078.004", "T1098.003"],
        owasp: &["API5", "API9"],
    },
    Words {
        kind: "rotation_incomplete",
        title: "old key is still in use",
        why_it_matters: "A rotation is done when the old key is dead. Until then both open the door, and the old copies are worth as much as before.",
        next_steps: &[
            "Find the program that still sends the old key, by its address and client software, and move it to the successor.",
            "When the old key has been silent for some days, revoke it.",
        ],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "shared",
        title: "used by several machines",
        why_it_matters: "When a key that many machines hold leaks, nobody can say from where, and revoking it stops them all.",
        next_steps: &[
            "Ask the owner which machines and teams hold the key.",
            "Give each a key of its own. If they are copies of one service behind changing addresses, allow more networks for its role.",
        ],
        attack: &["T1078.004"],
        owasp: &["API2", "API9"],
    },
    Words {
        kind: "revived",
        title: "used again after a long pause",
        why_it_matters: "A key that everybody had forgotten is a favourite of thieves: nobody watches it and nobody misses it.",
        next_steps: &[
            "Ask the owner whether it was them, and for what.",
            "If nobody knows, rotate the key, and look at what it did since its return.",
        ],
        attack: FORGOTTEN_ATTACK,
        owasp: FORGOTTEN_OWASP,
    },
    Words {
        kind: "used_after_end",
        title: "ended, and still in use",
        why_it_matters: "The key's time is over, and some program still depends on it, or somebody has kept a copy.",
        next_steps: &[
            "Find the program behind the last uses and move it to a key that is valid.",
            "See that the API refuses this key. If it does not, revocation does not work.",
        ],
        attack: &["T1078", "T1550.001"],
        owasp: &["API2", "API9"],
    },
];
