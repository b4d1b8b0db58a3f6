//! Ids that an operator types. Ours and the platform's are different types, so that an option takes
//! the one it names.

use clap::Args;
use kommo_chats::request::{Client, ConversationRef, MessageRef};
use kommo_chats::{
    AmojoConversationId, AmojoMessageId, AmojoParticipantId, ClientConversationId, ClientMessageId,
    ClientParticipantId,
};

use crate::failure::exit::Failure;

macro_rules! parsers {
    ($($name:ident: $id:ident,)+) => {
        $(pub(super) fn $name(text: &str) -> Result<$id, String> {
            $id::new(text).ok_or_else(|| "an id is not empty".to_owned())
        })+
    };
}

parsers! {
    conversation: ClientConversationId,
    conversation_ref: AmojoConversationId,
    message: ClientMessageId,
    message_ref: AmojoMessageId,
    participant: ClientParticipantId,
    participant_ref: AmojoParticipantId,
}

/// A conversation, by one of its two ids.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ConversationArgs {
    /// Your id of the conversation
    #[arg(long, value_name = "ID", value_parser = conversation)]
    conversation: Option<ClientConversationId>,

    /// The platform's id of the conversation
    #[arg(long, value_name = "ID", value_parser = conversation_ref)]
    conversation_ref: Option<AmojoConversationId>,
}

impl ConversationArgs {
    pub(super) fn reference(&self) -> Result<ConversationRef, Failure> {
        let ours = self.conversation.clone().map(ConversationRef::Client);
        let theirs = || self.conversation_ref.clone().map(ConversationRef::Amojo);
        ours.or_else(theirs)
            .ok_or_else(|| Failure::usage("no conversation: give --conversation ID"))
    }
}

/// A message, by one of its two ids.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct MessageArgs {
    /// Your id of the message, its msgid
    #[arg(long, value_name = "ID", value_parser = message)]
    message: Option<ClientMessageId>,

    /// The platform's id of the message
    #[arg(long, value_name = "ID", value_parser = message_ref)]
    message_ref: Option<AmojoMessageId>,
}

impl MessageArgs {
    pub(super) fn reference(&self) -> Result<MessageRef, Failure> {
        let ours = self.message.clone().map(MessageRef::Client);
        let theirs = || self.message_ref.clone().map(MessageRef::Amojo);
        ours.or_else(theirs)
            .ok_or_else(|| Failure::usage("no message: give --message ID"))
    }
}

/// The client of a conversation.
#[derive(Debug, Args)]
pub(super) struct ClientArgs {
    /// Your id of the client
    #[arg(long, value_name = "ID", value_parser = participant)]
    client: ClientParticipantId,

    /// The client's name
    #[arg(long, value_name = "NAME")]
    name: String,

    /// The platform's id of the client, once, if a manager wrote first
    #[arg(long, value_name = "ID", value_parser = participant_ref)]
    client_ref: Option<AmojoParticipantId>,

    /// A public address of the client's picture
    #[arg(long, value_name = "URL")]
    avatar: Option<String>,

    /// The client's phone number
    #[arg(long, value_name = "PHONE")]
    phone: Option<String>,

    /// The client's e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,

    /// The address of the client's profile
    #[arg(long, value_name = "URL")]
    profile_link: Option<String>,
}

impl ClientArgs {
    pub(super) fn client(&self) -> Result<Client, Failure> {
        let mut client =
            Client::new(self.client.clone(), self.name.as_str()).map_err(Failure::usage)?;
        if let Some(id) = &self.client_ref {
            client = client.with_ref_id(id.clone());
        }
        if let Some(avatar) = &self.avatar {
            client = client.with_avatar(avatar).map_err(Failure::usage)?;
        }
        if let Some(phone) = &self.phone {
            client = client.with_phone(phone);
        }
        if let Some(email) = &self.email {
            client = client.with_email(email);
        }
        if let Some(link) = &self.profile_link {
            client = client.with_profile_link(link);
        }
        Ok(client)
    }
}
