//! The inboxes of a receiver: one for each kind of hook that is kept, so that a flood of one kind,
//! or a program that fails on it, delays no other.

use alloc::sync::Arc;
use std::path::Path;

use kommo_account::Realm;
use kommo_store::{Inbox, InboxName, InboxSettings, Store};

use crate::failure::exit::Failure;
use crate::keeper::stores;

/// The kinds of hooks that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeptKind {
    Chat,
    OpenApi,
    Bot,
    /// Hooks of the CRM and of the Digital Pipeline.
    Crm,
}

impl KeptKind {
    pub(super) const ALL: [Self; 4] = [Self::Chat, Self::OpenApi, Self::Bot, Self::Crm];

    /// The stable name, as in addresses and lines.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::OpenApi => "open-api",
            Self::Bot => "bot",
            Self::Crm => "crm",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What the names of inboxes begin with, before a dot and the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InboxGroup(String);

impl InboxGroup {
    pub(super) fn new(name: &InboxName) -> Self {
        Self(name.as_str().to_owned())
    }

    /// The group of an inbox of a receiver; of any other inbox its own name.
    pub(super) fn of(name: &InboxName) -> Self {
        let name = name.as_str();
        let group = KeptKind::ALL
            .into_iter()
            .find_map(|kind| name.strip_suffix(kind.name())?.strip_suffix('.'));
        Self(
            group
                .filter(|group| !group.is_empty())
                .unwrap_or(name)
                .to_owned(),
        )
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an inbox has this name, or belongs to a receiver with it.
    pub(super) fn contains(&self, name: &InboxName) -> bool {
        name.as_str() == self.0 || Self::of(name) == *self
    }

    /// The name of the inbox of a kind.
    pub(super) fn inbox_name(&self, kind: KeptKind) -> Result<InboxName, Failure> {
        let name = format!("{}.{}", self.0, kind.name());
        InboxName::parse(&name).map_err(|_| {
            Failure::usage(format!("the name of an inbox is too long: {name}"))
                .hint("--inbox takes at most 55 letters here: the kind comes after it")
        })
    }
}

/// One inbox for each kind.
#[derive(Clone)]
pub(super) struct Inboxes {
    chat: Inbox,
    open_api: Inbox,
    bot: Inbox,
    crm: Inbox,
}

impl Inboxes {
    pub(super) fn open(
        store: &Arc<Store>,
        realm: Realm,
        group: &InboxGroup,
        spool: &Path,
    ) -> Result<Self, Failure> {
        let open = |kind| {
            let name = group.inbox_name(kind)?;
            Inbox::with_spool(store, realm, name, InboxSettings::new(), spool)
                .map_err(|error| stores::failure(&error))
        };
        Ok(Self {
            chat: open(KeptKind::Chat)?,
            open_api: open(KeptKind::OpenApi)?,
            bot: open(KeptKind::Bot)?,
            crm: open(KeptKind::Crm)?,
        })
    }

    pub(super) const fn of(&self, kind: KeptKind) -> &Inbox {
        match kind {
            KeptKind::Chat => &self.chat,
            KeptKind::OpenApi => &self.open_api,
            KeptKind::Bot => &self.bot,
            KeptKind::Crm => &self.crm,
        }
    }

    pub(super) fn all(&self) -> [&Inbox; 4] {
        KeptKind::ALL.map(|kind| self.of(kind))
    }
}

#[cfg(test)]
mod tests {
    use kommo_store::InboxName;

    use super::{InboxGroup, KeptKind};

    #[test]
    fn an_inbox_belongs_to_the_group_that_its_name_begins_with() {
        let name = |text: &str| InboxName::parse(text).unwrap();
        let group = InboxGroup::new(&name("shop"));
        for kind in KeptKind::ALL {
            assert!(group.contains(&group.inbox_name(kind).unwrap()));
            assert_eq!(KeptKind::named(kind.name()), Some(kind));
        }
        assert!(group.contains(&name("shop")));
        for other in [
            "shop2.chat",
            "shop.chat.crm",
            "shop.chats",
            "chat",
            ".chat",
            "shopchat",
        ] {
            assert!(!group.contains(&name(other)), "{other}");
            assert!(InboxGroup::of(&name(other)).contains(&name(other)));
        }
        let longest = InboxGroup::new(&name(&"x".repeat(55)));
        longest.inbox_name(KeptKind::OpenApi).unwrap();
        let longer = InboxGroup::new(&name(&"x".repeat(56)));
        longer.inbox_name(KeptKind::OpenApi).unwrap_err();
    }
}
