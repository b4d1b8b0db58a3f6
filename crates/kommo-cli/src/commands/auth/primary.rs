//! `kommo auth primary`: which of several grants is the primary one of its account.

use clap::Args;
use serde_json::{Value, json};

use super::grant_view;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::grant_choice::GrantArgs;
use crate::keeper::keeper_setup::KeeperArgs;
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::run_to_end;

const HELP: &str = "\
Several users of an account may have consented. A command that is not told a
user takes the primary grant: the one chosen here, until another is chosen; if
none was, the first living one of a known administrator. `kommo auth status`
says which one it is. What ends a grant (logout, export) never guesses.

Example:
  kommo auth primary --account shop.kommo.com --user 1234567";

/// `kommo auth primary`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct PrimaryArgs {
    #[command(flatten)]
    grant: GrantArgs,

    #[command(flatten)]
    keeper: KeeperArgs,
}

pub(super) fn run(args: &PrimaryArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.keeper.endpoints(context)?;
    let client_id = args.keeper.integration.known_client_id(context)?;
    run_to_end(context, async {
        let store = args.keeper.open_store(context).await?;
        let choice = args.grant.choice(endpoints.realm(), client_id, context)?;
        let key = choice.exactly_one(&store).await?;
        let chosen = store.choose_primary(&key).await;
        chosen.map_err(|error| stores::failure(&error))?;
        let mut fields = grant_view::key_fields(&key);
        fields.insert("is_primary".to_owned(), json!(true));
        let text = format!("primary: account {}, user {}", key.account_id, key.user_id);
        context.output.result(&text, &Value::Object(fields))?;
        Ok(Outcome::Done)
    })
}
