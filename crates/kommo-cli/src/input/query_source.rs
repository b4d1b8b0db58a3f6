//! Where the query of a disconnect hook comes from.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::exit::Failure;
use crate::input::body_source;
use crate::input::bounded;
use crate::input::standard_input::is_dash;

/// `--query` or `--query-file`: the query of a disconnect hook, as the peer wrote it.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct QueryArgs {
    /// The query as it came, with or without the leading '?'
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    query: Option<OsString>,

    /// The file that holds the query; `-` is standard input; one final line feed is dropped
    #[arg(long, value_name = "FILE")]
    query_file: Option<PathBuf>,
}

impl QueryArgs {
    /// The option's name, and whether it is standard input.
    pub(crate) fn claim(&self) -> (&'static str, bool) {
        (
            "--query-file",
            self.query_file.as_ref().is_some_and(is_dash),
        )
    }

    /// Both options, each with what was typed.
    pub(crate) fn typed(&self) -> [(&'static str, Option<&OsStr>); 2] {
        let file = self.query_file.as_deref().map(Path::as_os_str);
        [("--query", self.query.as_deref()), ("--query-file", file)]
    }

    /// Broken UTF-8 becomes a character that no parameter has.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        if let Some(query) = &self.query {
            return Ok(query.to_string_lossy().into_owned());
        }
        let bytes = match &self.query_file {
            Some(file) => body_source::read("query", file, bounded::DOCUMENT_BYTES)?,
            None => Vec::new(),
        };
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}
