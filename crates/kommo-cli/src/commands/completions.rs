//! `kommo completions`: a script that teaches a shell the command line.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// `kommo completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  kommo completions bash > ~/.local/share/bash-completion/completions/kommo"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(
    args: &CompletionsArgs,
    command: &mut Command,
    context: &Context,
) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    generate(args.shell, command, "kommo", &mut script);
    context.output.bytes(&script)?;
    Ok(Outcome::Done)
}
