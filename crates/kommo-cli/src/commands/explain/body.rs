//! `kommo explain chat-hook` and `kommo explain open-api`: a body and its signature.

use std::ffi::OsString;

use clap::Args;
use kommo_explain::{explain_chat_hook, explain_open_api};

use super::answer::print;
use crate::failure::exit::{Failure, Outcome};
use crate::input::body_source::BodyArgs;
use crate::input::secret_source::SecretArgs;
use crate::input::standard_input::claimed_once;
use crate::profile::content::SecretKind;
use crate::run::context::Context;

const CHAT_HOOK_EXAMPLE: &str = "\
Example:
  kommo explain chat-hook --secret-file channel.secret --body hook.json \\
    --signature \"$X_SIGNATURE\"";

const OPEN_API_EXAMPLE: &str = "\
Example:
  kommo explain open-api --secret-file app.secret --body webhook.json \\
    --signature \"$X_CHAT_SIGNATURE\"";

/// `kommo explain chat-hook`.
#[derive(Debug, Args)]
#[command(after_help = CHAT_HOOK_EXAMPLE)]
pub(crate) struct ChatHookArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// The X-Signature header, as it came
    #[arg(long, value_name = "HEX", allow_hyphen_values = true)]
    signature: OsString,

    #[command(flatten)]
    body: BodyArgs,
}

/// `kommo explain open-api`.
#[derive(Debug, Args)]
#[command(after_help = OPEN_API_EXAMPLE)]
pub(crate) struct OpenApiArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// The x-chat-signature header, as it came
    #[arg(long, value_name = "HEX", allow_hyphen_values = true)]
    signature: OsString,

    #[command(flatten)]
    body: BodyArgs,
}

pub(super) fn run_chat_hook(args: &ChatHookArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once([args.secret.claim(), args.body.claim()])?;
    let source = args
        .secret
        .or(|| context.profile_secret(SecretKind::Channel))?;
    let secret = source.read()?;
    let explained = explain_chat_hook(
        &args.body.read()?,
        &args.signature.to_string_lossy(),
        secret.expose(),
    );
    print(
        &explained.map_err(|error| source.refused(error))?,
        None,
        context,
    )
}

pub(super) fn run_open_api(args: &OpenApiArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once([args.secret.claim(), args.body.claim()])?;
    let source = args.secret.or(|| context.profile_secret(SecretKind::App))?;
    let secret = source.read()?;
    let explained = explain_open_api(
        &args.body.read()?,
        &args.signature.to_string_lossy(),
        secret.expose(),
    );
    print(
        &explained.map_err(|error| source.refused(error))?,
        None,
        context,
    )
}
