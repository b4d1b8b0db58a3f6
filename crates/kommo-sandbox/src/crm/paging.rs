//! Pages of a collection: which entries a request asks for, and the links to the other pages.

use serde_json::{Map, Value, json};

use crate::crm::bearer::Caller;
use crate::crm::call::{Call, bad_request, hal, nothing};
use crate::reply::outcome::Outcome;
use crate::state::platform_state::PlatformState;
use crate::wire::form_fields::{form_field, has_name};

/// The largest page (source: limitations page).
const LARGEST_PAGE: u64 = 250;

/// The page of someone who does not say how large it is to be.
const USUAL_PAGE: u64 = 50;

/// A collection and what is at its path.
pub(crate) struct Collection<'a> {
    /// Its name, as in `_embedded`.
    pub(crate) name: &'a str,
    pub(crate) total: u64,
    /// The entry at a place, from 0.
    pub(crate) entry: &'a dyn Fn(u64) -> Value,
}

/// One page of a collection; 204 for one past the end.
pub(crate) fn page(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
    collection: &Collection<'_>,
) -> Result<Outcome, Outcome> {
    let query = call.query();
    let page = positive(query, "page", 1)
        .ok_or_else(|| bad_request("page-wrong", "page is a whole number from 1"))?;
    let limit_wrong = || bad_request("limit-wrong", "limit is a whole number from 1 to 250");
    let limit = positive(query, "limit", USUAL_PAGE).ok_or_else(limit_wrong)?;
    if limit > LARGEST_PAGE {
        return Err(limit_wrong().by_rule("L7"));
    }
    let (name, total) = (collection.name, collection.total);
    let first = (page - 1).saturating_mul(limit);
    if first >= total {
        let reason = "the page is past the end";
        return Ok(Outcome::accepted("page-empty", reason, nothing()));
    }
    let last = total.min(first.saturating_add(limit));
    let base = call.link_base(state, caller.key.account);
    let mut links = Map::new();
    let mut link = |name: &str, base: &str, page: u64| {
        let query = page_query(query, page, limit);
        let href = format!("{base}{}?{query}", call.path());
        links.insert(name.into(), json!({"href": href}));
    };
    link("self", &base, page);
    if last < total {
        let elsewhere = call.next_host.map(|host| format!("https://{host}"));
        link("next", elsewhere.as_ref().unwrap_or(&base), page + 1);
    }
    if page > 1 {
        link("first", &base, 1);
        link("prev", &base, page - 1);
    }
    let entries: Vec<_> = (first..last).map(collection.entry).collect();
    let body = json!({"_page": page, "_links": Value::Object(links), "_embedded": {name: entries}});
    let reason = format!("page {page}: {name} {} to {last} of {total}", first + 1);
    Ok(Outcome::accepted("page-told", reason, hal(200, &body)))
}

/// What the request asked for, as it stood on the wire, with another page.
fn page_query(query: &str, page: u64, limit: u64) -> String {
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !has_name(pair, "page") && !has_name(pair, "limit"));
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.push(format!("page={page}"));
    pairs.push(format!("limit={limit}"));
    pairs.join("&")
}

/// A parameter that is a whole number from 1, or left out.
fn positive(query: &str, name: &str, usual: u64) -> Option<u64> {
    match form_field(query, name) {
        None => Some(usual),
        Some(text) => text.parse().ok().filter(|number| *number > 0),
    }
}
