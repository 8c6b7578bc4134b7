//! What SOC 2 and PCI DSS ask for that an access log can speak to.

use super::controls::{Rule, Setting, Show};
use Show::{Figure, None};

pub(super) const STANDARDS: &[Rule] = &[
    Rule {
        framework: "SOC 2",
        id: "CC6.1",
        asks: "Logical access is secured, and credentials are known and protected.",
        shows: &[
            Figure("keys.known"),
            None("keys.ownerless"),
            None("incidents.unknown-keys"),
            None("hygiene.secrets"),
        ],
        beyond: "how keys are made, stored and handed over.",
    },
    Rule {
        framework: "SOC 2",
        id: "CC6.2",
        asks: "Credentials are given to authorised users, and taken away when access ends.",
        shows: &[None("incidents.ended-keys"), None("stale.unused"), None("stale.ended")],
        beyond: "who authorised a credential.",
    },
    Rule {
        framework: "SOC 2",
        id: "CC6.3",
        asks: "Access follows roles, least privilege and separation of duties.",
        shows: &[None("stale.privileged"), None("incidents.rules"), None("keys.roleless")],
        beyond: "separation of duties between people.",
    },
    Rule {
        framework: "SOC 2",
        id: "CC6.6",
        asks: "Measures against threats from outside the system's boundaries.",
        shows: &[Figure("events.refused"), Figure("incidents.guessing")],
        beyond: "firewalls and other means in front of the API.",
    },
    Rule {
        framework: "SOC 2",
        id: "CC6.7",
        asks: "The movement of information is restricted to authorised users, and protected.",
        shows: &[None("hygiene.transport"), Figure("incidents.taking")],
        beyond: "ways of data other than the watched API.",
    },
    Rule {
        framework: "SOC 2",
        id: "CC7.2",
        asks: "System components are monitored for anomalies that point to attacks or errors.",
        shows: &[
            Figure("events.all"),
            Figure("events.hours"),
            Figure("incidents.opened"),
            Figure("incidents.detect"),
        ],
        beyond: "components whose logs keyvigil is not given.",
    },
    Rule {
        framework: "SOC 2",
        id: "CC7.3",
        asks: "Security events are evaluated, to tell whether they are incidents.",
        shows: &[Figure("incidents.acknowledge"), None("incidents.unseen")],
        beyond: "the reasons for what was decided, beyond what was said to keyvigil.",
    },
    Rule {
        framework: "SOC 2",
        id: "CC7.4",
        asks: "Incidents are answered by a defined programme.",
        shows: &[
            Show::Setting(Setting::Recipients),
            Figure("incidents.resolve"),
            Figure("incidents.open"),
        ],
        beyond: "the programme itself.",
    },
    Rule {
        framework: "PCI DSS 4.0.1",
        id: "8.2.2",
        asks: "Shared credentials are an exception.",
        shows: &[None("stale.shared")],
        beyond: "exceptions that were granted.",
    },
    Rule {
        framework: "PCI DSS 4.0.1",
        id: "8.2.5",
        asks: "Access of users who have left is revoked at once.",
        shows: &[None("incidents.ended-keys"), None("stale.ended"), None("stale.nobodys")],
        beyond: "who has left: the inventory has to say it.",
    },
    Rule {
        framework: "PCI DSS 4.0.1",
        id: "8.2.6",
        asks: "Inactive accounts are removed or disabled within 90 days.",
        shows: &[None("stale.unused"), Show::Setting(Setting::UnusedDaysMax(90))],
        beyond: "accounts that use no watched API.",
    },
    Rule {
        framework: "PCI DSS 4.0.1",
        id: "8.3.4",
        asks: "Failed attempts to authenticate are limited.",
        shows: &[Figure("events.refused"), Figure("incidents.guessing")],
        beyond: "the limit itself, which the API has to keep.",
    },
    Rule {
        framework: "PCI DSS 4.0.1",
        id: "8.6.3",
        asks: "Secrets of application and system accounts are protected, and changed \
               periodically.",
        shows: &[
            None("stale.rotation"),
            Show::Setting(Setting::RotationDays),
            None("hygiene.secrets"),
        ],
        beyond: "the risk analysis that sets how often.",
    },
    Rule {
        framework: "PCI DSS 4.0.1",
        id: "10.2.1",
        asks: "Audit logs are active, and hold individual access and refused attempts.",
        shows: &[
            Figure("events.all"),
            Figure("events.hours"),
            Figure("events.refused"),
            Figure("events.without-key"),
        ],
        beyond: "systems whose logs keyvigil is not given.",
    },
    Rule {
        framework: "PCI DSS 4.0.1",
        id: "10.4.1, 10.4.1.1",
        asks: "Audit logs are reviewed at least daily, by automated means.",
        shows: &[
            Figure("events.hours"),
            Figure("events.late"),
            Figure("incidents.opened"),
            Figure("incidents.detect"),
        ],
        beyond: "what people did with the findings, beyond what was said to keyvigil.",
    },
    Rule {
        framework: "PCI DSS 4.0.1",
        id: "10.5.1",
        asks: "Audit log history is kept for at least 12 months, three of them at hand.",
        shows: &[Show::Setting(Setting::RetentionDaysMin(365)), Figure("events.all")],
        beyond: "log files that are kept elsewhere.",
    },
];
