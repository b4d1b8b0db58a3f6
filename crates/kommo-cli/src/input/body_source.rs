//! Where a body comes from: a file, standard input, or nowhere. Its bytes are taken as they are.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::exit::Failure;
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
        self.file
            .as_deref()
            .map_or_else(|| Ok(Vec::new()), |file| read("body", file))
    }
}

/// All bytes of a file or, for `-`, of standard input.
pub(crate) fn read(what: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    if is_dash(file) {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| {
            Failure::io(format!(
                "cannot read the {what} from standard input: {error}"
            ))
        });
    }
    std::fs::read(file).map_err(|error| {
        Failure::io(format!(
            "cannot read the {what} file '{}': {error}",
            file.display()
        ))
    })
}
