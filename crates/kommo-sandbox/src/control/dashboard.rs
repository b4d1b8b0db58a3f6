//! The page that shows a sandbox live: its files, no resource from elsewhere, no secret.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::reply::page_template::page;
use crate::reply::response::with_text;

/// The page. Its relative addresses stay below the token.
const PAGE: &str = include_str!("dashboard/page.html");

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// The files of the page: name, content type, text. The scripts are in the order in which they use
/// each other.
const FILES: [(&str, &str, &str); 11] = [
    ("style.css", CSS, include_str!("dashboard/style.css")),
    ("dom.js", JS, include_str!("dashboard/dom.js")),
    ("control.js", JS, include_str!("dashboard/control.js")),
    ("copies.js", JS, include_str!("dashboard/copies.js")),
    ("entries.js", JS, include_str!("dashboard/entries.js")),
    ("list.js", JS, include_str!("dashboard/list.js")),
    ("drawer.js", JS, include_str!("dashboard/drawer.js")),
    ("panels.js", JS, include_str!("dashboard/panels.js")),
    ("chat.js", JS, include_str!("dashboard/chat.js")),
    ("app.js", JS, include_str!("dashboard/app.js")),
    // The rules of `docs/protocol.md`; `cargo xtask where` writes it.
    (
        "rules.json",
        "application/json",
        include_str!("dashboard/rules.json"),
    ),
];

/// Nothing runs but the page's own files, nothing is fetched but from here, and no text can become
/// markup: a script that tries it is stopped.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// The page, or one of its files: what `path` below the token names.
pub(crate) fn dashboard(path: &str) -> Option<Response<Body>> {
    let rest = path.strip_prefix("/dashboard")?;
    if rest.is_empty() {
        return Some(page(StatusCode::OK, PAGE.to_owned(), POLICY));
    }
    let name = rest.strip_prefix('/')?;
    let (_, content_type, text) = FILES.iter().find(|(known, _, _)| *known == name)?;
    Some(with_text(StatusCode::OK, content_type, (*text).to_owned()))
}
