//! `kommo auth refresh`: a new pair now, whether or not the old one is due.

use clap::Args;
use kommo_keeper::GrantStore;
use kommo_oauth::grant::{Generation, GrantKey};
use serde_json::Value;

use super::grant_view;
use super::many::{Each, for_each};
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::grant_choice::GrantArgs;
use crate::keeper::keeper_setup::{self, CliKeeper, KeeperArgs};
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::run_to_end;

const HELP: &str = "\
A refresh that another worker is doing at this moment counts: nothing is sent
twice. The old tokens are kept until the new ones have worked. A pause after a
refresh whose outcome is not known is not waited for; a hold is: see `retry`.

Example:
  kommo auth refresh --account shop.kommo.com";

/// `kommo auth refresh`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct RefreshArgs {
    #[command(flatten)]
    grant: GrantArgs,

    /// Every grant of the integration, whatever account the profile names
    #[arg(long, conflicts_with_all = ["account", "user"])]
    all: bool,

    #[command(flatten)]
    keeper: KeeperArgs,
}

pub(super) fn run(args: &RefreshArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.keeper.endpoints()?;
    let credentials = args.keeper.integration.credentials(context)?;
    run_to_end(context, async {
        let client_id = Some(credentials.client_id);
        let keeper = args.keeper.keeper(credentials, context).await?;
        let realm = endpoints.realm();
        let which = match args.all {
            true => Each::All(args.grant.typed(realm, client_id)),
            false => Each::One(args.grant.choice(realm, client_id, context)?),
        };
        let _waiting = keeper_setup::token_awaited(context);
        for_each(&keeper, which, context, refresh).await
    })
}

/// One grant.
pub(super) async fn refresh(keeper: CliKeeper, key: GrantKey) -> Result<(String, Value), Failure> {
    let current = generation(&keeper, &key).await?;
    let handle = keeper
        .grant(&key)
        .map_err(|error| keeper_setup::failure(&error))?;
    let usable = handle
        .refresh_for_person(current)
        .await
        .map_err(|error| keeper_setup::failure(&error))?;
    Ok(grant_view::fresh("refreshed", &key, &usable))
}

async fn generation(keeper: &CliKeeper, key: &GrantKey) -> Result<Generation, Failure> {
    let loaded = keeper.store().load(key).await;
    let grant = loaded.map_err(|error| stores::failure(&error))?;
    grant
        .map(|grant| grant.generation)
        .ok_or_else(|| Failure::new(ErrorCode::NoGrant, "the grant is gone"))
}
