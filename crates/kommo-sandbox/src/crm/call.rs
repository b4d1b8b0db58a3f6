//! One call to the CRM API, and the answers that its routes share.

use core::cell::Cell;

use axum::body::Body;
use axum::http::Response;
use serde_json::{Map, Value};

use crate::config::account::Account;
use crate::crm::bearer::{Bearer, Caller};
use crate::reply::outcome::Outcome;
use crate::reply::problem::{problem, status_of};
use crate::reply::response::{empty, with_text};
use crate::state::chat_book::{ChatMessage, Customer};
use crate::state::crm_book::Entity;
use crate::state::platform_state::PlatformState;
use crate::wire::own_links::link_base;
use crate::wire::platform_host::PlatformHost;
use crate::wire::received_request::ReceivedRequest;

/// A call, with everything that decides about it.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a ReceivedRequest<'a>,
    pub(crate) host: &'a PlatformHost,
    pub(crate) bearer: Bearer,
    pub(crate) now: u64,
    /// Whether it may change anything.
    pub(crate) commit: bool,
    /// Where a page's `next` link leads instead of the account's own host.
    pub(crate) next_host: Option<&'a str>,
    /// A message that the call sent: the webhooks are told when the lock is free.
    pub(crate) sent: Cell<Option<Box<Sent>>>,
}

/// A message that was sent by a call.
pub(crate) struct Sent {
    pub(crate) account: Account,
    pub(crate) customer: Customer,
    pub(crate) message: ChatMessage,
}

/// One `filter[NAME]`: the values that are admitted, or the bounds of a number.
pub(crate) struct Filter {
    name: String,
    values: Vec<String>,
}

impl Filter {
    /// An entity that lacks the field is not meant.
    pub(crate) fn admits(&self, entity: &Entity) -> bool {
        let (name, bound) = match self.name.split_once("][") {
            Some((name, "from")) => (name, Some(true)),
            Some((name, "to")) => (name, Some(false)),
            _ => (self.name.as_str(), None),
        };
        let value = match name {
            "id" => Some(entity.id.to_string()),
            name => entity.fields.get(name).map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
        };
        let Some(value) = value else {
            return false;
        };
        let number = |text: &str| text.parse::<i64>().ok();
        match bound {
            None => self.values.contains(&value),
            Some(is_least) => {
                self.values
                    .iter()
                    .all(|bound| match (number(bound), number(&value)) {
                        (Some(bound), Some(value)) if is_least => value >= bound,
                        (Some(bound), Some(value)) => value <= bound,
                        _ => false,
                    })
            }
        }
    }
}

/// The filters of a query, by their names; `filter[id][]` and `filter[id][0]` are `filter[id]`.
pub(crate) fn filters(query: &str) -> Vec<Filter> {
    let mut filters: Vec<Filter> = Vec::new();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(name) = key
            .strip_prefix("filter[")
            .and_then(|name| name.strip_suffix(']'))
        else {
            continue;
        };
        let name = match name.rsplit_once("][") {
            Some((before, last)) if last.bytes().all(|byte| byte.is_ascii_digit()) => before,
            _ => name,
        };
        match filters.iter_mut().find(|known| known.name == name) {
            Some(known) => known.values.push(value.into_owned()),
            None => filters.push(Filter {
                name: name.to_owned(),
                values: vec![value.into_owned()],
            }),
        }
    }
    filters
}

/// The values of one filter.
pub(crate) fn filter_values(query: &str, name: &str) -> Vec<String> {
    let mut filters = filters(query).into_iter();
    let found = filters.find(|filter| filter.name == name);
    found.map_or_else(Vec::new, |filter| filter.values)
}

/// The fields of what is an object.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

impl<'a> Call<'a> {
    /// The path; some clients put two slashes before it.
    pub(crate) fn path(&self) -> &'a str {
        one_slash(self.request.path())
    }

    /// The query as it stood on the wire, without its question mark.
    pub(crate) fn query(&self) -> &'a str {
        let target = self.request.target();
        target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Scheme and authority of the links of this answer.
    pub(crate) fn link_base(&self, state: &PlatformState, account: u64) -> String {
        let named = self.request.values("host").next().unwrap_or_default();
        let named = String::from_utf8_lossy(named).to_ascii_lowercase();
        let host = state.account(account);
        let host = host.map_or("", |account| account.host.as_str());
        link_base(state.served, &named, host)
    }

    /// A link to this path with this query.
    pub(crate) fn self_link(&self, state: &PlatformState, account: u64) -> String {
        let base = self.link_base(state, account);
        match self.query() {
            "" => format!("{base}{}", self.path()),
            query => format!("{base}{}?{query}", self.path()),
        }
    }
}

/// Who logged in, as the vendor's library for OAuth asks.
pub(crate) const RESOURCE_OWNER: &str = "/v3/user";

/// Whether a path belongs to the CRM API or to the look-ups beside it.
pub(crate) fn is_crm_path(path: &str) -> bool {
    let path = one_slash(path);
    path.starts_with("/api/") || path.starts_with("/oauth2/account/") || path == RESOURCE_OWNER
}

/// `//api` is `/api` (seen in clients).
fn one_slash(path: &str) -> &str {
    match path.strip_prefix("//") {
        Some(rest) if !rest.starts_with('/') => path.get(1..).unwrap_or(path),
        _ => path,
    }
}

/// A success with a body, in the content type of the CRM API.
pub(crate) fn hal(status: u16, body: &Value) -> Response<Body> {
    with_text(status_of(status), "application/hal+json", body.to_string())
}

/// 204: success without anything.
pub(crate) fn nothing() -> Response<Body> {
    empty(status_of(204))
}

/// 400 for a body or a query that cannot be read.
pub(crate) fn bad_request(code: &'static str, reason: &'static str) -> Outcome {
    Outcome::refused(code, reason, problem(400, "Bad Request", reason))
}

/// 403 in JSON for a caller who is no administrator.
pub(crate) fn administrators_only(caller: &Caller) -> Result<(), Outcome> {
    if caller.admin {
        return Ok(());
    }
    let reason = "only an administrator may do this";
    Err(Outcome::refused(
        "not-administrator",
        reason,
        problem(403, "Forbidden", reason),
    ))
}
