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
];
