//! `kommo man`: the manual, as roff.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;
use serde_json::json;

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// `kommo man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kommo man | man -l -\n  kommo man ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write the pages of all commands into this directory; left out, kommo(1) is printed
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(crate) fn run(args: &ManArgs, command: Command, context: &Context) -> Result<Outcome, Failure> {
    let Some(directory) = &args.directory else {
        let mut page = Vec::new();
        // Writing into memory does not fail; if it did, there would be no page.
        Man::new(command)
            .render(&mut page)
            .map_err(|error| Failure::io(format!("cannot write the page: {error}")))?;
        context.output.bytes(&page)?;
        return Ok(Outcome::Done);
    };
    let failed = |error| {
        Failure::io(format!(
            "cannot write the pages into '{}': {error}",
            directory.display()
        ))
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(command, directory).map_err(failed)?;
    let place = directory.display().to_string();
    context.output.result(
        &format!("wrote the pages into {place}"),
        &json!({ "directory": place }),
    )?;
    Ok(Outcome::Done)
}
