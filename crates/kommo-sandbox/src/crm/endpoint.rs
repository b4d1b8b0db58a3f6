//! The judge of the CRM API: who calls, what is asked for, and the answer. A call that a fault
//! keeps from being carried out changes nothing.

use crate::crm::bearer::{Caller, bearer, let_in, unauthorized};
use crate::crm::call::{Call, is_crm_path};
use crate::crm::{account, chats, contacts, leads, subdomain, webhooks};
use crate::faults::kind::FaultKind;
use crate::oauth::token_endpoint::account_here;
use crate::reply::outcome::Outcome;
use crate::reply::pipeline::RequestContext;
use crate::reply::problem::problem;
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
    };
    judged(&mut platform.lock(), &call).unwrap_or_else(|refused| refused)
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
    let method = call.request.method();
    match (method, call.path()) {
        ("GET", "/api/v4/account") => account::get(state, call, &caller),
        ("GET", "/api/v4/contacts") => contacts::list(state, call, &caller),
        ("GET", "/api/v4/webhooks") => webhooks::list(state, call, &caller),
        ("POST", "/api/v4/webhooks") => webhooks::add(state, call, &caller),
        ("DELETE", "/api/v4/webhooks") => webhooks::remove(state, call, &caller),
        ("POST", "/api/v4/leads") => leads::add(state, call, &caller),
        ("GET", "/api/v4/users") => chats::users(state, call, &caller),
        ("GET", "/api/v4/contacts/chats") => chats::links(state, call, &caller),
        ("POST", "/api/v4/contacts/chats") => chats::link(state, call, &caller),
        ("GET", "/api/v4/sources") => chats::sources(&caller),
        ("GET", "/api/v4/talks") => chats::talks(state, call, &caller),
        ("GET", path) if number_below("/api/v4/talks/", path).is_some() => {
            let id = number_below("/api/v4/talks/", path).unwrap_or_default();
            chats::talk(state, &caller, id)
        }
        ("GET", path) if number_below("/api/v4/contacts/", path).is_some() => {
            let id = number_below("/api/v4/contacts/", path).unwrap_or_default();
            Ok(contacts::get(state, call, &caller, id))
        }
        (
            _,
            "/api/v4/account"
            | "/api/v4/contacts"
            | "/api/v4/webhooks"
            | "/api/v4/leads"
            | "/api/v4/users"
            | "/api/v4/contacts/chats"
            | "/api/v4/sources"
            | "/api/v4/talks",
        ) => Err(Outcome::refused(
            "method-wrong",
            "another method belongs to this path",
            problem(
                405,
                "Method Not Allowed",
                "Another method belongs to this path",
            ),
        )),
        _ => Err(nothing_at_this_path(
            "the sandbox's CRM API has account, users, contacts, contacts/chats, sources, talks, webhooks and leads below /api/v4",
        )),
    }
}

/// The number that a path ends with.
fn number_below(prefix: &str, path: &str) -> Option<u64> {
    path.strip_prefix(prefix)?.parse().ok()
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
