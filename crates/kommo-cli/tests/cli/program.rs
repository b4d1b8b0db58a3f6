//! Runs the program in an empty environment and a directory of its own.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory that is also the home of what runs in it; gone at the end.
pub(crate) struct Room {
    directory: TempDir,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file that only its owner can read, and gives its name.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        // As a careful operator makes them: it may be a secret.
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        path
    }

    /// The program, with no variable of the test's own environment.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kommo"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.path())
            .current_dir(self.path());
        command
    }

    /// Runs it with nothing on standard input.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        ended(self.command(arguments), b"")
    }

    /// Runs it with these bytes on standard input.
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Ended {
        ended(self.command(arguments), input)
    }
}

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            status: output.status.code().expect("ended by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Status 0 and nothing on standard error; gives standard output.
    #[track_caller]
    pub(crate) fn done(&self) -> &str {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""), "{self:?}");
        &self.stdout
    }

    /// This status and one object with an error on standard output alone; gives the error.
    #[track_caller]
    pub(crate) fn failed_json(&self, status: i32) -> Value {
        assert_eq!(
            (self.status, self.stderr.as_str()),
            (status, ""),
            "{self:?}"
        );
        let error = self.json()["error"].take();
        assert!(error["code"].is_string(), "{self:?}");
        error
    }

    /// This status, nothing on standard output, and one `error: ` line with perhaps one `hint: `
    /// line behind it.
    #[track_caller]
    pub(crate) fn failed(&self, status: i32) -> &str {
        assert_eq!(
            (self.status, self.stdout.as_str()),
            (status, ""),
            "{self:?}"
        );
        let lines: Vec<_> = self.stderr.lines().collect();
        let is_hinted = lines.get(1).is_none_or(|line| line.starts_with("hint: "));
        assert!(
            lines.len() <= 2 && lines[0].starts_with("error: ") && is_hinted,
            "{self:?}"
        );
        &self.stderr
    }

    /// Standard output is one JSON object on one line.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Runs a command to its end, as it is.
pub(crate) fn finished(mut command: Command) -> Ended {
    Ended::of(command.output().unwrap())
}

/// Runs a command to its end with these bytes on standard input.
pub(crate) fn ended(mut command: Command, input: &[u8]) -> Ended {
    let mut child = piped(&mut command);
    let mut stdin = child.stdin.take().unwrap();
    // A program that refuses its arguments reads nothing and closes its end: that is not the test's
    // concern.
    let _ = stdin.write_all(input);
    drop(stdin);
    Ended::of(child.wait_with_output().unwrap())
}

fn piped(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
