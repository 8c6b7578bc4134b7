//! The words of broken rules: what a role may not do.

use super::Words;

pub(super) const POLICY: &[Words] = &[
    Words {
        kind: "method_not_allowed",
        title: "uses a method it may not",
        why_it_matters: "The rules of the role do not allow this method. Either the API lets its keys do more than it should, or somebody tries.",
        next_steps: &[
            "Ask the owner whether the key's work has changed. If so, write it into the role's rules.",
            "If it was let in, have the API refuse the method for this role. If nobody knows, replace the key.",
        ],
        attack: &["T1069.003", "T1526"],
        owasp: &["API5"],
    },
    Words {
        kind: "route_not_allowed",
        title: "leaves the routes of its role",
        why_it_matters: "A key that calls what its role has no business with may be held by someone who is looking around.",
        next_steps: &[
            "Ask the owner whether the key's work has changed. If so, write it into the role's rules.",
            "Look at the answers: a success outside of the role means that the API does not check it.",
            "If nobody can explain it, replace the key.",
        ],
        attack: &["T1069.003", "T1526", "T1580"],
        owasp: &["API5", "API3"],
    },
    Words {
        kind: "network_not_allowed",
        title: "used from a forbidden network",
        why_it_matters: "The key may come from a list of networks only, and came from another: it may have been copied.",
        next_steps: &[
            "Ask the owner whether the service was moved. If so, add its network.",
            "If not, replace the key now and look at what was read from there.",
        ],
        attack: &["T1078.004", "T1550.001"],
        owasp: &["API2"],
    },
    Words {
        kind: "country_not_allowed",
        title: "used from a forbidden country",
        why_it_matters: "The key came from a country that its role has no business in. An address tells a country only roughly: a mobile carrier or VPN may end elsewhere.",
        next_steps: &[
            "Ask the owner whether someone works or a service runs there.",
            "If not, replace the key and look at what was read from there.",
        ],
        attack: &["T1078.004", "T1550.001"],
        owasp: &["API2"],
    },
    Words {
        kind: "tenant_not_allowed",
        title: "acts for a tenant it may not",
        why_it_matters: "The key acted for a project, team or account that is none of its own: it was given too much, or somebody reaches across.",
        next_steps: &[
            "Ask the owner whether the key was meant to serve this tenant. If so, write it into the role's rules.",
            "Look at what was read or changed there, and tell that tenant's owner.",
            "If nobody can explain it, rotate the key and cut its rights to one tenant.",
        ],
        attack: &["T1078.004", "T1098.003"],
        owasp: &["API1", "API5"],
    },
    Words {
        kind: "hours_not_allowed",
        title: "used outside of its hours",
        why_it_matters: "The role has its hours, and the key was used outside of them: a job was moved, or somebody uses the quiet of the night.",
        next_steps: &[
            "Ask the owner whether a job was moved to another time.",
            "If nobody knows, look at what was read, and replace the key.",
        ],
        attack: &["T1078.004"],
        owasp: &["API2"],
    },
    Words {
        kind: "tls_not_allowed",
        title: "used without the TLS it needs",
        why_it_matters: "Without TLS, or with an old version, the key can be read and changed on the way.",
        next_steps: &[
            "Find the client by its address and software, and have it updated.",
            "Have the server refuse what is older.",
        ],
        attack: &["T1040"],
        owasp: &["API8"],
    },
    Words {
        kind: "rate_exceeded",
        title: "asks more than its role may",
        why_it_matters: "More requests than the role is meant to make: a program runs in circles, or data is copied out.",
        next_steps: &[
            "Ask the owner whether an import or export was started.",
            "If nobody knows, limit the key at the gateway and look at which paths it reads.",
        ],
        attack: &["T1530", "T1499"],
        owasp: &["API4", "API6"],
    },
    Words {
        kind: "sigma_rule",
        title: "matches a rule of yours",
        why_it_matters: "You gave keyvigil this Sigma rule; what it means stands in the rule's own description.",
        next_steps: &[
            "Read the rule's description and its known false positives, then the lines behind this incident.",
            "If it is right so, narrow the rule, or take it out of its folder and reload.",
        ],
        attack: &[],
        owasp: &[],
    },
    Words {
        kind: "quota_exceeded",
        title: "uses more than it may",
        why_it_matters: "You said how much this key or its role may use: bytes, refused requests, tokens or cost. It has used more: a program runs in circles, data is copied out, or somebody spends your money.",
        next_steps: &[
            "Ask the owner whether more was needed. If so, raise the limit in the configuration.",
            "If nobody knows, limit the key at the gateway and look at which paths it uses, from where.",
        ],
        attack: &["T1530", "T1496.004"],
        owasp: &["API4"],
    },
];
