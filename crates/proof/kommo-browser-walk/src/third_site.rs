//! A site of somebody else: one page that opens what it is told to, and writes down what it hears.

use axum::Router;
use axum::response::Html;
use axum::routing::get;

/// The name that browsers know it by.
pub(crate) const HOST: &str = "third.example";

const PAGE: &str = include_str!("pages/third.html");

pub(crate) fn router() -> Router {
    Router::new().route("/", get(|| async { Html(PAGE) }))
}
