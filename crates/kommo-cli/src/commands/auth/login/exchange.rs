//! From a code to a grant, by the keeper.

use kommo_keeper::{Clock, CodeOutcome, CodePut, GrantStore, NewGrant, PendingCode};
use kommo_oauth::token::{TokenRefusal, TokenRefusalKind};
use serde_json::Value;

use super::super::grant_view;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::keeper_setup::{self, CliKeeper};
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::latest_refusal::RefusalText;

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
        _ => Err(Failure::new(
            ErrorCode::CodeRefused,
            "this code was given before; each works once",
        )
        .reason("given-before")
        .hint("`kommo auth status` says whether it became a grant; else begin again")),
    }
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
        _ => came.as_ref().map(|came| came.kind),
    };
    let told = tell_outcome(keeper, outcome, came, context).await;
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
    outcome: Option<CodeOutcome>,
    came: Option<TokenRefusal>,
    context: &Context,
) -> Result<Outcome, Failure> {
    match outcome {
        Some(CodeOutcome::Granted(grant)) => tell(keeper, &grant, context).await,
        Some(CodeOutcome::Refused(kind)) => {
            let why = RefusalText { kind, came };
            let message = format!("the code was refused: {why}");
            let hint = match kind {
                TokenRefusalKind::InvalidAccount => {
                    "the code is not spent: give it again with its own account, --account HOST"
                }
                _ => "begin again: `kommo auth login`",
            };
            Err(Failure::new(ErrorCode::CodeRefused, message).hint(hint))
        }
        Some(CodeOutcome::ClientRefused(kind)) => Err(client_refused(kind, came)),
        Some(CodeOutcome::Deferred(refusal)) => Err(no_answer(Some(refusal))
            .hint("`kommo auth keep-alive --all` tries it again within its 20 minutes")),
        Some(CodeOutcome::Lost) => Err(Failure::new(
            ErrorCode::BadAnswer,
            "the token endpoint returned no usable answer, twice; the code is spent",
        )
        .hint("begin again: `kommo auth login`")),
        Some(CodeOutcome::Erased) => Err(Failure::new(
            ErrorCode::Erased,
            "the account was erased meanwhile; nothing was kept",
        )),
        _ => Err(no_answer(came)
            .hint("`kommo auth keep-alive --all` tries it again within its 20 minutes")),
    }
}

/// Neither granted nor refused: the answer says so, or there is no readable answer.
fn no_answer(came: Option<TokenRefusal>) -> Failure {
    let (code, message) = match came {
        Some(refusal) => {
            let kind = refusal.kind;
            let why = RefusalText { kind, came };
            let code = match kind {
                TokenRefusalKind::PaymentRequired => ErrorCode::PaymentRequired,
                TokenRefusalKind::Blocked => ErrorCode::Blocked,
                TokenRefusalKind::Throttled { .. } => ErrorCode::Throttled,
                _ => ErrorCode::Held,
            };
            let message =
                format!("the token endpoint does not exchange it now: {why}; the code is kept");
            (code, message)
        }
        None => (
            ErrorCode::Unreachable,
            "the token endpoint returned no usable answer; the code is kept".to_owned(),
        ),
    };
    Failure::new(code, message)
}

/// The outcome of our code, and what came if it was refused; what else was waiting is looked after
/// on the way.
async fn exchange(
    keeper: &CliKeeper,
    pending: &PendingCode,
    context: &Context,
) -> Result<(Option<CodeOutcome>, Option<TokenRefusal>), Failure> {
    for _ in 0..CODES_AT_MOST {
        let exchanged = keeper.exchange_codes_each(1).await;
        let exchanged = exchanged.map_err(|error| keeper_setup::exchange_failure(&error))?;
        let Some(exchanged) = exchanged.into_iter().next() else {
            break;
        };
        let came = context.latest_refusal.take();
        if exchanged.is_of(&pending.code) {
            return Ok((Some(exchanged.outcome), came));
        }
    }
    Ok((None, None))
}

fn client_refused(kind: TokenRefusalKind, came: Option<TokenRefusal>) -> Failure {
    let why = RefusalText { kind, came };
    let message = format!("the integration was refused: {why}");
    let failure = Failure::new(ErrorCode::ClientMisconfigured, message);
    match kind {
        TokenRefusalKind::RedirectUriMismatch => failure.hint(
            "copy the redirect uri from the settings, with every slash; the code is kept for another try",
        ),
        _ => failure.hint(
            "check client id and client secret; the code is kept: `kommo auth keep-alive --all` tries again",
        ),
    }
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
