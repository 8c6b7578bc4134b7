//! Who it was: the key, its role, its network. Secrets end here: nothing past this room has seen one.

mod address;
mod append;
mod audit;
mod cells;
mod claims;
mod clean;
mod columns;
mod consent;
mod credential;
mod flaws;
mod hops;
mod import;
mod inventory;
mod memo;
mod mmdb;
mod named;
mod namer;
mod networks;
mod openapi;
mod path_keys;
mod personal;
mod plain;
mod privacy;
mod private;
mod pseudonym;
mod random;
mod route;
mod scrub;
mod shapes;
mod table;
#[cfg(test)]
mod tests;
mod told;
mod words;

pub use append::{Identity, Seen};
pub use audit::KeyDeed;
pub use consent::Consent;
pub use hops::Prefixes;
pub use import::ListFormat;
pub use inventory::{Inventory, InventoryKey, KeyStatus};
pub use networks::{Network, Networks};
pub use openapi::Templates;
pub use path_keys::PathKeys;
pub use privacy::{Kept, Mode, NeverStored, Privacy};
pub use pseudonym::KeyIs;
pub use table::InventoryError;
