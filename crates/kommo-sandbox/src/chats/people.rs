//! Who writes to whom.

use serde_json::{Map, Value};

use crate::chats::connect_body::optional_string;
use crate::chats::fields::{bad, given, optional_object, required_object, uuid};
use crate::chats::refusal::Refusal;
use crate::config::account::Account;
use crate::state::chat_book::{ChatBook, Customer, MessageDirection};

/// Who writes to whom.
pub(crate) struct People {
    pub(crate) direction: MessageDirection,
    pub(crate) customer: Customer,
    pub(crate) sender_id: String,
    pub(crate) sender_name: String,
    pub(crate) receiver_id: Option<String>,
}

impl People {
    /// With a receiver the message goes out, and its sender must be a user of the account or the
    /// channel's bot.
    pub(crate) fn read(
        payload: &Map<String, Value>,
        account: &Account,
        bot_id: &str,
        chats: &ChatBook,
    ) -> Result<Self, Refusal> {
        let sender = required_object(payload, "sender")?;
        let Some(receiver) = optional_object(payload, "receiver")? else {
            let customer = customer_of(sender, "sender", account, chats)?;
            return Ok(Self {
                direction: MessageDirection::In,
                sender_id: customer.id.clone(),
                sender_name: customer.name.clone(),
                receiver_id: None,
                customer,
            });
        };
        let author = optional_string(sender, "ref_id")?;
        let Some(author) = author.filter(|id| is_author(id, account, bot_id)) else {
            return Err(bad("sender-unknown", "sender: user not found"));
        };
        let customer = customer_of(receiver, "receiver", account, chats)?;
        Ok(Self {
            direction: MessageDirection::Out,
            sender_id: author.to_owned(),
            sender_name: given(sender, "name")?.unwrap_or_default().to_owned(),
            receiver_id: Some(customer.id.clone()),
            customer,
        })
    }
}

/// Whether this is the amojo id of a user, or of the bot.
pub(crate) fn is_author(id: &str, account: &Account, bot_id: &str) -> bool {
    let mut users = account.users.iter();
    id == bot_id || users.any(|user| user.amojo_id.as_deref() == Some(id))
}

/// A customer who is known, or a new one. One of `id`, `ref_id` and `name` is enough, as clients in
/// use show. What was given replaces what was known.
pub(crate) fn customer_of(
    person: &Map<String, Value>,
    what: &str,
    account: &Account,
    chats: &ChatBook,
) -> Result<Customer, Refusal> {
    let ref_id = given(person, "ref_id")?;
    let name = given(person, "name")?;
    let client_id = given(person, "id")?.or(ref_id).or(name);
    let Some(client_id) = client_id else {
        let reason = format!("{what} has neither id nor ref_id nor name");
        return Err(bad("field-missing", reason));
    };
    let mut customer = match chats.customer(&account.amojo_id, client_id) {
        Some(known) => known.clone(),
        None => Customer {
            id: ref_id.map_or_else(uuid, |id| Ok(id.to_owned()))?,
            client_id: client_id.to_owned(),
            ..Customer::default()
        },
    };
    if let Some(name) = name {
        name.clone_into(&mut customer.name);
    }
    let replaced = |known: Option<String>, fields: &Map<String, Value>, field: &str| {
        Ok::<_, Refusal>(given(fields, field)?.map(str::to_owned).or(known))
    };
    customer.avatar = replaced(customer.avatar, person, "avatar")?;
    given(person, "profile_link")?;
    if let Some(profile) = optional_object(person, "profile")? {
        customer.phone = replaced(customer.phone, profile, "phone")?;
        customer.email = replaced(customer.email, profile, "email")?;
    }
    Ok(customer)
}
