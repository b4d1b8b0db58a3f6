//! `kommo auth`: the life of a grant, from the consent page to the logout.

// In the order the data flows: a file uses only files above it.
mod grant_view;

mod many;

mod login;

mod import;

mod export;

mod status;

mod primary;

mod refresh;

mod keep_alive;

mod retry;

mod logout;

mod token;

mod credential;

use clap::Subcommand;

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// Which verb.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Get a grant: prints the consent URL, exchanges the code, stores the tokens
    Login(Box<login::LoginArgs>),
    /// Import a long-lived token, or a grant that another store exported
    Import(Box<import::ImportArgs>),
    /// Move a grant to another store; it is sealed in this one
    Export(Box<export::ExportArgs>),
    /// Show the state of each grant; never prints a token
    Status(Box<status::StatusArgs>),
    /// Choose the primary grant of an account that has several
    Primary(Box<primary::PrimaryArgs>),
    /// Refresh a grant now
    Refresh(Box<refresh::RefreshArgs>),
    /// Refresh grants that were not refreshed for a week, before they expire
    KeepAlive(Box<keep_alive::KeepAliveArgs>),
    /// Lift a pause whose cause you have mended, and try once
    Retry(Box<retry::RetryArgs>),
    /// End a grant here; its tokens are sealed
    Logout(Box<logout::LogoutArgs>),
    /// Print a fresh access token
    Token(Box<token::TokenArgs>),
    /// Print a fresh access token and where to send it, for programs
    Credential(Box<credential::CredentialArgs>),
}

pub(crate) fn run(command: &AuthCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        AuthCommand::Login(args) => login::run(args, context),
        AuthCommand::Import(args) => import::run(args, context),
        AuthCommand::Export(args) => export::run(args, context),
        AuthCommand::Status(args) => status::run(args, context),
        AuthCommand::Primary(args) => primary::run(args, context),
        AuthCommand::Refresh(args) => refresh::run(args, context),
        AuthCommand::KeepAlive(args) => keep_alive::run(args, context),
        AuthCommand::Retry(args) => retry::run(args, context),
        AuthCommand::Logout(args) => logout::run(args, context),
        AuthCommand::Token(args) => token::run(args, context),
        AuthCommand::Credential(args) => credential::run(args, context),
    }
}
