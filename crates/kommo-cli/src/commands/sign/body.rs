//! `kommo sign hook` and `kommo sign open-api`: the body alone is signed.

use clap::Args;
use kommo_sign::{AppSecret, ChannelSecret, ChatHookKey, OpenApiKey};

use super::signature_line::print_signature;
use crate::failure::exit::{Failure, Outcome};
use crate::input::body_source::BodyArgs;
use crate::input::secret_source::SecretArgs;
use crate::input::standard_input::claimed_once;
use crate::profile::content::SecretKind;
use crate::run::context::Context;

/// `kommo sign hook`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  kommo sign hook --secret-file channel.secret --body hook.json")]
pub(crate) struct HookArgs {
    #[command(flatten)]
    secret: SecretArgs,

    #[command(flatten)]
    body: BodyArgs,

    /// Sign the final line end too, which the platform does not
    #[arg(long)]
    as_is: bool,
}

/// `kommo sign open-api`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  kommo sign open-api --secret-env APP_SECRET --body request.json"
)]
pub(crate) struct OpenApiArgs {
    #[command(flatten)]
    secret: SecretArgs,

    #[command(flatten)]
    body: BodyArgs,
}

pub(super) fn run_hook(args: &HookArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once([args.secret.claim(), args.body.claim()])?;
    let source = args
        .secret
        .or(|| context.profile_secret(SecretKind::Channel))?;
    let key = ChatHookKey::new(&source.read_to_sign(&context.output, ChannelSecret::new)?);
    let body = args.body.read()?;
    let text = without_line_end(&body);
    if args.as_is || text.len() == body.len() {
        return print_signature(key.sign(&body).as_str(), context);
    }
    let name = if body.ends_with(b"\r\n") {
        "CR LF"
    } else {
        "line feed"
    };
    context.output.note(&format!(
        "the final {name} of the body is not signed: the platform signs none; --as-is signs it"
    ));
    print_signature(key.sign(text).as_str(), context)
}

/// Rule H2: one LF or one CR LF, and no more.
fn without_line_end(body: &[u8]) -> &[u8] {
    let text = body.strip_suffix(b"\r\n").or(body.strip_suffix(b"\n"));
    text.unwrap_or(body)
}

pub(super) fn run_open_api(args: &OpenApiArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once([args.secret.claim(), args.body.claim()])?;
    let source = args.secret.or(|| context.profile_secret(SecretKind::App))?;
    let key = OpenApiKey::new(&source.read_to_sign(&context.output, AppSecret::new)?);
    print_signature(key.sign(&args.body.read()?).as_str(), context)
}
