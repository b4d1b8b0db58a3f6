//! `GET /api/v4/contacts` and one of them: a made-up collection, the same in every account, to page
//! through.

use serde_json::{Value, json};

use crate::crm::bearer::Caller;
use crate::crm::call::{Call, hal, nothing};
use crate::crm::paging::{Collection, page};
use crate::reply::outcome::Outcome;
use crate::state::platform_state::PlatformState;

/// The ids of contacts come after this one.
const CONTACTS_FROM: u64 = 30_000_000;

pub(crate) fn list(
    state: &PlatformState,
    call: &Call<'_>,
    caller: &Caller,
) -> Result<Outcome, Outcome> {
    let base = call.link_base(state, caller.key.account);
    let collection = Collection {
        name: "contacts",
        total: state.crm.contacts,
        entry: &|at| contact(at + 1, caller.key.account, &base),
    };
    page(state, call, caller, &collection)
}

/// 204 for one that is not there.
pub(crate) fn get(state: &PlatformState, call: &Call<'_>, caller: &Caller, id: u64) -> Outcome {
    if !has_contact(state, id) {
        return Outcome::accepted("contact-unknown", "there is no such contact", nothing());
    }
    let base = call.link_base(state, caller.key.account);
    let contact = contact(id - CONTACTS_FROM, caller.key.account, &base);
    let reason = "the contact was returned";
    Outcome::accepted("contact-told", reason, hal(200, &contact))
}

pub(crate) fn has_contact(state: &PlatformState, id: u64) -> bool {
    let number = id.checked_sub(CONTACTS_FROM);
    number.is_some_and(|number| (1..=state.crm.contacts).contains(&number))
}

fn contact(n: u64, account: u64, base: &str) -> Value {
    let id = CONTACTS_FROM + n;
    json!({
        "id": id,
        "name": format!("Contact {n}"),
        "created_at": 1_600_000_000 + n,
        "updated_at": 1_600_000_000 + n,
        "account_id": account,
        "_links": {"self": {"href": format!("{base}/api/v4/contacts/{id}")}},
    })
}
