//! `kommo chats send`, `edit` and `status`: what belongs to a message.

use clap::{Args, ValueEnum};
use kommo_chats::request::{
    AcceptedMessage, Author, DeliveryFailure, DeliveryStatus, EditMessage, MessageRef, Moment,
    NewMessage, Quote, SetDeliveryStatus,
};
use kommo_chats::{
    AmojoConversationId, AmojoMessageId, AmojoParticipantId, ClientConversationId, ClientMessageId,
};
use kommo_http::MessageOutcome;
use serde_json::{Value, json};

use super::chat::{done, without_null};
use super::connection::ConnectionArgs;
use super::content::ContentArgs;
use super::failure::Advice;
use super::ids::{self, ClientArgs, MessageArgs};
use super::scoped::{self, Ended};
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::input::standard_input::claimed_once;
use crate::run::context::Context;
use crate::time::at::At;
use crate::time::clock;

const SEND_EXAMPLE: &str = "\
Without --from-user the client has written it. A message is sent again with the
same --msgid, and is not delivered twice then.

Example:
  kommo chats send --profile shop --conversation c-1 --client u-1 --name Ann \\
    --text 'My order is late'
  kommo chats send --profile shop --conversation c-1 --client u-1 --name Ann \\
    --media https://shop.example/a.png --media-file a.png --text-file -";

const EDIT_EXAMPLE: &str = "\
Example:
  kommo chats edit --profile shop --conversation c-1 --message m-1 \\
    --text 'My order is here'";

const STATUS_EXAMPLE: &str = "\
Example:
  kommo chats status --profile shop --message-ref ID delivered
  kommo chats status --profile shop --message-ref ID failed --reason other \\
    --error 'no such number'";

/// `kommo chats send`.
#[derive(Debug, Args)]
#[command(
    after_help = SEND_EXAMPLE,
    override_usage = "kommo chats send [OPTIONS] --conversation ID --client ID --name NAME"
)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// Your id of the conversation; an unknown one begins a chat
    #[arg(long, value_name = "ID", value_parser = ids::conversation)]
    conversation: ClientConversationId,

    /// The platform's id of the conversation, once, if a manager wrote first
    #[arg(long, value_name = "ID", value_parser = ids::conversation_ref)]
    conversation_ref: Option<AmojoConversationId>,

    #[command(flatten)]
    client: ClientArgs,

    /// The amojo id of the user, or of the channel's bot, who has written to the client
    #[arg(long, value_name = "ID", value_parser = ids::participant_ref, requires = "from_name")]
    from_user: Option<AmojoParticipantId>,

    /// The name of that user or bot
    #[arg(long, value_name = "NAME", requires = "from_user")]
    from_name: Option<String>,

    #[command(flatten)]
    content: ContentArgs,

    /// Your id of the message [default: a new one]
    #[arg(long, value_name = "ID", value_parser = ids::message)]
    msgid: Option<ClientMessageId>,

    /// When it was written [default: now]
    #[arg(long, value_name = "UNIX or DATE")]
    at: Option<At>,

    /// No notification and no incoming lead, as for the import of a history
    #[arg(long)]
    silent: bool,

    /// Your id of the source
    #[arg(long, value_name = "ID")]
    source: Option<String>,

    /// Your id of the message that it answers
    #[arg(long, value_name = "ID", value_parser = ids::message, conflicts_with = "reply_to_ref")]
    reply_to: Option<ClientMessageId>,

    /// The platform's id of that message
    #[arg(long, value_name = "ID", value_parser = ids::message_ref)]
    reply_to_ref: Option<AmojoMessageId>,
}

impl SendArgs {
    fn message(&self, id: ClientMessageId) -> Result<NewMessage, Failure> {
        let (conversation, moment) = (self.conversation.clone(), moment(self.at)?);
        let (client, content) = (self.client.client()?, self.content.content()?);
        let mut message = match (&self.from_user, &self.from_name) {
            (Some(user), Some(name)) => {
                let author = Author::new(user.clone(), name).map_err(Failure::usage)?;
                NewMessage::outgoing(id, conversation, moment, author, client, content)
            }
            _ => NewMessage::incoming(id, conversation, moment, client, content),
        };
        if let Some(id) = &self.conversation_ref {
            message = message.with_conversation_ref_id(id.clone());
        }
        if self.silent {
            message = message.silent();
        }
        if let Some(source) = &self.source {
            message = message.with_source(source).map_err(Failure::usage)?;
        }
        let ours = self.reply_to.clone().map(MessageRef::Client);
        let theirs = || self.reply_to_ref.clone().map(MessageRef::Amojo);
        Ok(match ours.or_else(theirs) {
            Some(quoted) => message.replying_to(Quote::of(quoted)),
            None => message,
        })
    }
}

pub(crate) fn send(args: &SendArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once([args.connection.secret_claim(), args.content.claim()])?;
    let id = match &args.msgid {
        Some(id) => id.clone(),
        None => new_id()?,
    };
    let message = args.message(id.clone())?;
    let again = format!(
        "it may have been taken; send it again with --msgid {id}: then it is not delivered twice"
    );
    let advice = Advice {
        after_success: &again,
        in_doubt: &again,
    };
    let connection = &args.connection;
    let ended = scoped::run(connection, context, &message, advice, async |chats| {
        chats.send(&message).await
    });
    let ended = ended.map_err(|failure| match failure.status() {
        2 => failure,
        _ => failure.with("msgid", id.as_str()),
    })?;
    match ended {
        Ended::Printed(outcome) => Ok(outcome),
        Ended::Answered(MessageOutcome::Accepted(answer)) => accepted(answer.value(), context),
        Ended::Answered(_) => Err(Failure::new(
            ErrorCode::Unconfirmed,
            "the first attempt had no answer, and its repetition was refused: the platform most likely has the message",
        )
        .with("msgid", id.as_str())
        .hint("`kommo chats history` shows whether it is there")),
    }
}

/// `kommo chats edit`.
#[derive(Debug, Args)]
#[command(
    after_help = EDIT_EXAMPLE,
    override_usage = "kommo chats edit [OPTIONS] --conversation ID --message ID --text TEXT"
)]
pub(crate) struct EditArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// Your id of the conversation
    #[arg(long, value_name = "ID", value_parser = ids::conversation)]
    conversation: ClientConversationId,

    #[command(flatten)]
    message: MessageArgs,

    #[command(flatten)]
    content: ContentArgs,

    /// When it was written [default: now]
    #[arg(long, value_name = "UNIX or DATE")]
    at: Option<At>,
}

pub(crate) fn edit(args: &EditArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once([args.connection.secret_claim(), args.content.claim()])?;
    let message = args.message.reference()?;
    let (moment, content) = (moment(args.at)?, args.content.content()?);
    let request = EditMessage::new(message, args.conversation.clone(), moment, content);
    let request = request.map_err(Failure::usage)?;
    let (connection, advice) = (&args.connection, Advice::HARMLESS);
    let ended = scoped::run(connection, context, &request, advice, async |chats| {
        chats.edit(&request).await
    })?;
    match ended {
        Ended::Printed(outcome) => Ok(outcome),
        Ended::Answered(answer) => accepted(answer.value(), context),
    }
}

/// How far a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusName {
    Delivered,
    Read,
    Failed,
}

/// Why a message was not delivered.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReasonName {
    /// 901: the conversation was deleted
    ConversationDeleted,
    /// 902: the integration is disabled on the messenger's side
    IntegrationDisabled,
    /// 903: an internal error
    Internal,
    /// 904: the conversation cannot be created
    ConversationImpossible,
    /// 905: any other; needs --error
    Other,
}

/// `kommo chats status`.
#[derive(Debug, Args)]
#[command(after_help = STATUS_EXAMPLE)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// The platform's id of the message: yours is not known there
    #[arg(long, value_name = "ID", value_parser = ids::message_ref)]
    message_ref: AmojoMessageId,

    /// Its delivery status
    status: StatusName,

    /// Why it failed
    #[arg(long, value_enum)]
    reason: Option<ReasonName>,

    /// What the user is shown of the failure
    #[arg(long, value_name = "TEXT", requires = "reason")]
    error: Option<String>,
}

impl StatusArgs {
    fn status(&self) -> Result<DeliveryStatus, Failure> {
        let reason = match (self.status, self.reason) {
            (StatusName::Delivered, None) => return Ok(DeliveryStatus::Delivered),
            (StatusName::Read, None) => return Ok(DeliveryStatus::Read),
            (StatusName::Failed, Some(reason)) => reason,
            (StatusName::Failed, None) => {
                return Err(Failure::usage("no reason of the failure: give --reason"));
            }
            (_, Some(_)) => return Err(Failure::usage("--reason belongs to the status failed")),
        };
        let text = self.error.as_deref();
        let failure = match reason {
            ReasonName::ConversationDeleted => DeliveryFailure::conversation_deleted(),
            ReasonName::IntegrationDisabled => DeliveryFailure::integration_disabled(),
            ReasonName::Internal => DeliveryFailure::internal(),
            ReasonName::ConversationImpossible => DeliveryFailure::conversation_impossible(),
            ReasonName::Other => {
                let other = DeliveryFailure::other(text.unwrap_or_default());
                return other
                    .map(DeliveryStatus::Failed)
                    .map_err(|error| Failure::usage(error).hint("give --error TEXT"));
            }
        };
        Ok(DeliveryStatus::Failed(match text {
            Some(text) => failure.with_text(text),
            None => failure,
        }))
    }
}

pub(crate) fn status(args: &StatusArgs, context: &Context) -> Result<Outcome, Failure> {
    let request = SetDeliveryStatus::new(args.message_ref.clone(), args.status()?);
    let (connection, advice) = (&args.connection, Advice::HARMLESS);
    let ended = scoped::run(connection, context, &request, advice, async |chats| {
        chats.set_delivery_status(&request).await
    });
    let ended = ended.map_err(|failure| match failure.field("http_status").and_then(Value::as_u64) {
        Some(404) => failure.hint(
            "the id is the platform's: `id` of `chats send`, or of the hook; yours is not known there",
        ),
        _ => failure,
    })?;
    done(&ended, "set", context)
}

/// Now, unless another instant was typed.
fn moment(at: Option<At>) -> Result<Moment, Failure> {
    Ok(Moment::from_unix_seconds(match at {
        Some(at) => at.unix_seconds(),
        None => clock::unix_now()?,
    }))
}

/// 16 random hex digits behind a word.
fn new_id() -> Result<ClientMessageId, Failure> {
    let failed = || Failure::new(ErrorCode::Internal, "no random bytes for an id");
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| failed())?;
    let text = format!("kommo-{:016x}", u64::from_be_bytes(bytes));
    ClientMessageId::new(text).ok_or_else(failed)
}

fn accepted(message: &AcceptedMessage, context: &Context) -> Result<Outcome, Failure> {
    let json: Value = json!({
        "id": message.id.as_str(),
        "msgid": message.client_id.as_ref().map(ClientMessageId::as_str),
        "conversation": message.conversation.as_ref().map(AmojoConversationId::as_str),
        "sender": message.sender.as_ref().map(AmojoParticipantId::as_str),
        "receiver": message.receiver.as_ref().map(AmojoParticipantId::as_str),
    });
    context
        .output
        .result(message.id.as_str(), &without_null(json))?;
    Ok(Outcome::Done)
}
