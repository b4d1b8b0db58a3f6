//! Several programs at once, for work that mostly waits. The output of each is printed in one
//! piece.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::shell::say;

/// A program to be run, and its name for the reader.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) command: Command,
}

/// How many cores there are.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs all jobs, `width` at a time and in their order, and hands the name and output of each to
/// `see` as it ends. A job that fails does not stop the others; all that failed are named in the
/// error.
pub(crate) fn run_all(jobs: Vec<Job>, width: usize, mut see: impl FnMut(&str, &str)) -> Result<()> {
    let waiting = Mutex::new(VecDeque::from(jobs));
    let next = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_front()
    };
    let (sender, ended) = mpsc::channel();
    let mut failed = Vec::new();
    thread::scope(|scope| {
        for _ in 0..width.max(1) {
            let sender = sender.clone();
            scope.spawn(move || {
                while let Some(mut job) = next() {
                    say(&format!("started: {}", job.name));
                    let output = run(&mut job.command);
                    if sender.send((job.name, output)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (name, output) in ended {
            let (text, is_success) = output.with_context(|| name.clone())?;
            writeln!(std::io::stdout(), "\n-- {name}\n{}", text.trim_end())?;
            see(&name, &text);
            if !is_success {
                failed.push(name);
            }
        }
        anyhow::Ok(())
    })?;
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// What a program wrote, standard output and error in the order in which they were written, and
/// whether it succeeded.
fn run(command: &mut Command) -> Result<(String, bool)> {
    let (mut output, both) = std::io::pipe().context("cannot make a pipe")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(both.try_clone().context("cannot make a pipe")?)
        .stderr(both)
        .spawn()
        .context("cannot start it")?;
    // The command holds the pipe's other ends until they are replaced: the pipe must end with the
    // program.
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut bytes = Vec::new();
    output.read_to_end(&mut bytes)?;
    let status = child.wait()?;
    Ok((
        String::from_utf8_lossy(&bytes).into_owned(),
        status.success(),
    ))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Job, run_all};

    fn shell(name: &str, script: &str) -> Job {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Job {
            name: name.to_owned(),
            command,
        }
    }

    #[test]
    fn every_job_is_run_and_those_that_fail_are_named() {
        let jobs = vec![
            shell("good", "echo one; echo two >&2"),
            shell("bad", "echo three; exit 3"),
            shell("last", "true"),
        ];
        let mut seen = Vec::new();
        let result = run_all(jobs, 2, |name, text| {
            seen.push((name.to_owned(), text.to_owned()));
        });
        seen.sort();
        let expected = [("bad", "three\n"), ("good", "one\ntwo\n"), ("last", "")];
        assert_eq!(
            seen,
            expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
        assert_eq!(
            result.map_err(|error| error.to_string()),
            Err("failed: bad".to_owned())
        );
    }
}
