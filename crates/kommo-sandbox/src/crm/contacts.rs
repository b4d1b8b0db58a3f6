//! `GET /api/v4/contacts`: a made-up collection, the same in every account, to page through.

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

pub(crate) fn list(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    let query = call.query();
    let page = positive(query, "page", 1)
        .ok_or_else(|| bad_request("page-wrong", "page is a whole number from 1"))?;
    let limit_wrong = || bad_request("limit-wrong", "limit is a whole number from 1 to 250");
    let limit = positive(query, "limit", USUAL_PAGE).ok_or_else(limit_wrong)?;
    if limit > LARGEST_PAGE {
        return Err(limit_wrong().by_rule("L7"));
    }
    let total = state.crm.contacts;
    let first = (page - 1).saturating_mul(limit);
    if first >= total {
        let reason = "the page lies past the end";
        return Ok(Outcome::accepted("page-empty", reason, nothing()));
    }
    let last = total.min(first.saturating_add(limit));
    let base = call.link_base(state, caller.key.account);
    let mut links = Map::new();
    let mut link = |name: &str, base: &str, page: u64| {
        let query = page_query(query, page, limit);
        let href = format!("{base}/api/v4/contacts?{query}");
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
    let contacts: Vec<_> = (first..last)
        .map(|at| contact(at + 1, caller.key.account, &base))
        .collect();
    let body =
        json!({"_page": page, "_links": Value::Object(links), "_embedded": {"contacts": contacts}});
    let reason = format!("page {page}: contacts {} to {last} of {total}", first + 1);
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

fn contact(n: u64, account: u64, base: &str) -> Value {
    let id = 30_000_000 + n;
    json!({
        "id": id,
        "name": format!("Contact {n}"),
        "created_at": 1_600_000_000 + n,
        "updated_at": 1_600_000_000 + n,
        "account_id": account,
        "_links": {"self": {"href": format!("{base}/api/v4/contacts/{id}")}},
    })
}

/// A parameter that is a whole number from 1, or left out.
fn positive(query: &str, name: &str, usual: u64) -> Option<u64> {
    match form_field(query, name) {
        None => Some(usual),
        Some(text) => text.parse().ok().filter(|number| *number > 0),
    }
}
