//! The CRM API: who calls, what is asked for, and the answer. Under the lock; a call that a fault keeps from being
//! carried out is only judged.

use crate::crm::bearer::{Caller, let_in, unauthorized};
use crate::crm::call::{Call, is_crm_path};
use crate::crm::{account, contacts, leads, subdomain, webhooks};
use crate::oauth::token_endpoint::{account_here, nothing_here};
use crate::reply::outcome::Answered;
use crate::reply::problem::problem;
use crate::state::platform_state::Changing;
use crate::wire::platform_host::PlatformHost;

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
        return Err(unauthorized("L1", "token-of-another-account", reason));
    }
    Ok(caller)
}
