//! Who has access to what, in pages: each owner's keys of a role, what they may do and did.

use std::sync::Arc;

use axum::extract::{Extension, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::WebState;
use super::super::access::Visitor;
use super::super::problem::Problem;
use super::super::text::clean;
use super::super::third_parties::{Access, all};
use super::super::view::View;
use super::asked::Asked;
use super::lists::{Answer, PartParams};
use super::shapes::time;
use super::shown;

/// One integration: the keys that one owner has of one role.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct PartyShape {
    /// Empty if nobody answers for it.
    pub owner: String,
    pub role: String,
    pub keys: Vec<String>,
    /// Scopes, methods and routes that it was given.
    pub may: Vec<String>,
    /// Routes that it used in the last 90 days.
    pub did: Vec<String>,
    /// Kinds of data that lie behind these routes.
    pub data: Vec<String>,
    pub requests: u64,
    pub errors: u64,
    #[schema(format = DateTime)]
    pub first_used: Option<String>,
    #[schema(format = DateTime)]
    pub last_used: Option<String>,
    /// Kinds of findings that are open on its keys.
    pub open: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct AccessList {
    third_parties: Vec<PartyShape>,
    /// What cannot be said yet, and when it can.
    not_known: Vec<String>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

/// Third parties, with what their keys may do and did
#[utoipa::path(get, path = "/api/v1/third-parties", tag = "keys", params(PartParams), responses(
    (status = 200, description = "A page of them", body = AccessList),
    (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn third_parties(
    State(state): State<Arc<WebState>>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Answer {
    asked.only(&["limit", "cursor"])?;
    let part = asked.part()?;
    let view = state.fresh();
    let (page, next) = part.of(view.parties.iter().collect());
    state.viewed(&visitor, "listed who has access", "");
    let shape = |party| PartyShape::of(&Access::of(party, &view));
    let third_parties = page.into_iter().map(shape).collect();
    Ok(shown(&AccessList { third_parties, not_known: view.not_known.clone(), next }))
}

/// All of them, as the API gives them in pages.
pub(super) fn shapes(view: &View) -> Vec<PartyShape> {
    all(view).iter().map(PartyShape::of).collect()
}

impl PartyShape {
    fn of(it: &Access<'_>) -> Self {
        let texts = |texts: &[String]| texts.iter().map(|text| clean(text)).collect();
        Self {
            owner: clean(&it.party.owner),
            role: clean(&it.party.role),
            keys: it.party.keys.iter().map(|key| clean(key)).collect(),
            may: texts(&it.party.may),
            did: texts(&it.party.routes),
            data: it.party.data.iter().map(|&data| data.to_owned()).collect(),
            requests: it.requests,
            errors: it.errors,
            first_used: time(it.first_used),
            last_used: time(it.last_used),
            open: it.open.iter().map(|kind| clean(kind)).collect(),
        }
    }
}
