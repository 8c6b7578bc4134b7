//! Points where a test makes a write fail, cut it short, or end the process there and then. In a
//! build without its tests nothing is left of them.

use std::fs::File;
use std::io::{self, Write as _};

/// What a test asks for: a broken disk, a full one, or a kill. First it may have done half of it.
macro_rules! fail_here {
    ($name:expr, $half:expr) => {
        fail::fail_point!($name, |how: Option<String>| {
            let half: io::Result<()> = $half;
            half?;
            match how.as_deref() {
                Some("die") => std::process::abort(),
                Some("full") => Err(io::Error::from_raw_os_error(28)),
                Some(_) | None => Err(io::Error::from_raw_os_error(5)),
            }
        })
    };
}

/// A step of something that a kill may interrupt.
pub fn place(name: &'static str) {
    debug_assert!(!name.is_empty(), "a test asks for it by its name");
    fail::fail_point!(name, |how: Option<String>| {
        if how.as_deref() == Some("die") {
            std::process::abort();
        }
    });
}

/// Before something is written, renamed or synced.
pub fn point(name: &'static str) -> io::Result<()> {
    debug_assert!(!name.is_empty(), "a test asks for it by its name");
    fail_here!(name, Ok(()));
    Ok(())
}

/// Writes all of it. Where it fails, half of it is written all the same.
pub fn write(name: &'static str, file: &mut File, bytes: &[u8]) -> io::Result<()> {
    debug_assert!(!name.is_empty(), "a test asks for it by its name");
    fail_here!(name, file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default()));
    file.write_all(bytes)
}
