//! The command line: which commands there are.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::auth::AuthCommand;
use crate::commands::chats::ChatsCommand;
use crate::commands::explain::ExplainCommand;
use crate::commands::hooks::HooksCommand;
use crate::commands::open_api::OpenApiCommand;
use crate::commands::profile::ProfileCommand;
use crate::commands::secret::SecretCommand;
use crate::commands::sign::SignCommand;
use crate::commands::verify::VerifyCommand;
use crate::commands::{
    api, auth, chats, completions, demo, doctor, explain, hooks, init, man, open_api, profile,
    sandbox, secret, sign, verify,
};
use crate::failure::exit::{Failure, Outcome};
use crate::failure::usage_error;
use crate::run::context::Context;
use crate::terminal::global_options::{Format, GlobalOptions};

const EXAMPLES: &str = "\
Examples:
  kommo demo
  kommo sign chats --secret-file channel.secret --method POST \\
    --path /v2/origin/custom/f90ba33d-c9d9-44da-b76c-c349b0ecbe41/connect \\
    --body connect.json
  kommo verify chat-hook --secret-file channel.secret --body hook.json \\
    --signature \"$X_SIGNATURE\"

Exit status: 0 done, 1 the answer is no, 2 a mistake in the command line or
the settings, 3 I/O or network failed. Without a command: this help.";

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
    /// Write a profile: settings that every command then uses
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

    /// Find out why a request or a hook is refused, and what to do
    #[command(
        subcommand,
        after_help = "Example:\n  kommo explain chat-hook --secret-file channel.secret --body hook.json \\\n    --signature \"$X_SIGNATURE\""
    )]
    Explain(ExplainCommand),

    /// Run every step once on this machine: no account, no network
    Demo(demo::DemoArgs),

    /// Run a simulated Kommo on this machine, to test programs with
    Sandbox(sandbox::SandboxArgs),

    /// Get, refresh, move and end the grants of an integration
    #[command(
        subcommand,
        after_help = "Example:\n  kommo auth login --profile shop\n  kommo auth status"
    )]
    Auth(AuthCommand),

    /// Call the CRM API with a stored grant
    Api(Box<api::ApiArgs>),

    /// Check clock, store, secrets, hosts and settings
    Doctor(Box<doctor::DoctorArgs>),

    /// Rotate the secrets of a profile, with a time of overlap
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

    /// Call the chat Open API
    #[command(
        subcommand,
        after_help = "Example:\n  kommo open-api call create_gd --appid ID --secret-file app.secret \\\n    --body ticket.json"
    )]
    OpenApi(Box<OpenApiCommand>),

    /// Receive, send and replay hooks
    #[command(
        subcommand,
        after_help = "Example:\n  kommo hooks listen --profile shop\n  kommo hooks inbox list --state failed"
    )]
    Hooks(HooksCommand),

    /// Print the version
    #[command(after_help = "Example:\n  kommo version --format json")]
    Version,

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
    pub(crate) fn read(arguments: Vec<OsString>, format: Format) -> Result<Self, NotRun> {
        let parsed = Self::try_parse_from(&arguments);
        parsed.map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                NotRun::Print(error.render().to_string())
            }
            // A person who types a group of commands asks which there are; a program made a
            // mistake.
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if format == Format::Text => {
                NotRun::Print(error.render().to_string())
            }
            _ => {
                let mut program = Self::command();
                program.build();
                NotRun::Mistake(usage_error::failure(&error, &arguments, &program))
            }
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
            Command::OpenApi(command) => {
                context.check_named_profile()?;
                open_api::run(&command, &context)
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
            Command::Hooks(command) => {
                context.check_named_profile()?;
                hooks::run(&command, &context)
            }
            Command::Doctor(args) => doctor::run(&args, &context),
            Command::Version => {
                let version = env!("CARGO_PKG_VERSION");
                let json = serde_json::json!({ "version": version });
                context.output.result(&format!("kommo {version}"), &json)?;
                Ok(Outcome::Done)
            }
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

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::Cli;

    fn check(command: &Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        let texts = [command.get_after_help(), command.get_after_long_help()];
        for text in texts.into_iter().flatten().map(ToString::to_string) {
            for line in text.lines() {
                // A longer line is broken after its last word, and the next one begins there.
                assert!(line.chars().count() <= 80, "{path}: {line}");
            }
        }
        command
            .get_subcommands()
            .for_each(|command| check(command, &path));
    }

    #[test]
    fn no_line_of_a_help_text_is_longer_than_80_columns() {
        check(&Cli::command(), "");
    }
}
