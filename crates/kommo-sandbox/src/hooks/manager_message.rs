//! A manager writes to a customer: the message is kept, and its hooks leave.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::account::{Account, User};
use crate::config::hook_kind::HookKind;
use crate::hooks::chat_body::{ChatFrame, chat_body};
use crate::hooks::crm_body::{CrmFrame, message_hook};
use crate::hooks::making::new_uuid;
use crate::hooks::order::{HookError, HookOrder};
use crate::state::chat_book::{ChatMessage, Conversation, Customer, MessageDirection};
use crate::state::deliveries::Delivery;
use crate::state::platform::Platform;
use crate::wire::own_links::link_base;

/// What a manager writes, and where.
///
/// # Examples
///
/// ```
/// use kommo_sandbox::ManagerMessage;
///
/// let message = ManagerMessage {
///     conversation: Some("conversation-1".into()),
///     ..ManagerMessage::new("Hello!")
/// };
/// assert_eq!(message.to, None, "the hook goes where the integration's settings say");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is made with the struct update syntax, which needs every field to be visible"
)]
pub struct ManagerMessage {
    /// The text.
    pub text: String,
    /// The account. Default: the first one.
    #[serde(default)]
    pub account: Option<u64>,
    /// The manager. Default: the account's first user.
    #[serde(default)]
    pub user: Option<u64>,
    /// The conversation, by the integration's id or the platform's. Default: the account's latest;
    /// if it has none, the manager writes first and begins one.
    #[serde(default)]
    pub conversation: Option<String>,
    /// Where the chat hook goes, instead of the address in the settings.
    #[serde(default)]
    pub to: Option<String>,
}

impl ManagerMessage {
    /// A text in the latest conversation of the first account.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            account: None,
            user: None,
            conversation: None,
            to: None,
        }
    }
}

impl Platform {
    /// A manager writes to a customer: the message is kept, the chat hook leaves in the background,
    /// and with it a CRM hook to each webhook of the account that wants `add_outgoing_message`. The
    /// delivery of the chat hook as it begins.
    ///
    /// # Errors
    ///
    /// Nothing is kept or sent then: as [`send_hook`](Self::send_hook), and
    /// [`HookError::UnknownConversation`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn manager_writes(&self, message: ManagerMessage) -> Result<Delivery, HookError> {
        let (account, user, conversation) = self.addressed(&message)?;
        let (id, now) = (new_uuid()?, self.now());
        let frame = ChatFrame {
            now,
            account: &account,
            manager: user.amojo_id.as_deref(),
            manager_name: &user.name,
            message_id: &id,
            text: &message.text,
            conversation_id: &conversation.id,
            conversation_client_id: conversation.client_id.as_deref(),
            customer_id: &conversation.customer.id,
            customer_client_id: &conversation.customer.client_id,
            customer_name: &conversation.customer.name,
        };
        let event = match conversation.client_id {
            Some(_) => "text",
            None => "write-first",
        };
        let order = HookOrder {
            to: message.to.clone(),
            account: Some(account.id),
            body: Some(chat_body(event, &frame).unwrap_or_default()),
            ..HookOrder::new(HookKind::Chat)
        };
        let begun = self.start_hook(&order)?;
        let kept = ChatMessage {
            number: 0,
            account_id: account.amojo_id.clone(),
            conversation_id: conversation.id.clone(),
            conversation_client_id: conversation.client_id.clone(),
            direction: MessageDirection::Out,
            sender_id: user.amojo_id.clone().unwrap_or_default(),
            sender_name: user.name.clone(),
            id,
            msgid: None,
            kind: "text".into(),
            text: message.text,
            fields: Map::new(),
            written_at_ms: now.saturating_mul(1000),
            at: now,
            edited: false,
            status: None,
            reactions: Vec::new(),
        };
        let mut state = self.lock();
        state.chats.put(conversation.clone(), now);
        state.chats.push(kept.clone());
        drop(state);
        self.announce(&account, &conversation.customer, &kept);
        Ok(begun)
    }

    fn addressed(
        &self,
        message: &ManagerMessage,
    ) -> Result<(Account, User, Conversation), HookError> {
        let state = self.lock();
        let account = match message.account {
            Some(id) => state.account(id),
            None => state.accounts.first(),
        };
        let account = account.cloned().ok_or(HookError::UnknownAccount)?;
        let user = match message.user {
            Some(id) => account.user(id),
            None => account.users.first(),
        };
        let user = user.cloned().ok_or(HookError::UnknownUser)?;
        let known = match &message.conversation {
            Some(id) => Some(
                state
                    .chats
                    .find(&account.amojo_id, id)
                    .ok_or(HookError::UnknownConversation)?,
            ),
            None => state.chats.latest(&account.amojo_id),
        };
        let conversation = match known {
            Some(known) => known.clone(),
            None => Conversation {
                account_id: account.amojo_id.clone(),
                id: new_uuid()?,
                client_id: None,
                customer: Customer {
                    id: new_uuid()?,
                    ..Customer::default()
                },
            },
        };
        Ok((account, user, conversation))
    }

    /// Tells the webhooks of the account that want to know of a message.
    pub(crate) fn announce(&self, account: &Account, customer: &Customer, message: &ChatMessage) {
        let link = link_base(self.served(), "", &account.host);
        let frame = CrmFrame {
            now: message.at,
            account,
            link: &link,
            message: &message.id,
            text: &message.text,
            chat: &message.conversation_id,
            customer: &customer.id,
            customer_name: &customer.name,
        };
        let (code, form) = message_hook(message.direction, &frame);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let destinations = self.lock().webhooks.wanting(account.id, code);
        for destination in destinations {
            let order = HookOrder {
                to: Some(destination),
                account: Some(account.id),
                body: Some(Value::from(body.clone())),
                ..HookOrder::new(HookKind::Crm)
            };
            // A webhook at an address that the sandbox may not call gets nothing.
            let _ = self.start_hook(&order);
        }
    }
}
