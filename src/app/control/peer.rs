//! Who may ask: root, the daemon's own user, and the members of its group.

use std::fs;
use std::io;

use tokio::net::UnixStream;
use tokio::net::unix::UCred;

use super::wire::{Because, Question, Refusal};

/// What the kernel calls a user that a user namespace does not know.
const UNMAPPED: u32 = 65_534;

/// Knows whose daemon this is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doorkeeper {
    user: u32,
    group: u32,
    /// Within a user namespace (`PrivateUsers=` of systemd) everyone but root and ourselves
    /// has the same number. There, the mode of the socket alone decides: whoever came
    /// through is in its group.
    in_namespace: bool,
}

impl Doorkeeper {
    pub(super) fn new() -> io::Result<Self> {
        let (own, _other) = UnixStream::pair()?;
        let own = own.peer_cred()?;
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        Ok(Self { user: own.uid(), group: own.gid(), in_namespace: is_namespace(&map) })
    }

    pub(super) fn admit(&self, peer: &UCred) -> Result<(), Refusal> {
        let groups = || peer.pid().map(supplementary_groups).unwrap_or_default();
        if self.admits(peer.uid(), peer.gid(), groups) {
            return Ok(());
        }
        let message = format!(
            "user {} may not ask this keyvigil; ask as root, as its own user (id {}) or as a \
             member of its group (id {})",
            peer.uid(),
            self.user,
            self.group
        );
        Err(Refusal::new(Because::NotAllowed, message))
    }

    fn admits(&self, user: u32, group: u32, groups: impl FnOnce() -> Vec<u32>) -> bool {
        user == 0
            || user == self.user
            || group == self.group
            || (self.in_namespace && user == UNMAPPED)
            || groups().contains(&self.group)
    }
}

impl Doorkeeper {
    /// As the journal has who asks.
    pub(super) fn name_of(self, peer: Option<&UCred>) -> String {
        match peer {
            Some(peer) if self.in_namespace && peer.uid() == UNMAPPED => {
                "a member of the daemon's group".to_owned()
            }
            Some(peer) => user_name(peer.uid()),
            None => String::new(),
        }
    }
}

impl Question {
    /// Under the name of who asks, as the system knows it.
    pub(super) fn signed(mut self, door: Doorkeeper, peer: Option<UCred>) -> Self {
        if let (Self::Verdict { by, .. }, Some(peer)) = (&mut self, peer) {
            let name = user_name(peer.uid());
            // Nobody but a member of the group comes through the door without a name.
            let is_unknown = door.in_namespace && peer.uid() == UNMAPPED;
            if !is_unknown || by.is_empty() {
                *by = name;
            }
        }
        self
    }
}

/// As the machine's own list of users has it.
pub(super) fn user_name(user: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("user {user}"))
}

/// The kernel tells the main group of a peer only.
fn supplementary_groups(process: i32) -> Vec<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap_or_default();
    line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// Outside of any, all numbers stand for themselves.
fn is_namespace(map: &str) -> bool {
    let numbers: Vec<&str> = map.split_whitespace().collect();
    !numbers.is_empty() && numbers != ["0", "0", "4294967295"]
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOOR: Doorkeeper = Doorkeeper { user: 900, group: 901, in_namespace: false };

    #[test]
    fn root_the_daemons_user_and_its_group_may_ask_and_nobody_else() {
        let none = Vec::new;
        assert!(DOOR.admits(0, 0, none));
        assert!(DOOR.admits(900, 5, none));
        assert!(DOOR.admits(1000, 901, none));
        assert!(DOOR.admits(1000, 1000, || vec![4, 901]));
        assert!(!DOOR.admits(1000, 1000, || vec![4, 900]));
        assert!(!DOOR.admits(UNMAPPED, UNMAPPED, none));
    }

    #[test]
    fn in_a_namespace_whoever_could_open_the_socket_may_ask() {
        let inside = Doorkeeper { in_namespace: true, ..DOOR };
        assert!(inside.admits(UNMAPPED, UNMAPPED, Vec::new));
        assert!(!inside.admits(1000, 1000, Vec::new));
    }

    #[test]
    fn a_namespace_is_known_by_its_map() {
        assert!(!is_namespace("         0          0 4294967295\n"));
        assert!(is_namespace(
            "         0          0          1\n       998        998          1\n"
        ));
        assert!(!is_namespace(""));
    }
}
