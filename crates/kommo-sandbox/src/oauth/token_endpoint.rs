//! `POST /oauth2/access_token`: reading, judging, carrying out. Signing and answering come after the lock is free.
//!
//! The order of the checks: method, host, grant type, client id, client secret, client, redirect URI, then the code or the
//! refresh token. Source: OAuth pages for the fields; the order is that of the server package which the endpoint seems
//! to be.

use axum::body::Body;
use axum::http::Response;

use crate::clock::Moment;
use crate::config::integration::Integration;
use crate::config::token_error::TokenErrorRow;
use crate::grants::{GrantKey, PairId};
use crate::oauth::token_pair::DraftPair;
use crate::oauth::token_request::{GrantType, TokenRequest, Unread};
use crate::reply::outcome::Answered;
use crate::reply::problem::{Language, problem, token_problem};
use crate::secrets::channel_key::same_text;
use crate::secrets::token_text::Fingerprint;
use crate::state::platform_state::Changing;
use crate::wire::platform_host::PlatformHost;
use crate::wire::received_request::ReceivedRequest;

/// The one path.
pub(crate) const PATH: &str = "/oauth2/access_token";

/// A request that is in order.
pub(crate) enum TokenPlan {
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
pub(crate) struct Issued {
    pub(crate) pair: PairId,
    pub(crate) draft: DraftPair,
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

/// The account whose host it is; a host of nobody, or of nobody any more, is answered as the rules say.
pub(crate) fn account_here(
    changing: &Changing,
    host: &PlatformHost,
) -> Result<u64, (&'static str, &'static str)> {
    let PlatformHost::Account(name) = host else {
        return Err((
            "host-wrong",
            "this path belongs to an account's host, and to no other host of the platform",
        ));
    };
    if let Some(account) = changing.account_at(name) {
        return Ok(account.id);
    }
    Err(match changing.old_hosts.contains_key(name) {
        true => (
            "account-renamed",
            "the account that was at this host is at another now",
        ),
        false => ("account-unknown", "no account is at this host"),
    })
}

/// Whether the request would get a pair; counts what it asks for.
pub(crate) fn judge(
    changing: &mut Changing,
    request: &ReceivedRequest<'_>,
    host: &PlatformHost,
    now: u64,
) -> Result<TokenPlan, Answered> {
    if request.method() != "POST" {
        let answer = problem(405, "Method Not Allowed", "This path takes POST only");
        return Err(Answered::refused(
            "method-wrong",
            "the token endpoint takes POST only",
            answer,
        )
        .by_rule(Some("K1")));
    }
    let account = account_here(changing, host).map_err(|(code, reason)| {
        let status = match code {
            "host-wrong" => 404,
            _ => changing.oauth.renamed_host_status,
        };
        Answered::refused(code, reason, nothing_here(status)).by_rule(Some("K1"))
    })?;
    judge_fields(changing, request, account, now).map_err(|fault| {
        let rules = &changing.oauth;
        let Fault { row, rule, reason } = fault;
        let answer = token_problem(row, true, Language::at(host.base(), rules), rules);
        let reason = reason.unwrap_or_else(|| row.reason());
        Answered::refused(row.name(), reason, answer).by_rule(Some(rule))
    })
}

/// What a request with an account breaks.
struct Fault {
    row: TokenErrorRow,
    rule: &'static str,
    /// In place of the row's own sentence.
    reason: Option<&'static str>,
}

impl From<TokenErrorRow> for Fault {
    fn from(row: TokenErrorRow) -> Self {
        Unread::from(row).into()
    }
}

impl From<Unread> for Fault {
    fn from(Unread { row, reason }: Unread) -> Self {
        let rule = row.rule();
        Self { row, rule, reason }
    }
}

/// What a host without an account answers: the body is a choice.
pub(crate) fn nothing_here(status: u16) -> Response<Body> {
    match status {
        401 => problem(401, "Unauthorized", "Account not found"),
        _ => problem(404, "Not Found", "Account not found"),
    }
}

fn judge_fields(
    changing: &mut Changing,
    request: &ReceivedRequest<'_>,
    account: u64,
    now: u64,
) -> Result<TokenPlan, Fault> {
    let wanted = TokenRequest::read(request, changing.oauth.accept_http_basic)?;
    if matches!(wanted.grant, GrantType::Refresh(_)) {
        changing.counters.refresh_requests += 1;
    }
    let integration = changing
        .integration(&wanted.client_id)
        .filter(|integration| {
            secret_fits(
                integration,
                &wanted.client_secret,
                changing.oauth.accept_previous_secret,
            )
        })
        .ok_or(TokenErrorRow::ClientRejected)?;
    let right_uri = wanted.redirect_uri.as_deref() == Some(&integration.redirect_uri);
    let scopes = integration.settings.scopes.clone();
    let uri_matters =
        matches!(wanted.grant, GrantType::Code(_)) || changing.oauth.redirect_uri_on_refresh;
    if uri_matters && !right_uri {
        let row = TokenErrorRow::RedirectUriMismatch;
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
            let code = Fingerprint::of(&code.ok_or(TokenErrorRow::CodeMissing)?);
            let grants = &changing.grants;
            let key = grants.check_code(code, &wanted.client_id, account, now)?;
            let key = key.clone();
            Ok(TokenPlan::Exchange { code, key, scopes })
        }
        GrantType::Refresh(token) => {
            let token = Fingerprint::of(&token.ok_or(TokenErrorRow::RefreshTokenMissing)?);
            let checked = changing
                .grants
                .check_refresh(token, &wanted.client_id, account, now);
            if checked == Err(TokenErrorRow::RefreshTokenRevoked) {
                changing.counters.refused_as_revoked += 1;
            }
            let pair = checked?;
            let (key, scopes) = changing
                .grants
                .scopes_of(pair)
                .ok_or(TokenErrorRow::RefreshTokenUndecryptable)?;
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
pub(crate) fn carry_out(
    changing: &mut Changing,
    plan: TokenPlan,
    moment: Moment,
) -> Option<Issued> {
    match plan {
        TokenPlan::Exchange { code, key, scopes } => {
            let draft = DraftPair::new(changing, &key, &scopes, moment).ok()?;
            let new = draft.for_the_book();
            let pair = changing
                .grants
                .exchange(code, scopes, new, &changing.oauth)?;
            changing.counters.codes_exchanged += 1;
            Some(Issued {
                pair,
                draft,
                code: "code-exchanged",
                reason: "the code is used up; a pair was issued".into(),
            })
        }
        TokenPlan::Refresh { pair, key, scopes } => {
            let draft = DraftPair::new(changing, &key, &scopes, moment).ok()?;
            let new = draft.for_the_book();
            let (pair, double) = changing.grants.refresh(pair, new, &changing.oauth)?;
            changing.counters.refreshes += 1;
            changing.counters.double_refreshes += u64::from(double);
            let reason = match double {
                true => "a pair was issued for a refresh token that had been refreshed already",
                false => "a pair was issued for the refresh token",
            };
            Some(Issued {
                pair,
                draft,
                code: if double {
                    "refreshed-twice"
                } else {
                    "refreshed"
                },
                reason: reason.into(),
            })
        }
    }
}
