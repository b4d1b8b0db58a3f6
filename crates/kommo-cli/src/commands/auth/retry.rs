//! `kommo auth retry`: a person has mended what a pause was for.

use clap::Args;
use kommo_oauth::grant::{GrantKey, GrantState};
use serde_json::{Value, json};

use super::grant_view;
use super::keep_alive::exchange_waiting;
use super::many::{Each, GrantsArgs, for_each, living};
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::keeper_setup::{self, CliKeeper};
use crate::run::context::Context;

const HELP: &str = "\
After a wrong secret, an unpaid account or a block a grant is paused, so that
nobody asks in vain. Once you have mended the cause, this lifts the pause and
refreshes once. Codes that wait for their exchange are tried at once too, those
of the account alone if --account names its host. A grant that is neither paused
nor in doubt is only looked at; one that has ended needs a new consent.

Example:
  kommo auth retry --account shop.kommo.com";

/// `kommo auth retry`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    grants: GrantsArgs,
}

pub(super) fn run(args: &RetryArgs, context: &Context) -> Result<Outcome, Failure> {
    args.grants.run(context, async |keeper, which| {
        let (Each::All(choice) | Each::One(choice)) = which;
        let lifted = keeper.lift_code_pauses(choice.account_host()).await;
        lifted.map_err(|error| keeper_setup::exchange_failure(&error))?;
        let granted = exchange_waiting(keeper, context).await?;
        // A code that became the first grant is what was to be retried.
        if granted > 0 && choice.all(keeper.store()).await?.len() == granted {
            return Ok(Outcome::Done);
        }
        for_each(keeper, which, context, retry).await
    })
}

/// One grant.
async fn retry(keeper: CliKeeper, key: GrantKey) -> Result<(String, Value), Failure> {
    let grant = living(&keeper, &key).await?;
    let lifted = keeper.lift_holds(&key).await;
    let lifted = lifted.map_err(|trouble| keeper_setup::store_trouble(&key, trouble))?;
    let handle = keeper
        .grant(&key)
        .map_err(|error| keeper_setup::failure(&error))?;
    let is_in_doubt = matches!(grant.state, GrantState::InDoubt(_));
    let is_long_lived = matches!(grant.state, GrantState::LongLived(_));
    let is_tried = (!lifted.is_empty() || is_in_doubt) && !is_long_lived;
    let usable = match is_tried {
        true => handle.refresh_for_person(grant.generation).await,
        false => handle.token().await,
    };
    let usable = usable.map_err(|error| keeper_setup::failure(&error))?;
    let names: Vec<_> = lifted.iter().map(|kind| kind.name()).collect();
    let done = match names.as_slice() {
        [] if is_in_doubt => "tried again".to_owned(),
        [] => "not paused".to_owned(),
        names => format!("pause lifted ({})", names.join(", ")),
    };
    let (text, mut value) = grant_view::fresh(&done, &key, &usable);
    if let Value::Object(fields) = &mut value {
        fields.insert("lifted".to_owned(), json!(names));
    }
    Ok((text, value))
}
