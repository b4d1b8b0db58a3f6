//! `kommo auth token`: a fresh access token on standard output.

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::grant_choice::GrantArgs;
use crate::keeping::{self, KeepingArgs};
use crate::runtime::run_to_end;

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
    keeping: KeepingArgs,
}

pub(super) fn run(args: &TokenArgs, context: &Context) -> Result<Outcome, Failure> {
    context.output.refuse_terminal("a token", args.show)?;
    run_to_end(context, async {
        let (_, grant) = args.keeping.keep_one(&args.grant, context).await?;
        let _waiting = keeping::token_awaited(context);
        let usable = grant.token().await;
        let usable = usable.map_err(|error| keeping::failure(&error))?;
        let token = usable.access_token.expose();
        context
            .output
            .result(token, &json!({ "access_token": token }))?;
        Ok(Outcome::Done)
    })
}
