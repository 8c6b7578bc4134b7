//! The user who reads the logs, whether they may, and the exact line that lets them.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use super::files::Files;

/// The user of the service.
const SERVICE_USER: &str = "keyvigil";
const UNITS: [&str; 3] = [
    "/etc/systemd/system/keyvigil.service",
    "/usr/lib/systemd/system/keyvigil.service",
    "/lib/systemd/system/keyvigil.service",
];
/// To be in one of these is to be nearly root, which reading a log is not worth.
const POWERFUL: [&str; 8] = ["root", "wheel", "sudo", "docker", "disk", "shadow", "lxd", "kmem"];

/// Who is to read the logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    pub name: String,
    uid: u32,
    groups: Vec<u32>,
    pub is_service: bool,
    users: BTreeMap<u32, String>,
    group_names: BTreeMap<u32, String>,
}

/// Whether a file can be read by them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    Granted,
    Missing,
    Denied {
        /// `/var/log/nginx belongs to root:adm, mode 750`.
        what: String,
        /// The lines that mend it.
        mend: Vec<String>,
    },
}

/// What is wanted of a file or a folder, as bits of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    Read,
    Enter,
    Write,
}

impl Reader {
    /// The service's user if there is one; otherwise whoever runs this.
    pub(super) fn of(files: &Files) -> Self {
        let users = named_numbers(&files.text("/etc/passwd").unwrap_or_default());
        let group_file = files.text("/etc/group").unwrap_or_default();
        let group_names = named_numbers(&group_file);
        let (mut uid, mut groups) = own_numbers();
        let mut is_service = false;
        if let Some((service, _)) = users.iter().find(|(_, name)| *name == SERVICE_USER) {
            is_service = true;
            uid = *service;
            let passwd = files.text("/etc/passwd").unwrap_or_default();
            groups = groups_of(&passwd, &group_file, &supplementary(files));
        }
        let name = users.get(&uid).cloned().unwrap_or_else(|| uid.to_string());
        Self { name, uid, groups, is_service, users, group_names }
    }

    pub(super) fn may_read(&self, files: &Files, path: &str) -> Access {
        self.may(files, path, Right::Read)
    }

    /// Every folder on the way has to be entered too.
    pub(super) fn may(&self, files: &Files, path: &str, right: Right) -> Access {
        let mut folders: Vec<&Path> = Path::new(path).ancestors().skip(1).collect();
        folders.reverse();
        let way = folders.into_iter().map(|it| (it, Right::Enter));
        for (place, right) in way.chain([(Path::new(path), right)]) {
            let named = place.display().to_string();
            match fs::metadata(files.real(&named)) {
                Ok(metadata)
                    if self.has(&metadata, right)
                        || acl_grants(&files.real(&named), &self.name, right) => {}
                Ok(metadata) => return self.denied(&named, &metadata, right),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    let what = format!("{named} cannot be looked at by this user");
                    return Access::Denied {
                        what,
                        mend: vec!["run this as root (sudo)".to_owned()],
                    };
                }
                Err(_) => return Access::Missing,
            }
        }
        Access::Granted
    }

    fn has(&self, metadata: &Metadata, right: Right) -> bool {
        let shift = if metadata.uid() == self.uid {
            6
        } else if self.groups.contains(&metadata.gid()) {
            3
        } else {
            0
        };
        self.uid == 0 || metadata.mode() >> shift & right.bit() != 0
    }

    fn denied(&self, path: &str, metadata: &Metadata, right: Right) -> Access {
        let number = |names: &BTreeMap<u32, String>, id: u32| {
            names.get(&id).cloned().unwrap_or_else(|| id.to_string())
        };
        let (owner, group) =
            (number(&self.users, metadata.uid()), number(&self.group_names, metadata.gid()));
        let mode = metadata.mode() & 0o7777;
        let what = format!("{path} belongs to {owner}:{group}, mode {mode:o}");
        let group_may = mode >> 3 & right.bit() != 0;
        let is_known = self.group_names.contains_key(&metadata.gid());
        let mut mend = Vec::new();
        if group_may && is_known && !POWERFUL.contains(&group.as_str()) {
            mend.push(format!("sudo usermod -aG {group} {}", self.name));
            mend.push(if self.is_service {
                "sudo systemctl restart keyvigil".to_owned()
            } else {
                "then log in again, so that it takes effect".to_owned()
            });
            return Access::Denied { what, mend };
        }
        let letter = right.letter();
        mend.push(format!("sudo setfacl -m u:{}:{letter} {path}", self.name));
        if right == Right::Read {
            let folder = Path::new(path).parent().unwrap_or(Path::new("/")).display().to_string();
            mend.push(format!(
                "sudo setfacl -d -m u:{}:r {folder}    # for the files that a rotation makes",
                self.name
            ));
        }
        Access::Denied { what, mend }
    }
}

impl Right {
    const fn bit(self) -> u32 {
        match self {
            Self::Read => 4,
            Self::Write => 2,
            Self::Enter => 1,
        }
    }

    const fn letter(self) -> &'static str {
        match self {
            Self::Read => "r",
            Self::Write => "rwx",
            Self::Enter => "x",
        }
    }
}

/// Names by the number in the third column of `/etc/passwd` and `/etc/group`.
fn named_numbers(text: &str) -> BTreeMap<u32, String> {
    let entry = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        Some((fields.nth(1)?.parse().ok()?, name))
    };
    text.lines().filter_map(entry).collect()
}

/// The user and the groups of this process.
fn own_numbers() -> (u32, Vec<u32>) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let numbers = |name: &str| -> Vec<u32> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let words = line.unwrap_or_default().split_whitespace();
        words.filter_map(|word| word.parse().ok()).collect()
    };
    // Real, effective, saved, of files.
    let mut groups = numbers("Groups:");
    groups.extend(numbers("Gid:").get(1));
    (numbers("Uid:").get(1).copied().unwrap_or(0), groups)
}

/// The groups of the service's user, by both files and by its unit.
fn groups_of(passwd: &str, group_file: &str, more: &[String]) -> Vec<u32> {
    let of_user = |line: &&str| line.split(':').next() == Some(SERVICE_USER);
    let primary =
        passwd.lines().find(of_user).and_then(|line| line.split(':').nth(3)?.parse().ok());
    let is_member = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number = fields.nth(1)?.parse().ok()?;
        let members = fields.next().unwrap_or_default();
        let named = members.split(',').any(|it| it.trim() == SERVICE_USER);
        (named || more.iter().any(|it| it == name)).then_some(number)
    };
    group_file.lines().filter_map(is_member).chain(primary).collect()
}

/// The groups that the service's unit adds.
fn supplementary(files: &Files) -> Vec<String> {
    let unit = UNITS.iter().find_map(|unit| files.text(unit).ok()).unwrap_or_default();
    let groups = unit.lines().filter_map(|line| line.trim().strip_prefix("SupplementaryGroups="));
    groups.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// An access control list may grant what the mode does not show; without `getfacl` there is
/// none.
fn acl_grants(path: &Path, user: &str, right: Right) -> bool {
    let output = Command::new("getfacl").arg("-cpE").arg("--").arg(path).output();
    let Ok(output) = output else { return false };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rights = |prefix: String| {
        text.lines().find_map(|line| line.strip_prefix(&prefix).map(|it| bits_of(it.trim())))
    };
    let mask = rights("mask::".to_owned()).unwrap_or(7);
    rights(format!("user:{user}:")).is_some_and(|bits| bits & mask & right.bit() != 0)
}

/// `r-x` as bits.
fn bits_of(letters: &str) -> u32 {
    letters.chars().take(3).fold(0, |bits, letter| bits << 1 | u32::from(letter != '-'))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A machine on which the service's user exists, and a log that belongs to whoever runs
    /// the test.
    fn machine(group: &str, mode: u32) -> (tempfile::TempDir, Files) {
        let root = tempfile::tempdir().unwrap();
        for folder in ["etc", "var/log"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let log = root.path().join("var/log/access.log");
        fs::write(&log, "x").unwrap();
        fs::set_permissions(&log, fs::Permissions::from_mode(mode)).unwrap();
        let gid = fs::metadata(&log).unwrap().gid();
        fs::write(root.path().join("etc/passwd"), "root:x:0:0::/:\nkeyvigil:x:4242:4242::/:\n")
            .unwrap();
        fs::write(root.path().join("etc/group"), format!("{group}:x:{gid}:\nkeyvigil:x:4242:\n"))
            .unwrap();
        let files = Files::new(root.path());
        (root, files)
    }

    fn mend(files: &Files) -> String {
        match Reader::of(files).may_read(files, "/var/log/access.log") {
            Access::Denied { what, mend } => format!("{what}; {}", mend.join("; ")),
            granted @ (Access::Granted | Access::Missing) => format!("{granted:?}"),
        }
    }

    #[test]
    fn a_log_of_a_group_is_mended_by_joining_it() {
        let (_root, files) = machine("adm", 0o640);
        let said = mend(&files);
        assert!(
            said.contains(":adm, mode 640; sudo usermod -aG adm keyvigil; sudo systemctl restart"),
            "{said}"
        );
        let (_root, files) = machine("adm", 0o644);
        assert_eq!(mend(&files), "Granted");
    }

    #[test]
    fn nobody_is_sent_into_a_group_that_is_nearly_root() {
        for (group, mode) in [("root", 0o640), ("docker", 0o640), ("adm", 0o600)] {
            let (_root, files) = machine(group, mode);
            let said = mend(&files);
            assert!(said.contains("sudo setfacl -m u:keyvigil:r /var/log/access.log"), "{said}");
            assert!(!said.contains("usermod"), "{said}");
        }
    }

    #[test]
    fn a_group_that_the_unit_adds_counts() {
        let (root, files) = machine("adm", 0o640);
        let unit = root.path().join("etc/systemd/system");
        fs::create_dir_all(&unit).unwrap();
        fs::write(unit.join("keyvigil.service"), "[Service]\nSupplementaryGroups=adm\n").unwrap();
        assert_eq!(mend(&files), "Granted");
    }

    #[test]
    fn a_folder_that_cannot_be_entered_is_named() {
        let (root, files) = machine("root", 0o644);
        let folder = root.path().join("var/log");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let said = mend(&files);
        assert!(
            said.starts_with("/var/log belongs to")
                && said.contains("setfacl -m u:keyvigil:x /var/log"),
            "{said}"
        );
    }

    #[test]
    fn rights_of_an_access_control_list_are_read() {
        assert_eq!((bits_of("r-x"), bits_of("---"), bits_of("rw-")), (5, 0, 6));
    }
}
