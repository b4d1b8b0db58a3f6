//! From a code to a grant, by the keeper.

use kommo_account::Realm;
use kommo_keeper::{Clock, CodeOrigin, CodeOutcome, CodePut, GrantStore, NewGrant, PendingCode};
use kommo_oauth::token::TokenRefusalKind;
use kommo_store::CodeLine;
use serde_json::Value;

use super::super::grant_view;
use crate::connection::transport;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::keeper_setup::{self, CliKeeper};
use crate::keeper::{stores, waiting_codes};
use crate::run::context::Context;
use crate::run::latest_came::{Came, RefusalText};

/// Codes that one login exchanges: those that an earlier login left are exchanged too.
const CODES_AT_MOST: usize = 16;

/// A name by which the outcome of our code is known again.
pub(super) fn name(keeper: &CliKeeper) -> String {
    let bytes = u128::from_be_bytes(keeper.clock().random_bytes());
    format!("cli-{bytes:032x}")
}

/// Makes the code durable.
pub(super) async fn keep(keeper: &CliKeeper, pending: &PendingCode) -> Result<(), Failure> {
    let put = keeper.accept_code(pending).await;
    match put.map_err(|error| keeper_setup::exchange_failure(&error))? {
        CodePut::Stored => Ok(()),
        CodePut::Full | CodePut::HostFull => Err(Failure::new(
            ErrorCode::Busy,
            "too many codes wait in the store; nothing was kept",
        )),
        _ => Err(match waiting(keeper, pending).await? {
            Some(code) => {
                let line = waiting_codes::line(&code);
                let message = format!("this code was given before; {line}");
                waiting_codes::failure(&code, &[], message)
                    .hint("`kommo auth retry` tries it at once")
            }
            None => Failure::new(
                ErrorCode::CodeRefused,
                "this code was given before; each works once",
            )
            .reason("given-before")
            .hint("`kommo auth status` says whether it became a grant; else begin again"),
        }),
    }
}

/// The newest code that waits for the same account.
async fn waiting(keeper: &CliKeeper, pending: &PendingCode) -> Result<Option<CodeLine>, Failure> {
    let (realm, client_id) = (pending.realm, Some(pending.client_id));
    let waiting = waiting_codes::of(keeper.store(), realm, client_id).await?;
    Ok(waiting.into_iter().find(|code| code.host == pending.host))
}

/// Exchanges it, and reports the result.
pub(super) async fn finish(
    keeper: &CliKeeper,
    pending: &PendingCode,
    context: &Context,
) -> Result<Outcome, Failure> {
    let waiting = context.progress.wait_for("the exchange of the code");
    let exchanged = exchange(keeper, pending, context).await;
    drop(waiting);
    let (outcome, came) = exchanged?;
    let refusal = match &outcome {
        Some(CodeOutcome::Refused(kind) | CodeOutcome::ClientRefused(kind)) => Some(*kind),
        Some(CodeOutcome::Deferred(refusal)) => Some(refusal.kind),
        _ => came.and_then(Came::refusal).map(|came| came.kind),
    };
    let told = tell_outcome(keeper, pending, outcome, came, context).await;
    // A refusal without a reason: its most common causes, with what was sent.
    let sent = keeper
        .credentials()
        .map(|credentials| credentials.redirect_uri);
    let causes = refusal
        .zip(sent.as_ref())
        .and_then(|(kind, sent)| kind.likely_causes(sent));
    told.map_err(|failure| match causes {
        Some(causes) => {
            let then = failure.hint_text().unwrap_or_default().to_owned();
            failure.hint(format!("most often {causes}; {then}"))
        }
        None => failure,
    })
}

async fn tell_outcome(
    keeper: &CliKeeper,
    pending: &PendingCode,
    outcome: Option<CodeOutcome>,
    came: Option<Came>,
    context: &Context,
) -> Result<Outcome, Failure> {
    match outcome {
        Some(CodeOutcome::Granted(grant)) => tell(keeper, &grant, context).await,
        Some(CodeOutcome::Refused(kind)) => Err(refused(pending, kind, came)),
        Some(CodeOutcome::ClientRefused(kind)) => {
            let came = came.and_then(Came::refusal);
            let why = RefusalText { kind, came };
            let message = format!("the integration was refused: {why}");
            let failure = kept(keeper, pending, &message).await?;
            Err(match kind {
                TokenRefusalKind::RedirectUriMismatch => failure.hint(
                    "copy the redirect uri from the settings, with every slash; the code is kept: `kommo auth retry` tries it at once",
                ),
                _ => failure.hint(
                    "check client id and client secret; the code is kept: `kommo auth retry` tries it at once",
                ),
            })
        }
        Some(CodeOutcome::Lost) => Err(Failure::new(
            ErrorCode::BadAnswer,
            "the token endpoint returned no usable answer, twice; the code is spent",
        )
        .hint("begin again: `kommo auth login`")),
        Some(CodeOutcome::Erased) => Err(Failure::new(
            ErrorCode::Erased,
            "the account was erased meanwhile; nothing was kept",
        )),
        Some(CodeOutcome::Deferred(refusal)) => {
            Err(not_yet(keeper, pending, Some(Came::Refusal(refusal))).await?)
        }
        _ => Err(not_yet(keeper, pending, came).await?),
    }
}

/// The code has ended; one that met the wrong account is not spent.
fn refused(pending: &PendingCode, kind: TokenRefusalKind, came: Option<Came>) -> Failure {
    let came = came.and_then(Came::refusal);
    let why = RefusalText { kind, came };
    let message = format!("the code was refused: {why}");
    let failure = Failure::new(ErrorCode::CodeRefused, message);
    match (kind, pending.realm) {
        (TokenRefusalKind::InvalidAccount, _) if pending.origin == CodeOrigin::Pasted => failure
            .reason("wrong-account")
            .hint("the code is not spent: give it again with its own account, --account HOST"),
        (TokenRefusalKind::NotFound, _) if pending.origin == CodeOrigin::Pasted => {
            let host = pending.host;
            failure.reason("wrong-account").hint(format!(
                "is {host} spelled right? The code is not spent: give it again with its own account, --account HOST"
            ))
        }
        (TokenRefusalKind::CodeUndecryptable, Realm::Sandbox(_)) => failure.hint(
            "a sandbox that was restarted has forgotten its codes; begin again: `kommo auth login`",
        ),
        _ => failure.hint("begin again: `kommo auth login`"),
    }
}

/// Neither granted nor refused: what came, and what can be done before the next try.
async fn not_yet(
    keeper: &CliKeeper,
    pending: &PendingCode,
    came: Option<Came>,
) -> Result<Failure, Failure> {
    let host = pending.host;
    let message = match came {
        Some(Came::Refusal(came)) => {
            let (kind, came) = (came.kind, Some(came));
            let why = RefusalText { kind, came };
            format!("the token endpoint does not exchange it now: {why}")
        }
        Some(Came::Failure(status)) => format!("the token endpoint failed (status {status})"),
        Some(Came::Unreadable) => "the answer of the token endpoint cannot be read".to_owned(),
        Some(Came::Cut) => format!("the connection to {host} ended before the answer was whole"),
        Some(Came::NotSent) => format!("no connection to {host}"),
        Some(Came::Withheld) => "this address is blocked for now".to_owned(),
        None => "the code was not exchanged yet".to_owned(),
    };
    let failure = kept(keeper, pending, &message).await?;
    Ok(match came {
        Some(Came::NotSent) => failure.hint(format!(
            "{}; then `kommo auth retry` exchanges the code",
            transport::NO_CONNECTION
        )),
        _ => failure
            .hint("`kommo auth retry` tries it at once; `kommo auth status` says whether it is tried otherwise"),
    })
}

/// The failure of a code that waits in the store, with the reason and the next try as they are
/// there.
async fn kept(
    keeper: &CliKeeper,
    pending: &PendingCode,
    message: &str,
) -> Result<Failure, Failure> {
    let message = format!("{message}; the code is kept");
    Ok(match waiting(keeper, pending).await? {
        Some(code) => waiting_codes::failure(&code, &[], message),
        None => Failure::new(ErrorCode::Held, message).reason("code-waits"),
    })
}

/// The outcome of our code, and what came if it was not granted; what else was waiting is looked
/// after on the way.
async fn exchange(
    keeper: &CliKeeper,
    pending: &PendingCode,
    context: &Context,
) -> Result<(Option<CodeOutcome>, Option<Came>), Failure> {
    for _ in 0..CODES_AT_MOST {
        let exchanged = keeper.exchange_codes_each(1).await;
        let exchanged = exchanged.map_err(|error| keeper_setup::exchange_failure(&error))?;
        let Some(exchanged) = exchanged.into_iter().next() else {
            break;
        };
        let came = context.latest_came.take();
        if exchanged.is_of(&pending.code) {
            return Ok((Some(exchanged.outcome), came));
        }
    }
    Ok((None, None))
}

async fn tell(keeper: &CliKeeper, new: &NewGrant, context: &Context) -> Result<Outcome, Failure> {
    let loaded = keeper.store().load(&new.key).await;
    let grant = loaded.map_err(|error| stores::failure(&error))?;
    let grant = grant
        .ok_or_else(|| Failure::new(ErrorCode::StoreFailed, "the new grant is not in the store"))?;
    let now = grant_view::now();
    let mut json = grant_view::to_json(&grant, now);
    if let Value::Object(fields) = &mut json {
        fields.insert("granted".to_owned(), Value::from(true));
        fields.insert("is_first".to_owned(), Value::from(new.is_first));
    }
    let text = format!("granted: {}", grant_view::to_text(&grant, now));
    context.output.result(&text, &json)?;
    match new.expected_account {
        None => Ok(Outcome::Done),
        Some(expected) => {
            context.output.note(&format!(
                "warning: account {} consented, not account {expected}; the grant is kept",
                new.key.account_id
            ));
            Ok(Outcome::No)
        }
    }
}
