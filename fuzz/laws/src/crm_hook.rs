//! Webhooks of the CRM, and the request of a bot: what is inside a form. Rules U1, U4 and U5.

use kommo_hooks::unsigned::{
    CrmAction, CrmEntity, CrmHookError, FormLimits, UnsignedBotRequest, UnsignedCrmEvent,
    UnsignedCrmHook,
};

use crate::naive_form::Node;

/// The names of actions that are known.
const ACTIONS: [(&str, CrmAction); 7] = [
    ("add", CrmAction::Add),
    ("update", CrmAction::Update),
    ("delete", CrmAction::Delete),
    ("restore", CrmAction::Restore),
    ("status", CrmAction::Status),
    ("responsible", CrmAction::Responsible),
    ("note", CrmAction::Note),
];
/// Lists in lists that are flattened.
const LEVELS: u8 = 4;

/// A webhook names the account, and reports the actions, ids and fields, that the naive reader
/// finds, in its order; each event has a pair of its own. A bot's request has the token and the
/// address of the form.
///
/// The whole input is one body.
///
/// # Panics
///
/// If a law is broken.
pub fn crm_hook(data: &[u8]) {
    let node = Node::read(data, &FormLimits::DEFAULT);
    match (UnsignedCrmHook::parse(data, &FormLimits::DEFAULT), &node) {
        (Ok(hook), Ok(node)) => {
            assert_eq!(Some(hook.account_id.get()), account(node));
            check_events(&hook, &naive_events(node));
            let pairs = data.split(|byte| *byte == b'&').count();
            assert!(hook.events.len() < pairs, "an event without a pair");
        }
        (Err(CrmHookError::Account), Ok(node)) => assert_eq!(account(node), None),
        (Err(CrmHookError::Form(error)), Err(expected)) => assert_eq!(error, *expected),
        (read, _) => panic!("{:?}, not {:?}", read.err(), node.err()),
    }
    if !data.trim_ascii_start().starts_with(b"{") {
        check_request(UnsignedBotRequest::parse(data).as_ref(), node.ok().as_ref());
    }
}

fn account(node: &Node) -> Option<u64> {
    let text = node.get("account")?.text("id")?;
    let is_number = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u64> = text.parse().ok().filter(|_| is_number);
    number.filter(|number| *number > 0)
}

/// Entity (none for a bare action), action and item of each event.
fn naive_events(node: &Node) -> Vec<(Option<&str>, &str, &Node)> {
    let mut events = Vec::new();
    for (name, value) in node.sorted() {
        match name {
            "account" => {}
            "add" | "update" | "delete" => {
                let found = items(value, LEVELS).into_iter();
                events.extend(found.map(|item| (None, name, item)));
            }
            _ => {
                for (action, value) in value.sorted() {
                    let found = items(value, LEVELS).into_iter();
                    events.extend(found.map(|item| (Some(name), action, item)));
                }
            }
        }
    }
    events
}

/// The entries of a list, in the order of their numbers; what is not a list is an item.
fn items(node: &Node, levels: u8) -> Vec<&Node> {
    let sorted = node.sorted();
    let mut numbered = Vec::new();
    for (name, value) in &sorted {
        let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        numbered.extend(
            name.parse::<u64>()
                .ok()
                .filter(|_| digits)
                .map(|it| (it, *value)),
        );
    }
    if levels == 0 || numbered.is_empty() || numbered.len() < sorted.len() {
        return vec![node];
    }
    numbered.sort_by_key(|(number, _)| *number);
    let values = numbered.into_iter();
    values
        .flat_map(|(_, value)| items(value, levels - 1))
        .collect()
}

#[track_caller]
fn check_events(hook: &UnsignedCrmHook, expected: &[(Option<&str>, &str, &Node)]) {
    assert_eq!(hook.events.len(), expected.len());
    for (event, (entity, action, item)) in hook.events.iter().zip(expected) {
        let known = ACTIONS.iter().find(|(name, _)| name == action);
        let other = || CrmAction::Other((*action).to_owned());
        assert_eq!(event.action, known.map_or_else(other, |(_, it)| it.clone()));
        let fields = item.get("note").filter(|_| *action == "note");
        let fields = fields.unwrap_or(item);
        assert!(fields.is(&event.fields));
        let id = match item {
            Node::Text(id) => Some(id.as_str()),
            Node::Group(_) => ["id", "uid", "talk_id"]
                .into_iter()
                .find_map(|name| fields.text(name)),
        };
        assert_eq!(event.id.as_deref(), id);
        check_entity(event, *entity, item);
    }
}

fn check_entity(event: &UnsignedCrmEvent, name: Option<&str>, item: &Node) {
    let is_message = match name {
        Some(name) => ["message", "outgoing_message"].contains(&name),
        None => item.get("chat_id").is_some(),
    };
    let said = [CrmEntity::Message, CrmEntity::OutgoingMessage].contains(&event.entity);
    assert_eq!(said, is_message);
    assert!(is_message || event.message().is_none());
    if let CrmEntity::Other(other) = &event.entity {
        assert_eq!(other, name.unwrap_or_default());
    }
    // Neither the texts of a message nor the fields of an entity are in it.
    let shown = format!("{:?}{:?}", event.fields, event.message());
    let told = ["text", "name", "link"]
        .into_iter()
        .filter_map(|it| item.text(it));
    for secret in told.filter(|text| text.len() > 24) {
        assert!(!shown.contains(secret));
    }
}

fn check_request(request: Option<&UnsignedBotRequest>, node: Option<&Node>) {
    let expected = node.and_then(|node| Some((node.text("token")?, node.text("return_url")?)));
    let found = request.map(|it| (it.token.as_str(), it.return_url.as_str()));
    assert_eq!(found, expected);
    let data = node.and_then(|node| node.get("data"));
    for (name, value) in request.iter().flat_map(|request| &request.data) {
        assert_eq!(data.and_then(|it| it.text(name)), Some(value.as_str()));
    }
}

#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let bodies = crate::form::bodies().into_iter().flat_map(|body| {
        ["", "&account[id]=2", "&leads[add][0][id]=9"]
            .map(|end| format!("{body}{end}").into_bytes())
    });
    crate::oauth_seeds::numbered(bodies)
}
