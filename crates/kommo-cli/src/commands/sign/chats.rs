//! `kommo sign chats`: the four headers of a Chats API request.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kommo_sign::{
    ChannelSecret, ChatsSigner, ContentType, RequestDate, RequestMethod, RequestPath,
};
use kommo_sign_bulk::BulkSigner;

use super::batch::{self, Defaults};
use super::curl;
use super::signed_chats::SignedChats;
use crate::failure::exit::{Failure, Outcome};
use crate::failure::usage_error::PATH_HINT;
use crate::input::body_source::BodyArgs;
use crate::input::secret_source::SecretArgs;
use crate::input::standard_input::{claimed_once, is_dash};
use crate::profile::content::SecretKind;
use crate::run::context::Context;
use crate::time::at::At;
use crate::time::clock;

const EXAMPLE: &str = "\
Examples:
  kommo sign chats --secret-file channel.secret --method POST \\
    --path /v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect \\
    --body connect.json

  sh -c \"$(kommo sign chats --secret-file channel.secret --method POST \\
    --url https://amojo.kommo.com/v2/origin/custom/SCOPE_ID \\
    --body message.json --output curl)\"

  kommo sign chats --secret-file channel.secret --method POST \\
    --path /v2/origin/custom/SCOPE_ID --batch messages.ndjson > signed.ndjson";

/// `kommo sign chats`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ChatsArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// The method, in upper case
    #[arg(long, value_name = "METHOD", required_unless_present = "batch")]
    method: Option<String>,

    #[command(flatten)]
    target: TargetArgs,

    /// The date, as it will be sent; left out, the date is now
    #[arg(long, value_name = "TEXT", conflicts_with = "at")]
    date: Option<String>,

    /// The date, in Unix seconds or as 2026-11-30T14:30:08Z, with another offset if need be
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<At>,

    #[command(flatten)]
    body: BodyArgs,

    /// The content type, as it will be sent [default: application/json]
    #[arg(long, value_name = "T", conflicts_with = "no_content_type")]
    content_type: Option<String>,

    /// Send no content type: its line in the string to sign is empty
    #[arg(long)]
    no_content_type: bool,

    /// Headers one a line, a JSON object, or a curl command that sends the body's file
    #[arg(long, value_enum, value_name = "OUTPUT")]
    output: Option<OutputForm>,

    /// Many requests, one a line: {"body":"BASE64"}, and `method`, `path`, `date`, `content_type`
    /// where they differ from the options; one object a line comes out. `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "url", "output", "no_content_type"])]
    batch: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct TargetArgs {
    /// The path that will be requested; a query in it is not signed
    #[arg(long, value_name = "P", required_unless_present_any = ["url", "batch"])]
    path: Option<String>,

    /// The URL that will be requested; its path alone is signed
    #[arg(long, value_name = "U")]
    url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputForm {
    /// Date, Content-Type, Content-MD5, X-Signature, one a line.
    Headers,
    /// One object.
    Json,
    /// A command for sh.
    Curl,
}

pub(super) fn run(args: &ChatsArgs, context: &Context) -> Result<Outcome, Failure> {
    let batch = ("--batch", args.batch.as_ref().is_some_and(is_dash));
    claimed_once([args.secret.claim(), args.body.claim(), batch])?;
    if let Some(file) = &args.batch {
        return run_batch(file, args, context);
    }
    let form = args.form(context);
    let method = args.method.as_deref().unwrap_or_default();
    let method = RequestMethod::parse(method).map_err(|error| {
        let message = Failure::usage(format!("--method: {error}"));
        message.hint("write the method in upper-case letters, such as POST")
    })?;
    let path = args.target.path()?;
    let content_type = args.content_type()?;
    let date = args.date()?;
    let curl = match form {
        OutputForm::Curl => Some((args.target.curl_url(context)?, curl::body_file(&args.body)?)),
        _ => None,
    };
    let source = args
        .secret
        .or(|| context.profile_secret(SecretKind::Channel))?;
    let signer = ChatsSigner::new(&source.read_to_sign(&context.output, ChannelSecret::new)?);
    let body = args.body.read()?;
    if content_type.is_some_and(|content_type| !content_type.is_supported()) {
        context
            .output
            .note("warning: the Chats API takes application/json alone");
    }
    let signed = SignedChats::sign(&signer, method, path, content_type, date, &body);
    match (form, curl) {
        (OutputForm::Json, _) => context.output.json_line(&signed.to_json())?,
        (_, Some((url, body_file))) => context
            .output
            .bytes(&curl::command(&signed, &url, body_file))?,
        _ => context.output.bytes(signed.to_lines().as_bytes())?,
    }
    Ok(Outcome::Done)
}

fn run_batch(file: &Path, args: &ChatsArgs, context: &Context) -> Result<Outcome, Failure> {
    let source = args
        .secret
        .or(|| context.profile_secret(SecretKind::Channel))?;
    let signer = BulkSigner::new(&source.read_to_sign(&context.output, ChannelSecret::new)?);
    let content_type = args.content_type()?.unwrap_or(ContentType::JSON);
    let date = args.date()?;
    let defaults = Defaults {
        method: args.method.as_deref(),
        path: args.target.path.as_deref(),
        content_type: content_type.as_str(),
        date: date.as_str(),
    };
    batch::run(file, &signer, &defaults, context)
}

impl ChatsArgs {
    fn form(&self, context: &Context) -> OutputForm {
        let by_format = if context.output.is_json() {
            OutputForm::Json
        } else {
            OutputForm::Headers
        };
        self.output.unwrap_or(by_format)
    }

    fn content_type(&self) -> Result<Option<ContentType<'_>>, Failure> {
        if self.no_content_type {
            return Ok(None);
        }
        let typed = self.content_type.as_deref().map(ContentType::parse);
        typed
            .unwrap_or(Ok(ContentType::JSON))
            .map(Some)
            .map_err(Failure::usage)
    }

    fn date(&self) -> Result<RequestDate, Failure> {
        if let Some(text) = &self.date {
            return RequestDate::parse(text).map_err(|error| {
                Failure::usage(error).hint("write it like 'Wed, 23 Nov 2022 19:25:21 +0000'")
            });
        }
        let at = self.at.map(At::unix_seconds);
        let at = at.map_or_else(clock::unix_now, Ok)?;
        RequestDate::from_unix_seconds(at).map_err(Failure::usage)
    }
}

impl TargetArgs {
    fn path(&self) -> Result<RequestPath<'_>, Failure> {
        let (option, text, is_wrong_kind) = match (&self.path, &self.url) {
            (Some(path), _) => ("--path", path.as_str(), !path.starts_with('/')),
            (None, url) => {
                let url = url.as_deref().unwrap_or_default();
                ("--url", url, url.starts_with('/'))
            }
        };
        if is_wrong_kind && !text.is_empty() {
            return Err(
                Failure::usage(format!("{option} does not take this kind of address"))
                    .hint("--path takes '/v2/…', --url takes 'https://host/v2/…'"),
            );
        }
        RequestPath::parse(text)
            .map_err(|error| Failure::usage(format!("{option}: {error}")).hint(PATH_HINT))
    }

    /// The URL for curl; a path alone gets the profile's host.
    fn curl_url(&self, context: &Context) -> Result<String, Failure> {
        match (&self.url, &self.path) {
            (Some(url), _) => Ok(url.clone()),
            (None, path) => {
                let host = context.profile()?.chats_host().ok_or_else(|| {
                    Failure::usage("curl needs a host, and --path has none")
                        .hint("give --url https://host/path")
                })?;
                Ok(format!(
                    "https://{host}{}",
                    path.as_deref().unwrap_or_default()
                ))
            }
        }
    }
}
