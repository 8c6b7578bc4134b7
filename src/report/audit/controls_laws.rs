//! What GDPR, CCPA and HIPAA ask for that an access log can speak to.

use super::controls::{Rule, Setting, Show};
use Show::{Figure, None};

pub(super) const LAWS: &[Rule] = &[
    Rule {
        framework: "GDPR",
        id: "Art. 5(1)(c)",
        asks: "Data minimisation: no more personal data than the purpose needs.",
        shows: &[Show::Setting(Setting::Keys), None("hygiene.people"), None("hygiene.secrets")],
        beyond: "what the servers write into their own logs, and who reads those.",
    },
    Rule {
        framework: "GDPR",
        id: "Art. 5(1)(e)",
        asks: "Storage limitation: personal data is kept no longer than needed.",
        shows: &[Show::Setting(Setting::Retention), Figure("events.all")],
        beyond: "the log files themselves, which have a retention of their own; incidents stay \
                 with up to twenty log lines each.",
    },
    Rule {
        framework: "GDPR",
        id: "Art. 5(1)(f)",
        asks: "Integrity and confidentiality: protection against unauthorised use and loss.",
        shows: &[
            Show::Setting(Setting::Encryption),
            Show::Setting(Setting::Page),
            None("incidents.ended-keys"),
            None("incidents.unknown-keys"),
        ],
        beyond: "protection of the machine, its disks and its backups.",
    },
    Rule {
        framework: "GDPR",
        id: "Art. 30",
        asks: "Records of processing activities.",
        shows: &[Show::Setting(Setting::Record), Show::Setting(Setting::Retention)],
        beyond: "any processing but that of keyvigil, and who the controller is.",
    },
    Rule {
        framework: "GDPR",
        id: "Art. 32(1)(b)",
        asks: "The ability to ensure confidentiality, integrity, availability and resilience of \
               systems.",
        shows: &[
            Figure("events.hours"),
            Figure("events.failed"),
            Figure("incidents.opened"),
            None("hygiene.transport"),
            None("stale.privileged"),
        ],
        beyond: "measures that leave no trace in an access log.",
    },
    Rule {
        framework: "GDPR",
        id: "Art. 32(1)(d)",
        asks: "A process to test and evaluate the measures regularly.",
        shows: &[
            Figure("keys.known"),
            Figure("stale.open"),
            Figure("incidents.detect"),
            Figure("events.late"),
        ],
        beyond: "tests and reviews by people.",
    },
    Rule {
        framework: "GDPR",
        id: "Art. 33",
        asks: "A personal data breach is notified without delay, where feasible within 72 hours \
               of becoming aware of it.",
        shows: &[
            Figure("incidents.severe"),
            Figure("incidents.taking"),
            Figure("incidents.detect"),
            Figure("incidents.tell"),
            Figure("incidents.acknowledge"),
            None("incidents.unseen"),
            Show::Setting(Setting::Recipients),
        ],
        beyond: "whether an incident is a breach of personal data, and whether it was notified.",
    },
    Rule {
        framework: "CCPA",
        id: "§ 1798.100(e)",
        asks: "Reasonable security procedures, fit for the nature of the personal information.",
        shows: &[
            Show::Setting(Setting::Keys),
            Show::Setting(Setting::Encryption),
            Figure("incidents.opened"),
            None("stale.nobodys"),
        ],
        beyond: "what is reasonable, and everything outside of API access.",
    },
    Rule {
        framework: "CCPA",
        id: "§ 1798.150",
        asks: "Consequences of theft or disclosure of unprotected personal information.",
        shows: &[Figure("incidents.taking"), None("incidents.unseen"), None("hygiene.people")],
        beyond: "which information was behind a route, and whether it was encrypted.",
    },
    Rule {
        framework: "HIPAA",
        id: "164.308(a)(1)(ii)(D)",
        asks: "Regular review of records of activity, such as audit logs and access reports.",
        shows: &[Figure("events.all"), Figure("events.hours"), Figure("incidents.opened")],
        beyond: "the review by people, and systems whose logs keyvigil is not given.",
    },
    Rule {
        framework: "HIPAA",
        id: "164.308(a)(3)(ii)(C)",
        asks: "Access ends when somebody leaves or no longer needs it.",
        shows: &[None("incidents.ended-keys"), None("stale.ended"), None("stale.nobodys")],
        beyond: "who has left: the inventory has to say it.",
    },
    Rule {
        framework: "HIPAA",
        id: "164.308(a)(5)(ii)(C)",
        asks: "Monitoring of log-in attempts, and reporting of discrepancies.",
        shows: &[Figure("events.refused"), Figure("incidents.guessing")],
        beyond: "log-ins that the watched logs do not hold.",
    },
    Rule {
        framework: "HIPAA",
        id: "164.308(a)(6)(ii)",
        asks: "Suspected security incidents are identified, answered and documented.",
        shows: &[
            Figure("incidents.severe"),
            Figure("incidents.acknowledge"),
            Figure("incidents.resolve"),
            None("incidents.unseen"),
        ],
        beyond: "what was done outside of keyvigil.",
    },
    Rule {
        framework: "HIPAA",
        id: "164.312(a)(1), (a)(2)(i)",
        asks: "Only those get access who were granted it, each under an identity of their own.",
        shows: &[
            Figure("keys.known"),
            None("incidents.unknown-keys"),
            None("stale.shared"),
            Figure("events.without-key"),
        ],
        beyond: "who granted access, and why.",
    },
    Rule {
        framework: "HIPAA",
        id: "164.312(b)",
        asks: "Mechanisms that record and examine activity in systems with health information.",
        shows: &[Figure("events.all"), Figure("events.late"), Show::Setting(Setting::Retention)],
        beyond: "systems whose logs keyvigil is not given.",
    },
    Rule {
        framework: "HIPAA",
        id: "164.312(d)",
        asks: "Whoever asks for access is the one they claim to be.",
        shows: &[Figure("events.refused"), None("incidents.unknown-keys"), None("stale.shared")],
        beyond: "how the API verifies a key.",
    },
    Rule {
        framework: "HIPAA",
        id: "164.312(e)(1)",
        asks: "Protection of health information on its way over a network.",
        shows: &[None("hygiene.transport"), None("hygiene.secrets")],
        beyond: "connections whose log does not say which TLS they used.",
    },
];
