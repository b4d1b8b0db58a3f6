//! What hooks without a proof say of themselves to the inbox.

use crate::inbox::account::HookAccount;
use crate::inbox::new_hook::HookFacts;
use crate::unsigned::{UnsignedCrmEvent, UnsignedCrmHook, UnsignedPipelineWidgetHook};

/// The event of a hook whose events have several names.
const SEVERAL: &str = "several";

impl UnsignedCrmHook {
    /// What the inbox must know of it: the event ([`UnsignedCrmEvent::name`]; `several` if its
    /// events have several names), the account that it names, and what it is about, if that is one
    /// thing: the chat of its messages, or one entity. So an entity is handled by one worker at a
    /// time.
    ///
    /// [`HookFacts::with_id`] adds the id of the request.
    #[must_use]
    pub fn facts(&self) -> HookFacts<'_> {
        let event = in_common(self.events.iter().map(UnsignedCrmEvent::name));
        let facts = HookFacts::new(match self.events.as_slice() {
            [] => "unknown",
            _ => event.unwrap_or(SEVERAL),
        })
        .of_account(Some(HookAccount::Crm(self.account_id)));
        match in_common(self.events.iter().map(about)).flatten() {
            Some(about) => facts.in_conversation(about),
            None => facts,
        }
    }
}

impl UnsignedPipelineWidgetHook {
    /// What the inbox must know of it: the account that it names, and its entity, which is handled
    /// by one worker at a time.
    #[must_use]
    pub fn facts(&self) -> HookFacts<'_> {
        let account = HookAccount::Crm(self.account_id);
        let facts = HookFacts::new("pipeline-widget").of_account(Some(account));
        match self.entity_id() {
            Some(entity) => facts.in_conversation(entity),
            None => facts,
        }
    }
}

fn about(event: &UnsignedCrmEvent) -> Option<&str> {
    event.fields.text_of("chat_id").or(event.id.as_deref())
}

/// The value that all have; `None` if there is none.
fn in_common<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}
