//! `kommo explain chat-hook` and `kommo explain open-api`: a body and its signature.

use std::ffi::{OsStr, OsString};

use clap::Args;
use kommo_explain::{Explanation, explain_chat_hook, explain_open_api};
use kommo_sign::SecretError;

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
    let received = (&args.body, args.signature.as_os_str());
    run(
        SecretKind::Channel,
        &args.secret,
        received,
        explain_chat_hook,
        context,
    )
}

pub(super) fn run_open_api(args: &OpenApiArgs, context: &Context) -> Result<Outcome, Failure> {
    let received = (&args.body, args.signature.as_os_str());
    run(
        SecretKind::App,
        &args.secret,
        received,
        explain_open_api,
        context,
    )
}

fn run(
    kind: SecretKind,
    secret: &SecretArgs,
    (body, signature): (&BodyArgs, &OsStr),
    explain: impl FnOnce(&[u8], &str, &str) -> Result<Explanation, SecretError>,
    context: &Context,
) -> Result<Outcome, Failure> {
    claimed_once([secret.claim(), body.claim()])?;
    let source = secret.or(|| context.profile_secret(kind))?;
    let secret = source.read()?;
    let explained = explain(&body.read()?, &signature.to_string_lossy(), secret.expose());
    print(
        &explained.map_err(|error| source.refused(error))?,
        None,
        context,
    )
}
