//! What a request orders: the fields of the eight endpoints, what must be there already, and the
//! change. A batch is carried out wholly or not at all, which is a choice.

use serde_json::{Value, json};

use crate::config::open_api_rules::OpenApiRules;
use crate::open_api::fields::Fields;
use crate::open_api::refusal::{Part, Refusal};
use crate::state::open_api_book::{
    NewCustomer, NewGroup, NewSingle, NewTicket, OpenApiBook, OpenApiChatKind,
};

/// Characters of a customer's id, of a name, of a message, of a title.
const SBS: usize = 64;
const NAME: usize = 30;
const CONTENT: usize = 2000;
const TITLE: usize = 120;
/// Nothing is published about an IP address; the longest text of an IPv6 address has fewer.
const IP: usize = 64;

/// The endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    StartChat,
    StartChats,
    StartGroups,
    DeleteChats,
    DissolveGroup,
    DissolveGroups,
    CreateTicket,
    AddAgents,
}

impl Endpoint {
    pub(crate) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/openapi/zxlt/fqlt_dl" => Self::StartChat,
            "/openapi/zxlt/fqlt_dl_batch" => Self::StartChats,
            "/openapi/zxlt/fqlt_ql_batch" => Self::StartGroups,
            "/openapi/zxlt/del_zxlt_dl" => Self::DeleteChats,
            "/openapi/zxlt/js_zxlt_ql" => Self::DissolveGroup,
            "/openapi/zxlt/js_zxlt_ql_batch" => Self::DissolveGroups,
            "/openapi/chat/create_gd" => Self::CreateTicket,
            "/openapi/chat/add_kf" => Self::AddAgents,
            _ => return None,
        })
    }

    pub(crate) const fn part(self) -> Part {
        match self {
            Self::CreateTicket | Self::AddAgents => Part::Chat,
            _ => Part::Zxlt,
        }
    }
}

/// What a request orders.
#[derive(Debug)]
pub(crate) enum Order {
    StartSingles(Vec<NewSingle>),
    StartGroups(Vec<NewGroup>),
    DeleteSingles(Vec<(u64, String)>),
    DissolveGroups(Vec<u64>),
    CreateTicket(NewTicket),
    AddAgents { chat_id: u64, agents: Vec<u64> },
}

impl Order {
    pub(crate) fn read(endpoint: Endpoint, fields: Fields<'_>) -> Result<Self, Refusal> {
        Ok(match endpoint {
            Endpoint::StartChat => Self::StartSingles(vec![single(fields)?]),
            Endpoint::StartChats => {
                let entries = fields.objects("u_info")?.into_iter().map(single_entry);
                Self::StartSingles(entries.collect::<Result<_, _>>()?)
            }
            Endpoint::StartGroups => {
                let entries = fields.objects("u_info")?.into_iter().map(group);
                Self::StartGroups(entries.collect::<Result<_, _>>()?)
            }
            Endpoint::DeleteChats => {
                let entries = fields.objects("u_info")?.into_iter();
                let pair =
                    |entry: Fields<'_>| Ok((entry.number("kefu_id")?, entry.text("sbs", SBS)?));
                Self::DeleteSingles(entries.map(pair).collect::<Result<_, _>>()?)
            }
            Endpoint::DissolveGroup => Self::DissolveGroups(vec![fields.number("chat_id")?]),
            Endpoint::DissolveGroups => Self::DissolveGroups(chat_ids(fields)?),
            Endpoint::CreateTicket => Self::CreateTicket(ticket(fields)?),
            Endpoint::AddAgents => Self::AddAgents {
                chat_id: fields.number("chat_id")?,
                agents: fields.numbers_or_text("kefu_ids")?,
            },
        })
    }

    /// Whether everything that the order names is there, and in a state that allows it.
    pub(crate) fn check(&self, book: &OpenApiBook, rules: &OpenApiRules) -> Result<(), Refusal> {
        match self {
            Self::StartSingles(singles) => {
                agents_known(rules, singles.iter().map(|single| single.agent))
            }
            Self::StartGroups(groups) => {
                let agents = groups.iter().flat_map(|group| &group.agents).copied();
                agents_known(rules, agents)?;
                let mut customers = groups.iter().flat_map(|group| &group.customers);
                match customers.find(|uid| !book.has_customer(**uid)) {
                    Some(uid) => Err(Refusal::wrong(
                        "customer-unknown",
                        format!("uid: there is no visitor {uid}"),
                    )),
                    None => Ok(()),
                }
            }
            Self::DeleteSingles(pairs) => {
                agents_known(rules, pairs.iter().map(|(agent, _)| *agent))?;
                let mut pairs = pairs.iter();
                match pairs.find(|(agent, sbs)| book.single(*agent, sbs).is_none()) {
                    Some((agent, _)) => Err(no_chat(format!(
                        "agent {agent} has no chat with one of the customers"
                    ))),
                    None => Ok(()),
                }
            }
            Self::DissolveGroups(ids) => {
                let is_gone = |id: &&u64| book.chat(**id, OpenApiChatKind::Group).is_none();
                match ids.iter().find(is_gone) {
                    Some(id) => Err(Refusal::new(
                        "群聊不存在",
                        None,
                        "chat-unknown",
                        format!("there is no group {id}"),
                    )),
                    None => Ok(()),
                }
            }
            Self::CreateTicket(ticket) => agents_known(rules, ticket.agents.iter().copied()),
            Self::AddAgents { chat_id, agents } => {
                let ticket = book
                    .chat(*chat_id, OpenApiChatKind::Ticket)
                    .ok_or_else(|| no_chat(format!("there is no ticket {chat_id}")))?;
                if ticket.closed || ticket.owner.is_none() {
                    let reason = "the ticket is closed, or has no responsible agent";
                    return Err(Refusal::new("当前状态不允许操作", None, "state", reason));
                }
                agents_known(rules, agents.iter().copied())
            }
        }
    }

    /// Carries out what was checked; what the answer has in `data`.
    pub(crate) fn carry_out(self, book: &mut OpenApiBook, now: u64) -> Value {
        match self {
            Self::StartSingles(singles) => {
                for single in singles {
                    book.start_single(single, now);
                }
                json!("")
            }
            Self::StartGroups(groups) => groups
                .into_iter()
                .map(|group| {
                    let owner = group.owner;
                    let chat_id = book.start_group(group, now);
                    // Texts here, numbers elsewhere.
                    json!({ "chat_id": chat_id.to_string(), "uid": owner.to_string() })
                })
                .collect(),
            Self::DeleteSingles(pairs) => {
                for (agent, sbs) in pairs {
                    if let Some(chat_id) = book.single(agent, &sbs).map(|chat| chat.chat_id) {
                        book.remove(chat_id);
                    }
                }
                json!("")
            }
            Self::DissolveGroups(ids) => {
                for id in ids {
                    book.remove(id);
                }
                json!("")
            }
            Self::CreateTicket(ticket) => json!({ "chat_id": book.create_ticket(ticket, now) }),
            Self::AddAgents { chat_id, agents } => {
                book.add_agents(chat_id, &agents);
                json!("")
            }
        }
    }
}

/// The fields of the endpoint for one chat, where ids are texts.
fn single(fields: Fields<'_>) -> Result<NewSingle, Refusal> {
    Ok(NewSingle {
        customer: NewCustomer {
            sbs: fields.text("sbs", SBS)?,
            name: fields.optional_or_empty("sbs_mc", NAME)?,
            ip: fields.optional_or_empty("ip", IP)?,
        },
        agent: fields.number_text("kefu_id")?,
        content: fields.optional_text("content", CONTENT)?,
        visible: fields.flag_text("kefu_show_chat")?,
    })
}

/// An entry of a batch, where they are numbers.
fn single_entry(fields: Fields<'_>) -> Result<NewSingle, Refusal> {
    Ok(NewSingle {
        agent: fields.number("kefu_id")?,
        customer: NewCustomer {
            sbs: fields.text("sbs", SBS)?,
            name: fields.optional_or_empty("sbs_mc", NAME)?,
            ip: None,
        },
        content: fields.optional_text("content", CONTENT)?,
        visible: fields.flag("kefu_show_chat")?,
    })
}

/// The owner is the first agent, or the first member if there is no agent.
fn group(fields: Fields<'_>) -> Result<NewGroup, Refusal> {
    let (mut agents, mut customers) = (Vec::new(), Vec::new());
    for member in fields.objects("item")? {
        let uid = member.number("uid")?;
        match &*member.text("u_lx", NAME)? {
            "kefu" => agents.push(uid),
            "visitor" => customers.push(uid),
            _ => {
                let reason = "u_lx is neither kefu nor visitor";
                return Err(Refusal::wrong("field-value", reason));
            }
        }
    }
    let owner = agents.first().or(customers.first()).copied();
    Ok(NewGroup {
        owner: owner.unwrap_or_default(),
        agents,
        customers,
        name: fields.optional_text("qlmc", NAME)?,
        content: fields.optional_text("content", CONTENT)?,
    })
}

fn chat_ids(fields: Fields<'_>) -> Result<Vec<u64>, Refusal> {
    let ids = fields.numbers("chat_ids")?;
    if ids.is_empty() {
        let reason = "chat_ids is empty";
        return Err(Refusal::new(
            "chat_ids 不能为空",
            None,
            "field-empty",
            reason,
        ));
    }
    Ok(ids)
}

fn ticket(fields: Fields<'_>) -> Result<NewTicket, Refusal> {
    let agents = fields.numbers("kefu_id")?;
    let responsible = fields.number("fzr_uid")?;
    let ticket = NewTicket {
        customer: NewCustomer {
            sbs: fields.text("sbs", SBS)?,
            name: Some(fields.text("sbs_mc", NAME)?),
            ip: Some(fields.text("ip", IP)?),
        },
        content: fields.text("content", CONTENT)?,
        title: fields.optional_text("title", TITLE)?,
        agents,
        responsible,
    };
    match ticket.agents.contains(&responsible) {
        true => Ok(ticket),
        false => Err(Refusal::wrong(
            "field-value",
            "fzr_uid is not one of kefu_id",
        )),
    }
}

fn agents_known(
    rules: &OpenApiRules,
    mut agents: impl Iterator<Item = u64>,
) -> Result<(), Refusal> {
    match agents.find(|id| !rules.has_agent(*id)) {
        Some(id) => Err(Refusal::new(
            "kefu_id不存在",
            None,
            "agent-unknown",
            format!("there is no agent {id}"),
        )),
        None => Ok(()),
    }
}

fn no_chat(reason: String) -> Refusal {
    Refusal::new("会话不存在", None, "chat-unknown", reason)
}
