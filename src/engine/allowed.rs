//! What a role may do, found out once for each route and each address of a batch: of thousands of
//! rows nearly all ask for what others of their role ask for.

use crate::detect::RoleRules;
use crate::model::EventBatch;

/// What was found to be allowed in the batch at hand. It may be pushed out, and is then found out
/// again.
#[derive(Debug, Default)]
pub(super) struct Allowed {
    pairs: Vec<u64>,
}

const PAIRS: usize = 1 << 11;
const ROUTE: u64 = 1;
const ADDRESS: u64 = 2;

impl Allowed {
    pub(super) fn begin(&mut self) {
        self.pairs.clear();
        self.pairs.resize(PAIRS, 0);
    }

    /// Whether the row breaks none of a role's rules, as far as they are about method, route and
    /// network alone. `false` says nothing.
    pub(super) fn has(
        &mut self,
        (rules, role): (&RoleRules, u32),
        batch: &EventBatch,
        row: usize,
    ) -> bool {
        if !rules.is_of_routes_and_networks() {
            return false;
        }
        // A batch has at most 8,192 values of each.
        let (method, route) = (batch.method.number(row), batch.route.number(row));
        let of_route = tag_of(ROUTE, role, (u64::from(method) << 14) | u64::from(route));
        let of_address = tag_of(ADDRESS, role, u64::from(batch.source_ip.number(row)));
        let may_ask = || rules.allows_route(batch.method.get(row), batch.route.get(row));
        let may_come = || rules.allows_address(batch.source_ip.get(row));
        self.finds(of_route, may_ask) && self.finds(of_address, may_come)
    }

    fn finds(&mut self, tag: u64, find: impl FnOnce() -> bool) -> bool {
        let Some(place) = self.pairs.get_mut(place_of(tag)) else { return false };
        if *place == tag {
            return true;
        }
        let is_allowed = find();
        if is_allowed {
            *place = tag;
        }
        is_allowed
    }
}

fn tag_of(sort: u64, role: u32, value: u64) -> u64 {
    (sort << 60) | (u64::from(role) << 32) | value
}

const fn place_of(tag: u64) -> usize {
    (tag.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Pattern;
    use crate::identity::Prefixes;

    fn batch(method: &str, route: &str, address: &str) -> EventBatch {
        let mut batch = EventBatch::default();
        batch.time.push(0);
        batch.method.push(method);
        batch.route.push(route);
        batch.source_ip.push(address);
        batch
    }

    #[test]
    fn what_one_role_may_do_says_nothing_about_another() {
        let rules = RoleRules {
            routes: vec![Pattern::from("GET /v1/*".to_owned())],
            networks: Prefixes::read(&["192.0.2.0/24".to_owned()]).unwrap(),
            ..RoleRules::default()
        };
        let mut allowed = Allowed::default();
        allowed.begin();
        let plain = batch("GET", "/v1/a", "192.0.2.7");
        assert!(allowed.has((&rules, 0), &plain, 0));
        let none = RoleRules { methods: vec!["POST".to_owned()], ..RoleRules::default() };
        assert!(!allowed.has((&none, 1), &plain, 0));
        allowed.begin();
        assert!(!allowed.has((&rules, 0), &batch("PUT", "/v1/a", "192.0.2.7"), 0));
        assert!(!allowed.has((&rules, 0), &batch("GET", "/v1/a", "198.51.100.7"), 0));
        let timed = RoleRules { hours: Some((8, 18)), ..rules };
        assert!(!allowed.has((&timed, 0), &plain, 0));
    }
}
