//! `kommo explain`: why something is refused, without any network.
//!
//! As with `verify`, what the peer wrote may be anything: it is explained, not refused as a typing
//! mistake.

// In the order the data flows: a file uses only files above it.
mod received;

mod answer;

mod body;
mod chats;
mod disconnect;

use clap::Subcommand;

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// What is explained.
#[derive(Debug, Subcommand)]
pub(crate) enum ExplainCommand {
    /// A Chats API request as it was received or sent
    Chats(chats::ChatsArgs),
    /// A chat hook
    #[command(visible_alias = "hook")]
    ChatHook(body::ChatHookArgs),
    /// An Open API request or webhook
    OpenApi(body::OpenApiArgs),
    /// A disconnect hook
    Disconnect(disconnect::DisconnectArgs),
}

pub(crate) fn run(command: &ExplainCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        ExplainCommand::Chats(args) => chats::run(args, context),
        ExplainCommand::ChatHook(args) => body::run_chat_hook(args, context),
        ExplainCommand::OpenApi(args) => body::run_open_api(args, context),
        ExplainCommand::Disconnect(args) => disconnect::run(args, context),
    }
}
