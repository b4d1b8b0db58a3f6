//! `kommo sign chats --batch`: the headers of many requests, one object a line, in the order of the
//! lines.

use std::path::Path;

use kommo_sign_bulk::{BulkSigned, BulkSigner, RequestText, SignManyError};
use serde::Deserialize;
use serde_json::json;

use crate::failure::exit::{Failure, Outcome};
use crate::input::batch_lines::{self, BatchLines, Line};
use crate::run::context::Context;
use crate::terminal::progress_bar::ProgressBar;

/// What a line says nothing of.
pub(super) struct Defaults<'a> {
    pub(super) method: Option<&'a str>,
    pub(super) path: Option<&'a str>,
    pub(super) content_type: &'a str,
    pub(super) date: &'a str,
}

#[derive(Deserialize)]
struct RequestLine {
    method: Option<String>,
    path: Option<String>,
    content_type: Option<String>,
    date: Option<String>,
    #[serde(default)]
    body: String,
}

struct Entry {
    line: RequestLine,
    body: Vec<u8>,
}

/// Signs every line. A line that cannot be signed ends the command; those of earlier chunks are
/// printed.
pub(super) fn run(
    file: &Path,
    signer: &BulkSigner,
    defaults: &Defaults<'_>,
    context: &Context,
) -> Result<Outcome, Failure> {
    let mut lines = BatchLines::open(file)?;
    let bar = ProgressBar::new(context.output, lines.length());
    let mut done = 0;
    loop {
        let chunk = lines.next_chunk(|line: RequestLine| {
            if line.method.is_none() && defaults.method.is_none() {
                return Err("has no `method`, and there is no --method".to_owned());
            }
            if line.path.is_none() && defaults.path.is_none() {
                return Err("has no `path`, and there is no --path".to_owned());
            }
            let body = batch_lines::body(&line.body)?;
            Ok(Entry { line, body })
        })?;
        if chunk.is_empty() {
            return Ok(Outcome::Done);
        }
        let requests: Vec<RequestText<'_>> = chunk
            .iter()
            .map(|line| request(&line.entry, defaults))
            .collect();
        let mut signed = vec![BulkSigned::UNWRITTEN; requests.len()];
        signer
            .sign_many_texts(&requests, &mut signed)
            .map_err(|error| refused(&error, &chunk))?;
        let mut printed = Vec::new();
        for (request, signed) in requests.iter().zip(&signed) {
            let object = json!({
                "method": request.method,
                "path": request.path,
                "headers": {
                    "Date": request.date,
                    "Content-Type": request.content_type,
                    "Content-MD5": signed.content_md5(),
                    "X-Signature": signed.signature(),
                },
            });
            let line = context.output.object_line(&object);
            printed.extend_from_slice(line.as_bytes());
        }
        context.output.bytes(&printed)?;
        done += chunk.len() as u64;
        bar.show(done, lines.bytes());
    }
}

fn request<'a>(entry: &'a Entry, defaults: &Defaults<'a>) -> RequestText<'a> {
    let Entry { line, body } = entry;
    RequestText {
        method: line
            .method
            .as_deref()
            .or(defaults.method)
            .unwrap_or_default(),
        path: line.path.as_deref().or(defaults.path).unwrap_or_default(),
        content_type: line
            .content_type
            .as_deref()
            .unwrap_or(defaults.content_type),
        date: line.date.as_deref().unwrap_or(defaults.date),
        body,
    }
}

fn refused(error: &SignManyError, chunk: &[Line<Entry>]) -> Failure {
    match error {
        SignManyError::Request { index, cause } => {
            let number = chunk.get(*index).map_or(0, |line| line.number);
            let why =
                core::error::Error::source(cause).map_or_else(String::new, ToString::to_string);
            Failure::usage(format!("line {number} of the batch: {why}"))
        }
        other => Failure::usage(other),
    }
}
