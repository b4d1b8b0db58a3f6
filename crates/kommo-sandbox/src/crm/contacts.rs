//! The made-up contacts that every account has, to page through.

use serde_json::json;

use crate::crm::call::object;
use crate::state::crm_book::{Entity, EntityKind};
use crate::state::platform_state::PlatformState;

/// The ids of made-up contacts come after this one.
const CONTACTS_FROM: u64 = 30_000_000;

/// How many there are.
pub(crate) fn made_up_contacts(state: &PlatformState) -> u64 {
    state.crm.contacts
}

/// Whether the account has this contact, made up or kept.
pub(crate) fn has_contact(state: &PlatformState, account: u64, id: u64) -> bool {
    let kept = state.entities.get(EntityKind::Contacts, account, id);
    kept.is_some() || made_up_contact(state, account, id).is_some()
}

/// The made-up contact with this id.
pub(crate) fn made_up_contact(state: &PlatformState, account: u64, id: u64) -> Option<Entity> {
    let n = id.checked_sub(CONTACTS_FROM)?;
    let is_there = (1..=made_up_contacts(state)).contains(&n);
    is_there.then(|| Entity {
        id,
        account_id: account,
        fields: object(json!({
            "name": format!("Contact {n}"),
            "created_at": 1_600_000_000 + n,
            "updated_at": 1_600_000_000 + n,
        })),
    })
}
