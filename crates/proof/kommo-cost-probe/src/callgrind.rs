//! Starts this program under callgrind and reads what it counted.

use core::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{self, Command, Output};
use std::{env, fs};

use crate::difference::Difference;
use crate::scenario::Scenario;

/// The first argument of a child.
pub(crate) const CHILD: &str = "--one-verdict";

/// Counting begins and ends with a function of this name; see `scenario`.
const MEASURED: &str = "--toggle-collect=*measured_*";

/// Why nothing was measured.
#[derive(Debug)]
pub(crate) enum MeasureError {
    NoValgrind,
    Io(io::Error),
    Child { run: String, messages: String },
    NoTotal { run: String },
    NothingCounted,
}

impl fmt::Display for MeasureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValgrind => f.write_str(
                "valgrind is not installed, so nothing was measured\nhint: apt-get install valgrind",
            ),
            Self::Io(error) => write!(f, "{error}"),
            Self::Child { run, messages } => write!(f, "{run} failed under valgrind:\n{messages}"),
            Self::NoTotal { run } => write!(f, "callgrind wrote no total for {run}"),
            Self::NothingCounted => f.write_str(
                "callgrind did not find the measured function\n\
                 hint: build with symbols: cargo run --profile bench -p kommo-cost-probe -- --check",
            ),
        }
    }
}

impl From<io::Error> for MeasureError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The version of valgrind, as it names itself.
pub(crate) fn version() -> Result<String, MeasureError> {
    match Command::new("valgrind").arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(MeasureError::NoValgrind),
        output => Ok(String::from_utf8_lossy(&output?.stdout).trim().to_owned()),
    }
}

/// The instructions of one verdict.
pub(crate) fn instructions(
    scenario: Scenario,
    difference: Difference,
) -> Result<u64, MeasureError> {
    let run = format!("{} {}", scenario.name(), difference.name());
    let file = env::temp_dir().join(format!("kommo-cost-probe-{}.out", process::id()));
    let result = run_child(&file, scenario, difference, &run).and_then(|()| {
        let text = fs::read_to_string(&file)?;
        total(&text).ok_or(MeasureError::NoTotal { run })
    });
    // It is not there if the child failed.
    let _ = fs::remove_file(&file);
    match result? {
        0 => Err(MeasureError::NothingCounted),
        count => Ok(count),
    }
}

fn run_child(
    file: &Path,
    scenario: Scenario,
    difference: Difference,
    run: &str,
) -> Result<(), MeasureError> {
    let Output { status, stderr, .. } = Command::new("valgrind")
        .args(["--tool=callgrind", MEASURED])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(env::current_exe()?)
        .args([CHILD, scenario.name(), difference.digit()])
        // The environment stands on the stack and moves it, so the child gets none.
        .env_clear()
        .output()?;
    if status.success() {
        return Ok(());
    }
    Err(MeasureError::Child {
        run: run.to_owned(),
        messages: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

/// The number in the line `totals:` (or `summary:`, as older versions write alone).
fn total(text: &str) -> Option<u64> {
    let line = |name| text.lines().find_map(|line: &str| line.strip_prefix(name));
    line("totals:")
        .or_else(|| line("summary:"))?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_total_is_read_from_either_line() {
        assert_eq!(total("events: Ir\nfn=x\n1 7\ntotals: 42\n"), Some(42));
        assert_eq!(total("summary: 17\n"), Some(17));
        assert_eq!(total("events: Ir\n"), None);
        assert_eq!(total("totals: many\n"), None);
    }
}
