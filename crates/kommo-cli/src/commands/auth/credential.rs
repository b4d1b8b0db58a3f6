//! `kommo auth credential`: what a program in another language needs for its calls.

use alloc::sync::Arc;
use core::time::Duration;

use clap::{Args, value_parser};
use kommo_keeper::GrantStore;
use kommo_oauth::{Generation, UnixSeconds, Usable, Want};
use serde_json::json;

use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::grant_choice::GrantArgs;
use crate::keeping::{self, CliGrant, CliKeeper, KeepingArgs};
use crate::runtime::runtime;
use crate::stores;

const HELP: &str = "\
Prints one JSON object: access_token, expires_at (Unix seconds, or null for a
token that does not say), generation, account_host. Ask before every call, or
keep it until shortly before expires_at. After a 401, give the generation of the
refused token: it is refreshed only if it is still the current one and a probe
is refused too.

Example:
  kommo auth credential --min-validity 300
  kommo auth credential --rejected-generation 7";

/// Tokens live for a day: to want more than half of that would spend a refresh on call after call.
const LONGEST_VALIDITY_SECONDS: u64 = Want::LONGEST_VALIDITY.as_secs();

/// `kommo auth credential`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct CredentialArgs {
    #[command(flatten)]
    grant: GrantArgs,

    /// The token must be valid for at least so many seconds, 43200 (12 h) at most [default: 60]
    #[arg(long, value_name = "S", value_parser = value_parser!(u64).range(..=LONGEST_VALIDITY_SECONDS))]
    min_validity: Option<u64>,

    /// The platform said 401 to the token of this generation
    #[arg(long, value_name = "N")]
    rejected_generation: Option<u64>,

    #[command(flatten)]
    keeping: KeepingArgs,
}

pub(super) fn run(args: &CredentialArgs, context: &Context) -> Result<Outcome, Failure> {
    runtime()?.block_on(async {
        let (keeper, grant) = args.keeping.keep_one(&args.grant, context).await?;
        let usable = async {
            args.check_generation(&keeper, &grant).await?;
            args.usable(&grant, context).await
        };
        let usable = usable.await;
        keeper.drain().await;
        keeper.store().close().await;
        let usable = usable?;
        // For programs, whatever `--format` says.
        context.output.json_line(&json!({
            "access_token": usable.access_token.expose(),
            "expires_at": usable.expires_at.map(UnixSeconds::get),
            "generation": usable.generation.get(),
            "account_host": usable.host.as_str(),
        }))?;
        Ok(Outcome::Done)
    })
}

impl CredentialArgs {
    /// A generation that was never handed out is a slip: nobody could have been refused with its token.
    async fn check_generation(&self, keeper: &CliKeeper, grant: &CliGrant) -> Result<(), Failure> {
        let Some(rejected) = self.rejected_generation else {
            return Ok(());
        };
        let loaded = keeper.store().load(grant.key()).await;
        let loaded = loaded.map_err(|error| stores::failure(&error))?;
        match loaded.map(|grant| grant.generation.get()) {
            Some(current) if rejected > current => Err(Failure::usage(format!(
                "generation {rejected} was never handed out, the current one is {current}"
            ))),
            _ => Ok(()),
        }
    }

    async fn usable(&self, grant: &CliGrant, context: &Context) -> Result<Arc<Usable>, Failure> {
        if let Some(rejected) = self.rejected_generation {
            let usable = grant.token_after_401(Generation::new(rejected)).await;
            match usable.map_err(|error| keeping::failure(&error))? {
                Some(usable) if self.min_validity.is_none() => return Ok(usable),
                // How long it is valid is another question.
                Some(_) => {}
                None => context.output.note(
                    "warning: a probe with this token was let in: the 401 was about the call",
                ),
            }
        }
        let asked = match self.min_validity {
            Some(seconds) => grant.token_valid_for(Duration::from_secs(seconds)).await,
            None => grant.token().await,
        };
        asked.map_err(|error| keeping::failure(&error))
    }
}
