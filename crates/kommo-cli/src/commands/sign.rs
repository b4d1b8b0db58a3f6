//! `kommo sign`: signatures, without any network.

// In the order the data flows: a file uses only files above it.
mod signature_line;

mod signed_chats;

mod curl;

mod body;
mod batch;
mod chats;
mod disconnect;
mod visitor;

use clap::Subcommand;

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// What is signed.
#[derive(Debug, Subcommand)]
pub(crate) enum SignCommand {
    /// A Chats API request: its four headers
    Chats(chats::ChatsArgs),
    /// A chat hook, as the platform signs it: HMAC-SHA1 of the body, without one final line end
    #[command(visible_alias = "chat-hook")]
    Hook(body::HookArgs),
    /// An Open API request or webhook: HMAC-SHA256 of the body (x-chat-signature)
    OpenApi(body::OpenApiArgs),
    /// An Open API visitor: sbs_mm
    Visitor(visitor::VisitorArgs),
    /// A disconnect hook, as the platform signs it
    Disconnect(disconnect::DisconnectArgs),
}

pub(crate) fn run(command: &SignCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        SignCommand::Chats(args) => chats::run(args, context),
        SignCommand::Hook(args) => body::run_hook(args, context),
        SignCommand::OpenApi(args) => body::run_open_api(args, context),
        SignCommand::Visitor(args) => visitor::run(args, context),
        SignCommand::Disconnect(args) => disconnect::run(args, context),
    }
}
