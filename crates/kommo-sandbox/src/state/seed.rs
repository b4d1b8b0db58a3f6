//! What a document may leave out, and what it must not say: ids that are missing are made, and
//! whatever names something else must name something that is there.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::clock::{Clock, LATEST_UNIX};
use crate::config::account::{Account, check_accounts, is_uuid};
use crate::config::sandbox_config::SandboxConfig;
use crate::error::StateError;
use crate::secrets::random_text::{as_uuid, random_hex};
use crate::state::chat_book::{
    ChatMessage, Conversation, Customer, MESSAGES, MessageDirection, MessageReaction,
    MessageStatus, Talk,
};
use crate::state::contents::Contents;
use crate::state::crm_book::{Entity, EntityKind};
use crate::state::names::Names;

/// A chat of a document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TalkFields {
    talk_id: Option<u64>,
    contact_id: Option<u64>,
    created_at: Option<u64>,
    updated_at: Option<u64>,
    #[serde(default)]
    closed: bool,
    account_id: Option<String>,
    id: Option<String>,
    client_id: Option<String>,
    #[serde(default)]
    customer: Customer,
}

/// A message of a document. `conversation_id` is the platform's id or the integration's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageFields {
    number: Option<u64>,
    account_id: Option<String>,
    conversation_id: String,
    /// What stands in the chat counts.
    #[serde(default)]
    conversation_client_id: Option<String>,
    direction: Option<MessageDirection>,
    sender_id: Option<String>,
    sender_name: Option<String>,
    id: Option<String>,
    msgid: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    fields: Map<String, Value>,
    written_at_ms: Option<u64>,
    at: Option<u64>,
    #[serde(default)]
    edited: bool,
    status: Option<MessageStatus>,
    #[serde(default)]
    reactions: Vec<MessageReaction>,
}

/// Entities of a document, under their field.
type Entities = (&'static str, EntityKind, Vec<Entity>);

/// Fills in what the document leaves out, and checks the whole.
pub(crate) fn fill<const KINDS: usize>(
    contents: &mut Contents,
    config: &SandboxConfig,
    entities: [Entities; KINDS],
    talks: Vec<TalkFields>,
    messages: Vec<MessageFields>,
) -> Result<(), StateError> {
    check_names(contents, config)?;
    check_accounts(&contents.accounts).map_err(|error| StateError::config(&error))?;
    let Some(first) = contents.accounts.first().cloned() else {
        return Err(StateError::field("accounts", "there is no account"));
    };
    for (field, kind, entities) in entities {
        fill_entities(contents, &first, field, kind, entities)?;
    }
    let now = contents.clock.now();
    fill_talks(contents, &first, talks, now)?;
    fill_messages(contents, messages, now)?;
    check_references(contents)?;
    check_grants(contents)
}

fn check_names(contents: &Contents, config: &SandboxConfig) -> Result<(), StateError> {
    if let Clock::Standing { unix } = contents.clock
        && unix > LATEST_UNIX
    {
        return Err(StateError::field(
            "clock.standing.unix",
            "is after the year 9999",
        ));
    }
    let names = Names::new(config, &contents.channel, &contents.application);
    let names = names.map_err(|_| StateError::field("channel.secret", "is empty"))?;
    for (field, id) in [
        ("channel.id", &names.channel_id),
        ("channel.bot_id", &names.channel_bot_id),
    ] {
        if !is_uuid(id) {
            return Err(StateError::field(field, "is not a lower-case UUID"));
        }
    }
    if names.app_secret.is_empty() {
        return Err(StateError::field("open_api.application.secret", "is empty"));
    }
    if contents.integrations.is_empty() {
        return Err(StateError::field("integrations", "there is no integration"));
    }
    for (at, integration) in contents.integrations.iter().enumerate() {
        let field = |name: &str| format!("integrations[{at}].{name}");
        if !is_uuid(&integration.client_id) {
            return Err(StateError::field(
                field("client_id"),
                "is not a lower-case UUID",
            ));
        }
        if integration.client_secret.is_empty() {
            return Err(StateError::field(field("client_secret"), "is empty"));
        }
    }
    let oauth = contents.rules.oauth.check();
    oauth.map_err(|error| StateError::config(&error))
}

fn fill_entities(
    contents: &mut Contents,
    first: &Account,
    field: &str,
    kind: EntityKind,
    entities: Vec<Entity>,
) -> Result<(), StateError> {
    for (at, mut entity) in entities.into_iter().enumerate() {
        if entity.account_id == 0 {
            entity.account_id = first.id;
        }
        if !contents
            .accounts
            .iter()
            .any(|known| known.id == entity.account_id)
        {
            let field = format!("{field}[{at}].account_id");
            return Err(StateError::field(field, "names no account of the state"));
        }
        if entity.id == 0 {
            let mut of_kind = contents.entities.range((kind, 0)..=(kind, u64::MAX));
            let latest = of_kind.next_back().map_or(0, |((_, id), _)| *id);
            entity.id = latest.max(kind.ids_from()).saturating_add(1);
        }
        if contents
            .entities
            .insert((kind, entity.id), entity)
            .is_some()
        {
            let field = format!("{field}[{at}].id");
            return Err(StateError::field(field, "another one has it"));
        }
    }
    Ok(())
}

fn new_uuid() -> Result<String, StateError> {
    let hex = random_hex::<16>().map_err(|_| StateError::Random)?;
    Ok(as_uuid(&hex))
}

fn fill_talks(
    contents: &mut Contents,
    first: &Account,
    talks: Vec<TalkFields>,
    now: u64,
) -> Result<(), StateError> {
    let mut numbers = alloc::collections::BTreeSet::new();
    for (at, talk) in talks.into_iter().enumerate() {
        let latest: u64 = numbers.last().copied().unwrap_or(0);
        let talk_id = talk.talk_id.unwrap_or_else(|| latest.saturating_add(1));
        let field = |name: &str| format!("chats[{at}].{name}");
        if !numbers.insert(talk_id) {
            return Err(StateError::field(field("talk_id"), "another chat has it"));
        }
        let mut customer = talk.customer;
        if customer.id.is_empty() {
            customer.id = new_uuid()?;
        }
        let account_id = talk.account_id.unwrap_or_else(|| first.amojo_id.clone());
        let created_at = talk.created_at.unwrap_or(now);
        let talk = Talk {
            talk_id,
            contact_id: talk.contact_id,
            created_at,
            updated_at: talk.updated_at.unwrap_or(created_at),
            closed: talk.closed,
            conversation: Conversation {
                account_id,
                id: talk.id.map_or_else(new_uuid, Ok)?,
                client_id: talk.client_id,
                customer: customer.clone(),
            },
        };
        if !customer.client_id.is_empty() {
            let account_id = talk.conversation.account_id.clone();
            let key = (account_id, customer.client_id.clone());
            contents.chats.customers.entry(key).or_insert(customer);
        }
        let id = talk.conversation.id.clone();
        if contents.chats.talks.insert(id, talk).is_some() {
            return Err(StateError::field(field("id"), "another chat has it"));
        }
    }
    Ok(())
}

fn fill_messages(
    contents: &mut Contents,
    messages: Vec<MessageFields>,
    now: u64,
) -> Result<(), StateError> {
    if messages.len() > MESSAGES {
        return Err(StateError::field("messages", "there are more than 200000"));
    }
    let talks = &contents.chats.talks;
    let named: HashMap<_, _> = talks
        .values()
        .filter_map(|talk| Some((talk.conversation.client_id.as_deref()?, talk)))
        .collect();
    let mut latest = 0_u64;
    for (at, message) in messages.into_iter().enumerate() {
        let field = |name: &str| format!("messages[{at}].{name}");
        let talk = talks.get(&message.conversation_id);
        let talk = talk.or_else(|| named.get(message.conversation_id.as_str()).copied());
        let of_account = |talk: &&Talk| {
            let account = message.account_id.as_ref();
            account.is_none_or(|id| *id == talk.conversation.account_id)
        };
        let Some(talk) = talk.filter(of_account) else {
            let field = field("conversation_id");
            return Err(StateError::field(field, "names no chat of the account"));
        };
        let conversation = &talk.conversation;
        let number = message.number.unwrap_or_else(|| latest.saturating_add(1));
        let follows = number == latest.saturating_add(1) || (latest == 0 && number > 0);
        if !follows {
            let problem = "does not follow the number of the message before it";
            return Err(StateError::field(field("number"), problem));
        }
        latest = number;
        let direction = message.direction.unwrap_or(MessageDirection::In);
        let (sender_id, sender_name) = match direction {
            MessageDirection::In => (
                conversation.customer.id.clone(),
                conversation.customer.name.clone(),
            ),
            MessageDirection::Out => manager(&contents.accounts, &conversation.account_id),
        };
        let at_seconds = message.at.unwrap_or(now);
        let message = ChatMessage {
            number,
            account_id: conversation.account_id.clone(),
            conversation_id: conversation.id.clone(),
            conversation_client_id: message
                .conversation_client_id
                .or_else(|| conversation.client_id.clone()),
            direction,
            sender_id: message.sender_id.unwrap_or(sender_id),
            sender_name: message.sender_name.unwrap_or(sender_name),
            id: message.id.map_or_else(new_uuid, Ok)?,
            msgid: message.msgid,
            kind: message.kind.unwrap_or_else(|| "text".to_owned()),
            text: message.text,
            fields: message.fields,
            written_at_ms: message
                .written_at_ms
                .unwrap_or_else(|| at_seconds.saturating_mul(1000)),
            at: at_seconds,
            edited: message.edited,
            status: message.status,
            reactions: message.reactions,
        };
        contents.chats.messages.insert(number, message);
    }
    Ok(())
}

/// The first user of an account.
fn manager(accounts: &[Account], account_id: &str) -> (String, String) {
    let account = accounts
        .iter()
        .find(|account| account.amojo_id == account_id);
    let user = account.and_then(|account| account.users.first());
    user.map_or_else(Default::default, |user| {
        (user.amojo_id.clone().unwrap_or_default(), user.name.clone())
    })
}

/// Whatever names an account must name one that is there, and no id may stand twice.
pub(crate) fn check_references(contents: &Contents) -> Result<(), StateError> {
    let amojo = |id: &str| contents.accounts.iter().any(|known| known.amojo_id == id);
    let account = |id: u64| contents.accounts.iter().any(|known| known.id == id);
    let unknown = |field: String| Err(StateError::field(field, "names no account of the state"));
    for (at, connection) in contents.connections.iter().enumerate() {
        if !amojo(&connection.account_id) {
            return unknown(format!("connections[{at}].account_id"));
        }
    }
    for (at, webhook) in contents.webhooks.iter().enumerate() {
        if !account(webhook.account_id) {
            return unknown(format!("webhooks[{at}].account_id"));
        }
    }
    let mut client_ids = std::collections::HashSet::new();
    for (at, talk) in contents.chats.talks.values().enumerate() {
        let Conversation {
            account_id,
            client_id,
            ..
        } = &talk.conversation;
        if !amojo(account_id) {
            return unknown(format!("chats[{at}].account_id"));
        }
        if let Some(client_id) = client_id
            && !client_ids.insert((account_id, client_id))
        {
            let field = format!("chats[{at}].client_id");
            return Err(StateError::field(
                field,
                "another chat of the account has it",
            ));
        }
    }
    let (mut ids, mut msgids) = (
        std::collections::HashSet::new(),
        std::collections::HashSet::new(),
    );
    for (at, message) in contents.chats.messages.values().enumerate() {
        let twice = |name: &str| {
            let field = format!("messages[{at}].{name}");
            Err(StateError::field(field, "another message has it"))
        };
        if !ids.insert(&message.id) {
            return twice("id");
        }
        if let Some(msgid) = &message.msgid
            && !msgids.insert((&message.account_id, msgid))
        {
            return twice("msgid");
        }
    }
    Ok(())
}

/// Positions in the ledger must be positions in it.
pub(crate) fn check_grants(contents: &Contents) -> Result<(), StateError> {
    let grants = &contents.grants;
    let (grant_count, pair_count) = (grants.grants.len(), grants.pairs.len());
    let no_pair = |at: &usize| *at >= pair_count;
    for (at, grant) in grants.grants.iter().enumerate() {
        if grant.living.iter().any(no_pair) || grant.latest.as_ref().is_some_and(no_pair) {
            let field = format!("grants.grants[{at}]");
            return Err(StateError::field(field, "names a pair that is not there"));
        }
    }
    for (at, pair) in grants.pairs.iter().enumerate() {
        let of_pairs = pair.children.iter().chain(pair.parent.as_ref());
        if pair.grant >= grant_count || of_pairs.into_iter().any(no_pair) {
            let field = format!("grants.pairs[{at}]");
            let problem = "names a grant or a pair that is not there";
            return Err(StateError::field(field, problem));
        }
    }
    for (at, access) in grants.long_lived.values().enumerate() {
        if access.grant >= grant_count || access.pair.as_ref().is_some_and(no_pair) {
            let field = format!("grants.long_lived[{at}]");
            return Err(StateError::field(field, "names a grant that is not there"));
        }
    }
    Ok(())
}
