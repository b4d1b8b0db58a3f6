//! The `kommo` program. Its contract, what scripts may rely on, is in the README.

extern crate alloc;

// In the order the data flows: a file uses only files above it.
mod failure;
mod terminal;
mod time;
mod input;
mod profile;
mod run;
mod connection;
mod keeper;

mod commands;
mod cli;

use std::process::ExitCode;

use crate::cli::{Cli, NotRun};
use crate::failure::exit::Outcome;
use crate::run::interruption;
use crate::terminal::global_options::Format;
use crate::terminal::output;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let format = Format::asked_for(&arguments);
    let ended = match Cli::read(arguments, format) {
        Ok(cli) => cli.run(),
        Err(NotRun::Print(text)) => output::print(text.as_bytes()).map(|()| Outcome::Done),
        Err(NotRun::Mistake(failure)) => Err(failure),
    };
    if let Err(failure) = &ended {
        output::complain(failure, format);
    }
    interruption::end_by_signal();
    match ended {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Err(failure) => ExitCode::from(failure.status()),
    }
}
