//! Random bytes from the system, for keys and salts.

use std::fs::File;
use std::io::Read as _;

use super::StoreError;

pub fn bytes<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|source| StoreError::Random { source })?;
    Ok(bytes)
}
