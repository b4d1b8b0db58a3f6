//! `kommo hooks`: hooks as they arrive, samples of them, and those that are kept.

// In the order the data flows: a file uses only files above it.
mod inboxes;
mod inbox_args;
mod span;
mod verifiers;
mod arrival;
mod reports;
mod receiver;
mod forward;
mod listen;
mod changes;
mod sample;
mod target;
mod trigger;
mod hook_view;
mod inbox;

use clap::Subcommand;

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// `kommo hooks`.
#[derive(Debug, Subcommand)]
pub(crate) enum HooksCommand {
    /// Verify, keep, show and hand over the hooks that arrive, until a signal
    Listen(Box<listen::ListenArgs>),

    /// Send a signed sample of any kind of hook
    Trigger(Box<trigger::TriggerArgs>),

    /// List, show and replay the hooks in the inbox
    #[command(
        subcommand,
        after_help = "Example:\n  kommo hooks inbox list --state failed\n  kommo hooks inbox replay --event message"
    )]
    Inbox(Box<inbox::InboxCommand>),
}

pub(crate) fn run(command: &HooksCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        HooksCommand::Listen(args) => listen::run(args, context),
        HooksCommand::Trigger(args) => trigger::run(args, context),
        HooksCommand::Inbox(command) => inbox::run(command, context),
    }
}
