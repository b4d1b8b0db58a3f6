//! The whole state as one JSON document: `GET` and `PUT snapshot` of the control API, `--seed`, and
//! the file in a data directory.
//!
//! A document that is read may leave out everything but `version`: the rest is as at the start of
//! the sandbox. So a seed of ten lines is a document.

use alloc::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

use crate::clock::Clock;
use crate::config::account::Account;
use crate::config::integration::Integration;
use crate::config::sandbox_config::SandboxConfig;
use crate::error::StateError;
use crate::grants::{Access, Code, Grant, GrantRows, Pair};
use crate::secrets::token_text::Fingerprint;
use crate::state::chat_book::{ChatMessage, Customer, Talk};
use crate::state::connection::Connection;
use crate::state::contents::{Contents, Installed, Rules};
use crate::state::crm_book::{CrmBook, Entity, EntityKind};
use crate::state::names::{ApplicationFields, ChannelFields};
use crate::state::open_api_book::{OpenApiChat, OpenApiCustomer};
use crate::state::platform_state::PlatformState;
use crate::state::seed::{MessageFields, TalkFields, fill};
use crate::state::webhook_list::CrmWebhook;

/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;

/// What is written.
#[derive(Serialize)]
struct Written<'a> {
    version: u64,
    /// Of a data directory: which log of changes follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    clock: Clock,
    channel: ChannelFields,
    open_api: WrittenOpenApi<'a>,
    rules: WrittenRules<'a>,
    integrations: &'a [Integration],
    accounts: &'a [Account],
    old_hosts: &'a BTreeMap<String, u64>,
    installed: &'a BTreeSet<Installed>,
    made_users: u64,
    connections: &'a [Connection],
    webhooks: &'a [CrmWebhook],
    leads: Each<'a>,
    contacts: Each<'a>,
    companies: Each<'a>,
    tasks: Each<'a>,
    sources: Each<'a>,
    pipelines: Each<'a>,
    templates: Each<'a>,
    chats: List<alloc::collections::btree_map::Values<'a, String, Talk>>,
    customers: List<alloc::collections::btree_map::Iter<'a, (String, String), Customer>>,
    messages: List<alloc::collections::vec_deque::Iter<'a, ChatMessage>>,
    grants: WrittenGrants<'a>,
}

#[derive(Serialize)]
struct WrittenOpenApi<'a> {
    application: ApplicationFields,
    customers: &'a [OpenApiCustomer],
    chats: List<alloc::collections::btree_map::Values<'a, u64, OpenApiChat>>,
    chats_made: u64,
    seen: &'a BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct WrittenRules<'a> {
    oauth: &'a crate::config::oauth_rules::OauthRules,
    crm: &'a crate::config::crm_rules::CrmRules,
    outward: &'a crate::config::outward_rules::OutwardRules,
}

#[derive(Serialize)]
struct WrittenGrants<'a> {
    codes: List<alloc::collections::btree_map::Iter<'a, Fingerprint, Code>>,
    grants: &'a [Grant],
    pairs: &'a [Pair],
    long_lived: List<alloc::collections::btree_map::Iter<'a, Fingerprint, Access>>,
}

/// An array of what an iterator yields, without a copy of it.
struct List<I>(I);

impl<I> Serialize for List<I>
where
    I: Iterator + Clone,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for entry in self.0.clone() {
            array.serialize_element(&entry)?;
        }
        array.end()
    }
}

/// The entities of one kind.
struct Each<'a>(&'a CrmBook, EntityKind);

impl Serialize for Each<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.0.rows().range((self.1, 0)..=(self.1, u64::MAX));
        List(rows.map(|(_, entity)| entity)).serialize(serializer)
    }
}

/// Writes the whole state, row by row.
pub(crate) fn write_document(
    state: &PlatformState,
    generation: Option<u64>,
    to: impl io::Write,
) -> io::Result<()> {
    let kept = state.grants.kept();
    let (talks, customers, messages) = state.chats.rows();
    let (open_api_customers, chats, chats_made, seen) = state.open_api.rows();
    let each = |kind| Each(&state.entities, kind);
    let document = Written {
        version: VERSION,
        generation,
        clock: *state.clock,
        channel: state.names.channel(),
        open_api: WrittenOpenApi {
            application: state.names.application(),
            customers: open_api_customers,
            chats: List(chats.values()),
            chats_made,
            seen,
        },
        rules: WrittenRules {
            oauth: &state.oauth,
            crm: &state.crm,
            outward: &state.outward,
        },
        integrations: &state.integrations,
        accounts: &state.accounts,
        old_hosts: &state.old_hosts,
        installed: &state.installed,
        made_users: *state.made_users,
        connections: &state.connections,
        webhooks: state.webhooks.all(),
        leads: each(EntityKind::Leads),
        contacts: each(EntityKind::Contacts),
        companies: each(EntityKind::Companies),
        tasks: each(EntityKind::Tasks),
        sources: each(EntityKind::Sources),
        pipelines: each(EntityKind::Pipelines),
        templates: each(EntityKind::Templates),
        chats: List(talks.values()),
        customers: List(customers.iter()),
        messages: List(messages.iter()),
        grants: WrittenGrants {
            codes: List(kept.codes.iter()),
            grants: kept.grants,
            pairs: kept.pairs,
            long_lived: List(kept.long_lived.iter()),
        },
    };
    serde_json::to_writer(to, &document).map_err(io::Error::from)
}

/// What is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u64,
    #[serde(default)]
    generation: Option<u64>,
    clock: Option<Clock>,
    #[serde(default)]
    channel: ChannelFields,
    #[serde(default)]
    open_api: OpenApiFields,
    rules: Option<Rules>,
    integrations: Option<Vec<Integration>>,
    accounts: Option<Vec<Account>>,
    #[serde(default)]
    old_hosts: BTreeMap<String, u64>,
    #[serde(default)]
    installed: BTreeSet<Installed>,
    #[serde(default)]
    made_users: u64,
    #[serde(default)]
    connections: Vec<Connection>,
    #[serde(default)]
    webhooks: Vec<CrmWebhook>,
    #[serde(default)]
    leads: Vec<Entity>,
    #[serde(default)]
    contacts: Vec<Entity>,
    #[serde(default)]
    companies: Vec<Entity>,
    #[serde(default)]
    tasks: Vec<Entity>,
    #[serde(default)]
    sources: Vec<Entity>,
    #[serde(default)]
    pipelines: Vec<Entity>,
    #[serde(default)]
    templates: Vec<Entity>,
    #[serde(default)]
    chats: Vec<TalkFields>,
    #[serde(default)]
    customers: Vec<((String, String), Customer)>,
    #[serde(default)]
    messages: Vec<MessageFields>,
    #[serde(default)]
    grants: GrantFields,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct OpenApiFields {
    application: ApplicationFields,
    customers: Vec<OpenApiCustomer>,
    chats: Vec<OpenApiChat>,
    chats_made: u64,
    seen: BTreeMap<String, u64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct GrantFields {
    codes: Vec<(Fingerprint, Code)>,
    grants: Vec<Grant>,
    pairs: Vec<Pair>,
    long_lived: Vec<(Fingerprint, Access)>,
}

/// What a document says, for a platform of this configuration; and its generation, if it is one of
/// a data directory.
pub(crate) fn read_document(
    bytes: &[u8],
    config: &SandboxConfig,
) -> Result<(Contents, u64), StateError> {
    let document = parse(bytes)?;
    if document.version != VERSION {
        let found = document.version;
        return Err(StateError::Version { found });
    }
    let generation = document.generation.unwrap_or(0);
    let first = Contents::first(config);
    let accounts = document.accounts.unwrap_or(first.accounts);
    let accounts = accounts.into_iter().map(Account::with_logins);
    let mut contents = Contents {
        clock: document.clock.unwrap_or(first.clock),
        channel: document.channel,
        application: document.open_api.application,
        integrations: document.integrations.unwrap_or(first.integrations),
        accounts: accounts.collect(),
        old_hosts: document.old_hosts,
        installed: document.installed,
        connections: document.connections,
        made_users: document.made_users,
        rules: document.rules.unwrap_or(first.rules),
        webhooks: document.webhooks,
        grants: GrantRows {
            codes: document.grants.codes.into_iter().collect(),
            grants: document.grants.grants,
            pairs: document.grants.pairs,
            long_lived: document.grants.long_lived.into_iter().collect(),
        },
        ..first
    };
    let chats = &mut contents.chats;
    chats.customers.extend(document.customers);
    let open_api = &mut contents.open_api;
    open_api.customers = document.open_api.customers;
    open_api.chats_made = document.open_api.chats_made;
    open_api.seen = document.open_api.seen;
    for (at, chat) in document.open_api.chats.into_iter().enumerate() {
        if open_api.chats.insert(chat.chat_id, chat).is_some() {
            let field = format!("open_api.chats[{at}].chat_id");
            return Err(StateError::field(field, "another chat has it"));
        }
    }
    let entities = [
        ("leads", EntityKind::Leads, document.leads),
        ("contacts", EntityKind::Contacts, document.contacts),
        ("companies", EntityKind::Companies, document.companies),
        ("tasks", EntityKind::Tasks, document.tasks),
        ("sources", EntityKind::Sources, document.sources),
        ("pipelines", EntityKind::Pipelines, document.pipelines),
        ("templates", EntityKind::Templates, document.templates),
    ];
    fill(
        &mut contents,
        config,
        entities,
        document.chats,
        document.messages,
    )?;
    Ok((contents, generation))
}

/// The field of an error is where the parser was; its message is what it expected, without the
/// value that it found.
fn parse(bytes: &[u8]) -> Result<Document, StateError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let document = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            let (line, column) = (inner.line(), inner.column());
            return StateError::NotJson { line, column };
        }
        let field = match error.path().to_string().as_str() {
            "." => "state".to_owned(),
            path => path.to_owned(),
        };
        StateError::field(field, without_value(&inner.to_string()))
    })?;
    json.end().map_err(|error| StateError::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    Ok(document)
}

fn without_value(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    match message.split_once("expected ") {
        Some((before, expected)) if before.starts_with("invalid") => format!("expected {expected}"),
        _ => message.to_owned(),
    }
}
