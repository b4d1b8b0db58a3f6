//! The platform in memory: names and secrets that stay, and behind one lock what changes.

use alloc::sync::{Arc, Weak};
use core::fmt;
use core::net::SocketAddr;
use core::ops::{Deref, DerefMut};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::account::{Account, check_accounts};
use crate::config::integration::Integration;
use crate::config::open_api_rules::OpenApiRules;
use crate::config::sandbox_config::{DisconnectAnswer, SandboxConfig, SignatureRules};
use crate::data::change_log::ChangeLog;
use crate::error::{ConfigError, StartError};
use crate::faults::fault::Fault;
use crate::secrets::access_token::SigningKey;
use crate::secrets::mask::without_tokens;
use crate::secrets::random_text::random_hex;
use crate::state::chat_book::ChatMessage;
use crate::state::contents::Contents;
use crate::state::counters::Counters;
use crate::state::explainer::Explainer;
use crate::state::journal::{JournalEntry, Verdict};
use crate::state::names::{Names, make_secrets};
use crate::state::open_api_book::OpenApiState;
use crate::state::platform_state::PlatformState;
use crate::state::snapshot::SandboxState;
use crate::state::wire_record::WireRecord;
use crate::tracked::Changes;
use crate::wire::own_links::Served;

/// How much of a target or a header value the journal keeps, in bytes.
const SHOWN_BYTES: usize = 2048;

/// A made-up Kommo: one integration, one chat channel, some accounts. Cheap to clone; clones are
/// the same platform.
///
/// [`app`](crate::app) makes a router of it that needs no socket; [`Sandbox`](crate::Sandbox) adds
/// one. `Debug` shows no secret.
#[derive(Clone)]
pub struct Platform {
    pub(super) shared: Arc<Shared>,
}

/// A platform that may be gone by now.
pub(crate) struct WeakPlatform(Weak<Shared>);

impl WeakPlatform {
    pub(crate) fn upgrade(&self) -> Option<Platform> {
        self.0.upgrade().map(|shared| Platform { shared })
    }
}

pub(super) struct Shared {
    /// With the secrets that the start made.
    pub(super) config: SandboxConfig,
    signing_key: SigningKey,
    release: watch::Sender<u64>,
    /// The clock was moved, or a hook was answered.
    moved: watch::Sender<u64>,
    signature_rules: SignatureRules,
    control_path: String,
    explainer: Option<Box<dyn Explainer>>,
    address: OnceLock<SocketAddr>,
    pub(super) state: Mutex<PlatformState>,
    /// Where changes are kept; after the state, whose last changes it still writes.
    pub(super) data: OnceLock<ChangeLog>,
}

/// The lock of what changes. What was changed is on its way to the data directory before another
/// can take the lock.
pub(crate) struct StateGuard<'a> {
    state: MutexGuard<'a, PlatformState>,
    data: Option<&'a ChangeLog>,
}

impl Deref for StateGuard<'_> {
    type Target = PlatformState;

    fn deref(&self) -> &PlatformState {
        &self.state
    }
}

impl DerefMut for StateGuard<'_> {
    fn deref_mut(&mut self) -> &mut PlatformState {
        &mut self.state
    }
}

impl Drop for StateGuard<'_> {
    fn drop(&mut self) {
        let Some(data) = self.data else {
            return self.state.take_changes(None);
        };
        let mut changes = Changes::default();
        self.state.take_changes(Some(&mut changes));
        data.add(&changes.into_bytes());
    }
}

impl Platform {
    /// A platform without a socket and without an explainer.
    ///
    /// # Errors
    ///
    /// [`StartError::Config`] for a wrong configuration, for example a `channel_id` of
    /// `"my-channel"`;
    /// [`StartError::Random`] if the operating system returns no random bytes.
    pub fn new(config: SandboxConfig) -> Result<Self, StartError> {
        Self::with_explainer(config, None)
    }

    /// A platform without a socket; the explainer is asked about refused requests.
    ///
    /// # Errors
    ///
    /// As [`Platform::new`].
    pub fn with_explainer(
        config: SandboxConfig,
        explainer: Option<Box<dyn Explainer>>,
    ) -> Result<Self, StartError> {
        Self::with_state(config, explainer, None)
    }

    /// With the state that a document says, if there is one.
    pub(super) fn with_state(
        mut config: SandboxConfig,
        explainer: Option<Box<dyn Explainer>>,
        contents: Option<Contents>,
    ) -> Result<Self, StartError> {
        config.check()?;
        make_secrets(&mut config)?;
        let contents = contents.unwrap_or_else(|| Contents::first(&config));
        let shared = Shared {
            signing_key: SigningKey::default(),
            release: watch::Sender::new(0),
            moved: watch::Sender::new(0),
            signature_rules: config.signature_rules(),
            control_path: format!("/_sandbox/{}", random_hex::<32>()?),
            explainer,
            address: OnceLock::new(),
            state: Mutex::new(PlatformState::new(&config, contents)?),
            data: OnceLock::new(),
            config,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Names, secrets, accounts and the time.
    #[must_use]
    pub fn state(&self) -> SandboxState {
        let state = self.lock();
        let names = &state.names;
        let integration = state.integrations.first();
        let own =
            |of: fn(&Integration) -> &String| integration.map(of).cloned().unwrap_or_default();
        SandboxState {
            client_id: own(|integration| &integration.client_id),
            client_secret: own(|integration| &integration.client_secret),
            redirect_uri: own(|integration| &integration.redirect_uri),
            channel_id: names.channel_id.clone(),
            channel_secret: names.channel_secret.clone(),
            channel_bot_id: names.channel_bot_id.clone(),
            appid: names.appid.clone(),
            app_secret: names.app_secret.clone(),
            accounts: state.accounts.to_vec(),
            connections: state.connections.to_vec(),
            now: state.clock.now(),
        }
    }

    /// Adds an account with one user. `host` is one label under a suffix of the platform, in lower
    /// case.
    ///
    /// # Errors
    ///
    /// - `"a.b.kommo.com"`: [`ConfigError::NotAccountHost`].
    /// - A host that another account has: [`ConfigError::Twice`].
    pub fn add_account(&self, host: impl Into<String>) -> Result<Account, ConfigError> {
        let mut state = self.lock();
        let number = (1..).find(|n| {
            let made_up = Account::made_up(*n, String::new());
            state
                .accounts
                .iter()
                .all(|other| other.id != made_up.id && other.amojo_id != made_up.amojo_id)
        });
        let account = Account::made_up(number.unwrap_or(u64::MAX - 20_000_000), host.into());
        let mut accounts = state.accounts.to_vec();
        accounts.push(account.clone());
        check_accounts(&accounts)?;
        state.accounts.set(accounts);
        Ok(account)
    }

    /// The virtual clock, in Unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.lock().clock.now()
    }

    /// Moves the virtual clock on, at most to the end of the year 9999. A clock that follows the
    /// wall keeps running.
    pub fn advance_seconds(&self, seconds: u64) {
        self.lock().clock.advance(seconds);
        self.tell_moved();
    }

    /// Sets the virtual clock, at most to the end of the year 9999, where it then stands still.
    pub fn set_unix(&self, unix: u64) {
        self.lock().clock.set(Clock::standing(unix));
        self.tell_moved();
    }

    /// Lets the virtual clock run with the wall clock.
    pub fn follow_wall_clock(&self) {
        self.lock().clock.set(Clock::following());
        self.tell_moved();
    }

    /// Orders a fault; those ordered before come first.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// Forgets every fault on order.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// The faults on order, with the times that are left.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.lock().faults.on_order().to_vec()
    }

    /// The latest requests, oldest first, at most 1000. A request is listed before its answer
    /// leaves.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.journal_after(0)
    }

    /// The latest requests with an id greater than `id`, oldest first.
    #[must_use]
    pub fn journal_after(&self, id: u64) -> Vec<JournalEntry> {
        self.lock().journal.after(id)
    }

    /// The counts since the start, and the grants that are lost now.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let state = self.lock();
        Counters {
            lost_grants: state.grants.lost(state.clock.now()),
            abandoned_grants: state.grants.abandoned(state.clock.now()),
            ..state.counters
        }
    }

    /// The path of the control API, with its token: `/_sandbox/` and 64 hex digits.
    ///
    /// # Security
    ///
    /// Who knows it knows the sandbox's secrets: `GET` it with `/state`.
    #[must_use]
    pub fn control_path(&self) -> &str {
        &self.shared.control_path
    }

    /// The lock of what changes. A panic of another holder does not matter: no change here is left
    /// half done.
    pub(crate) fn lock(&self) -> StateGuard<'_> {
        let state = self.shared.state.lock();
        StateGuard {
            state: state.unwrap_or_else(PoisonError::into_inner),
            data: self.shared.data.get(),
        }
    }

    /// Names and secrets as they are now. Not under the lock.
    pub(crate) fn names(&self) -> Arc<Names> {
        Arc::clone(&self.lock().names)
    }

    /// Keeps an entry of the journal with its request and answer, and counts it.
    pub(crate) fn write_down(&self, entry: JournalEntry, record: WireRecord) {
        let mut state = self.lock();
        state.counters.requests += 1;
        match entry.verdict {
            Verdict::Accepted => state.counters.accepted += 1,
            Verdict::Refused => state.counters.refused += 1,
            Verdict::Fault => state.counters.faults += 1,
        }
        state.journal.push(entry, record);
    }

    /// Waits until [`Platform::release`], for at most `cap` of real time.
    pub(crate) async fn hold(&self, cap: Duration) {
        let mut released = self.shared.release.subscribe();
        self.lock().held += 1;
        let _ = tokio::time::timeout(cap, released.changed()).await;
        self.lock().held -= 1;
    }

    /// The latest messages of the channel with a number greater than `number`, oldest first, at
    /// most 1000: those that came by `POST /v2/origin/custom/{scope_id}`, and those of managers.
    #[must_use]
    pub fn messages_after(&self, number: u64) -> Vec<ChatMessage> {
        self.lock().chats.after(number)
    }

    /// Wakes who waits for the clock or for the end of a hook.
    pub(crate) fn tell_moved(&self) {
        self.shared
            .moved
            .send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Changes whenever the clock was moved or a hook was answered; ends with the platform.
    pub(crate) fn moves(&self) -> watch::Receiver<u64> {
        self.shared.moved.subscribe()
    }

    /// Keeps nothing alive.
    pub(crate) fn downgrade(&self) -> WeakPlatform {
        WeakPlatform(Arc::downgrade(&self.shared))
    }

    /// Customers and chats of the Open API.
    #[must_use]
    pub fn open_api_state(&self) -> OpenApiState {
        self.lock().open_api.state()
    }

    /// An agent closes a ticket of the Open API; whether there is such a ticket. Agents cannot be
    /// added to it then.
    #[must_use]
    pub fn close_ticket(&self, chat_id: u64) -> bool {
        self.lock().open_api.close_ticket(chat_id)
    }

    /// Lets every request go that the fault `hold` holds back now.
    pub fn release(&self) {
        self.shared
            .release
            .send_modify(|times| *times = times.wrapping_add(1));
    }

    /// How many requests the fault `hold` holds back now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lock().held
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.shared.signing_key
    }

    pub(crate) fn open_api_rules(&self) -> &OpenApiRules {
        &self.shared.config.open_api
    }

    pub(crate) fn signature_rules(&self) -> SignatureRules {
        self.shared.signature_rules
    }

    pub(crate) fn disconnect_answer(&self) -> DisconnectAnswer {
        self.shared.config.disconnect_answer
    }

    pub(crate) fn explainer(&self) -> Option<&dyn Explainer> {
        self.shared.explainer.as_deref()
    }

    /// Where the socket is, if the platform has one.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.shared.address.get().copied()
    }

    /// Says where the socket is, once.
    pub(crate) fn bind(&self, served: Served) {
        self.shared.address.get_or_init(|| served.address);
        self.lock().served.get_or_insert(served);
    }

    /// What the links of answers go by.
    pub(crate) fn served(&self) -> Option<Served> {
        self.lock().served
    }

    /// `text` without any secret of this platform and without what looks like a token, wherever it
    /// came from. It must not be called under the lock. A configured secret of less than eight
    /// bytes is left alone: it would be found inside ordinary words.
    pub(crate) fn masked(&self, text: &str) -> String {
        let token = self
            .shared
            .control_path
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let state = self.lock();
        let mut secrets = vec![
            state.names.channel_secret.clone(),
            state.names.app_secret.clone(),
            token.to_owned(),
        ];
        secrets.extend(self.shared.config.client_secret.clone());
        for integration in state.integrations.iter() {
            secrets.push(integration.client_secret.clone());
            secrets.extend(integration.previous_secret.clone());
        }
        drop(state);
        secrets.sort_unstable();
        secrets.dedup();
        let shown = secrets
            .iter()
            .filter(|secret| secret.len() >= 8)
            .fold(text.to_owned(), |text, secret| {
                text.replace(secret.as_str(), "(secret)")
            });
        without_tokens(&shown)
    }

    /// `text` as the journal shows it: masked first, then cut, so that no secret is cut in two and
    /// slips through.
    pub(crate) fn shown(&self, text: &str) -> String {
        let mut text = self.masked(text);
        if text.len() > SHOWN_BYTES {
            let end = (0..=SHOWN_BYTES)
                .rev()
                .find(|end| text.is_char_boundary(*end))
                .unwrap_or(0);
            text.truncate(end);
            text.push('…');
        }
        text
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("channel_id", &self.shared.config.channel_id)
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}
