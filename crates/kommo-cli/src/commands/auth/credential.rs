//! `kommo auth credential`: what a program in another language needs for its calls.

use alloc::sync::Arc;
use core::time::Duration;

use clap::Args;
use kommo_account::{EndpointRole, Realm, Target};
use kommo_keeper::GrantStore;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Generation, UsableToken};
use kommo_oauth::refresh::TokenRequirement;
use serde_json::{Value, json};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::grant_choice::GrantArgs;
use crate::keeper::keeper_setup::{self, CliGrant, CliKeeper, KeeperArgs};
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::run_to_end;

const HELP: &str = "\
Prints one JSON object. Send a call to base_url with its path, with the header
Host as in host and the access token in Authorization: Bearer. For a sandbox
both lead to this machine; realm says whether it is one. The other fields:
expires_at (Unix seconds; null for a token that does not say), generation,
account_id, account_host; ca_file if --sandbox-ca was given.

Ask before every call, or keep it until shortly before expires_at. After a 401,
give the generation of the rejected token: it is refreshed only if it is still
the current one and a probe is rejected too.

With --format json a failure is one object too; `code` says whether to ask for
consent, to wait or to change a setting.

Example:
  kommo auth credential --format json --min-validity 300
  kommo auth credential --format json --rejected-generation 7";

/// Tokens are valid for a day: requiring more than half of that would spend a refresh on each call.
const LONGEST_VALIDITY_SECONDS: u64 = TokenRequirement::LONGEST_VALIDITY.as_secs();

/// `kommo auth credential`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct CredentialArgs {
    #[command(flatten)]
    grant: GrantArgs,

    /// The token must stay valid for at least S seconds; 43200 (12 hours) at most [default: 60]
    #[arg(long, value_name = "S", value_parser = validity)]
    min_validity: Option<u64>,

    /// The platform answered 401 to the token of this generation
    #[arg(long, value_name = "N")]
    rejected_generation: Option<u64>,

    /// Print it even to a terminal
    #[arg(long)]
    show: bool,

    #[command(flatten)]
    keeper: KeeperArgs,
}

pub(super) fn run(args: &CredentialArgs, context: &Context) -> Result<Outcome, Failure> {
    context.output.refuse_terminal("a credential", args.show)?;
    let endpoints = args.keeper.endpoints(context)?;
    run_to_end(context, async {
        let (keeper, grant) = args.keeper.keep_one(&args.grant, context).await?;
        let _waiting = keeper_setup::token_awaited(context);
        args.check_generation(&keeper, &grant).await?;
        let usable = args.usable(&grant, context).await?;
        let target = endpoints.resolve(EndpointRole::Account(usable.host));
        let mut credential = json!({
            "access_token": usable.access_token.expose(),
            "expires_at": usable.expires_at.map(UnixSeconds::get),
            "generation": usable.generation.get(),
            "account_host": usable.host.as_str(),
            "account_id": grant.key().account_id.get(),
            "realm": grant.key().realm_text(),
            "base_url": base_url(&target)?,
            "host": host(&target),
        });
        if let (Value::Object(fields), Some(file)) =
            (&mut credential, args.keeper.sandbox.authority(context)?)
        {
            fields.insert("ca_file".to_owned(), json!(file.display().to_string()));
        }
        // For programs, whatever `--format` says.
        context.output.json_line(&credential)?;
        Ok(Outcome::Done)
    })
}

/// A length of time in seconds, up to the longest that is worth asking for.
fn validity(text: &str) -> Result<u64, String> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| *seconds <= LONGEST_VALIDITY_SECONDS)
        .ok_or_else(|| {
            let hours = LONGEST_VALIDITY_SECONDS / 3600;
            format!("seconds from 0 to {LONGEST_VALIDITY_SECONDS} ({hours} hours) are expected: a token is valid for a day")
        })
}

/// Scheme and authority of the address to call, without a path.
fn base_url(target: &Target) -> Result<String, Failure> {
    let mut url = String::new();
    let written = target.write_url("/", &mut url);
    written.map_err(|error| Failure::new(ErrorCode::Internal, error))?;
    Ok(url.trim_end_matches('/').to_owned())
}

/// The header `Host`. A sandbox also knows its accounts under names that lead to this machine
/// alone: a program that takes one of them for an address does not send the sandbox's token to the
/// real platform.
fn host(target: &Target) -> String {
    let host = target.host();
    if target.realm() == Realm::Real {
        return host.to_owned();
    }
    let name = host
        .strip_suffix(".com")
        .filter(|name| name.ends_with(".kommo"));
    let name = name.or_else(|| host.strip_suffix(".ru"));
    format!("{}.localhost", name.unwrap_or(host))
}

impl CredentialArgs {
    /// A generation that was never handed out is a slip: no call can have been refused with its
    /// token.
    async fn check_generation(&self, keeper: &CliKeeper, grant: &CliGrant) -> Result<(), Failure> {
        let Some(rejected) = self.rejected_generation else {
            return Ok(());
        };
        let loaded = keeper.store().load(grant.key()).await;
        let loaded = loaded.map_err(|error| stores::failure(&error))?;
        match loaded.map(|grant| grant.generation.get()) {
            Some(current) if rejected > current => Err(Failure::usage(format!(
                "generation {rejected} does not exist, the current one is {current}"
            ))),
            _ => Ok(()),
        }
    }

    async fn usable(
        &self,
        grant: &CliGrant,
        context: &Context,
    ) -> Result<Arc<UsableToken>, Failure> {
        if let Some(rejected) = self.rejected_generation {
            let usable = grant.token_after_401(Generation::new(rejected)).await;
            match usable.map_err(|error| keeper_setup::failure(&error))? {
                Some(usable) if self.min_validity.is_none() => return Ok(usable),
                // How long it is valid is another question.
                Some(_) => {}
                None => context
                    .output
                    .note("warning: a probe with this token succeeded: the 401 was about the call"),
            }
        }
        let asked = match self.min_validity {
            Some(seconds) => grant.token_valid_for(Duration::from_secs(seconds)).await,
            None => grant.token().await,
        };
        asked.map_err(|error| keeper_setup::failure(&error))
    }
}
