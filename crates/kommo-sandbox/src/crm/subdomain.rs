//! Where an account is now: the look-up with a refresh token at a shared API host, and the older
//! one with an access token at `www.` (source: vendor library). Neither uses a token up.

use serde_json::json;

use crate::config::account::Account;
use crate::crm::bearer::{let_in, unauthorized};
use crate::crm::call::{Call, hal};
use crate::reply::outcome::Outcome;
use crate::reply::problem::problem;
use crate::secrets::token_text::Fingerprint;
use crate::state::platform_state::PlatformState;
use crate::wire::platform_host::PlatformHost;

/// The look-up with a refresh token (rule K12).
const CURRENT: &str = "/oauth2/account/current/subdomain";

pub(crate) fn answer(state: &mut PlatformState, call: &Call<'_>) -> Result<Outcome, Outcome> {
    let account = match (call.request.method(), call.path(), call.host) {
        ("GET", CURRENT, PlatformHost::Api(_) | PlatformHost::Loopback) => {
            by_refresh_token(state, call)?
        }
        ("GET", "/oauth2/account/subdomain", PlatformHost::Www(_) | PlatformHost::Loopback) => {
            let caller = let_in(state, call.request, call.bearer, None, call.now)?;
            if call.commit {
                state.grants.use_access(caller.access, &state.oauth);
            }
            caller.key.account
        }
        _ => {
            let reason =
                "the look-ups are GET current/subdomain at an api- host, and GET subdomain at www.";
            let answer = problem(404, "Not Found", "Nothing is here");
            let is_look_up = call.path() == CURRENT;
            return Err(Outcome::refused("route-unknown", reason, answer)
                .by_rule(is_look_up.then_some("K12")));
        }
    };
    let account = state
        .account(account)
        .filter(|account| {
            *call.host == PlatformHost::Loopback || account.base_domain() == call.host.base()
        })
        .ok_or_else(|| {
            unauthorized(
                "K12",
                "token-of-another-account",
                "the token belongs to an account under another suffix",
            )
        })?;
    let reason = "the account's host was returned; the token stays as it was";
    Ok(Outcome::accepted(
        "subdomain-told",
        reason,
        address(account),
    ))
}

fn by_refresh_token(state: &PlatformState, call: &Call<'_>) -> Result<u64, Outcome> {
    let mut values = call.request.values("x-refresh-token");
    let token = match (values.next(), values.next()) {
        (Some(token), None) => core::str::from_utf8(token).ok(),
        _ => None,
    };
    token
        .and_then(|token| {
            state
                .grants
                .account_of_refresh(Fingerprint::of(token), call.now)
        })
        .ok_or_else(|| {
            let reason = "X-Refresh-Token is missing, or is no refresh token that would be taken";
            unauthorized("K12", "refresh-token-refused", reason)
        })
}

fn address(account: &Account) -> axum::http::Response<axum::body::Body> {
    let top = account.base_domain().rsplit('.').next().unwrap_or_default();
    let body = json!({
        "id": account.id,
        "subdomain": account.subdomain(),
        "domain": account.host,
        "top_level_domain": top,
    });
    hal(200, &body)
}
