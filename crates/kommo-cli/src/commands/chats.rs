//! `kommo chats`: calls to the Chats API.

// In the order the data flows: a file uses only files above it.
mod place;

mod connection;

mod dry_run;

mod failure;

mod call;

mod scoped;

mod ids;

mod content;

mod chat;

mod message;

use clap::{Args, Subcommand};
use kommo_chats::{ConnectRequest, ConnectResponse, DisconnectRequest};
use kommo_http::Answer;
use serde_json::{Map, Value, json};

use self::chat::{CreateArgs, HistoryArgs, ReactArgs, TypingArgs};
use self::connection::ConnectionArgs;
use self::failure::Advice;
use self::message::{EditArgs, SendArgs, StatusArgs};
use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

const CONNECT_EXAMPLE: &str = "\
Example:
  kommo chats connect --secret-file channel.secret --account shop.kommo.com \\
    --channel f90ba33d-c9d9-44da-b76c-c349b0ecbe41 \\
    --account-amojo-id af9945ff-1490-4cad-807d-945c15d88bec --dry-run";

const DISCONNECT_EXAMPLE: &str = "\
Example:
  kommo chats disconnect --secret-file channel.secret --account shop.kommo.com \\
    --channel f90ba33d-c9d9-44da-b76c-c349b0ecbe41 \\
    --account-amojo-id af9945ff-1490-4cad-807d-945c15d88bec";

const CONNECT: Advice<'_> = Advice {
    after_success: "the channel is probably connected, and only the scope_id could not be \
        read: run it again, connecting twice is harmless",
    ..Advice::HARMLESS
};

const DISCONNECT: Advice<'_> = Advice {
    after_success: "the channel is probably disconnected: run it again to be sure, that is harmless",
    ..Advice::HARMLESS
};

/// Which call.
#[derive(Debug, Subcommand)]
pub(crate) enum ChatsCommand {
    /// Connect the channel to an account; prints the scope_id
    Connect(ConnectArgs),
    /// End the connection
    Disconnect(DisconnectArgs),
    /// Create a chat without a message, or find it; prints the platform's id
    Create(CreateArgs),
    /// Send a message of a client, or one that a user wrote elsewhere; prints the platform's id
    Send(Box<SendArgs>),
    /// Edit a message
    Edit(EditArgs),
    /// Set the delivery status of a message of a manager
    Status(StatusArgs),
    /// Show that the client is writing
    Typing(TypingArgs),
    /// React to a message, or take the reaction back
    React(ReactArgs),
    /// Print the messages of a chat, newest first, one a line
    History(HistoryArgs),
}

/// `kommo chats connect`.
#[derive(Debug, Args)]
#[command(after_help = CONNECT_EXAMPLE)]
pub(crate) struct ConnectArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// The name of the connection, as the account sees it
    #[arg(long, value_name = "T", default_value = "Chat channel")]
    title: String,

    /// Let managers write first at any time
    #[arg(long)]
    no_time_window: bool,
}

/// `kommo chats disconnect`.
#[derive(Debug, Args)]
#[command(after_help = DISCONNECT_EXAMPLE)]
pub(crate) struct DisconnectArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(crate) fn run(command: &ChatsCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        ChatsCommand::Connect(args) => connect(args, context),
        ChatsCommand::Disconnect(args) => disconnect(args, context),
        ChatsCommand::Create(args) => chat::create(args, context),
        ChatsCommand::Send(args) => message::send(args, context),
        ChatsCommand::Edit(args) => message::edit(args, context),
        ChatsCommand::Status(args) => message::status(args, context),
        ChatsCommand::Typing(args) => chat::typing(args, context),
        ChatsCommand::React(args) => chat::react(args, context),
        ChatsCommand::History(args) => chat::history(args, context),
    }
}

fn connect(args: &ConnectArgs, context: &Context) -> Result<Outcome, Failure> {
    let connection = args.connection.resolve(context)?;
    let request =
        ConnectRequest::new(connection.account, args.title.as_str()).map_err(Failure::usage)?;
    let request = if args.no_time_window {
        request.without_time_window()
    } else {
        request
    };
    if args.connection.dry_run {
        let path = ConnectRequest::path(&connection.channel);
        return dry_run::print(
            &connection,
            ConnectRequest::METHOD,
            &path,
            &request.to_body(),
            context,
        );
    }
    let answer = call::run(&connection, context, CONNECT, async |client| {
        client.connect(&connection.channel, &request).await
    })?;
    let response = answer.value();
    context.output.result(
        response.scope_id().as_str(),
        &connected_json(response, &answer),
    )?;
    Ok(Outcome::Done)
}

fn disconnect(args: &DisconnectArgs, context: &Context) -> Result<Outcome, Failure> {
    let connection = args.connection.resolve(context)?;
    let request = DisconnectRequest::new(connection.account);
    if args.connection.dry_run {
        let path = DisconnectRequest::path(&connection.channel);
        return dry_run::print(
            &connection,
            DisconnectRequest::METHOD,
            &path,
            &request.to_body(),
            context,
        );
    }
    let answer = call::run(&connection, context, DISCONNECT, async |client| {
        client.disconnect(&connection.channel, &request).await
    })?;
    let mut json = Map::new();
    json.insert("disconnected".to_owned(), Value::from(true));
    push_offset(&mut json, &answer);
    context
        .output
        .result("disconnected", &Value::Object(json))?;
    Ok(Outcome::Done)
}

fn connected_json(response: &ConnectResponse, answer: &Answer<ConnectResponse>) -> Value {
    let json = json!({
        "scope_id": response.scope_id().as_str(),
        "account_id": response.account_id().as_str(),
        "title": response.title(),
        "hook_api_version": response.hook_api_version().map(|version| version.as_str()),
        "is_time_window_disabled": response.is_time_window_disabled(),
    });
    match json {
        Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            push_offset(&mut fields, answer);
            Value::Object(fields)
        }
        other => other,
    }
}

/// How far the server's clock is ahead of ours, if that had to be learned.
fn push_offset<T>(fields: &mut Map<String, Value>, answer: &Answer<T>) {
    if let Some(offset) = answer.learned_offset_seconds() {
        fields.insert("clock_offset_seconds".to_owned(), Value::from(offset));
    }
}
