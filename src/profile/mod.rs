//! Events to profiles: what one key, one address and everyone did in one slot and hour.
//! Integers and bounded tables only, so that adding up is exact in any order.

pub mod client;
pub mod counts;
mod crowd;
pub mod forms;
mod guessers;
pub mod hash;
pub mod known;
mod objects;
mod packed;
pub mod place;
mod refused;
mod sample;
pub mod slot;
mod sorting;
pub mod sources;
mod tight;
pub mod uses;

pub use client::{client_family, client_version};
pub use counts::{Counts, Failure};
pub use crowd::Crowd;
pub use forms::{Form, Forms};
pub use guessers::Guessers;
pub use hash::{hash_of, hash_of_number};
pub use known::{Entry, Facet, Known};
pub use objects::{OBJECTS_MAX, Object, Trail};
pub use packed::Packed;
pub use place::place_of;
pub use refused::SourceUse;
pub use sample::Sample;
pub use slot::{Doing, FlawedUse, SlotUse, SpotUse, Touch, Visit};
pub use sorting::Sorting;
pub use sources::{Source, Sources};
pub use uses::{ClientUse, Deed, RouteUse, Use, Uses};
