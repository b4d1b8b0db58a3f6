//! The CRM API: who calls, what is asked for, and the answer. Under the lock; a call that a fault keeps from being
//! carried out is only judged.

use axum::body::Body;
use axum::http::Response;
use serde_json::Value;

use crate::answer::{empty, with_text};
use crate::bearer::{Bearer, Caller, let_in};
use crate::changing::Changing;
use crate::own_links::link_base;
use crate::platform_host::PlatformHost;
use crate::problem::{problem, status_of};
use crate::received_request::ReceivedRequest;
use crate::token_endpoint::{account_here, nothing_here};
use crate::told::Answered;

mod account;
mod contacts;
mod leads;
mod subdomain;
mod webhooks;

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
}

impl<'a> Call<'a> {
    /// The path; some clients put two slashes before it.
    fn path(&self) -> &'a str {
        one_slash(self.request.path())
    }

    /// The query as it stood on the wire, without its question mark.
    fn query(&self) -> &'a str {
        let target = self.request.target();
        target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Scheme and authority of the links of this answer.
    fn link_base(&self, changing: &Changing, account: u64) -> String {
        let named = self.request.values("host").next().unwrap_or_default();
        let named = String::from_utf8_lossy(named).to_ascii_lowercase();
        let host = changing.account(account);
        let host = host.map_or("", |account| account.host.as_str());
        link_base(changing.served, &named, host)
    }

    /// A link to this path with this query.
    fn self_link(&self, changing: &Changing, account: u64) -> String {
        let base = self.link_base(changing, account);
        match self.query() {
            "" => format!("{base}{}", self.path()),
            query => format!("{base}{}?{query}", self.path()),
        }
    }
}

/// Whether a path belongs to the CRM API or to the look-ups beside it.
pub(crate) fn is_crm_path(path: &str) -> bool {
    let path = one_slash(path);
    path.starts_with("/api/") || path.starts_with("/oauth2/account/")
}

/// `//api` is `/api` (seen in clients).
fn one_slash(path: &str) -> &str {
    match path.strip_prefix("//") {
        Some(rest) if !rest.starts_with('/') => path.get(1..).unwrap_or(path),
        _ => path,
    }
}

/// Answers one call.
pub(crate) fn answer(changing: &mut Changing, call: &Call<'_>) -> Answered {
    judged(changing, call).unwrap_or_else(|refused| refused)
}

fn judged(changing: &mut Changing, call: &Call<'_>) -> Result<Answered, Answered> {
    if call.path().starts_with("/oauth2/account/") {
        return subdomain::answer(changing, call);
    }
    if !is_crm_path(call.path()) {
        return Err(nothing_at_this_path(
            "nothing of the platform is at this path",
        ));
    }
    let caller = caller(changing, call)?;
    if call.commit {
        changing.counters.crm_calls += 1;
        changing.grants.use_access(caller.access, &changing.oauth);
    }
    let method = call.request.method();
    match (method, call.path()) {
        ("GET", "/api/v4/account") => account::get(changing, call, &caller),
        ("GET", "/api/v4/contacts") => contacts::list(changing, call, &caller),
        ("GET", "/api/v4/webhooks") => webhooks::list(changing, call, &caller),
        ("POST", "/api/v4/webhooks") => webhooks::add(changing, call, &caller),
        ("DELETE", "/api/v4/webhooks") => webhooks::remove(changing, call, &caller),
        ("POST", "/api/v4/leads") => leads::add(changing, call, &caller),
        (_, "/api/v4/account" | "/api/v4/contacts" | "/api/v4/webhooks" | "/api/v4/leads") => {
            Err(Answered::refused(
                "method-wrong",
                "another method belongs to this path",
                problem(
                    405,
                    "Method Not Allowed",
                    "Another method belongs to this path",
                ),
            ))
        }
        _ => Err(nothing_at_this_path(
            "the sandbox's CRM API has account, contacts, webhooks and leads below /api/v4",
        )),
    }
}

fn nothing_at_this_path(reason: &'static str) -> Answered {
    let answer = problem(404, "Not Found", "Nothing is here");
    Answered::refused("route-unknown", reason, answer)
}

/// Who calls: a token is good at its account's host, at the shared API hosts, and at the sandbox's own address.
fn caller(changing: &Changing, call: &Call<'_>) -> Result<Caller, Answered> {
    let account = match call.host {
        PlatformHost::Api(_) | PlatformHost::Loopback => None,
        host => Some(account_here(changing, host).map_err(|(code, reason)| {
            let status = match code {
                "host-wrong" => 404,
                _ => changing.oauth.renamed_host_status,
            };
            Answered::refused(code, reason, nothing_here(status)).by_rule(Some("L1"))
        })?),
    };
    let caller = let_in(changing, call.request, call.bearer, account, call.now)?;
    let base = changing
        .account(caller.key.account)
        .map(|account| account.base_domain());
    if matches!(call.host, PlatformHost::Api(_)) && base != Some(call.host.base()) {
        let reason = "the access token belongs to an account under another suffix";
        return Err(crate::bearer::unauthorized(
            "L1",
            "token-of-another-account",
            reason,
        ));
    }
    Ok(caller)
}

/// A success with a body, in the content type of the CRM API.
fn hal(status: u16, body: &Value) -> Response<Body> {
    with_text(status_of(status), "application/hal+json", body.to_string())
}

/// 204: success without anything.
fn nothing() -> Response<Body> {
    empty(status_of(204))
}

/// 400 for a body or a query that cannot be read.
fn bad_request(code: &'static str, reason: &'static str) -> Answered {
    Answered::refused(code, reason, problem(400, "Bad Request", reason))
}

/// 403 in JSON for a caller who is no administrator.
fn administrators_only(caller: &Caller) -> Result<(), Answered> {
    if caller.admin {
        return Ok(());
    }
    let reason = "only an administrator may do this";
    Err(Answered::refused(
        "not-administrator",
        reason,
        problem(403, "Forbidden", reason),
    ))
}
