//! The routes' common ground: who we are, what was set, and what is under way.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderValue};
use kommo_account::{ClientId, Endpoints, Platform};
use kommo_keeper::{Clock as _, CodeStore, Keeper};
use kommo_oauth::UnixSeconds;
use kommo_oauth::consent::{ButtonBrand, ConsentButton, ConsentFor, ConsentMode, ConsentUrl};
use kommo_oauth::integration::{ClientSecret, ClientSecrets, Credentials, NewIntegration, PageUri};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::application::callbacks::Application;
use crate::application::proof_log::ProofNotes;
use crate::application::secret_sink::AnySink;
use crate::browser::browser_context::StartFrom;
use crate::consent::attempt::Attempt;
use crate::consent::sealed_attempt::{AttemptSealer, LiveAttempt};
use crate::consent::state_key::StateKey;
use crate::consent::used_states::UsedStates;
use crate::cookies::cookie_kind::CookieKind;
use crate::exchange::code_gate::CodeGate;
use crate::exchange::exchange_room::ExchangeRoom;
use crate::exchange::look_up_room::LookUpRoom;
use crate::exchange::made_keepers::MadeKeepers;
use crate::exchange::owner_room::OwnerRoom;
use crate::pages::page::PagePolicies;
use crate::pages::refusal::Refusal;
use crate::result::sealed_result::ResultSealer;
use crate::result::used_attempts::UsedAttempts;
use crate::settings::local_path::LocalPath;
use crate::settings::route_paths::RoutePaths;
use crate::setup::route_counts::RouteCounts;

/// Where install hooks are taken.
///
/// # Security
///
/// They are unsigned: anyone who knows the address can send them, with any code and for any
/// account. Turn them on only if the integration has a widget and its installation alone connects
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallHooks {
    /// They are refused.
    #[default]
    Off,
    /// At the Redirect URI, where the platform sends them: a request with `from_widget` and without
    /// `state` is handled without a session. Its code is never bound to the browser that brought
    /// it.
    Callback,
    /// At a path of their own, for a proxy that separates them from the browsers. At the Redirect
    /// URI `from_widget` is refused.
    OwnPath,
}

/// How it is known that a call came over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsProof {
    /// The program itself listens, with TLS only.
    OwnListener,
    /// A proxy in front of the program sets `X-Forwarded-Proto`, and drops what came under that
    /// name from outside. Only `https` passes.
    ForwardedProto,
}

/// What a browser is given in order to begin.
#[derive(Clone)]
#[non_exhaustive]
pub struct ConsentStart {
    /// The address of the consent page, or the HTML of the button. The state is in it: for this
    /// browser alone, and for no log.
    pub text: String,
    /// `Set-Cookie` headers that must go to the same browser.
    pub set_cookies: Vec<HeaderValue>,
}

impl fmt::Debug for ConsentStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentStart")
            .field("set_cookies", &self.set_cookies.len())
            .finish_non_exhaustive()
    }
}

pub(crate) type KeeperOf<S> = dyn Fn(ClientId, ClientSecret) -> Pin<Box<dyn Future<Output = Option<Keeper<S>>> + Send>>
    + Send
    + Sync;

/// Integrations made on the fly: their data, where their secrets are stored, and who keeps their
/// grants.
pub(crate) struct OnTheFly<S> {
    pub(crate) integration: NewIntegration,
    pub(crate) sink: Arc<dyn AnySink>,
    pub(crate) tls: TlsProof,
    pub(crate) keeper_of: Arc<KeeperOf<S>>,
    pub(crate) keepers: MadeKeepers<S>,
}

impl<S: CodeStore> OnTheFly<S> {
    /// The keeper of an integration with this secret, built if it is not kept. To be asked for what
    /// was proven.
    pub(crate) async fn keeper(
        &self,
        client_id: ClientId,
        secret: &ClientSecret,
    ) -> Option<Keeper<S>> {
        if let Some(made) = self.keepers.get(client_id, secret) {
            return Some(made);
        }
        let keeper = (self.keeper_of)(client_id, secret.clone()).await?;
        let ours = keeper
            .credentials()
            .map(|credentials| credentials.client_id);
        if ours != Some(client_id) {
            tracing::error!(%client_id, "the application returned the keeper of another integration");
            return None;
        }
        Some(self.keepers.keep(client_id, secret, keeper))
    }
}

/// What was set once.
pub(crate) struct Settings<S> {
    pub(crate) platform: Platform,
    pub(crate) application: Application,
    pub(crate) success_path: Option<LocalPath>,
    pub(crate) page: PageUri,
    pub(crate) page_origin: String,
    pub(crate) start_address: LocalPath,
    pub(crate) result_address: LocalPath,
    pub(crate) script_mode: ConsentMode,
    pub(crate) exchange_wait: Duration,
    pub(crate) start_from: StartFrom,
    pub(crate) install_hooks: InstallHooks,
    pub(crate) hooks_a_minute: u32,
    pub(crate) unbound_consents_a_minute: u32,
    pub(crate) on_the_fly: Option<OnTheFly<S>>,
    pub(crate) proof_notes: Option<Arc<ProofNotes>>,
    pub(crate) paths: RoutePaths,
    pub(crate) has_metrics: bool,
}

pub(crate) struct Inner<S> {
    pub(crate) keeper: Keeper<S>,
    built_with: Credentials,
    pub(crate) settings: Settings<S>,
    pub(crate) sealer: AttemptSealer,
    pub(crate) result_sealer: ResultSealer,
    pub(crate) cookies: CookieKind,
    pub(crate) used: UsedAttempts,
    pub(crate) used_for_secrets: UsedStates,
    pub(crate) owner_room: OwnerRoom,
    pub(crate) exchange_room: ExchangeRoom,
    pub(crate) counts: RouteCounts,
    pub(crate) policies: PagePolicies,
    pub(crate) hook_gate: CodeGate,
    /// For consents that are bound to no session of the application.
    pub(crate) consent_gate: CodeGate,
    /// Look-ups for such consents, for disconnect hooks that are not proven, and for those that a
    /// kept keeper's secret proves: a flood of one kind leaves the others alone.
    pub(crate) consent_look_ups: LookUpRoom,
    pub(crate) disconnect_look_ups: LookUpRoom,
    pub(crate) kept_look_ups: LookUpRoom,
    /// Room for install hooks under way, and for proven disconnect hooks: strangers fill the first
    /// alone.
    pub(crate) install_room: Arc<Semaphore>,
    pub(crate) disconnect_room: Arc<Semaphore>,
    /// When the store was last asked for its health, and what the answer was.
    pub(crate) last_health: tokio::sync::Mutex<Option<(Instant, StatusCode, &'static str)>>,
}

/// The consent of an integration: makes the [`router`](Self::router), the button and the addresses.
/// Cheap to clone; clones are the same.
pub struct Connect<S> {
    pub(crate) inner: Arc<Inner<S>>,
}

impl<S: CodeStore> Inner<S> {
    /// The credentials in use. A keeper that had some when the routes were built has some still.
    pub(crate) fn credentials(&self) -> Credentials {
        let current = self.keeper.credentials();
        current.unwrap_or_else(|| self.built_with.clone())
    }

    pub(crate) fn endpoints(&self) -> Endpoints {
        self.keeper.settings().endpoints
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        self.keeper.clock().now()
    }
}

/// The most hooks of one kind under way at once; more are turned away.
const HOOKS_MAX: usize = 256;

/// How long the secret is looked up that a disconnect hook is to be proven with.
const SECRET_WITHIN: Duration = Duration::from_secs(2);

impl<S: CodeStore> Connect<S> {
    pub(crate) fn from_parts(
        (keeper, credentials): (Keeper<S>, Credentials),
        key: &StateKey,
        settings: Settings<S>,
    ) -> Self {
        let realm = keeper.settings().endpoints.realm();
        let redirect_uri = credentials.redirect_uri.as_str();
        let now = keeper.clock().now();
        Self {
            inner: Arc::new(Inner {
                sealer: AttemptSealer::new(key, realm, redirect_uri),
                result_sealer: ResultSealer::new(key, realm, redirect_uri),
                cookies: CookieKind::of(redirect_uri),
                exchange_room: ExchangeRoom::new(
                    CodeGate::pace(settings.unbound_consents_a_minute),
                    CodeGate::pace(settings.hooks_a_minute),
                ),
                hook_gate: CodeGate::of_hooks(settings.hooks_a_minute, now),
                consent_gate: CodeGate::of_consents(settings.unbound_consents_a_minute, now),
                consent_look_ups: LookUpRoom::new(settings.exchange_wait),
                disconnect_look_ups: LookUpRoom::new(SECRET_WITHIN),
                kept_look_ups: LookUpRoom::new(SECRET_WITHIN),
                keeper,
                built_with: credentials,
                settings,
                used: UsedAttempts::default(),
                used_for_secrets: UsedStates::default(),
                counts: RouteCounts::default(),
                policies: PagePolicies::new(),
                owner_room: OwnerRoom::default(),
                install_room: Arc::new(Semaphore::new(HOOKS_MAX)),
                disconnect_room: Arc::new(Semaphore::new(HOOKS_MAX)),
                last_health: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Begins a consent for the browser that these headers come from; returns the address of the
    /// consent page. For applications that send users there themselves; the route `start` does the
    /// same.
    ///
    /// Unlike that route it does not look at where the request comes from, and asks the application
    /// for no session: an attempt that is to be bound to one says so with [`Attempt::bound_to`].
    ///
    /// # Errors
    ///
    /// [`Refusal::NoRandomness`].
    pub fn begin(
        &self,
        headers: &HeaderMap,
        attempt: &Attempt,
        mode: ConsentMode,
    ) -> Result<ConsentStart, Refusal> {
        let (live, set_cookies) = self.new_attempt(headers, attempt, mode)?;
        let credentials = self.inner.credentials();
        let settings = &self.inner.settings;
        let url = ConsentUrl::new(
            settings.platform,
            self.consent_for(&credentials.client_id),
            &live.state,
            live.mode,
        )
        .opened_by(&settings.page);
        Ok(ConsentStart {
            text: url.expose_text(&self.inner.endpoints()),
            set_cookies,
        })
    }

    /// Begins a consent for the platform's own button; returns its HTML. `shape` adds title, colour
    /// and so on, and may choose another brand's looks. The page must not be cached.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoRandomness`].
    pub fn button(
        &self,
        headers: &HeaderMap,
        attempt: &Attempt,
        mode: ConsentMode,
        shape: impl for<'a> FnOnce(ConsentButton<'a>) -> ConsentButton<'a>,
    ) -> Result<ConsentStart, Refusal> {
        let (live, set_cookies) = self.new_attempt(headers, attempt, mode)?;
        let credentials = self.inner.credentials();
        let brand = ButtonBrand::of(self.inner.settings.platform);
        let integration = self.consent_for(&credentials.client_id);
        let button = shape(ConsentButton::new(
            brand,
            integration,
            &live.state,
            live.mode,
        ));
        Ok(ConsentStart {
            text: button.expose_html(&self.inner.endpoints()),
            set_cookies,
        })
    }

    /// Exchanges codes that wait in the store: from before a restart, or after a failure that has
    /// passed. Call it when the program starts and every minute or so; it returns at once and needs
    /// a Tokio runtime. Of integrations made on the fly, those whose keepers are kept here are
    /// looked after too; for the others call `exchange_codes` of a keeper of theirs.
    pub fn exchange_waiting(&self) {
        let inner = &self.inner;
        let made = inner.settings.on_the_fly.as_ref();
        for keeper in made.map(|made| made.keepers.all()).unwrap_or_default() {
            inner.exchange_room.exchange_waiting(keeper);
        }
        inner.exchange_room.exchange_waiting(inner.keeper.clone());
    }

    fn new_attempt(
        &self,
        headers: &HeaderMap,
        attempt: &Attempt,
        mode: ConsentMode,
    ) -> Result<(LiveAttempt, Vec<HeaderValue>), Refusal> {
        let inner = &self.inner;
        let now = inner.now();
        let mode = attempt.mode().unwrap_or(mode);
        let live = inner.sealer.begin(attempt, mode, now);
        let live = live.ok_or(Refusal::NoRandomness)?;
        let set_cookies = inner
            .cookies
            .set_attempt(&inner.sealer, &live, headers, now);
        Ok((live, set_cookies))
    }

    fn consent_for<'a>(&'a self, client_id: &'a ClientId) -> ConsentFor<'a> {
        match &self.inner.settings.on_the_fly {
            Some(on_the_fly) => ConsentFor::New(&on_the_fly.integration),
            None => ConsentFor::Client(client_id),
        }
    }

    /// The secrets that a disconnect hook may be signed with.
    pub(crate) fn client_secrets(&self) -> ClientSecrets {
        match &self.inner.settings.application.client_secrets {
            Some(secrets) => secrets(),
            None => ClientSecrets::new(self.inner.credentials().client_secret),
        }
    }
}

impl<S> Clone for Connect<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S> fmt::Debug for Connect<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct("Connect")
            .field("platform", &settings.platform)
            .field("application", &settings.application)
            .field("install_hooks", &settings.install_hooks)
            .field("paths", &settings.paths)
            .finish_non_exhaustive()
    }
}
