//! The API in one page, for a person who is to write the first program for it.

use askama::Template;

use super::api;
use super::parts::{Frame, frame};
use super::view::View;

#[derive(Template)]
#[template(path = "api.html", escape = "page")]
pub(super) struct ApiPage {
    frame: Frame,
    rows: Vec<(String, String, String)>,
}

pub(super) fn api_page(view: &View) -> ApiPage {
    ApiPage { frame: frame(view, "api", "API"), rows: api::described() }
}
