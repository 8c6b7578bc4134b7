//! Where the control socket lies: the daemon binds it there, and the others find it there.

use std::env;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixStream as Stream;
use std::path::{Path, PathBuf, absolute};

use tokio::net::UnixListener;

use crate::store::fault;

const NAME: &str = "control.sock";

/// Where systemd puts it, by the unit's `RuntimeDirectory=`.
const OF_THE_SERVICE: &str = "/run/keyvigil/control.sock";

/// The longest path that the kernel takes for a socket.
const PATH_BYTES_MAX: usize = 107;

/// The places where a daemon of this state directory may listen, the likeliest first.
pub fn places(configured: Option<&Path>, state: &Path) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = configured.map(Path::to_owned).into_iter().collect();
    places.push(state.join(NAME));
    places.push(PathBuf::from(OF_THE_SERVICE));
    places
}

/// As one and the same directory is called by everyone.
pub fn state_name(state: &Path) -> PathBuf {
    fs::canonicalize(state).or_else(|_| absolute(state)).unwrap_or_else(|_| state.to_owned())
}

/// A blocking connection, also over a path that is too long for the kernel.
pub fn connect(path: &Path) -> io::Result<Stream> {
    with_short_path(path, |path| Stream::connect(path))
}

/// The socket of a running daemon; gone with it.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    inode: u64,
    /// In the state directory, if the socket lies elsewhere: there everyone finds it.
    link: Option<PathBuf>,
}

impl Socket {
    /// Listens in the configured place, in the one that systemd gave, or in the state
    /// directory.
    pub(super) fn bind(
        configured: Option<&Path>,
        state: &Path,
    ) -> io::Result<(Self, UnixListener)> {
        let own = state_name(state).join(NAME);
        let given = configured.map(Path::to_owned).or_else(from_systemd);
        let path = given.unwrap_or_else(|| own.clone());
        let mode = if path == own { 0o600 } else { 0o660 };
        let listener = bind_at(&path, mode)?;
        let inode = fs::symlink_metadata(&path)?.ino();
        let mut socket = Self { path, inode, link: None };
        if socket.path != own {
            make_room(&own)?;
            symlink(&socket.path, &own)?;
            socket.link = Some(own);
        }
        Ok((socket, listener))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|it| it.ino() == self.inode);
        let files = self.link.iter().chain(is_ours.then_some(&self.path));
        for path in files {
            // What is gone already need not be removed.
            fs::remove_file(path).unwrap_or_default();
        }
    }
}

fn from_systemd() -> Option<PathBuf> {
    let directories = env::var_os("RUNTIME_DIRECTORY")?;
    env::split_paths(&directories).next().map(|directory| directory.join(NAME))
}

/// Under another name first, so that it never stands there with a mode that is too wide.
fn bind_at(path: &Path, mode: u32) -> io::Result<UnixListener> {
    make_room(path)?;
    let fresh = path.with_extension("new");
    make_room(&fresh)?;
    let listener = with_short_path(&fresh, |path| UnixListener::bind(path))?;
    fs::set_permissions(&fresh, Permissions::from_mode(mode))?;
    fault::point("control.rename")?;
    fs::rename(&fresh, path)?;
    Ok(listener)
}

/// Removes what a dead daemon left there. A living one's is not touched, nor is a file.
fn make_room(path: &Path) -> io::Result<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_symlink() {
        return fs::remove_file(path);
    }
    if !kind.is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file in its place"));
    }
    match connect(path) {
        Ok(_answers) => {
            Err(io::Error::new(io::ErrorKind::AddrInUse, "another keyvigil listens there"))
        }
        Err(_nobody) => fs::remove_file(path),
    }
}

/// A path that is too long is reached through its directory's handle.
fn with_short_path<T>(path: &Path, go: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return go(path) };
    if path.as_os_str().len() <= PATH_BYTES_MAX {
        return go(path);
    }
    let directory = File::open(directory)?;
    go(&Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_bound_replaced_when_dead_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (socket, listener) = Socket::bind(None, folder.path()).unwrap();
        let path = socket.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let refused = Socket::bind(None, folder.path()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        // As after a kill: the file is there, and nobody listens.
        std::mem::forget(socket);
        let (socket, _listener) = Socket::bind(None, folder.path()).unwrap();
        connect(&path).unwrap();
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_elsewhere_is_found_through_the_state_directory() {
        let folder = tempfile::tempdir().unwrap();
        let (state, elsewhere) = (folder.path().join("state"), folder.path().join("it.sock"));
        fs::create_dir(&state).unwrap();
        let (socket, _listener) = Socket::bind(Some(&elsewhere), &state).unwrap();
        assert_eq!(fs::metadata(&elsewhere).unwrap().mode() & 0o777, 0o660);
        connect(&places(None, &state)[0]).unwrap();
        drop(socket);
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
        assert!(!elsewhere.exists());
    }

    #[tokio::test]
    async fn a_file_in_its_place_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, "mine").unwrap();
        Socket::bind(None, folder.path()).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[tokio::test]
    async fn a_long_path_is_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("s".repeat(120));
        fs::create_dir(&state).unwrap();
        let (_socket, _listener) = Socket::bind(None, &state).unwrap();
        connect(&places(None, &state)[0]).unwrap();
    }
}
