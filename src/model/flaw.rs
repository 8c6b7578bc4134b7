//! What is wrong with the way in which a request was made, found while its secrets were
//! still there to be seen: bits, so that a row holds them all.

use serde::{Deserialize, Serialize};

/// The flaws of a request, and what carried it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flaws(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    KeyInUrl,
    TokenInUrl,
    MailInUrl,
    PhoneInUrl,
    /// Its name says that it is one.
    CardInUrl,
    NationalIdInUrl,
    /// A number like that of a card, with a check digit that fits, and one that does not:
    /// together they tell whether the numbers there are cards.
    CardLike,
    NoCard,
    BasicAuth,
    PlainHttp,
    OldTls,
    /// A signed URL, and one whose time was over.
    SignedUrl,
    SignedUrlExpired,
    /// A message to somebody who is on no list of those who agreed, or on that of those who
    /// do not any more.
    NoOptIn,
    OptedOut,
}

/// What carried the request, as far as the line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Transport {
    #[default]
    Unknown,
    Plain,
    Ssl,
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

const TRANSPORT_SHIFT: u32 = 24;
const FLAWS: u32 = (1 << TRANSPORT_SHIFT) - 1;

impl Flaw {
    pub const ALL: [Self; 15] = [
        Self::KeyInUrl,
        Self::TokenInUrl,
        Self::MailInUrl,
        Self::PhoneInUrl,
        Self::CardInUrl,
        Self::NationalIdInUrl,
        Self::CardLike,
        Self::NoCard,
        Self::BasicAuth,
        Self::PlainHttp,
        Self::OldTls,
        Self::SignedUrl,
        Self::SignedUrlExpired,
        Self::NoOptIn,
        Self::OptedOut,
    ];

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl Flaws {
    #[must_use]
    pub const fn with(self, flaw: Flaw) -> Self {
        Self(self.0 | flaw.bit())
    }

    #[must_use]
    pub const fn without(self, flaw: Flaw) -> Self {
        Self(self.0 & !flaw.bit())
    }

    #[must_use]
    pub const fn over(self, transport: Transport) -> Self {
        Self(self.0 & FLAWS | (transport as u32) << TRANSPORT_SHIFT)
    }

    pub const fn has(self, flaw: Flaw) -> bool {
        self.0 & flaw.bit() != 0
    }

    /// Whether there are data of a person in the URL.
    pub const fn has_person(self) -> bool {
        const OF_PEOPLE: u32 = Flaw::MailInUrl.bit()
            | Flaw::PhoneInUrl.bit()
            | Flaw::CardInUrl.bit()
            | Flaw::CardLike.bit()
            | Flaw::NationalIdInUrl.bit();
        self.0 & OF_PEOPLE != 0
    }

    /// The flaws alone.
    pub const fn bits(self) -> u32 {
        self.0 & FLAWS
    }

    pub const fn transport(self) -> Transport {
        match self.0 >> TRANSPORT_SHIFT {
            1 => Transport::Plain,
            2 => Transport::Ssl,
            3 => Transport::Tls10,
            4 => Transport::Tls11,
            5 => Transport::Tls12,
            6 => Transport::Tls13,
            _ => Transport::Unknown,
        }
    }
}

impl Transport {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Plain => "plain HTTP",
            Self::Ssl => "SSL",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flaws_and_transport_do_not_disturb_each_other() {
        let flaws = Flaws::default().with(Flaw::OldTls).over(Transport::Tls11);
        assert!(flaws.has(Flaw::OldTls) && !flaws.has(Flaw::PlainHttp));
        assert_eq!(flaws.transport(), Transport::Tls11);
        assert_eq!(flaws.over(Transport::Plain).transport(), Transport::Plain);
        assert_eq!(Flaws::default().over(Transport::Tls13).bits(), 0);
        for flaw in Flaw::ALL {
            assert_eq!(Flaws::default().with(flaw).bits().count_ones(), 1);
        }
    }
}
