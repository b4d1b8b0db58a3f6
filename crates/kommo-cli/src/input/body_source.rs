//! Where a body comes from: a file, standard input, or nowhere. Its bytes are taken as they are.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::exit::Failure;
use crate::input::bounded;
use crate::input::standard_input::is_dash;

/// `--body`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BodyArgs {
    /// The body, byte for byte; `-` is standard input; left out, the body is empty
    #[arg(long = "body", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl BodyArgs {
    /// The option's name, and whether it is standard input.
    pub(crate) fn claim(&self) -> (&'static str, bool) {
        ("--body", self.file.as_ref().is_some_and(is_dash))
    }

    /// The file, as typed; `-` for standard input.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, Failure> {
        self.file.as_deref().map_or_else(
            || Ok(Vec::new()),
            |file| read("body", file, bounded::BODY_BYTES),
        )
    }
}

/// All bytes of a file or, for `-`, of standard input, up to a limit.
pub(crate) fn read(what: &str, file: &Path, limit_bytes: usize) -> Result<Vec<u8>, Failure> {
    let (read, place) = if is_dash(file) {
        let read = bounded::read(io::stdin().lock(), limit_bytes);
        (read, format!("the {what} from standard input"))
    } else {
        let read = bounded::read_file(file, limit_bytes);
        (read, format!("the {what} file '{}'", file.display()))
    };
    read.map_err(|error| {
        let message = format!("cannot read {place}: {error}");
        match error.kind() {
            ErrorKind::FileTooLarge => Failure::usage(message),
            _ => Failure::io(message),
        }
    })
}
