//! The `kommo` program. Its contract, what scripts may rely on, stands in the README.

extern crate alloc;

// In the order the data flows: a file uses only files above it.
mod error_code;
mod exit;
mod missing;
mod global_options;
mod paragraph;
mod json_layout;
mod output;
mod attempt_log;

mod clock;
mod instant;
mod at;
mod environment;
mod standard_input;

mod private_file;

mod body_source;
mod query_source;
mod secret_source;

mod setting;

mod profile;
mod profile_file;

mod progress;
mod told_endpoint;

mod interruption;
mod opened;

mod context;

mod runtime;

mod transport;

mod sandbox_place;
mod store_place;
mod integration;
mod stores;
mod lifeboats;
mod waiting_codes;
mod grant_choice;
mod keeping;

mod secret_use;

mod finding_list;

mod sandbox_explainer;

mod usage_error;

mod commands;

mod cli;

use std::process::ExitCode;

use crate::cli::{Cli, NotRun};
use crate::exit::Outcome;
use crate::global_options::Format;

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
