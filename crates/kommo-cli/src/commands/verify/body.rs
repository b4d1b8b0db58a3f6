//! `kommo verify chat-hook` and `kommo verify open-api`: a body and its signature.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::Args;
use kommo_sign::{AppSecret, ChannelSecret, ChatHookKey, OpenApiKey};
use serde_json::{Map, Value};

use super::batch;
use super::verdict::{self, Proof, REASONS, Refusal, form};
use crate::failure::exit::{Failure, Outcome};
use crate::input::body_source::BodyArgs;
use crate::input::secret_source::{SecretSource, SecretsArgs};
use crate::input::standard_input::{claimed_once, is_dash};
use crate::profile::content::SecretKind;
use crate::run::context::Context;

const CHAT_HOOK_EXAMPLE: &str = "\
Examples:
  kommo verify chat-hook --secret-file channel.secret --body hook.json \\
    --signature 0123456789abcdef0123456789abcdef01234567

  kommo verify chat-hook --secret-file channel.secret --batch archive.ndjson \\
    --format json > verdicts.ndjson";

const OPEN_API_EXAMPLE: &str = "\
Example:
  kommo verify open-api --secret-file app.secret --body webhook.json \\
    --signature \"$X_CHAT_SIGNATURE\"";

/// `kommo verify chat-hook`.
#[derive(Debug, Args)]
#[command(after_help = CHAT_HOOK_EXAMPLE, after_long_help = format!("{REASONS}\n\n{CHAT_HOOK_EXAMPLE}"))]
pub(crate) struct ChatHookArgs {
    #[command(flatten)]
    secrets: SecretsArgs,

    /// The X-Signature header, as it came
    #[arg(
        long,
        value_name = "HEX",
        allow_hyphen_values = true,
        required_unless_present = "batch"
    )]
    signature: Option<OsString>,

    #[command(flatten)]
    body: BodyArgs,

    /// Many hooks, one a line: {"body":"BASE64","signature":"HEX"}; one verdict a line comes out.
    /// `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signature", "file"])]
    batch: Option<PathBuf>,
}

/// `kommo verify open-api`.
#[derive(Debug, Args)]
#[command(after_help = OPEN_API_EXAMPLE, after_long_help = format!("{REASONS}\n\n{OPEN_API_EXAMPLE}"))]
pub(crate) struct OpenApiArgs {
    #[command(flatten)]
    secrets: SecretsArgs,

    /// The x-chat-signature header, as it came
    #[arg(long, value_name = "HEX", allow_hyphen_values = true)]
    signature: OsString,

    #[command(flatten)]
    body: BodyArgs,
}

pub(super) fn run_chat_hook(args: &ChatHookArgs, context: &Context) -> Result<Outcome, Failure> {
    let proof = Proof::new(SecretKind::Channel, "chat-hook", &args.secrets);
    if let Some(file) = &args.batch {
        claimed_once(args.secrets.claims().chain([("--batch", is_dash(file))]))?;
        let sources = args.secrets.or(|| context.profile_secrets(proof.kind))?;
        return batch::run(file, &sources, proof, context);
    }
    let received = (&args.body, args.signature.as_deref().unwrap_or_default());
    let read = |source: &SecretSource| Ok(ChatHookKey::new(&source.read_as(ChannelSecret::new)?));
    let check = |key: &ChatHookKey, body: &[u8], signature: &str| {
        let proven = key.verify(body, signature)?;
        let mut facts = Map::new();
        facts.insert("form".to_owned(), Value::from(form(proven.form())));
        facts.insert("proven_bytes".to_owned(), Value::from(proven.bytes().len()));
        Ok(facts)
    };
    run(&args.secrets, received, read, check, proof, context)
}

pub(super) fn run_open_api(args: &OpenApiArgs, context: &Context) -> Result<Outcome, Failure> {
    let received = (&args.body, args.signature.as_os_str());
    let proof = Proof::new(SecretKind::App, "open-api", &args.secrets);
    let read = |source: &SecretSource| Ok(OpenApiKey::new(&source.read_as(AppSecret::new)?));
    let check = |key: &OpenApiKey, body: &[u8], signature: &str| {
        let proven = key.verify(body, signature)?;
        let mut facts = Map::new();
        facts.insert("proven_bytes".to_owned(), Value::from(proven.len()));
        Ok(facts)
    };
    run(&args.secrets, received, read, check, proof, context)
}

fn run<K>(
    secrets: &SecretsArgs,
    (body, signature): (&BodyArgs, &OsStr),
    read: impl Fn(&SecretSource) -> Result<K, Failure>,
    check: impl Fn(&K, &[u8], &str) -> Result<Map<String, Value>, Refusal>,
    proof: Proof,
    context: &Context,
) -> Result<Outcome, Failure> {
    claimed_once(secrets.claims().chain([body.claim()]))?;
    let sources = secrets.or(|| context.profile_secrets(proof.kind))?;
    let bytes = body.read()?;
    let text = text(signature);
    let typed = [
        ("--signature", Some(signature)),
        ("--body", body.file().map(Path::as_os_str)),
    ];
    let check = |key: &K| check(key, &bytes, &text);
    verdict::with_each(&sources, read, check, proof, &typed, context)
}

/// Broken UTF-8 becomes a character that no signature has.
fn text(received: &OsStr) -> String {
    received.to_string_lossy().into_owned()
}
