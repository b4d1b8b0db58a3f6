//! Bodies of CRM and Digital Pipeline hooks: forms with brackets, every value a string.
//!
//! Source: CRM webhooks page (keys), captures (order; the account first with `_links` in a CRM
//! hook, last without in one of the Digital Pipeline).

use crate::config::account::Account;
use crate::hooks::body_change::Form;
use crate::state::chat_book::MessageDirection;

/// What one event puts into the body.
struct Event {
    name: &'static str,
    /// The code in the settings of a webhook.
    code: &'static str,
    /// `entity[action]`.
    place: &'static str,
    /// `{…}` in a value is filled in.
    fields: &'static [(&'static str, &'static str)],
}

const LEAD: [(&str, &str); 11] = [
    ("[id]", "777"),
    ("[name]", "Lead of the sandbox"),
    ("[status_id]", "142"),
    ("[price]", "1000"),
    ("[responsible_user_id]", "{user}"),
    ("[last_modified]", "{now}"),
    ("[modified_user_id]", "{user}"),
    ("[created_user_id]", "{user}"),
    ("[date_create]", "{now}"),
    ("[pipeline_id]", "3000001"),
    ("[account_id]", "{account}"),
];

const CONTACT: [(&str, &str); 8] = [
    ("[id]", "4685001"),
    ("[name]", "Ann Customer"),
    ("[responsible_user_id]", "{user}"),
    ("[date_create]", "{now}"),
    ("[last_modified]", "{now}"),
    ("[account_id]", "{account}"),
    ("[custom_fields][0][name]", "Phone"),
    ("[type]", "contact"),
];

const TASK: [(&str, &str); 7] = [
    ("[id]", "31001"),
    ("[element_id]", "777"),
    ("[element_type]", "2"),
    ("[text]", "Call back"),
    ("[status]", "0"),
    ("[responsible_user_id]", "{user}"),
    ("[complete_before]", "{now}"),
];

const TALK: [(&str, &str); 9] = [
    ("[talk_id]", "172"),
    ("[created_at]", "{now}"),
    ("[contact_id]", "4685001"),
    ("[chat_id]", "{chat}"),
    ("[entity_id]", "777"),
    ("[entity_type]", "lead"),
    ("[is_in_work]", "1"),
    ("[is_read]", "0"),
    ("[origin]", "amo.ext.sandbox"),
];

const INCOMING: [(&str, &str); 16] = [
    ("[id]", "{message}"),
    ("[chat_id]", "{chat}"),
    ("[talk_id]", "172"),
    ("[contact_id]", "4685001"),
    ("[text]", "{text}"),
    ("[created_at]", "{now}"),
    ("[message_type]", "text"),
    ("[element_type]", "2"),
    ("[entity_type]", "lead"),
    ("[element_id]", "777"),
    ("[entity_id]", "777"),
    ("[type]", "incoming"),
    ("[author][id]", "{customer}"),
    ("[author][type]", "external"),
    ("[author][name]", "{customer_name}"),
    ("[origin]", "amo.ext.sandbox"),
];

const OUTGOING: [(&str, &str); 16] = [
    ("[id]", "{message}"),
    ("[chat_id]", "{chat}"),
    ("[talk_id]", "172"),
    ("[contact_id]", "4685001"),
    ("[text]", "{text}"),
    ("[created_at]", "{now}"),
    ("[message_type]", "text"),
    ("[type]", "outgoing"),
    ("[author][id]", "{manager}"),
    ("[author][type]", "internal"),
    ("[author][user_id]", "{user}"),
    ("[author][name]", "{manager_name}"),
    ("[recipient][id]", "{customer}"),
    ("[recipient][type]", "external"),
    ("[recipient][name]", "{customer_name}"),
    ("[origin]", "amo.ext.sandbox"),
];

/// The events of CRM hooks; the first is the default.
const EVENTS: [Event; 13] = [
    Event {
        name: "status-lead",
        code: "status_lead",
        place: "leads[status]",
        fields: &[
            ("[id]", "777"),
            ("[status_id]", "142"),
            ("[pipeline_id]", "3000001"),
            ("[old_status_id]", "3000011"),
            ("[old_pipeline_id]", "3000001"),
            ("[last_modified]", "{now}"),
        ],
    },
    event("add-lead", "add_lead", "leads[add]", &LEAD),
    event("update-lead", "update_lead", "leads[update]", &LEAD),
    Event {
        name: "delete-lead",
        code: "delete_lead",
        place: "leads[delete]",
        fields: &[
            ("[id]", "777"),
            ("[status_id]", "142"),
            ("[pipeline_id]", "3000001"),
        ],
    },
    event("add-contact", "add_contact", "contacts[add]", &CONTACT),
    event(
        "update-contact",
        "update_contact",
        "contacts[update]",
        &CONTACT,
    ),
    event("add-task", "add_task", "task[add]", &TASK),
    Event {
        name: "delete-task",
        code: "delete_task",
        place: "task[delete]",
        fields: &[("[id]", "31001")],
    },
    Event {
        name: "note-lead",
        code: "note_lead",
        place: "leads[note]",
        fields: &[
            ("[note][text]", "Called, no answer"),
            ("[note][attachement]", ""),
            ("[note][note_type]", "4"),
            ("[note][element_type]", "2"),
            ("[note][element_id]", "777"),
            ("[note][created_by]", "{user}"),
            ("[note][account_id]", "{account}"),
            ("[note][id]", "90001"),
        ],
    },
    event("add-talk", "add_talk", "talk[add]", &TALK),
    event("update-talk", "update_talk", "talk[update]", &TALK),
    ADD_MESSAGE,
    ADD_OUTGOING_MESSAGE,
];

const ADD_MESSAGE: Event = event("add-message", "add_message", "message[add]", &INCOMING);
const ADD_OUTGOING_MESSAGE: Event = event(
    "add-outgoing-message",
    "add_outgoing_message",
    "outgoing_message[add]",
    &OUTGOING,
);

/// The events of Digital Pipeline hooks; the first is the default.
const PIPELINE_EVENTS: [Event; 2] = [
    Event {
        name: "status-lead",
        code: "",
        place: "leads[status]",
        fields: &[
            ("[id]", "777"),
            ("[status_id]", "142"),
            ("[pipeline_id]", "3000001"),
            ("[old_status_id]", "3000011"),
            ("[old_pipeline_id]", "3000001"),
        ],
    },
    Event {
        name: "add-lead",
        code: "",
        place: "leads[add]",
        fields: &[
            ("[id]", "777"),
            ("[status_id]", "142"),
            ("[pipeline_id]", "3000001"),
        ],
    },
];

const fn event(
    name: &'static str,
    code: &'static str,
    place: &'static str,
    fields: &'static [(&'static str, &'static str)],
) -> Event {
    Event {
        name,
        code,
        place,
        fields,
    }
}

/// What is filled in.
pub(crate) struct CrmFrame<'a> {
    pub(crate) now: u64,
    pub(crate) account: &'a Account,
    /// The address in `account[_links][self]`.
    pub(crate) link: &'a str,
    pub(crate) message: &'a str,
    pub(crate) text: &'a str,
    pub(crate) chat: &'a str,
    pub(crate) customer: &'a str,
    pub(crate) customer_name: &'a str,
}

pub(crate) fn event_names() -> impl Iterator<Item = &'static str> {
    EVENTS.iter().map(|event| event.name)
}

pub(crate) fn pipeline_event_names() -> impl Iterator<Item = &'static str> {
    PIPELINE_EVENTS.iter().map(|event| event.name)
}

/// The hook that tells of a message: the code of its event in the settings of a webhook, and its
/// form.
pub(crate) fn message_hook(
    direction: MessageDirection,
    frame: &CrmFrame<'_>,
) -> (&'static str, Form) {
    let event = match direction {
        MessageDirection::In => &ADD_MESSAGE,
        MessageDirection::Out => &ADD_OUTGOING_MESSAGE,
    };
    (event.code, form_of(event, frame))
}

/// The form of a CRM hook; the first event without a name.
pub(crate) fn crm_form(name: Option<&str>, frame: &CrmFrame<'_>) -> Option<Form> {
    named(&EVENTS, name).map(|event| form_of(event, frame))
}

fn form_of(event: &Event, frame: &CrmFrame<'_>) -> Form {
    let id = frame.account.id.to_string();
    let mut form = vec![
        (
            "account[subdomain]".to_owned(),
            frame.account.subdomain().to_owned(),
        ),
        ("account[id]".to_owned(), id),
        ("account[_links][self]".to_owned(), frame.link.to_owned()),
    ];
    form.extend(items(event, frame));
    form
}

/// The form of a Digital Pipeline hook; the first event without a name.
pub(crate) fn pipeline_form(name: Option<&str>, frame: &CrmFrame<'_>) -> Option<Form> {
    let event = named(&PIPELINE_EVENTS, name)?;
    let mut form: Form = items(event, frame).collect();
    form.push(("account[id]".into(), frame.account.id.to_string()));
    form.push((
        "account[subdomain]".into(),
        frame.account.subdomain().into(),
    ));
    Some(form)
}

/// The form of the hook to a widget in the Digital Pipeline.
pub(crate) fn pipeline_widget_form(frame: &CrmFrame<'_>) -> Form {
    let pairs = [
        ("event[type]", "15".to_owned()),
        ("event[type_code]", "lead_appeared_in_status".to_owned()),
        ("event[data][id]", "777".to_owned()),
        ("event[data][element_type]", "2".to_owned()),
        ("event[data][status_id]", "142".to_owned()),
        ("event[data][pipeline_id]", "3000001".to_owned()),
        ("event[time]", frame.now.to_string()),
        (
            "action[settings][widget][settings][greeting]",
            "Hello".to_owned(),
        ),
        ("subdomain", frame.account.subdomain().to_owned()),
        ("account_id", frame.account.id.to_string()),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn named<'a>(events: &'a [Event], name: Option<&str>) -> Option<&'a Event> {
    match name {
        None => events.first(),
        Some(name) => events.iter().find(|event| event.name == name),
    }
}

fn items<'a>(
    event: &'a Event,
    frame: &'a CrmFrame<'a>,
) -> impl Iterator<Item = (String, String)> + 'a {
    event.fields.iter().map(move |(name, value)| {
        let name = format!("{}[0]{name}", event.place);
        (name, filled(value, frame))
    })
}

fn filled(value: &str, frame: &CrmFrame<'_>) -> String {
    let manager = frame.account.users.first();
    match value {
        "{now}" => frame.now.to_string(),
        "{account}" => frame.account.id.to_string(),
        "{user}" => manager.map_or(0, |user| user.id).to_string(),
        "{manager}" => manager
            .and_then(|user| user.amojo_id.clone())
            .unwrap_or_default(),
        "{manager_name}" => manager.map(|user| user.name.clone()).unwrap_or_default(),
        "{message}" => frame.message.to_owned(),
        "{text}" => frame.text.to_owned(),
        "{chat}" => frame.chat.to_owned(),
        "{customer}" => frame.customer.to_owned(),
        "{customer_name}" => frame.customer_name.to_owned(),
        other => other.to_owned(),
    }
}
