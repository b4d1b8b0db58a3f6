//! `kommo auth logout`: the end of a grant in this store.

use clap::Args;
use kommo_keeper::{GrantStore, Written};
use kommo_oauth::grant::{DisconnectReason, GrantKey};
use kommo_store::{GrantSummary, Store};
use serde_json::{Value, json};

use super::grant_view;
use super::many::GrantsArgs;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::grant_choice::is_over;
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::{interrupted, run_to_end};

const HELP: &str = "\
The tokens are sealed: nothing is sent with them any more, and a refresh that is
on its way does not bring them back. The platform is not told, since it has no
call for that: an administrator takes the access back in the account's settings.
Of an account with several grants, --user says which one ends. --all ends every
grant of one integration: that of --client-id, else the profile's; the grants of
other integrations in the store stay.

Example:
  kommo auth logout --account shop.kommo.com";

/// Writes that conflict with another writer before it is given up.
const CONFLICTS_AT_MOST: usize = 16;

/// `kommo auth logout`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    grants: GrantsArgs,
}

pub(super) fn run(args: &LogoutArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.grants.keeper.endpoints(context)?;
    let client_id = args.grants.keeper.integration.known_client_id(context)?;
    run_to_end(context, async {
        let store = args.grants.keeper.open_store(context).await?;
        if !args.grants.all {
            let choice = args
                .grants
                .grant
                .choice(endpoints.realm(), client_id, context)?;
            let key = choice.exactly_one(&store).await?;
            return log_out(&store, &key, context).await;
        }
        let choice = args.grants.grant.typed(endpoints.realm(), client_id);
        let lines = choice.all(&store).await?;
        let living: Vec<_> = lines.iter().filter(|line| !is_over(line)).collect();
        let Some(first) = living.first() else {
            return Err(choice.nothing(&store).await?);
        };
        let is_of_first = |line: &&GrantSummary| line.key.client_id == first.key.client_id;
        if !living.iter().all(is_of_first) {
            return Err(Failure::new(
                ErrorCode::AmbiguousGrant,
                "the store has grants of several integrations",
            )
            .hint("say whose with --client-id C; the grants of the others stay"));
        }
        for line in living {
            // One is ended whole or not at all.
            if context.is_interrupted() {
                return Err(interrupted());
            }
            log_out(&store, &line.key, context).await?;
        }
        Ok(Outcome::Done)
    })
}

async fn log_out(store: &Store, key: &GrantKey, context: &Context) -> Result<Outcome, Failure> {
    let is_ended = end(store, key).await?;
    let whose = format!("account {}, user {}", key.account_id, key.user_id);
    if !is_ended {
        return Err(Failure::new(
            ErrorCode::WrongState,
            format!("the grant has ended already: {whose}"),
        ));
    }
    let mut fields = grant_view::key_fields(key);
    fields.insert("logged_out".to_owned(), json!(true));
    let text = format!("logged out: {whose}");
    context.output.result(&text, &Value::Object(fields))?;
    Ok(Outcome::Done)
}

/// `false`: it was over before.
async fn end(store: &Store, key: &GrantKey) -> Result<bool, Failure> {
    for _ in 0..CONFLICTS_AT_MOST {
        let loaded = store.load(key).await;
        let Some(grant) = loaded.map_err(|error| stores::failure(&error))? else {
            return Ok(false);
        };
        let now = grant_view::now();
        let Some(moved) = grant.disconnect(DisconnectReason::LoggedOut, now) else {
            return Ok(false);
        };
        let written = store.write(None, &moved, now).await;
        if let Written::Confirmed(_) = written.map_err(|error| stores::failure(&error))? {
            return Ok(true);
        }
    }
    Err(Failure::new(
        ErrorCode::Busy,
        "other programs write the grant all the time",
    )
    .hint("try again"))
}
