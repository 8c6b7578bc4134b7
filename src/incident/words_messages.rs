//! The words of findings about messages and about what was used, where no request is seen.

use super::Words;

pub(super) const MESSAGES: &[Words] = &[
    Words {
        kind: "message_pumping",
        title: "far more messages than usual",
        why_it_matters: "Somebody may use your app to send messages to numbers that earn them money (SMS pumping), or its key is in other hands. Every message is on your bill.",
        next_steps: &[
            "Look at which template and to which countries the messages go: numbers in a row, or countries without customers, are pumping.",
            "If it is no campaign of yours, stop the template or the form that sends it, and ask for a captcha there.",
            "Set a spending limit and a list of allowed countries at the provider.",
        ],
        attack: &["T1496.003"],
        owasp: &["API6", "API4"],
    },
    Words {
        kind: "delivery_failures",
        title: "messages fail as never before",
        why_it_matters: "Many messages that do not arrive mean invented numbers (pumping), a blocked sender, or a broken template. Providers lower the quality rating, and what matters does not arrive either.",
        next_steps: &[
            "Look at the error codes of the messages: unknown numbers, blocked by the recipient, or refused by the provider?",
            "Unknown numbers by the dozen: look for the form that sends them, and stop it.",
            "Refused by the provider: ask there whether the sender or the template is blocked.",
        ],
        attack: &["T1496.003"],
        owasp: &["API6"],
    },
    Words {
        kind: "no_opt_in",
        title: "message without opt-in",
        why_it_matters: "The recipient is on no list of those who agreed to be written to. Such messages break the rules of WhatsApp and of most countries, and cost the sender its number.",
        next_steps: &[
            "Find out where the number came from; take it out of the campaign.",
            "If there is an opt-in, add its hash to the list of the configuration: opt_in in [consent].",
        ],
        attack: &[],
        owasp: &[],
    },
    Words {
        kind: "after_opt_out",
        title: "message after opt-out",
        why_it_matters: "The recipient has said that they want no more messages, and got one. That is a complaint in the making, and a fine in many countries.",
        next_steps: &[
            "Take the number out of every campaign now, and find out why it was still in one.",
            "See that opt-outs reach the sending system at once, and not with the next export.",
        ],
        attack: &[],
        owasp: &[],
    },
    Words {
        kind: "usage_spike",
        title: "far more use than usual",
        why_it_matters: "The provider's own records say that far more was used and will be billed than in other hours: a job that runs away, or a key in other hands.",
        next_steps: &[
            "Ask the owner what ran in that hour, and with which model.",
            "If nobody knows, rotate the key and look at who asked with it.",
            "Set a spending limit at the provider.",
        ],
        attack: &["T1496.004", "T1078.004"],
        owasp: &["API4"],
    },
];
