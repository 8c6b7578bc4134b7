//! The words of unsafe habits: how requests are made and should not be.

use super::Words;

pub(super) const HYGIENE: &[Words] = &[
    Words {
        kind: "key_in_url",
        title: "sends its key in the URL",
        why_it_matters: "URLs stand in the logs of every server and proxy on the way, in browser histories and in referrers: whoever reads one of them has the key.",
        next_steps: &[
            "Have the client send the key in a header.",
            "Then rotate the key: the old one stands in logs already.",
        ],
        attack: &["T1552"],
        owasp: &["API2", "API8"],
    },
    Words {
        kind: "token_in_url",
        title: "sends a token in the URL",
        why_it_matters: "A JWT in a URL can be read from logs and referrers, and used until it expires.",
        next_steps: &[
            "Have the client send the token in the Authorization header.",
            "Until then, keep tokens short-lived.",
        ],
        attack: &["T1552"],
        owasp: &["API2", "API8"],
    },
    Words {
        kind: "mail_in_url",
        title: "mail addresses in the URL",
        why_it_matters: "Personal data in a URL ends in logs that many people can read and nobody deletes.",
        next_steps: &[
            "Send the address in the body, or use an id instead.",
            "Look at how long the logs that hold it are kept.",
        ],
        attack: &["T1213"],
        owasp: &["API3", "API8"],
    },
    Words {
        kind: "phone_in_url",
        title: "phone numbers in the URL",
        why_it_matters: "Personal data in a URL ends in logs that many people can read and nobody deletes.",
        next_steps: &[
            "Send the number in the body, or use an id instead.",
            "Look at how long the logs that hold it are kept.",
        ],
        attack: &["T1213"],
        owasp: &["API3", "API8"],
    },
    Words {
        kind: "card_in_url",
        title: "card numbers in the URL",
        why_it_matters: "Card numbers must not be stored in logs (PCI DSS 3.5); each server that logged the URL has them now.",
        next_steps: &[
            "Have the client send the number in the body at once, or better a token of the payment service.",
            "Delete or mask the numbers in the logs that hold them.",
        ],
        attack: &["T1213", "T1552"],
        owasp: &["API3", "API8"],
    },
    Words {
        kind: "national_id_in_url",
        title: "ids of people in the URL",
        why_it_matters: "National ids and bank accounts cannot be changed when they leak, and URLs leak through logs and referrers.",
        next_steps: &[
            "Send the number in the body, or use an id of your own instead.",
            "Look at who can read the logs that hold it.",
        ],
        attack: &["T1213"],
        owasp: &["API3", "API8"],
    },
    Words {
        kind: "basic_auth",
        title: "sends a password each time",
        why_it_matters: "Authorization: Basic sends a user and password with every request. They cannot be limited or revoked one client at a time.",
        next_steps: &["Give the client a key or token of its own.", "Then change the password."],
        attack: &["T1552"],
        owasp: &["API2"],
    },
    Words {
        kind: "plain_http",
        title: "is used over plain HTTP",
        why_it_matters: "Without TLS everybody on the way can read the key and everything it fetches.",
        next_steps: &[
            "Serve the API over TLS only, and rotate the key.",
            "If TLS ends at a proxy in front of this server, have its X-Forwarded-Proto logged.",
        ],
        attack: &["T1040", "T1557"],
        owasp: &["API8"],
    },
    Words {
        kind: "old_tls",
        title: "is used over an old TLS",
        why_it_matters: "SSL and TLS before 1.2 have known weaknesses and are forbidden by most rules.",
        next_steps: &[
            "Find the client by its software and have it updated.",
            "When nobody needs it any more, switch old versions off at the server.",
        ],
        attack: &["T1040", "T1557"],
        owasp: &["API8"],
    },
    Words {
        kind: "signed_url_expired",
        title: "expired links still work",
        why_it_matters: "A signed URL was answered after its time: the expiry is not checked, so that a leaked link works for ever.",
        next_steps: &[
            "Look at how the storage or API checks signatures, and have it check the time.",
            "Look at who used the link, and what it gave.",
        ],
        attack: &["T1530"],
        owasp: &["API2", "API5"],
    },
    Words {
        kind: "signed_url_shared",
        title: "one signed link, many places",
        why_it_matters: "A link that was signed for one is used from many networks: it was published or passed on.",
        next_steps: &[
            "Find where the link stands, and have it taken away.",
            "Sign links for a shorter time, and for one client.",
        ],
        attack: &["T1530"],
        owasp: &["API2", "API5"],
    },
    Words {
        kind: "deprecated_version",
        title: "calls an old API version",
        why_it_matters: "What is deprecated will be switched off, and is tested and watched least until then.",
        next_steps: &[
            "Tell the owner until when it works, and what to call instead.",
            "Look at whether the old version lacks checks that the new one has.",
        ],
        attack: &["T1190"],
        owasp: &["API9"],
    },
    Words {
        kind: "client_outdated",
        title: "uses outdated software",
        why_it_matters: "The client is older than the oldest version you allow: it may have known flaws.",
        next_steps: &[
            "Ask the owner to update it.",
            "If it cannot be updated, limit the key to what it needs.",
        ],
        attack: &["T1195.002"],
        owasp: &["API8", "API9"],
    },
];
