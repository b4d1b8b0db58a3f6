//! The judge of `POST /oauth2/access_token`: reading, judging, issuing. Signing comes after the
//! lock is free: it takes a thousand times longer than all the rest.
//!
//! The order of the checks: method, host, grant type, client id, client secret, client, redirect
//! URI, then the code or the refresh token. Source: OAuth pages for the fields; the order is that
//! of the server package which the endpoint seems to be.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::Value;

use crate::clock::Moment;
use crate::config::integration::Integration;
use crate::config::token_error::TokenError;
use crate::faults::kind::FaultKind;
use crate::grants::{GrantKey, PairId};
use crate::oauth::token_pair::DraftPair;
use crate::oauth::token_request::{GrantType, TokenRequest, Unread};
use crate::oauth::watched_body::watched;
use crate::reply::outcome::Outcome;
use crate::reply::pipeline::RequestContext;
use crate::reply::problem::{Language, problem, token_problem};
use crate::reply::response::with_text;
use crate::secrets::channel_key::same_text;
use crate::secrets::token_text::Fingerprint;
use crate::state::platform::Platform;
use crate::state::platform_state::PlatformState;
use crate::wire::platform_host::PlatformHost;
use crate::wire::received_request::ReceivedRequest;

/// The one path.
pub(crate) const PATH: &str = "/oauth2/access_token";

/// A request that is in order.
enum TokenPlan {
    Exchange {
        code: Fingerprint,
        key: GrantKey,
        scopes: Vec<String>,
    },
    Refresh {
        pair: PairId,
        key: GrantKey,
        scopes: Vec<String>,
    },
}

/// A pair that was issued.
struct Issued {
    pair: PairId,
    draft: DraftPair,
    code: &'static str,
    reason: &'static str,
}

/// The account whose host it is; an unknown host, or the old host of a renamed account, is answered
/// as the rules say.
pub(crate) fn account_here(
    state: &PlatformState,
    host: &PlatformHost,
    rule: &'static str,
) -> Result<u64, Outcome> {
    let refused = |status, code, reason| {
        Err(Outcome::refused(code, reason, nothing_here(status)).by_rule(rule))
    };
    let PlatformHost::Account(name) = host else {
        let reason = "this path belongs to an account's host, and to no other host of the platform";
        return refused(404, "host-wrong", reason);
    };
    if let Some(account) = state.account_at(name) {
        return Ok(account.id);
    }
    let status = state.oauth.renamed_host_status;
    match state.old_hosts.contains_key(name) {
        true => {
            let reason = "the account that was at this host is at another now";
            refused(status, "account-renamed", reason)
        }
        false => refused(status, "account-unknown", "no account is at this host"),
    }
}

/// What a host without an account answers: the body is a choice.
fn nothing_here(status: u16) -> Response<Body> {
    match status {
        401 => problem(401, "Unauthorized", "Account not found"),
        _ => problem(404, "Not Found", "Account not found"),
    }
}

/// Judges one request to the token endpoint; signs, so it takes the lock itself.
pub(crate) fn judge(context: &RequestContext<'_>) -> Outcome {
    let (platform, moment) = (context.platform, context.moment);
    let mut state = platform.lock();
    let plan = match read(&mut state, context.request, context.host, moment.now) {
        Err(refused) => return refused,
        Ok(_) if !context.commits() => {
            let reason = "the request was in order; nothing was changed";
            return Outcome::accepted("in-order", reason, Response::default());
        }
        Ok(plan) => plan,
    };
    let issued = carry_out(&mut state, plan, moment);
    drop(state);
    let with_refresh = context.fault(FaultKind::NoRefreshToken).is_none();
    issued
        .and_then(|issued| pair_answer(platform, issued, with_refresh))
        .unwrap_or_else(|| {
            let answer = problem(500, "Internal Server Error", "No random bytes");
            let reason = "the operating system returned no random bytes";
            Outcome::refused("random", reason, answer)
        })
}

fn pair_answer(platform: &Platform, issued: Issued, with_refresh: bool) -> Option<Outcome> {
    let fields = issued
        .draft
        .into_fields(platform.signing_key(), with_refresh)?;
    let text = Value::Object(fields).to_string();
    let mut response = with_text(StatusCode::OK, "application/json", String::new());
    *response.body_mut() = match with_refresh {
        true => watched(text, platform, issued.pair),
        false => Body::from(text),
    };
    Some(Outcome::accepted(issued.code, issued.reason, response))
}

/// Whether the request would get a pair; counts what it asks for.
fn read(
    state: &mut PlatformState,
    request: &ReceivedRequest<'_>,
    host: &PlatformHost,
    now: u64,
) -> Result<TokenPlan, Outcome> {
    if request.method() != "POST" {
        let answer = problem(405, "Method Not Allowed", "This path takes POST only");
        return Err(
            Outcome::refused("method-wrong", "the token endpoint takes POST only", answer)
                .by_rule("K1"),
        );
    }
    let account = account_here(state, host, "K1")?;
    read_fields(state, request, account, now).map_err(|fault| {
        let rules = &state.oauth;
        let Fault { row, rule, reason } = fault;
        let answer = token_problem(row, true, Language::at(host.base(), rules), rules);
        let reason = reason.unwrap_or_else(|| row.reason());
        Outcome::refused(row.name(), reason, answer).by_rule(rule)
    })
}

/// What a request with an account breaks.
struct Fault {
    row: TokenError,
    rule: &'static str,
    /// Instead of the row's own sentence.
    reason: Option<&'static str>,
}

impl From<TokenError> for Fault {
    fn from(row: TokenError) -> Self {
        Unread::from(row).into()
    }
}

impl From<Unread> for Fault {
    fn from(Unread { row, reason }: Unread) -> Self {
        let rule = row.rule();
        Self { row, rule, reason }
    }
}

fn read_fields(
    state: &mut PlatformState,
    request: &ReceivedRequest<'_>,
    account: u64,
    now: u64,
) -> Result<TokenPlan, Fault> {
    let wanted = TokenRequest::read(request, state.oauth.accept_http_basic)?;
    if matches!(wanted.grant, GrantType::Refresh(_)) {
        state.counters.refresh_requests += 1;
    }
    let integration = state
        .integration(&wanted.client_id)
        .filter(|integration| {
            secret_fits(
                integration,
                &wanted.client_secret,
                state.oauth.accept_previous_secret,
            )
        })
        .ok_or(TokenError::ClientRejected)?;
    let right_uri = wanted.redirect_uri.as_deref() == Some(&integration.redirect_uri);
    let scopes = integration.settings.scopes.clone();
    let uri_matters =
        matches!(wanted.grant, GrantType::Code(_)) || state.oauth.redirect_uri_on_refresh;
    if uri_matters && !right_uri {
        let row = TokenError::RedirectUriMismatch;
        // One answer for two faults: it is not there at all, or it is another one.
        return Err(match wanted.redirect_uri {
            None => Fault {
                rule: "K2",
                ..Fault::from(row)
            },
            Some(_) => Fault::from(row),
        });
    }
    match wanted.grant {
        GrantType::Code(code) => {
            let code = Fingerprint::of(&code.ok_or(TokenError::CodeMissing)?);
            let grants = &state.grants;
            let key = grants.check_code(code, &wanted.client_id, account, now)?;
            let key = key.clone();
            Ok(TokenPlan::Exchange { code, key, scopes })
        }
        GrantType::Refresh(token) => {
            let token = Fingerprint::of(&token.ok_or(TokenError::RefreshTokenMissing)?);
            let checked = state
                .grants
                .check_refresh(token, &wanted.client_id, account, now);
            if checked == Err(TokenError::RefreshTokenRevoked) {
                state.counters.refused_as_revoked += 1;
            }
            let pair = checked?;
            let (key, scopes) = state
                .grants
                .scopes_of(pair)
                .ok_or(TokenError::RefreshTokenUndecryptable)?;
            Ok(TokenPlan::Refresh {
                pair,
                key: key.clone(),
                scopes: scopes.to_vec(),
            })
        }
    }
}

fn secret_fits(integration: &Integration, given: &str, previous_too: bool) -> bool {
    let fits = |secret: &str| same_text(secret.as_bytes(), given.as_bytes());
    let previous = integration.previous_secret.as_deref();
    fits(&integration.client_secret) || (previous_too && previous.is_some_and(fits))
}

/// Issues the pair; `None` without random bytes.
fn carry_out(state: &mut PlatformState, plan: TokenPlan, moment: Moment) -> Option<Issued> {
    match plan {
        TokenPlan::Exchange { code, key, scopes } => {
            let draft = DraftPair::new(state, &key, &scopes, moment).ok()?;
            let new = draft.for_the_book();
            let pair = state.grants.exchange(code, scopes, new, &state.oauth)?;
            state.counters.codes_exchanged += 1;
            Some(Issued {
                pair,
                draft,
                code: "code-exchanged",
                reason: "the code is used up; a pair was issued",
            })
        }
        TokenPlan::Refresh { pair, key, scopes } => {
            let draft = DraftPair::new(state, &key, &scopes, moment).ok()?;
            let new = draft.for_the_book();
            let (pair, double) = state.grants.refresh(pair, new, &state.oauth)?;
            state.counters.refreshes += 1;
            state.counters.double_refreshes += u64::from(double);
            let (code, reason) = match double {
                true => (
                    "refreshed-twice",
                    "a pair was issued for a refresh token that had been refreshed already",
                ),
                false => ("refreshed", "a pair was issued for the refresh token"),
            };
            Some(Issued {
                pair,
                draft,
                code,
                reason,
            })
        }
    }
}
