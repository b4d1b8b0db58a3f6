//! Runs programs, and says what runs.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// One line for the reader, on standard error. A closed pipe is nobody's failure.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A program with its arguments, to be run in the root of the checkout.
pub(crate) fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// The cargo that runs us, of the toolchain that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    program(&cargo, arguments)
}

/// Runs a program to its end; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(&format!("$ {}", line_of(command)));
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", line_of(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", line_of(command));
    }
    Ok(())
}

/// Runs a program and hands each line of its output to `see`, after printing it. Standard error
/// comes through the same pipe, so that the lines of both are in the order in which they were
/// written.
pub(crate) fn run_lines(command: &mut Command, mut see: impl FnMut(&str)) -> Result<()> {
    say(&format!("$ {}", line_of(command)));
    let (output, both) = std::io::pipe().context("cannot make a pipe")?;
    let mut child = command
        .stdout(both.try_clone().context("cannot make a pipe")?)
        .stderr(both)
        .spawn()
        .with_context(|| format!("cannot start {}", line_of(command)))?;
    // The command holds the pipe's other ends until they are replaced: the pipe must end with the
    // program.
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read the program's output")?;
        let line = String::from_utf8_lossy(&line);
        writeln!(std::io::stdout(), "{line}")?;
        see(&line);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} ended with {status}", line_of(command));
    }
    Ok(())
}

/// Runs a program and returns what it printed on standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", line_of(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", line_of(command), output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether a program can be started and says yes, silently.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn line_of(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = core::iter::once(name).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
