//! `kommo auth keep-alive`: for cron. A refresh token that is not used for three months is dead.

use clap::Args;
use kommo_keeper::CodeOutcome;
use kommo_oauth::grant::GrantKey;
use serde_json::{Value, json};

use super::grant_view;
use super::many::{Each, GrantsArgs, for_each, living};
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::keeper_setup::{self, CliKeeper};
use crate::run::context::Context;

const HELP: &str = "\
Refreshes what was obtained more than a week ago, exchanges codes that are still
waiting (with --all), and saves what a lifeboat holds for any grant of the
integration. Once a day is plenty:
  0 4 * * *  kommo auth keep-alive --all --quiet

Example:
  kommo auth keep-alive --all";

/// Codes that are looked after in one run.
const CODES_AT_MOST: u32 = 100;

/// `kommo auth keep-alive`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct KeepAliveArgs {
    #[command(flatten)]
    grants: GrantsArgs,
}

pub(super) fn run(args: &KeepAliveArgs, context: &Context) -> Result<Outcome, Failure> {
    args.grants.run(context, async |keeper, which| {
        let recovered = keeper.recover_unsaved().await;
        if matches!(which, Each::All(_)) {
            exchange_waiting(keeper, context).await?;
        }
        let outcome = for_each(keeper, which, context, keep_alive).await;
        // An unreadable lifeboat does not stop the refresh of other grants; what is wrong with it,
        // the doctor says.
        let lifeboat = recovered.map_err(|_| {
            Failure::new(ErrorCode::StoreFailed, "the lifeboat cannot be read")
                .hint("`kommo doctor` says why")
        });
        outcome.and_then(|done| lifeboat.map(|_| done))
    })
}

/// One grant.
async fn keep_alive(keeper: CliKeeper, key: GrantKey) -> Result<(String, Value), Failure> {
    living(&keeper, &key).await?;
    let oldest = grant_view::now().minus(keeper.settings().policy.keep_alive_after);
    let handle = keeper
        .grant(&key)
        .map_err(|error| keeper_setup::failure(&error))?;
    let usable = handle.token_obtained_since(oldest).await;
    let usable = usable.map_err(|error| keeper_setup::failure(&error))?;
    Ok(grant_view::fresh("alive", &key, &usable))
}

/// Codes that an earlier login could not exchange.
pub(super) async fn exchange_waiting(
    keeper: &CliKeeper,
    context: &Context,
) -> Result<usize, Failure> {
    let mut granted = 0;
    let outcomes = keeper.exchange_codes(CODES_AT_MOST).await;
    for outcome in outcomes.map_err(|error| keeper_setup::exchange_failure(&error))? {
        match outcome {
            CodeOutcome::Granted(grant) => {
                granted += 1;
                let mut fields = grant_view::key_fields(&grant.key);
                fields.insert("granted".to_owned(), json!(true));
                let text = format!(
                    "granted: account {}, user {}",
                    grant.key.account_id, grant.key.user_id
                );
                context.output.result(&text, &Value::Object(fields))?;
            }
            CodeOutcome::Refused(kind) => {
                context
                    .output
                    .note(&format!("warning: a code that waited was refused: {kind}"));
            }
            CodeOutcome::Lost => context
                .output
                .note("warning: a waiting code got no usable answer and is given up"),
            CodeOutcome::Erased => context
                .output
                .note("warning: the account of a waiting code was erased; nothing was kept"),
            // It still waits: those that do are told at the end.
            _ => {}
        }
    }
    Ok(granted)
}
