//! `kommo auth token`: a fresh access token on standard output.

use clap::Args;
use serde_json::json;

use crate::failure::exit::{Failure, Outcome};
use crate::keeper::grant_choice::GrantArgs;
use crate::keeper::keeper_setup::{self, KeeperArgs};
use crate::run::context::Context;
use crate::run::runtime::run_to_end;

const HELP: &str = "\
Whoever sees the token has the account for up to a day, so it is not printed to
a terminal unless --show says so.

Example:
  kommo auth token --account shop.kommo.com > token.txt";

/// `kommo auth token`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    grant: GrantArgs,

    /// Print it even to a terminal
    #[arg(long)]
    show: bool,

    #[command(flatten)]
    keeper: KeeperArgs,
}

pub(super) fn run(args: &TokenArgs, context: &Context) -> Result<Outcome, Failure> {
    context.output.refuse_terminal("a token", args.show)?;
    run_to_end(context, async {
        let (_, grant) = args.keeper.keep_one(&args.grant, context).await?;
        let _waiting = keeper_setup::token_awaited(context);
        let usable = grant.token().await;
        let usable = usable.map_err(|error| keeper_setup::failure(&error))?;
        let token = usable.access_token.expose();
        context
            .output
            .result(token, &json!({ "access_token": token }))?;
        Ok(Outcome::Done)
    })
}
