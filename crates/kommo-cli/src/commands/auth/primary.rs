//! `kommo auth primary`: which of several grants speaks for its account.

use clap::Args;
use serde_json::{Value, json};

use super::told;
use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::grant_choice::GrantArgs;
use crate::keeping::KeepingArgs;
use crate::runtime::run_to_end;
use crate::stores;

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
    keeping: KeepingArgs,
}

pub(super) fn run(args: &PrimaryArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.keeping.endpoints()?;
    let client_id = args.keeping.integration.known_client_id(context)?;
    run_to_end(context, async {
        let store = args.keeping.open_store(context).await?;
        let choice = args.grant.choice(endpoints.realm(), client_id, context)?;
        let key = choice.exactly_one(&store).await?;
        let chosen = store.choose_primary(&key).await;
        chosen.map_err(|error| stores::failure(&error))?;
        let mut fields = told::key_fields(&key);
        fields.insert("is_primary".to_owned(), json!(true));
        let text = format!("primary: account {}, user {}", key.account_id, key.user_id);
        context.output.result(&text, &Value::Object(fields))?;
        Ok(Outcome::Done)
    })
}
