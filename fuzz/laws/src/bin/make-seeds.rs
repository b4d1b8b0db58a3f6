//! Writes the seeds of every fuzz target: `make-seeds FOLDER` fills `FOLDER/<target>/`. The same
//! files in every run.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use kommo_fuzz_laws::{LAWS, seeds};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return refuse("usage: make-seeds FOLDER");
    };
    match write_seeds(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{}: {error}", folder.display())),
    }
}

fn write_seeds(folder: &std::path::Path) -> io::Result<()> {
    for (target, _) in LAWS {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (name, input) in seeds(target) {
            fs::write(folder.join(format!("seed-{name}")), input)?;
        }
    }
    Ok(())
}

fn refuse(message: &str) -> ExitCode {
    use io::Write;
    // Nothing is left to do if standard error is closed.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(2)
}
