//! A request as people have it: a pasted curl command, the text of a request, or an entry in the
//! journal of a running sandbox.

use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use clap::Args;
use kommo_explain::{CaptureError, CaptureErrorKind, CapturedRequest, CurlCommand, read_http_text};
use serde::Deserialize;

use crate::connection::sandbox_control::SandboxControl;
use crate::connection::sandbox_place::SandboxArgs;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::input::body_source;
use crate::input::bounded;
use crate::input::standard_input::is_dash;
use crate::run::context::Context;
use crate::run::runtime::run_alone;
use crate::terminal::finding_list::Row;

/// The parts of a request.
pub(super) struct Parts {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Parts {
    fn of(captured: &CapturedRequest) -> Self {
        let headers = captured.headers();
        Self {
            method: captured.method().to_owned(),
            url: captured.target().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: captured.body().to_owned(),
        }
    }
}

/// `--curl`, `--request`, `--journal` and where its sandbox is.
#[derive(Debug, Args)]
pub(super) struct ReceivedArgs {
    /// The file with a curl command, as a terminal or a browser has it; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["request", "journal"])]
    curl: Option<PathBuf>,

    /// The file with the text of a request, from its request line to its body; `-` is standard
    /// input
    #[arg(long, value_name = "FILE", conflicts_with = "journal")]
    request: Option<PathBuf>,

    /// The number of a request in the journal of a running sandbox
    #[arg(long, value_name = "N")]
    journal: Option<u64>,

    #[command(flatten)]
    sandbox: SandboxArgs,
}

impl ReceivedArgs {
    /// The options that may be standard input.
    pub(super) fn claims(&self) -> [(&'static str, bool); 2] {
        let is_stdin = |file: &Option<PathBuf>| file.as_ref().is_some_and(is_dash);
        [
            ("--curl", is_stdin(&self.curl)),
            ("--request", is_stdin(&self.request)),
        ]
    }

    /// The option that is there, if one is.
    pub(super) fn option(&self) -> Option<&'static str> {
        match (&self.curl, &self.request, self.journal) {
            (Some(_), ..) => Some("--curl"),
            (_, Some(_), _) => Some("--request"),
            (.., Some(_)) => Some("--journal"),
            _ => None,
        }
    }

    /// The request of a file, if there is one.
    pub(super) fn captured(&self, context: &Context) -> Result<Option<Parts>, Failure> {
        let captured = match (&self.curl, &self.request) {
            (Some(file), _) => curl(file)?,
            (None, Some(file)) => http_text(file)?,
            (None, None) => return Ok(None),
        };
        for note in captured.notes() {
            context.output.note(&format!("note: {note}"));
        }
        Ok(Some(Parts::of(&captured)))
    }

    /// The entry of a sandbox's journal, if one is meant.
    pub(super) fn journaled(&self, context: &Context) -> Result<Option<Journaled>, Failure> {
        let Some(number) = self.journal else {
            return Ok(None);
        };
        let control = self.sandbox.control(context)?;
        run_alone(
            context,
            "the sandbox".to_owned(),
            journaled(&control, number),
        )?
        .map(Some)
    }
}

fn curl(file: &Path) -> Result<CapturedRequest, Failure> {
    let text = body_source::read("curl command", file, bounded::DOCUMENT_BYTES)?;
    let command = CurlCommand::read(&text).map_err(|error| unreadable("--curl", &error))?;
    if command.reads_standard_input() && is_dash(file) {
        return Err(
            Failure::usage("the command and its data cannot both be standard input")
                .hint("put the command into a file"),
        );
    }
    // Their place is the current directory, as for curl.
    command.request(|name| body_source::read("data", Path::new(name), bounded::BODY_BYTES))
}

fn http_text(file: &Path) -> Result<CapturedRequest, Failure> {
    let text = body_source::read("request", file, bounded::BODY_BYTES)?;
    read_http_text(&text).map_err(|error| unreadable("--request", &error))
}

fn unreadable(option: &str, error: &CaptureError) -> Failure {
    let failure = Failure::usage(format!("{option}: {error}"));
    failure.hint(match error.kind() {
        CaptureErrorKind::Expansion => {
            "no shell is run: write the value in its place, or give the parts with --method, \
             --url, --header and --body"
        }
        CaptureErrorKind::Redirection => "put the data into a file, and give --data-binary @FILE",
        CaptureErrorKind::LooseAmpersand => "put the address in quotes",
        CaptureErrorKind::PowerShellRequest => "copy it as cURL instead, or give it by --request",
        CaptureErrorKind::CurlCommand => "give it by --curl",
        CaptureErrorKind::NotCurl => "the file is a curl command, as it is typed or copied",
        CaptureErrorKind::RefusedOption(_) | CaptureErrorKind::UnknownOption => {
            "take the option out, or give the parts with --method, --url, --header and --body"
        }
        _ => "give the parts with --method, --url, --header and --body",
    })
}

/// An entry of the journal, and its request as it came.
#[derive(Deserialize)]
pub(super) struct Journaled {
    entry: Entry,
    judged_at: u64,
    /// None if it was dropped to make room for newer ones.
    request: Option<Recorded>,
}

#[derive(Deserialize)]
struct Entry {
    verdict: String,
    detail: Option<Detail>,
}

/// Why it was answered as it was.
#[derive(Deserialize)]
struct Detail {
    code: String,
    reason: String,
    /// What the sandbox found with this program's own search.
    #[serde(default)]
    explanations: Vec<Explained>,
}

#[derive(Deserialize)]
struct Explained {
    code: String,
    message: String,
    remedy: String,
}

#[derive(Deserialize)]
struct Recorded {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: RecordedBody,
}

#[derive(Deserialize)]
struct RecordedBody {
    #[serde(default)]
    bytes_left_out: u64,
    base64: Option<String>,
}

/// What to do if the sandbox says no more than why.
const LOOK: &str = "Look at the request in the sandbox's dashboard.";

impl Journaled {
    pub(super) fn is_accepted(&self) -> bool {
        self.entry.verdict == "accepted"
    }

    /// What the sandbox took for the time.
    pub(super) const fn judged_at(&self) -> u64 {
        self.judged_at
    }

    /// What was found; else what the sandbox itself says.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let Some(detail) = self.entry.detail.as_ref().filter(|_| !self.is_accepted()) else {
            return Vec::new();
        };
        if detail.explanations.is_empty() {
            return vec![Row {
                code: &detail.code,
                message: &detail.reason,
                remedy: LOOK,
            }];
        }
        let found = detail.explanations.iter();
        found
            .map(|found| Row {
                code: &found.code,
                message: &found.message,
                remedy: &found.remedy,
            })
            .collect()
    }

    /// The request, if the journal still has the whole of it.
    pub(super) fn into_parts(self) -> Result<Parts, Failure> {
        let gone = || {
            Failure::new(
                ErrorCode::NotFound,
                "the sandbox has not kept the whole request",
            )
            .hint("without a secret its own answer is printed")
        };
        let request = self.request.ok_or_else(gone)?;
        let body = request
            .body
            .base64
            .filter(|_| request.body.bytes_left_out == 0);
        let body = Base64::decode_vec(&body.ok_or_else(gone)?).map_err(|_| gone())?;
        Ok(Parts {
            method: request.method,
            url: request.target,
            headers: request.headers,
            body,
        })
    }
}

async fn journaled(control: &SandboxControl, number: u64) -> Result<Journaled, Failure> {
    let record = control
        .get(&format!("journal/{number}?secrets=shown"))
        .await?;
    let record = record.ok_or_else(|| {
        let message = format!("the journal of the sandbox has no request {number}");
        let failure = Failure::new(ErrorCode::NotFound, message);
        failure.hint("it keeps the latest 1000; the dashboard shows their numbers")
    })?;
    Journaled::deserialize(record).map_err(|_| control.foreign())
}
