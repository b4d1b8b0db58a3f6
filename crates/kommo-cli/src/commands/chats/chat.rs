//! `kommo chats create`, `typing`, `react` and `history`: what belongs to a chat as a whole.

use clap::Args;
use kommo_chats::hook::Participant;
use kommo_chats::request::{
    CreateChat, History, HistoryMessage, HistoryPage, React, ReactionBy, ShowTyping,
};
use kommo_chats::{
    AmojoConversationId, AmojoParticipantId, ClientConversationId, ClientParticipantId,
};
use kommo_oauth::UnixSeconds;
use serde_json::{Map, Value, json};

use super::connection::ConnectionArgs;
use super::failure::Advice;
use super::ids::{self, ClientArgs, ConversationArgs, MessageArgs};
use super::scoped::{self, Ended};
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;
use crate::time::instant;

const CREATE_EXAMPLE: &str = "\
Example:
  kommo chats create --profile shop --conversation c-1 --client u-1 --name Ann";

const TYPING_EXAMPLE: &str = "\
Example:
  kommo chats typing --profile shop --conversation c-1 --client u-1";

const REACT_EXAMPLE: &str = "\
Example:
  kommo chats react --profile shop --conversation c-1 --message m-1 \\
    --by-client u-1 --emoji 👍";

const HISTORY_EXAMPLE: &str = "\
Example:
  kommo chats history --profile shop --format json \\
    --conversation-ref 6cbab3d5-c4c1-46ff-b710-ad59ad10805f";

/// `kommo chats create`.
#[derive(Debug, Args)]
#[command(
    after_help = CREATE_EXAMPLE,
    override_usage = "kommo chats create [OPTIONS] --conversation ID --client ID --name NAME"
)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// Your id of the conversation
    #[arg(long, value_name = "ID", value_parser = ids::conversation)]
    conversation: ClientConversationId,

    #[command(flatten)]
    client: ClientArgs,

    /// Your id of the source
    #[arg(long, value_name = "ID")]
    source: Option<String>,
}

pub(crate) fn create(args: &CreateArgs, context: &Context) -> Result<Outcome, Failure> {
    let request = CreateChat::new(args.conversation.clone(), args.client.client()?);
    let request = match &args.source {
        Some(id) => request.with_source(id).map_err(Failure::usage)?,
        None => request,
    };
    let (connection, advice) = (&args.connection, Advice::HARMLESS);
    let ended = scoped::run(connection, context, &request, advice, async |chats| {
        chats.create_chat(&request).await
    })?;
    let chat = match ended {
        Ended::Printed(outcome) => return Ok(outcome),
        Ended::Answered(answer) => answer.into_value(),
    };
    let json = json!({
        "id": chat.id.as_str(),
        "client_ref_id": chat.client_ref_id.as_ref().map(AmojoParticipantId::as_str),
        "client_id": chat.client_id.as_ref().map(ClientParticipantId::as_str),
    });
    context
        .output
        .result(chat.id.as_str(), &without_null(json))?;
    Ok(Outcome::Done)
}

/// `kommo chats typing`.
#[derive(Debug, Args)]
#[command(after_help = TYPING_EXAMPLE)]
pub(crate) struct TypingArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// Your id of the conversation
    #[arg(long, value_name = "ID", value_parser = ids::conversation)]
    conversation: ClientConversationId,

    /// Your id of the client who is writing
    #[arg(long, value_name = "ID", value_parser = ids::participant)]
    client: ClientParticipantId,

    /// How long it is shown, in milliseconds [default: 5000]
    #[arg(long, value_name = "MS")]
    duration_ms: Option<u64>,
}

pub(crate) fn typing(args: &TypingArgs, context: &Context) -> Result<Outcome, Failure> {
    let request = ShowTyping::new(args.conversation.clone(), args.client.clone());
    let request = match args.duration_ms {
        Some(milliseconds) => request.with_duration(milliseconds),
        None => request,
    };
    let (connection, advice) = (&args.connection, Advice::HARMLESS);
    let ended = scoped::run(connection, context, &request, advice, async |chats| {
        chats.show_typing(&request).await
    })?;
    done(&ended, "shown", context)
}

/// Who reacts.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ByArgs {
    /// Your id of the client who reacts
    #[arg(long, value_name = "ID", value_parser = ids::participant)]
    by_client: Option<ClientParticipantId>,

    /// The amojo id of the user who reacts
    #[arg(long, value_name = "ID", value_parser = ids::participant_ref)]
    by_user: Option<AmojoParticipantId>,
}

/// `kommo chats react`.
#[derive(Debug, Args)]
#[command(
    after_help = REACT_EXAMPLE,
    override_usage = "kommo chats react [OPTIONS] --conversation ID --message ID --emoji EMOJI"
)]
pub(crate) struct ReactArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    #[command(flatten)]
    conversation: ConversationArgs,

    #[command(flatten)]
    message: MessageArgs,

    #[command(flatten)]
    by: ByArgs,

    /// The reaction
    #[arg(long, value_name = "EMOJI", required_unless_present = "remove")]
    emoji: Option<String>,

    /// Take the reaction back
    #[arg(long, conflicts_with = "emoji")]
    remove: bool,
}

pub(crate) fn react(args: &ReactArgs, context: &Context) -> Result<Outcome, Failure> {
    let conversation = args.conversation.reference()?;
    let message = args.message.reference()?;
    let client = args.by.by_client.clone().map(ReactionBy::Client);
    let by = client
        .or_else(|| args.by.by_user.clone().map(ReactionBy::Manager))
        .ok_or_else(|| Failure::usage("no reacting person: give --by-client ID or --by-user ID"))?;
    let request = match &args.emoji {
        Some(emoji) => React::with(emoji, conversation, message, by).map_err(Failure::usage)?,
        None => React::taken_back(conversation, message, by),
    };
    let (connection, advice) = (&args.connection, Advice::HARMLESS);
    let ended = scoped::run(connection, context, &request, advice, async |chats| {
        chats.react(&request).await
    })?;
    let what = if args.remove { "removed" } else { "reacted" };
    done(&ended, what, context)
}

/// `kommo chats history`.
#[derive(Debug, Args)]
#[command(after_help = HISTORY_EXAMPLE)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// The platform's id of the conversation: yours is not known there
    #[arg(long, value_name = "ID", value_parser = ids::conversation_ref)]
    conversation_ref: AmojoConversationId,

    /// Skip this many of the newest messages
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u64,

    /// How many messages a page has, at most 50
    #[arg(long, value_name = "N")]
    limit: Option<u32>,

    /// All pages, to the oldest message
    #[arg(long, conflicts_with = "dry_run")]
    all: bool,
}

/// One line a message, newest first. Nothing found is status 1.
pub(crate) fn history(args: &HistoryArgs, context: &Context) -> Result<Outcome, Failure> {
    let request = History::of(args.conversation_ref.clone()).from_offset(args.offset);
    let request = match args.limit {
        Some(limit) => request.with_limit(limit).map_err(Failure::usage)?,
        None => request,
    };
    let (connection, advice) = (&args.connection, Advice::HARMLESS);
    let ended = scoped::run(connection, context, &request, advice, async |chats| {
        let mut pages = chats.history_pages(request.clone());
        let mut printed = Printed::default();
        while let Some(page) = pages.next().await? {
            printed.print(&page, context);
            if !args.all || printed.failure.is_some() {
                break;
            }
        }
        Ok(printed)
    })?;
    let printed = match ended {
        Ended::Printed(outcome) => return Ok(outcome),
        Ended::Answered(printed) => printed,
    };
    if let Some(failure) = printed.failure {
        return Err(failure);
    }
    if printed.unread > 0 {
        let unread = printed.unread;
        let note = format!("{unread} messages could not be read and are left out");
        context.output.note(&note);
    }
    if printed.count == 0 && printed.unread == 0 {
        let message = "no messages: there is no such chat, or nothing is left of it";
        return Err(Failure::new(ErrorCode::NotFound, message).hint(
            "the platform's id is the `id` of `chats create`, or `conversation` of `chats send`",
        ));
    }
    Ok(Outcome::Done)
}

/// What was printed of a history.
#[derive(Default)]
struct Printed {
    count: usize,
    unread: usize,
    /// Why it ended early.
    failure: Option<Failure>,
}

impl Printed {
    fn print(&mut self, page: &HistoryPage, context: &Context) {
        self.count += page.messages.len();
        self.unread += page.unread;
        let mut messages = page.messages.iter();
        let printed = messages.try_for_each(|message| {
            let json = message_json(message);
            context.output.result(&line_of(message), &json)
        });
        self.failure = printed.err();
    }
}

fn line_of(message: &HistoryMessage) -> String {
    let text = message
        .content
        .text
        .as_ref()
        .map_or("", |text| text.as_str());
    let name = message
        .sender
        .name
        .as_ref()
        .map_or("?", |name| name.as_str());
    let kind = message.content.message_type.as_str();
    let at = message
        .timestamp
        .map(|at| instant::date(UnixSeconds::new(at)))
        .unwrap_or_default();
    let direction = match message.receiver {
        Some(_) => "out",
        None => "in",
    };
    match message.content.media {
        Some(_) => format!("{at}  {direction}  {name}: [{kind}] {text}"),
        None => format!("{at}  {direction}  {name}: {text}"),
    }
}

fn message_json(message: &HistoryMessage) -> Value {
    let person = |person: &Participant| {
        without_null(json!({
            "ref_id": person.id.as_ref().map(AmojoParticipantId::as_str),
            "id": person.client_id.as_ref().map(ClientParticipantId::as_str),
            "name": person.name.as_ref().map(|name| name.as_str()),
        }))
    };
    let media = message.content.media.as_ref();
    without_null(json!({
        "id": message.id.as_str(),
        "msgid": message.client_id.as_ref().map(|id| id.as_str()),
        "timestamp": message.timestamp,
        "msec_timestamp": message.timestamp_milliseconds,
        "sender": person(&message.sender),
        "receiver": message.receiver.as_ref().map(person),
        "type": message.content.message_type.as_str(),
        "text": message.content.text.as_ref().map(|text| text.as_str()),
        "media": media.map(|media| media.url.as_str()),
        "file_name": media.and_then(|media| media.file_name.as_ref()).map(|name| name.as_str()),
        "file_size": media.map(|media| media.file_size),
    }))
}

/// The end of a call whose answer has no data.
pub(super) fn done<T>(
    ended: &Ended<T>,
    what: &'static str,
    context: &Context,
) -> Result<Outcome, Failure> {
    if let Ended::Printed(outcome) = ended {
        return Ok(*outcome);
    }
    context.output.result(what, &json!({ what: true }))?;
    Ok(Outcome::Done)
}

pub(super) fn without_null(json: Value) -> Value {
    match json {
        Value::Object(fields) => {
            let there = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.collect::<Map<_, _>>())
        }
        other => other,
    }
}
