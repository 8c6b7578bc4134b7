//! The words of incidents: suspicious use.

use super::Words;

const STOLEN_ATTACK: &[&str] = &["T1078.004", "T1550.001", "T1528"];
const STOLEN_OWASP: &[&str] = &["API2"];
const DEAD_KEY_ATTACK: &[&str] = &["T1078", "T1550.001"];

pub(super) const USE: &[Words] = &[
    Words {
        kind: "volume_spike",
        title: "far more requests than usual",
        why_it_matters: "A sudden burst is how data is copied out through a stolen key, or how a program that runs in circles spends money.",
        next_steps: &[
            "Ask the owner whether a job, an import or an export was started at that time.",
            "If nobody knows of one, rotate the key: make a new one, hand it to its rightful user, revoke this one.",
            "Look at which paths were read since then, and at how much was sent, to know what may have been taken.",
        ],
        attack: &["T1530", "T1213", "T1567"],
        owasp: &["API1", "API3", "API4", "API6"],
    },
    Words {
        kind: "slow_ramp",
        title: "more use from day to day",
        why_it_matters: "Use that grows a little every day stays under every hourly limit: somebody builds on this key, or is careful not to be seen.",
        next_steps: &[
            "Ask the owner whether a new customer, job or version explains the growth.",
            "Compare which paths and networks the key uses now with those of two weeks ago.",
            "If nobody can explain it, replace the key: make a new one, hand it to its user, revoke this one.",
        ],
        attack: &["T1530", "T1213", "T1567"],
        owasp: &["API4", "API6"],
    },
    Words {
        kind: "slow_exfiltration",
        title: "takes more data day by day",
        why_it_matters: "Data that leaves in small portions over days stays under every hourly limit, and adds up to the same.",
        next_steps: &[
            "Look at which paths gave the most bytes in the last days, and for whom that data is meant.",
            "Ask the owner whether an export or a synchronisation was put to work.",
            "If nobody knows of one, replace the key: make a new one, hand it to its user, revoke this one.",
        ],
        attack: &["T1530", "T1213", "T1567"],
        owasp: &["API1", "API3", "API6"],
    },
    Words {
        kind: "volume_drop",
        title: "much quieter than usual",
        why_it_matters: "A key that does far less than usual may mean a job that is half broken, a client that gave up, or logs that reach keyvigil only in part.",
        next_steps: &[
            "Ask the owner whether part of the work was stopped or moved to another key.",
            "Look on the health page whether the log is still being read.",
            "If the key was replaced, revoke it and mark it as retired in the inventory.",
        ],
        attack: &[],
        owasp: &[],
    },
    Words {
        kind: "silent_key",
        title: "fell silent",
        why_it_matters: "A key that stops when it should be at work may mean a broken job, a lost connection, or logs that no longer reach keyvigil.",
        next_steps: &[
            "Ask the owner whether the job was stopped or moved to another key.",
            "Look on the health page whether the log is still being read.",
            "If the key was replaced, revoke it and mark it as retired in the inventory.",
        ],
        attack: &[],
        owasp: &[],
    },
    Words {
        kind: "failures",
        title: "far more refusals than usual",
        why_it_matters: "Many refused requests from a key that used to succeed: someone tries what the key may not do, or a client is broken.",
        next_steps: &[
            "Look at the paths that were refused: the client's usual ones point to a bug, others to someone who is trying doors.",
            "Ask the owner whether the client was changed or its rights were cut.",
            "If nobody knows, replace the key: make a new one, hand it to its user, revoke this one.",
        ],
        attack: &["T1069.003", "T1526", "T1580"],
        owasp: &["API5", "API3"],
    },
    Words {
        kind: "token_burn",
        title: "burns tokens or money",
        why_it_matters: "Requests to a language model that cost far more than usual are how a stolen key is resold, or how a program that runs in circles spends a month's budget in a night.",
        next_steps: &[
            "Ask the owner whether longer prompts, another model or a new job explain it.",
            "Set a limit of spending on the key at the provider or the gateway.",
            "If nobody can explain it, replace the key: make a new one, hand it to its user, revoke this one.",
        ],
        attack: &["T1496.004"],
        owasp: &["API4"],
    },
    Words {
        kind: "odd_hours",
        title: "used at an unusual hour",
        why_it_matters: "A key that works when its owner sleeps may be in other hands; by itself it is only a hint.",
        next_steps: &[
            "Ask the owner whether a job was moved to that hour, or whether someone worked late.",
            "Look at where the requests came from, and what they asked for.",
        ],
        attack: STOLEN_ATTACK,
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "impossible_travel",
        title: "used in places too far apart",
        why_it_matters: "Nobody can have come from one to the other in that time. Addresses tell a place only roughly, and a VPN, a proxy or a second machine does the same: by itself it is a hint.",
        next_steps: &[
            "Ask the owner whether the key is used from both places, or through a VPN.",
            "If so, give each place a key of its own. If nobody knows the second one, rotate the key.",
        ],
        attack: &["T1078.004", "T1550.001"],
        owasp: &["API2"],
    },
    Words {
        kind: "shared_key",
        title: "used from many addresses",
        why_it_matters: "A key that comes from far more addresses than it used to has been passed on, leaked to many, or its user now runs on many machines.",
        next_steps: &[
            "Ask the owner whether the service was spread over more machines or moved behind another gateway.",
            "If not, replace the key now, and give every user a key of their own.",
            "Look at what was read from the new addresses.",
        ],
        attack: STOLEN_ATTACK,
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "traffic_shift",
        title: "far from the usual traffic",
        why_it_matters: "All keys of a role together, or the whole API, do far more or far less than they ever did at such a time. That may be a release, an outage upstream, a campaign, or an attack that is spread over many keys.",
        next_steps: &[
            "Look on the page which keys did most of it, and since when.",
            "Look for what else happened then: a release, an outage, a campaign.",
            "If nothing explains it, look at the busiest keys one by one.",
        ],
        attack: &[],
        owasp: &["API4"],
    },
    Words {
        kind: "new_network",
        title: "used from an unknown network",
        why_it_matters: "A key that always came from the same places and now comes from another may be in other hands.",
        next_steps: &[
            "Ask the owner whether the service was moved, or whether someone works from there.",
            "If not, replace the key now, and look at what was read from the new network.",
            "If it is theirs, mark the incident as expected; the network is then known.",
        ],
        attack: STOLEN_ATTACK,
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "new_route",
        title: "calls paths it never used",
        why_it_matters: "A key that suddenly uses other parts of the API may be held by someone who is looking around.",
        next_steps: &[
            "Ask the owner whether a new version of the client was put to work.",
            "If not, look at the answers: a success on a path that the key has no business with is what is urgent.",
            "Cut the key's rights to what it needs; replace it if nobody can explain the calls.",
        ],
        attack: &["T1069.003", "T1526", "T1580"],
        owasp: &["API5", "API3"],
    },
    Words {
        kind: "new_client",
        title: "used by unknown software",
        why_it_matters: "Another program than the usual one sends this key. That may be an upgrade, or a thief's script.",
        next_steps: &[
            "Ask the owner whether the client was upgraded or replaced.",
            "If not, replace the key, and look for where it may have leaked: repositories, tickets, chat.",
        ],
        attack: STOLEN_ATTACK,
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "object_enumeration",
        title: "walks through many objects",
        why_it_matters: "Reading object after object, often in sequence, is how the data of other customers is collected.",
        next_steps: &[
            "Check whether the objects belong to the key's own customer: if others were answered with success, the API does not check ownership.",
            "Switch the key off until that is known.",
            "Ask the owner whether an export was run.",
        ],
        attack: &["T1087.004", "T1213", "T1119"],
        owasp: &["API1"],
    },
    Words {
        kind: "large_answers",
        title: "far larger answers than usual",
        why_it_matters: "Answers that are much larger than before mean that more data leaves at once: an export, or a copy that nobody ordered.",
        next_steps: &[
            "Ask the owner whether an export or a new query was put to work.",
            "Look at which paths gave the large answers, and for whom that data is meant.",
            "If nobody can explain it, replace the key: make a new one, hand it to its user, revoke this one.",
        ],
        attack: &["T1530", "T1213", "T1567"],
        owasp: &["API1", "API3", "API6"],
    },
    Words {
        kind: "revoked_key_used",
        title: "used after it was revoked",
        why_it_matters: "The key was taken out of service on purpose, and someone still sends it. If it is answered with success, revocation does not work.",
        next_steps: &[
            "See whether the requests succeeded. If so, switch the key off at the API itself, at once.",
            "Find the program or person behind the address, and give them a new key if they are entitled to one.",
            "If nobody knows the address, treat the key as leaked and look at everything it did.",
        ],
        attack: DEAD_KEY_ATTACK,
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "retired_key_used",
        title: "used after it was retired",
        why_it_matters: "The key should have been replaced everywhere. A forgotten client, or someone with an old copy, still uses it.",
        next_steps: &[
            "Find the program behind the address and move it to the successor of this key.",
            "Then revoke the key, so that old copies are worthless.",
        ],
        attack: DEAD_KEY_ATTACK,
        owasp: &["API2", "API9"],
    },
    Words {
        kind: "disabled_key_used",
        title: "used while disabled",
        why_it_matters: "The key is switched off, and someone still sends it. If it is answered with success, the switch does not work.",
        next_steps: &[
            "See whether the requests succeeded. If so, switch the key off at the API itself.",
            "Ask the owner whether a client still has it configured.",
        ],
        attack: DEAD_KEY_ATTACK,
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "expired_key_used",
        title: "used after it expired",
        why_it_matters: "The key's time is over. If it is still answered with success, the API does not check expiry.",
        next_steps: &[
            "See whether the requests succeeded. If so, the API must refuse expired keys.",
            "Give the owner a new key, and revoke this one.",
        ],
        attack: DEAD_KEY_ATTACK,
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "unknown_key_accepted",
        title: "unknown key was accepted",
        why_it_matters: "The API answered with success to a key that is not in the inventory: either the inventory is incomplete, or someone makes keys.",
        next_steps: &[
            "Look the key up where keys are made: who made it, when, and for whom?",
            "If it is rightful, add it to the inventory. If not, revoke it and find out how it was made.",
        ],
        attack: &["T1098.001", "T1136.003", "T1078.004"],
        owasp: &["API2", "API9"],
    },
    Words {
        kind: "canary_key_used",
        title: "canary key was touched",
        why_it_matters: "This key exists only as a trap: nobody has a reason to use it. Whoever sent it has read the place where it was hidden.",
        next_steps: &[
            "Treat the place where the canary was hidden as read by a stranger, and replace every secret that lay beside it.",
            "Block the address, and look at all it did in the last days.",
            "Keep the logs of that time.",
        ],
        attack: &["T1552", "T1078.004"],
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "brute_force",
        title: "tries many logins",
        why_it_matters: "One address fails again and again to log in, or tries key after key. A single success among the failures is what it is after.",
        next_steps: &[
            "Look for a success from this address. If there is one, replace that key now.",
            "Block the address where requests come in: at the firewall, the gateway or the web server.",
            "Limit how many failed logins one address may make, if nothing does so yet.",
        ],
        attack: &["T1110.001", "T1110.003", "T1110.004"],
        owasp: STOLEN_OWASP,
    },
    Words {
        kind: "scanning",
        title: "looks for missing paths",
        why_it_matters: "One address asks for many paths that do not exist: it searches for weak spots or forgotten files.",
        next_steps: &[
            "Look at what was answered with success: that is what the scan has found.",
            "If it goes on, block the address where requests come in: at the firewall, the gateway or the web server.",
        ],
        attack: &["T1595.002", "T1595.003", "T1190"],
        owasp: &["API8", "API9"],
    },
    Words {
        kind: "distributed_automation",
        title: "used by many like one machine",
        why_it_matters: "Many addresses with few requests each make up most of the use of one path: a script spread over many machines, to stay under limits.",
        next_steps: &[
            "Look at what the path does: sign-ups, messages and vouchers cost money or reputation each time.",
            "Ask for a captcha or a login on that path, or limit how often it may be used.",
            "Compare the accounts or numbers involved, and undo what was made in bulk.",
        ],
        attack: &["T1496.003"],
        owasp: &["API6", "API4"],
    },
    Words {
        kind: "key_flood",
        title: "flood of invented keys",
        why_it_matters: "Far more new keys, addresses or paths than ever: someone guesses keys, or makes so much noise that other things go unseen.",
        next_steps: &[
            "Limit how many requests without a valid key one address may make, where requests come in.",
            "Look for a success among them. If there is one, revoke that key.",
        ],
        attack: &["T1110.001", "T1499"],
        owasp: &["API2", "API4"],
    },
    Words {
        kind: "fleet_errors",
        title: "more errors than usual",
        why_it_matters: "Many keys fail at the same time. That is mostly a bad release or a failing service behind the API, and not one key's fault.",
        next_steps: &[
            "Look at the service and its latest change first. If one came just before, take it back.",
            "If nothing was changed, look at whether the failing requests have an address or path in common.",
        ],
        attack: &[],
        owasp: &[],
    },
];
