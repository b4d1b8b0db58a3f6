//! A webhook of the CRM or of the Digital Pipeline: an account, and what happened to its entities.
//!
//! Source: rules U1 and U4 of `docs/protocol.md`.

use alloc::string::String;
use alloc::vec::Vec;
use core::{error, fmt};

use kommo_account::AccountId;

use crate::unsigned::crm_event::UnsignedCrmEvent;
use crate::unsigned::form::{Form, FormError, FormLimits, FormValue};

/// The deepest nesting of lists that is flattened; the documentation shows two.
const LIST_LEVELS: usize = 3;

/// A webhook as its sender describes itself. **Nothing of it is proven.**
///
/// Put an unguessable token into its address ([`PathToken`](crate::unsigned::PathToken)), compare
/// the account with [`is_for`](Self::is_for), and read every entity again through the API.
///
/// # Examples
///
/// ```
/// use kommo_account::AccountId;
/// use kommo_hooks::unsigned::{CrmAction, CrmEntity, FormLimits, UnsignedCrmHook};
///
/// let body = b"account%5Bid%5D=12345678&account%5Bsubdomain%5D=myshop&leads%5Bstatus%5D%5B0%5D%5Bid%5D=777";
/// let hook = UnsignedCrmHook::parse(body, &FormLimits::DEFAULT)?;
/// assert!(hook.is_for(AccountId::from_number(12_345_678)?));
/// let event = &hook.events[0];
/// assert_eq!((&event.entity, &event.action, event.id.as_deref()), (&CrmEntity::Lead, &CrmAction::Status, Some("777")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnsignedCrmHook {
    /// The account that the sender names.
    pub account_id: AccountId,
    /// Its subdomain.
    pub subdomain: Option<String>,
    /// What happened, in the order of entities, actions and indexes.
    pub events: Vec<UnsignedCrmEvent>,
}

impl UnsignedCrmHook {
    /// Reads a form body.
    ///
    /// # Errors
    ///
    /// - the form is beyond the limits: [`CrmHookError::Form`].
    /// - there is no `account[id]`: [`CrmHookError::Account`].
    pub fn parse(body: &[u8], limits: &FormLimits) -> Result<Self, CrmHookError> {
        let form = Form::parse(body, limits).map_err(CrmHookError::Form)?;
        let account = form.get("account").ok_or(CrmHookError::Account)?;
        let account_id = account
            .text_of("id")
            .and_then(|text| AccountId::parse(text).ok())
            .ok_or(CrmHookError::Account)?;
        let mut events = Vec::new();
        for (entity, actions) in form.iter().filter(|(name, _)| *name != "account") {
            match entity {
                "add" | "update" | "delete" => collect(None, entity, actions, &mut events),
                _ => {
                    for (action, items) in actions.entries() {
                        collect(Some(entity), action, items, &mut events);
                    }
                }
            }
        }
        Ok(Self {
            account_id,
            subdomain: account.text_of("subdomain").map(String::from),
            events,
        })
    }

    /// Whether the sender names this account.
    #[must_use]
    pub fn is_for(&self, account: AccountId) -> bool {
        self.account_id == account
    }
}

fn collect(
    entity: Option<&str>,
    action: &str,
    items: &FormValue,
    events: &mut Vec<UnsignedCrmEvent>,
) {
    for item in flatten(items, LIST_LEVELS) {
        events.push(UnsignedCrmEvent::read(entity, action, item));
    }
}

/// The entries of lists, and of lists in lists.
fn flatten(value: &FormValue, levels: usize) -> Vec<&FormValue> {
    let items = value.list();
    let is_itself = matches!(items.as_slice(), [only] if core::ptr::eq(*only, value));
    if is_itself || levels == 0 {
        return items;
    }
    items
        .into_iter()
        .flat_map(|item| flatten(item, levels - 1))
        .collect()
}

/// Why a body is not a webhook of the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrmHookError {
    /// The form cannot be read.
    Form(FormError),
    /// It names no account.
    Account,
}

impl fmt::Display for CrmHookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form(_) => "the form cannot be read",
            Self::Account => "the form names no account",
        })
    }
}

impl error::Error for CrmHookError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Form(cause) => Some(cause),
            Self::Account => None,
        }
    }
}
