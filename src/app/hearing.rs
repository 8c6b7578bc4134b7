//! What is needed to hear a person's word about an incident, wherever it is said.

use super::board::Board;
use super::orders::Orders;
use crate::store::Store;
use crate::web::Window;

/// A clone hears for the same stages.
#[derive(Clone, Debug)]
pub(super) struct Hearing {
    pub(super) page: Window,
    pub(super) store: Option<Store>,
    pub(super) orders: Orders,
    pub(super) board: Board,
}
