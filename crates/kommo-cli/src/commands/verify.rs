//! `kommo verify`: whether what came is proven, without any network.
//!
//! What the peer wrote (signature, query, body) can only be "not valid", however malformed it is:
//! such options take any text, dashes in front and broken UTF-8 included.

// In the order the data flows: a file uses only files above it.
mod explain_hint;
mod verdict;

mod batch;
mod body;
mod disconnect;
mod token;

use clap::Subcommand;

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// What is checked.
#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// A chat hook: X-Signature over its body
    #[command(visible_alias = "hook")]
    ChatHook(body::ChatHookArgs),
    /// A disconnect hook: its query
    Disconnect(disconnect::DisconnectArgs),
    /// A widget's one-time token: the header X-Auth-Token of a call from a browser
    WidgetToken(token::WidgetTokenArgs),
    /// A bot's token: the field `token` of a widget_request
    BotToken(token::BotTokenArgs),
    /// An Open API webhook: x-chat-signature over its body
    OpenApi(body::OpenApiArgs),
}

pub(crate) fn run(command: &VerifyCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        VerifyCommand::ChatHook(args) => body::run_chat_hook(args, context),
        VerifyCommand::Disconnect(args) => disconnect::run(args, context),
        VerifyCommand::WidgetToken(args) => token::run_widget(args, context),
        VerifyCommand::BotToken(args) => token::run_bot(args, context),
        VerifyCommand::OpenApi(args) => body::run_open_api(args, context),
    }
}
