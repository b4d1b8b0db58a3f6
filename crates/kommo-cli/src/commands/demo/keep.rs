//! `--keep DIR`: what the sandbox knows at the end, without its secrets.

use std::path::{Path, PathBuf};

use kommo_sandbox::Sandbox;
use serde::Serialize;
use serde_json::Value;

use crate::failure::exit::Failure;

/// A directory that can be written.
pub(super) struct Keep {
    directory: PathBuf,
}

impl Keep {
    pub(super) fn make(directory: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(directory).map_err(|error| {
            Failure::io(format!(
                "cannot create the directory '{}': {error}",
                directory.display()
            ))
        })?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// Writes `journal.json` and `state.json`.
    pub(super) fn write(&self, sandbox: &Sandbox) -> Result<(), Failure> {
        self.write_file("journal.json", &sandbox.journal())?;
        let mut state = serde_json::to_value(sandbox.state())
            .map_err(|error| self.failed("state.json", &error))?;
        for (name, value) in state.as_object_mut().into_iter().flatten() {
            if name.ends_with("_secret") {
                *value = Value::from("(masked)");
            }
        }
        self.write_file("state.json", &state)
    }

    fn write_file(&self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let mut text =
            serde_json::to_vec_pretty(value).map_err(|error| self.failed(name, &error))?;
        text.push(b'\n');
        std::fs::write(self.directory.join(name), text).map_err(|error| self.failed(name, &error))
    }

    fn failed(&self, name: &str, error: &dyn core::fmt::Display) -> Failure {
        Failure::io(format!(
            "cannot write '{}': {error}",
            self.directory.join(name).display()
        ))
    }
}
