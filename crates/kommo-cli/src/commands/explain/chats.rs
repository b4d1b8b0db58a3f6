//! `kommo explain chats`: a request, from its request line to its body.

use std::ffi::OsString;

use clap::Args;
use kommo_explain::{Explanation, FindingCode, ReceivedRequest, explain_chats_request};
use kommo_sign::RequestDate;

use super::answer::{Judged, print, print_journaled};
use super::received::{Journaled, Parts, ReceivedArgs};
use crate::failure::exit::{Failure, Outcome};
use crate::input::body_source::BodyArgs;
use crate::input::secret_source::SecretArgs;
use crate::input::standard_input::claimed_once;
use crate::profile::content::SecretKind;
use crate::run::context::Context;
use crate::time::at::At;
use crate::time::clock;

const EXAMPLE: &str = "\
Without --method and --url the request comes from a curl command (bash, cmd.exe
or PowerShell; no shell is run, and --data @FILE is read), from the text of a
request, or from the journal of a sandbox, whose answer needs no secret.

Examples:
  kommo explain chats --secret-file channel.secret --curl command.txt
  kommo explain chats --secret-file channel.secret --request request.http
  kommo explain chats --sandbox http://127.0.0.1:4000 --journal 12
  kommo explain chats --secret-file channel.secret --method POST \\
    --url /v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect \\
    --header 'Date: Thu, 29 Oct 2020 11:59:55 +0000' \\
    --header 'Content-Type: application/json' \\
    --header 'Content-MD5: a5e8ae04332a6d0aac15f01ad05d40e3' \\
    --header 'X-Signature: e0dcc1936d766a7d5f53fe19887fafa50bef92e0' \\
    --body connect.json --at 2020-10-29T11:59:55Z";

/// Less than the step between two zones, and more than what counts as one of them.
const NO_ZONE_SECONDS: u64 = 7 * 60;

/// The options that bring a whole request.
const RECEIVED: [&str; 3] = ["curl", "request", "journal"];

/// `kommo explain chats`.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLE,
    override_usage = "kommo explain chats [OPTIONS] --method M --url TARGET --header H\n       \
        kommo explain chats [OPTIONS] --curl FILE | --request FILE | --journal N"
)]
pub(crate) struct ChatsArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// The method, as it came
    #[arg(
        long,
        value_name = "M",
        allow_hyphen_values = true,
        required_unless_present_any = RECEIVED
    )]
    method: Option<OsString>,

    /// Path and query, as they came, or the full URL
    #[arg(
        long,
        value_name = "TARGET",
        allow_hyphen_values = true,
        required_unless_present_any = RECEIVED
    )]
    url: Option<OsString>,

    /// A header, as it came; once for each
    #[arg(
        long = "header",
        value_name = "NAME: VALUE",
        allow_hyphen_values = true
    )]
    headers: Vec<OsString>,

    #[command(flatten)]
    body: BodyArgs,

    #[command(flatten)]
    received: ReceivedArgs,

    /// When it came, in Unix seconds or as 2026-11-30T14:30:08Z, with another offset if need be; a
    /// date alone is that whole day; left out, the request is judged as of now
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<At>,
}

pub(super) fn run(args: &ChatsArgs, context: &Context) -> Result<Outcome, Failure> {
    let claims = [args.secret.claim(), args.body.claim()];
    claimed_once(claims.into_iter().chain(args.received.claims()))?;
    args.check_one_source()?;
    let journaled = args.received.journaled(context)?;
    let judged_at = journaled.as_ref().map(Journaled::judged_at);
    // Without a secret of the operator's the sandbox, which has its own, says what it found.
    let typed_secret = args.secret.typed_or(|| Ok(None))?;
    let Parts {
        method,
        url,
        headers,
        body,
    } = match journaled {
        Some(journaled) if typed_secret.is_none() => return print_journaled(&journaled, context),
        Some(journaled) => journaled.into_parts()?,
        None => match args.received.captured(context)? {
            Some(parts) => parts,
            None => args.typed()?,
        },
    };
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let now = match (args.at, judged_at) {
        (Some(at), _) => as_of(at, &headers),
        (None, Some(at)) => at,
        (None, None) => clock::unix_now()?,
    };
    let source = args
        .secret
        .or(|| context.profile_secret(SecretKind::Channel))?;
    let secret = source.read()?;
    let request = ReceivedRequest::new(&method, &url, &headers, &body);
    let explained = |now| {
        explain_chats_request(&request, secret.expose(), Some(now))
            .map_err(|error| source.refused(error))
    };
    let mut explanation = explained(now)?;
    if let Some((first, last)) = args.at.and_then(At::day).filter(|_| has_zone(&explanation)) {
        // A day is too coarse to tell a zone: another minute of it does not show one.
        let other = if now == first {
            first + NO_ZONE_SECONDS
        } else {
            last - NO_ZONE_SECONDS
        };
        explanation = explained(other)?;
    }
    print(
        &explanation,
        Some(Judged {
            at: now,
            is_typed: args.at.is_some() || judged_at.is_some(),
        }),
        context,
    )
}

impl ChatsArgs {
    /// A request comes from its parts or as a whole, and the journal has a time of its own.
    fn check_one_source(&self) -> Result<(), Failure> {
        let Some(whole) = self.received.option() else {
            return Ok(());
        };
        let parts = [
            ("--method", self.method.is_some()),
            ("--url", self.url.is_some()),
            ("--header", !self.headers.is_empty()),
            ("--body", self.body.file().is_some()),
            ("--at", self.at.is_some() && whole == "--journal"),
        ];
        match parts.iter().find(|(_, is_there)| *is_there) {
            Some((part, _)) => Err(Failure::usage(format!(
                "{part} and {whole} cannot be given together"
            ))),
            None => Ok(()),
        }
    }

    fn typed(&self) -> Result<Parts, Failure> {
        let headers = self.headers.iter();
        let headers = headers.map(|header| name_and_value(&header.to_string_lossy()));
        let text = |option: &Option<OsString>| {
            let text = option.as_deref().unwrap_or_default();
            text.to_string_lossy().into_owned()
        };
        Ok(Parts {
            method: text(&self.method),
            url: text(&self.url),
            headers: headers.collect::<Result<_, _>>()?,
            body: self.body.read()?,
        })
    }
}

/// The instant that was typed. Of a day it is the one that is nearest to the request's own date: a
/// request of that day is neither old nor ahead.
fn as_of(at: At, headers: &[(&str, &str)]) -> u64 {
    let Some((first, last)) = at.day() else {
        return at.unix_seconds();
    };
    let date = headers
        .iter()
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("date"));
    let date = date.and_then(|(_, text)| RequestDate::parse(text.trim()).ok());
    let date = date.and_then(|date| u64::try_from(date.unix_seconds()).ok());
    date.map_or(first, |date| date.clamp(first, last))
}

fn has_zone(explanation: &Explanation) -> bool {
    let mut codes = explanation.findings().iter().map(|finding| finding.code());
    codes.any(|code| code == FindingCode::DateZone)
}

/// How a header is written is up to the operator, so a missing colon is a mistake of theirs.
fn name_and_value(header: &str) -> Result<(String, String), Failure> {
    let (name, value) = header
        .split_once(':')
        .filter(|(name, _)| !name.trim().is_empty())
        .ok_or_else(|| {
            Failure::usage("a --header has no name and colon")
                .hint("write it like --header 'Date: …'")
        })?;
    Ok((name.to_owned(), value.to_owned()))
}
