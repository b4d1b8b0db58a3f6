//! The command line: which commands there are, and how a mistake in it is told.

use core::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::auth::AuthCommand;
use crate::commands::chats::ChatsCommand;
use crate::commands::explain::ExplainCommand;
use crate::commands::profile::ProfileCommand;
use crate::commands::secret::SecretCommand;
use crate::commands::sign::SignCommand;
use crate::commands::verify::VerifyCommand;
use crate::commands::{
    api, auth, chats, completions, demo, doctor, explain, init, man, profile, sandbox, secret,
    sign, verify,
};
use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::global_options::GlobalOptions;

const EXAMPLES: &str = "\
Examples:
  kommo demo
  kommo sign chats --secret-file channel.secret --method POST \\
    --path /v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect \\
    --body connect.json
  kommo verify chat-hook --secret-file channel.secret --body hook.json \\
    --signature \"$X_SIGNATURE\"

Exit status: 0 done, 1 the answer is no, 2 a mistake in the command line,
3 I/O or network failed.";

/// Sign, verify and explain what goes to Kommo / amoCRM and comes from it.
#[derive(Debug, Parser)]
#[command(name = "kommo", version, after_help = EXAMPLES, max_term_width = 80, propagate_version = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: GlobalOptions,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a profile: what need not be typed each time
    Init(Box<init::InitArgs>),

    /// List, show and change profiles
    #[command(
        subcommand,
        after_help = "Example:\n  kommo profile list\n  kommo profile show --profile shop"
    )]
    Profile(ProfileCommand),

    /// Sign a request, a hook or a visitor
    #[command(
        subcommand,
        after_help = "Example:\n  kommo sign hook --secret-file channel.secret --body hook.json"
    )]
    Sign(SignCommand),

    /// Check whether a hook is proven
    #[command(
        subcommand,
        after_help = "Example:\n  kommo verify chat-hook --secret-file channel.secret --body hook.json \\\n    --signature \"$X_SIGNATURE\""
    )]
    Verify(VerifyCommand),

    /// Say why a request or a hook is refused, and what to do about it
    #[command(
        subcommand,
        after_help = "Example:\n  kommo explain hook --secret-file channel.secret --body hook.json \\\n    --signature \"$X_SIGNATURE\""
    )]
    Explain(ExplainCommand),

    /// Show the whole story on this machine: no account, no network
    Demo(demo::DemoArgs),

    /// Run a made-up Kommo on this machine, to try programs against
    Sandbox(sandbox::SandboxArgs),

    /// Get, keep, move and end the grants of an integration
    #[command(
        subcommand,
        after_help = "Example:\n  kommo auth login --profile shop\n  kommo auth status"
    )]
    Auth(AuthCommand),

    /// Call the CRM API with a stored grant
    Api(Box<api::ApiArgs>),

    /// Look for what is wrong: clock, store, secrets, hosts, settings
    Doctor(Box<doctor::DoctorArgs>),

    /// Rotate the secrets of a profile, with an overlap
    #[command(
        subcommand,
        after_help = "Example:\n  kommo secret add client --secret-file new.secret\n  kommo secret promote client"
    )]
    Secret(SecretCommand),

    /// Call the Chats API
    #[command(
        subcommand,
        after_help = "Example:\n  kommo chats connect --profile shop --dry-run"
    )]
    Chats(Box<ChatsCommand>),

    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),

    /// Print the manual page, or write all of them
    Man(man::ManArgs),
}

/// A command line that is not to be run.
pub(crate) enum NotRun {
    /// Help or version: a result.
    Print(String),
    /// A mistake.
    Mistake(Failure),
}

impl Cli {
    pub(crate) fn read(arguments: Vec<OsString>) -> Result<Self, NotRun> {
        let command = command_named(&arguments);
        Self::try_parse_from(arguments).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                NotRun::Print(error.render().to_string())
            }
            _ => NotRun::Mistake(mistake(&error, &command)),
        })
    }

    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let context = Context::new(self.global)?;
        match self.command {
            Command::Init(args) => init::run(*args, &context),
            Command::Profile(command) => profile::run(&command, &context),
            Command::Explain(command) => {
                context.check_named_profile()?;
                explain::run(&command, &context)
            }
            Command::Demo(args) => demo::run(&args, &context),
            Command::Sandbox(args) => sandbox::run(&args, &context),
            Command::Chats(command) => {
                context.check_named_profile()?;
                chats::run(&command, &context)
            }
            Command::Auth(command) => {
                context.check_named_profile()?;
                auth::run(&command, &context)
            }
            Command::Api(args) => {
                context.check_named_profile()?;
                api::run(&args, &context)
            }
            Command::Secret(command) => {
                context.check_named_profile()?;
                secret::run(&command, &context)
            }
            Command::Doctor(args) => doctor::run(&args, &context),
            Command::Completions(args) => completions::run(&args, &mut Self::command(), &context),
            Command::Man(args) => man::run(&args, Self::command(), &context),
            Command::Sign(command) => {
                context.check_named_profile()?;
                sign::run(&command, &context)
            }
            Command::Verify(command) => {
                context.check_named_profile()?;
                verify::run(&command, &context)
            }
        }
    }
}

/// The command that the arguments name, as far as they name one: `kommo sign chats`.
fn command_named(arguments: &[OsString]) -> String {
    let mut command = &Cli::command();
    let mut path = vec!["kommo"];
    for argument in arguments.iter().skip(1) {
        if let Some(subcommand) = argument
            .to_str()
            .and_then(|name| command.find_subcommand(name))
        {
            path.push(subcommand.get_name());
            command = subcommand;
        }
    }
    path.join(" ")
}

/// One line of what clap says over several, and one for what to do.
fn mistake(error: &clap::Error, command: &str) -> Failure {
    let help = format!("see `{command} --help`");
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage(format!("`{command}` needs a command")).hint(help);
    }
    if let Some(message) = refused_value(error) {
        return Failure::usage(message).hint(help);
    }
    let text = error.render().to_string();
    let (what, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut message = String::new();
    for line in what.lines().map(str::trim) {
        let separator = match message.chars().last() {
            None => "",
            Some(':') => " ",
            Some(_) if line.starts_with('[') => " ",
            Some(_) => ", ",
        };
        message.push_str(separator);
        message.push_str(line);
    }
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let tip = rest
        .lines()
        .find_map(|line| line.trim().strip_prefix("tip: "));
    Failure::usage(message).hint(tip.map_or_else(|| help.clone(), |tip| format!("{tip}; {help}")))
}

/// A value that was refused is not repeated: somebody may have typed a secret in the wrong place.
fn refused_value(error: &clap::Error) -> Option<String> {
    match (
        error.kind(),
        error.get(ContextKind::InvalidArg),
        error.source(),
    ) {
        (ErrorKind::ValueValidation, Some(option), Some(why)) => Some(format!("{option}: {why}")),
        _ => None,
    }
}
