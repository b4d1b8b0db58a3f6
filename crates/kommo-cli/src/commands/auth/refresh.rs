//! `kommo auth refresh`: a new pair now, whether or not the old one is due.

use clap::Args;
use kommo_keeper::GrantStore;
use kommo_oauth::grant::{Generation, GrantKey};
use serde_json::Value;

use super::grant_view;
use super::many::{GrantsArgs, for_each};
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::keeper_setup::{self, CliKeeper};
use crate::keeper::stores;
use crate::run::context::Context;

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
    grants: GrantsArgs,
}

pub(super) fn run(args: &RefreshArgs, context: &Context) -> Result<Outcome, Failure> {
    let all = async |keeper: &CliKeeper, which| for_each(keeper, which, context, refresh).await;
    args.grants.run(context, all)
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
