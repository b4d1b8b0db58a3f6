//! The inbox: hooks that are durable before they are answered, and are handed out in order.
//!
//! ```text
//!   put ──┐
//!   put ──┼─> one task ──> one transaction for all that wait ──> each learns what became of its own
//!   put ──┘
//!   claim ──> lease ──> a handler ──> settle: done, again after a pause, or failed for good
//! ```
//!
//! The rules are those of [`kommo_hooks::inbox`].

mod name;
mod settings;
mod claimed;
mod lists;
mod group_commit;
mod attempts;
mod browsing;
mod upkeep;

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::path::Path;

use kommo_account::Realm;
use kommo_hooks::inbox::{NewHook, Put};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::error::{DatabaseFault, StoreFault};
use crate::records::hook_record::{key_of, to_row};
use crate::records::rows::OfInbox;
use crate::spool::{Spool, SpoolPlace};
use crate::store::Store;

use group_commit::GroupCommit;

pub use claimed::ClaimedHook;
pub use lists::{HookFilter, HookLine, HookState, InboxDepth, StoredHook, Swept};
pub use name::{InboxLine, InboxName, InboxNameError};
pub use settings::InboxSettings;

/// The inbox of an integration, in a [`Store`]. Clones share it.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use kommo_account::Realm;
/// # use kommo_hooks::inbox::{HandlingOutcome, HookFacts, NewHook, Put};
/// # use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
/// # use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
/// # use kommo_store::{Inbox, InboxName, InboxSettings, Store, StoreSettings};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("store.db");
/// # let key = ChatHookKey::new(&ChannelSecret::new("channel-secret")?);
/// # let (body, now) = (br#"{"account_id":"x","time":1}"#, 1_796_000_000);
/// # let signature = key.sign(body);
/// # let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
/// # keys.insert(KeyId::parse("2026-11")?, key, None)?;
/// # let signature = ReceivedSignature::from_text(signature.as_str());
/// # let proven = ChatHookVerifier::new(keys).verify(body, signature, now)?;
/// let store = Arc::new(Store::open(path, StoreSettings::new()).await?);
/// let name = InboxName::parse("chats")?;
/// let inbox = Inbox::new(&store, Realm::Real, name, InboxSettings::new());
///
/// // Durable before the answer 200; a repeat is known.
/// let hook = NewHook::proven(&proven, HookFacts::new("message"));
/// assert_eq!(inbox.put(&hook).await?, Put::Stored);
/// assert_eq!(inbox.put(&hook).await?, Put::Duplicate);
///
/// // A worker.
/// for hook in inbox.claim(10).await? {
///     let proven = hook.proven().ok_or("not proven")?;
///     assert_eq!(proven.proof().key_id.as_str(), "2026-11");
///     assert!(inbox.settle(&hook, HandlingOutcome::Done).await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Inbox {
    store: Arc<Store>,
    of: OfInbox,
    settings: InboxSettings,
    writing: GroupCommit,
}

impl Inbox {
    /// The inbox of this name. Begins the task that writes, which ends with the last clone; so it
    /// needs a tokio runtime.
    #[must_use]
    pub fn new(store: &Arc<Store>, realm: Realm, name: InboxName, settings: InboxSettings) -> Self {
        Self::start(store, OfInbox::new(realm, name), settings, None)
    }

    /// The same with a spool: a directory, best on another disk, for hooks that the database does
    /// not take. Makes it, with mode 0700, if it is not there. Several inboxes and several
    /// processes may share it.
    ///
    /// What is in the spool is merged as soon as the database takes it, in its order, and what
    /// comes until then goes there too.
    ///
    /// # Errors
    ///
    /// The directory cannot be made or read: [`StoreFault::File`].
    pub fn with_spool(
        store: &Arc<Store>,
        realm: Realm,
        name: InboxName,
        settings: InboxSettings,
        directory: &Path,
    ) -> Result<Self, StoreFault> {
        let of = OfInbox::new(realm, name);
        let place = SpoolPlace {
            directory: directory.to_owned(),
            of: of.clone(),
            bytes_at_most: settings.spool_bytes_at_most,
        };
        let spool = Spool::at(&place)?;
        store.add_spool(&place);
        Ok(Self::start(store, of, settings, Some((place, spool))))
    }

    fn start(
        store: &Arc<Store>,
        of: OfInbox,
        settings: InboxSettings,
        spool: Option<(SpoolPlace, Spool)>,
    ) -> Self {
        let writing = GroupCommit::start(Arc::clone(store), of.clone(), &settings, spool);
        Self {
            store: Arc::clone(store),
            of,
            settings,
            writing,
        }
    }

    /// Wakes one worker of this process when hooks were stored.
    pub(crate) fn stored(&self) -> &Notify {
        self.writing.stored()
    }

    pub(crate) const fn lease(&self) -> Duration {
        self.settings.lease
    }

    /// Whether hooks go to the spool now, or an earlier one waits to be merged.
    #[must_use]
    pub fn is_spooling(&self) -> bool {
        self.writing.is_spooling()
    }

    /// How many files of the spool could not be read when it was merged last. Hooks of the
    /// conversations in them wait behind them, all others pass, and the log has their paths: worth
    /// an alarm.
    #[must_use]
    pub fn unreadable_spool_files(&self) -> usize {
        self.writing.unreadable()
    }

    /// Takes a hook. When this returns [`Put::Stored`], [`Put::Duplicate`] or [`Put::Spooled`], the
    /// hook is durable: answer 200 then, and not before. With an error, answer 503.
    ///
    /// Hooks that are put at the same time are written in one transaction. If this future is
    /// dropped, the hook may be stored all the same; its repeat is then a duplicate.
    ///
    /// # Errors
    ///
    /// The database's, and with a spool the spool's; trouble `Unavailable` also if neither was
    /// ready within four times [`put_within`](InboxSettings::put_within). The hook may have been
    /// stored nevertheless. Unsigned hooks are not spooled.
    pub async fn put(&self, hook: &NewHook<'_>) -> Result<Put, StoreFault> {
        let row = to_row(&self.store.sealer, &self.of, hook)?;
        let written = timeout(self.settings.put_within * 4, self.writing.write(row)).await;
        written.unwrap_or_else(|_| {
            Err(StoreFault::Database {
                doing: "keeping a hook",
                source: DatabaseFault::too_slow(),
            })
        })
    }

    /// The name of a hook in this inbox, which it has once it is stored: [`HookLine::key`],
    /// [`ClaimedHook::key`].
    #[must_use]
    pub fn key_of(&self, hook: &NewHook<'_>) -> String {
        key_of(&self.of, hook)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("of", &self.of)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
