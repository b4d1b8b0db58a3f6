//! The judge of the CRM API: who calls, what is asked for, and the answer. A call that a fault
//! keeps from being carried out changes nothing.

use core::cell::Cell;

use crate::crm::bearer::{Caller, bearer, let_in, unauthorized};
use crate::crm::call::{Call, RESOURCE_OWNER, is_crm_path};
use crate::crm::entities::PATHS;
use crate::crm::{account, chats, entities, leads, subdomain, talks, webhooks};
use crate::faults::kind::FaultKind;
use crate::oauth::token_endpoint::account_here;
use crate::reply::outcome::Outcome;
use crate::reply::pipeline::RequestContext;
use crate::reply::problem::problem;
use crate::state::crm_book::EntityKind;
use crate::state::platform_state::PlatformState;
use crate::wire::platform_host::PlatformHost;

/// Judges one call.
pub(crate) fn judge(context: &RequestContext<'_>) -> Outcome {
    let RequestContext {
        platform,
        request,
        host,
        moment,
        ..
    } = context;
    let next = context.fault(FaultKind::ForeignNext);
    let call = Call {
        request,
        host,
        // Checks a signature, which is not done under the lock.
        bearer: bearer(request, platform.signing_key()),
        now: moment.now,
        commit: context.commits(),
        next_host: next.map(|fault| fault.host.as_deref().unwrap_or("attacker.example")),
        sent: Cell::new(None),
    };
    let outcome = judged(&mut platform.lock(), &call).unwrap_or_else(|refused| refused);
    if let Some(sent) = call.sent.take() {
        platform.announce(&sent.account, &sent.customer, &sent.message);
    }
    outcome
}

fn judged(state: &mut PlatformState, call: &Call<'_>) -> Result<Outcome, Outcome> {
    if call.path().starts_with("/oauth2/account/") {
        return subdomain::answer(state, call);
    }
    if !is_crm_path(call.path()) {
        return Err(nothing_at_this_path(
            "nothing of the platform is at this path",
        ));
    }
    let caller = caller(state, call)?;
    if call.commit {
        state.counters.crm_calls += 1;
        state.grants.use_access(caller.access, &state.oauth);
    }
    route(state, call, &caller)
}

fn route(state: &mut PlatformState, call: &Call<'_>, caller: &Caller) -> Result<Outcome, Outcome> {
    let (method, path) = (call.request.method(), call.path());
    match (method, path) {
        ("GET", "/api/v4/account") => return account::get(state, call, caller),
        ("GET", RESOURCE_OWNER) => return account::owner(state, caller),
        ("GET", "/api/v4/webhooks") => return webhooks::list(state, call, caller),
        ("POST", "/api/v4/webhooks") => return webhooks::add(state, call, caller),
        ("DELETE", "/api/v4/webhooks") => return webhooks::remove(state, call, caller),
        ("POST", "/api/v4/leads/complex") => return leads::add_complex(state, call, caller),
        ("GET", "/api/v4/users") => return chats::users(state, call, caller),
        ("GET", "/api/v4/contacts/chats") => return chats::links(state, call, caller),
        ("POST", "/api/v4/contacts/chats") => return chats::link(state, call, caller),
        ("GET", "/api/v4/talks") => return talks::list(state, call, caller),
        _ => {}
    }
    if let (Some(id), "GET") = (number_below("/api/v4/users/", path), method) {
        return chats::user(state, call, caller, id);
    }
    if let Some((id, rest)) = talk_path(path) {
        match (method, rest) {
            ("GET", "") => return talks::get(state, call, caller, id),
            ("POST", "close") => return talks::close(state, call, caller, id),
            ("POST", "send_message") => return talks::send(state, call, caller, id),
            ("GET", "messages") => return talks::messages(state, call, caller, id),
            (_, "" | "close" | "send_message" | "messages") => return Err(method_wrong()),
            _ => {}
        }
    }
    for of in PATHS {
        let id = number_below(&format!("{}/", of.path), path);
        if path != of.path && id.is_none() {
            continue;
        }
        let removable = matches!(of.kind, EntityKind::Sources | EntityKind::Templates);
        return match (method, id) {
            ("GET", None) => entities::list(state, call, caller, of),
            ("GET", Some(id)) => entities::get(state, call, caller, of, id),
            ("POST", None) if of.kind == EntityKind::Leads => {
                leads::add_leads(state, call, caller, of)
            }
            ("POST", None) => entities::add(state, call, caller, of),
            ("PATCH", id) => entities::change(state, call, caller, of, id),
            ("DELETE", id) if removable => entities::remove(state, call, caller, of, id),
            _ => Err(method_wrong()),
        };
    }
    let known = [
        "/api/v4/account",
        RESOURCE_OWNER,
        "/api/v4/webhooks",
        "/api/v4/leads/complex",
        "/api/v4/users",
        "/api/v4/contacts/chats",
        "/api/v4/talks",
    ];
    Err(match known.contains(&path) {
        true => method_wrong(),
        false => nothing_at_this_path(
            "the sandbox's CRM API has account, users, leads, leads/pipelines, leads/complex, contacts, contacts/chats, companies, tasks, sources, chats/templates, talks and webhooks below /api/v4",
        ),
    })
}

/// The number of a conversation, and what follows it.
fn talk_path(path: &str) -> Option<(u64, &str)> {
    let below = path.strip_prefix("/api/v4/talks/")?;
    let (id, rest) = below.split_once('/').unwrap_or((below, ""));
    Some((id.parse().ok()?, rest))
}

/// The number that a path ends with.
fn number_below(prefix: &str, path: &str) -> Option<u64> {
    path.strip_prefix(prefix)?.parse().ok()
}

fn method_wrong() -> Outcome {
    let reason = "another method belongs to this path";
    let answer = problem(
        405,
        "Method Not Allowed",
        "Another method belongs to this path",
    );
    Outcome::refused("method-wrong", reason, answer)
}

fn nothing_at_this_path(reason: &'static str) -> Outcome {
    let answer = problem(404, "Not Found", "Nothing is here");
    Outcome::refused("route-unknown", reason, answer)
}

/// Who calls: a token is good at its account's host, at the shared API hosts, and at the sandbox's
/// own address.
fn caller(state: &PlatformState, call: &Call<'_>) -> Result<Caller, Outcome> {
    let account = match call.host {
        PlatformHost::Api(_) | PlatformHost::Loopback => None,
        host => Some(account_here(state, host, "L1")?),
    };
    let caller = let_in(state, call.request, call.bearer, account, call.now)?;
    let base = state
        .account(caller.key.account)
        .map(|account| account.base_domain());
    if matches!(call.host, PlatformHost::Api(_)) && base != Some(call.host.base()) {
        let reason = "the access token belongs to an account under another suffix";
        return Err(unauthorized("L1", "token-of-another-account", reason));
    }
    Ok(caller)
}
