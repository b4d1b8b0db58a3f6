//! `kommo explain chats`: a request, from its request line to its body.

use std::ffi::OsString;

use clap::Args;
use kommo_explain::{Explanation, FindingCode, ReceivedRequest, explain_chats_request};
use kommo_sign::RequestDate;

use super::answer::{Judged, print};
use crate::failure::exit::{Failure, Outcome};
use crate::input::body_source::BodyArgs;
use crate::input::secret_source::SecretArgs;
use crate::input::standard_input::claimed_once;
use crate::profile::content::SecretKind;
use crate::run::context::Context;
use crate::time::at::At;
use crate::time::clock;

const EXAMPLE: &str = "\
Example:
  kommo explain chats --secret-file channel.secret --method POST \\
    --url /v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect \\
    --header 'Date: Thu, 29 Oct 2020 11:59:55 +0000' \\
    --header 'Content-Type: application/json' \\
    --header 'Content-MD5: a5e8ae04332a6d0aac15f01ad05d40e3' \\
    --header 'X-Signature: e0dcc1936d766a7d5f53fe19887fafa50bef92e0' \\
    --body connect.json --at 2020-10-29T11:59:55Z";

/// Less than the step between two zones, and more than what counts as one of them.
const NO_ZONE_SECONDS: u64 = 7 * 60;

/// `kommo explain chats`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ChatsArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// The method, as it came
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    method: OsString,

    /// Path and query, as they came, or the full URL
    #[arg(long, value_name = "TARGET", allow_hyphen_values = true)]
    url: OsString,

    /// A header, as it came; once for each
    #[arg(
        long = "header",
        value_name = "NAME: VALUE",
        allow_hyphen_values = true
    )]
    headers: Vec<OsString>,

    #[command(flatten)]
    body: BodyArgs,

    /// When it came, in Unix seconds or as 2026-11-30T14:30:08Z, with another offset if need be; a
    /// date alone is that whole day; left out, the request is judged as of now
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<At>,
}

pub(super) fn run(args: &ChatsArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once([args.secret.claim(), args.body.claim()])?;
    let headers = args
        .headers
        .iter()
        .map(|header| name_and_value(&header.to_string_lossy()))
        .collect::<Result<Vec<_>, _>>()?;
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let now = match args.at {
        Some(at) => as_of(at, &headers),
        None => clock::unix_now()?,
    };
    let source = args
        .secret
        .or(|| context.profile_secret(SecretKind::Channel))?;
    let secret = source.read()?;
    let body = args.body.read()?;
    let (method, url) = (args.method.to_string_lossy(), args.url.to_string_lossy());
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
            is_typed: args.at.is_some(),
        }),
        context,
    )
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
