//! Networks that are new to a key, and whether it goes on being used from those that it is known
//! to use: whoever moves leaves the old place, whoever was robbed stays there.

use serde::{Deserialize, Serialize};

/// Of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Arrivals {
    /// Requests of judged slots from networks that it is known to use.
    known: u64,
    /// The latest last.
    latest: Vec<Arrival>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Arrival {
    /// The low half of its hash.
    network: u32,
    known_before: u64,
}

const LATEST_MAX: usize = 4;

impl Arrivals {
    /// Requests, from whatever network.
    pub(super) fn count(&mut self, requests: u32) {
        self.known = self.known.saturating_add(u64::from(requests));
    }

    /// So many of them came from a network that is new to it. Gives how many came from those that
    /// it is known to use, since the first of these.
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash tells four of them apart")]
    pub(super) fn arrive(&mut self, network: u64, requests: u32) -> u64 {
        let network = network as u32;
        self.known = self.known.saturating_sub(u64::from(requests));
        if let Some(arrival) = self.latest.iter().find(|arrival| arrival.network == network) {
            return self.known.saturating_sub(arrival.known_before);
        }
        if LATEST_MAX <= self.latest.len() {
            self.latest.remove(0);
        }
        self.latest.push(Arrival { network, known_before: self.known });
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_leaves_the_old_network_and_a_theft_does_not() {
        let mut arrivals = Arrivals { known: 100, ..Arrivals::default() };
        arrivals.count(1);
        assert_eq!(arrivals.arrive(7, 1), 0);
        arrivals.count(5);
        assert_eq!(arrivals.arrive(7, 5), 0, "all of them came from the new one");
        arrivals.count(5);
        assert_eq!(arrivals.arrive(7, 2), 3);
        for network in 8..20 {
            assert_eq!(arrivals.arrive(network, 0), 0);
        }
        assert_eq!(arrivals.latest.len(), LATEST_MAX);
    }
}
