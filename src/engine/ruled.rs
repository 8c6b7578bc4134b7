//! By whose rules a key is judged: found out once, and again when rules or keys change.

/// Whose rules single requests of a key can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ruled {
    /// Which of the roles that have rules it is of.
    pub(super) by_role: Option<u32>,
    pub(super) by_list: bool,
    /// It has rules of its own.
    pub(super) by_key: bool,
    /// It may only come from so many addresses.
    pub(super) is_counted: bool,
    /// What it uses is limited: as a key of which of the roles that have rules, or by itself.
    pub(super) quota: QuotaOf,
    /// Its role's place, once there is one.
    pub(super) role: Option<u32>,
}

/// Who said how much a key may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuotaOf {
    Nobody,
    Role(u32),
    /// What it does not say is left to the role.
    Key,
}

impl Ruled {
    pub(super) const fn is_marked(self) -> bool {
        self.by_list || self.by_key || self.is_counted || self.by_role.is_some()
    }
}
