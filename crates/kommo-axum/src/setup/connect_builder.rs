//! Sets up the routes.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::time::Duration;

use axum::http::request::Parts;
use axum::response::Response;
use kommo_account::{ClientId, Platform};
use kommo_oauth::consent::ConsentMode;
use kommo_oauth::integration::{ClientSecret, ClientSecrets, NewIntegration, PageUri, RedirectUri};

use crate::application::callbacks::{Application, Connected};
use crate::application::proof_log::{ProofLog, ProofNotes};
use crate::application::redirect_to::RedirectTo;
use crate::application::secret_sink::SecretSink;
use crate::browser::browser_context::StartFrom;
use crate::browser::browser_origin::browser_origin;
use crate::consent::attempt::Attempt;
use crate::consent::state_key::StateKey;
use crate::exchange::code_gate::{HOOKS_A_MINUTE, UNBOUND_CONSENTS_A_MINUTE};
use crate::exchange::made_keepers::{KEEPERS_KEPT, MadeKeepers};
use crate::settings::connect_error::ConnectError;
use crate::settings::local_path::LocalPath;
use crate::settings::route_paths::RoutePaths;
use crate::setup::connect::{Connect, InstallHooks, OnTheFly, Settings, TlsProof};
use kommo_keeper::{CodeStore, Keeper};

const EXCHANGE_WAIT: Duration = Duration::from_secs(10);
const EXCHANGE_WAIT_MAX: Duration = Duration::from_secs(60);

/// Sets up a [`Connect`].
pub struct ConnectBuilder<S> {
    keeper: Keeper<S>,
    key: StateKey,
    platform: Platform,
    application: Application,
    success_path: Option<LocalPath>,
    page: Option<PageUri>,
    script_mode: ConsentMode,
    exchange_wait: Duration,
    start_from: StartFrom,
    install_hooks: InstallHooks,
    hooks_a_minute: u32,
    unbound_consents_a_minute: u32,
    on_the_fly: Option<OnTheFly<S>>,
    keepers_kept: usize,
    sink_encrypts: bool,
    proof_notes: Option<Arc<ProofNotes>>,
    paths: RoutePaths,
    has_metrics: bool,
}

impl<S: CodeStore> Connect<S> {
    /// Begins to set up the consent of an integration of this platform, with the keeper of its
    /// grants and the key for states.
    #[must_use]
    pub fn builder(keeper: Keeper<S>, platform: Platform, key: StateKey) -> ConnectBuilder<S> {
        ConnectBuilder {
            keeper,
            key,
            platform,
            application: Application::default(),
            success_path: None,
            page: None,
            script_mode: ConsentMode::Popup,
            exchange_wait: EXCHANGE_WAIT,
            start_from: StartFrom::default(),
            install_hooks: InstallHooks::default(),
            hooks_a_minute: HOOKS_A_MINUTE,
            unbound_consents_a_minute: UNBOUND_CONSENTS_A_MINUTE,
            on_the_fly: None,
            keepers_kept: KEEPERS_KEPT,
            sink_encrypts: true,
            proof_notes: None,
            paths: RoutePaths::default(),
            has_metrics: false,
        }
    }
}

impl<S: CodeStore> ConnectBuilder<S> {
    /// Asks the application before a consent begins, since it knows the user. `Ok`: what the
    /// attempt carries and expects. `Err`: the application's answer, for example a redirect to its
    /// login. It sees the request without its query and without the cookies of attempts.
    #[must_use]
    pub fn on_start<F, R>(mut self, function: F) -> Self
    where
        F: Fn(Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Attempt, Response>> + Send + 'static,
    {
        self.application.set_on_start(function);
        self
    }

    /// Binds each attempt to the application's session: the function names the session of a
    /// request, for example by the user's number. It is asked at the start (unless the attempt [is
    /// bound](Attempt::bound_to) already) and when the browser comes back. If the two differ, one
    /// of them being none included, nothing is exchanged. Default: attempts are bound to the
    /// browser alone.
    ///
    /// The request that comes back is a navigation from the platform, which has no cookie with
    /// `SameSite=Strict`: what names the session must be in one with `Lax`.
    #[must_use]
    pub fn session_of<F, R>(mut self, function: F) -> Self
    where
        F: Fn(Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Option<String>> + Send + 'static,
    {
        self.application.set_session_of(function);
        self
    }

    /// Informs the application of a grant while the browser waits, with that browser's request
    /// (without its query, which has the code, and without the cookies of attempts). `Some`: where
    /// the browser goes instead of our page or the success path; in the mode `post_message` that is
    /// the opened window, and the opener is not informed. It is not called for an account that was
    /// not expected, nor for install hooks.
    ///
    /// If this process dies, or the exchange takes longer than the browser waits, it is never
    /// called: bind grants in the keeper's `on_grant`, by what the attempt carried, and use this
    /// for the answer.
    #[must_use]
    pub fn on_connected<F, R>(mut self, function: F) -> Self
    where
        F: Fn(Connected, Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Option<RedirectTo>> + Send + 'static,
    {
        self.application.set_on_connected(function);
        self
    }

    /// Where the browser goes after a success, and where the pages lead. Default: a page that says
    /// so.
    #[must_use]
    pub fn success_path(mut self, path: LocalPath) -> Self {
        self.success_path = Some(path);
        self
    }

    /// The page that opens the consent window, if it has another origin than the Redirect URI. Only
    /// its origin is used: the one that the callback page's message is for.
    #[must_use]
    pub fn opened_by(mut self, page: PageUri) -> Self {
        self.page = Some(page);
        self
    }

    /// The mode that the script opens windows in, unless a link says otherwise. Default: popup.
    /// Without the script the mode is always `post_message`, which needs none.
    #[must_use]
    pub const fn script_mode(mut self, mode: ConsentMode) -> Self {
        self.script_mode = mode;
        self
    }

    /// How long a browser waits for the exchange: more than zero, at most a minute. Default: 10
    /// seconds. Then its page says that the connection is almost made; the exchange continues.
    #[must_use]
    pub const fn exchange_wait(mut self, wait: Duration) -> Self {
        self.exchange_wait = wait;
        self
    }

    /// From where the route `start` begins a consent. Default: from the same site alone.
    #[must_use]
    pub const fn start_from(mut self, from: StartFrom) -> Self {
        self.start_from = from;
        self
    }

    /// Where install hooks are taken. Default: nowhere.
    #[must_use]
    pub const fn install_hooks(mut self, at: InstallHooks) -> Self {
        self.install_hooks = at;
        self
    }

    /// How many install hooks are taken in a minute, after a rest ten minutes' worth at once, and
    /// of one account five. Others are answered 503, and the platform sends none again. Their codes
    /// are exchanged at the same rate, two requests each, so it is part of what the platform allows
    /// the program. Default: 20.
    #[must_use]
    pub const fn install_hooks_a_minute(mut self, hooks: u32) -> Self {
        self.hooks_a_minute = hooks;
        self
    }

    /// How many consents are taken in a minute that are bound to no session of the application:
    /// any program can begin and finish one, with any code and for any account. After a rest ten
    /// minutes' worth is taken at once, and of one account sixteen. Others get a page that asks the
    /// user to try again. Their codes are exchanged at the same rate, eight at once after a rest; a
    /// browser that waits too long gets the page that says so. Default: 20. None with 0.
    ///
    /// Consents that are bound to a session ([`session_of`](Self::session_of),
    /// [`Attempt::bound_to`]) are not limited, and wait for none of these.
    #[must_use]
    pub const fn unbound_consents_a_minute(mut self, consents: u32) -> Self {
        self.unbound_consents_a_minute = consents;
        self
    }

    /// The secrets that a disconnect hook is checked with, asked for at each hook. Default: the one
    /// of the keeper's credentials. Needed while a secret changes, so that the one before it counts
    /// for a while.
    #[must_use]
    pub fn client_secrets(
        mut self,
        secrets: impl Fn() -> ClientSecrets + Send + Sync + 'static,
    ) -> Self {
        self.application.client_secrets = Some(Arc::new(secrets));
        self
    }

    /// Has the consent page make an integration in each customer's account, and takes its secrets
    /// at `secrets_uri`. `keeper_of` builds the keeper of an integration with its id and its
    /// secret, which the sink has kept. It is asked when a code came back for an attempt of ours,
    /// or a disconnect hook was proven; what it built is kept: see
    /// [`keepers_kept`](Self::keepers_kept). The keeper of the builder is not asked for grants
    /// then.
    ///
    /// # Security
    ///
    /// The call is unsigned and has a secret in it. It is taken over TLS alone, for a state of ours
    /// that lives, once, and for no integration with the id of the builder's keeper. Whoever may
    /// begin a consent can have a row kept: begin them for users that are signed in, and say who it
    /// is, by what the attempt carries or by its session; then each of them brings ten in twenty
    /// minutes at most.
    #[must_use]
    pub fn on_the_fly<F, R>(
        mut self,
        integration: NewIntegration,
        sink: impl SecretSink,
        tls: TlsProof,
        keeper_of: F,
    ) -> Self
    where
        F: Fn(ClientId, ClientSecret) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Keeper<S>>> + Send + 'static,
    {
        self.sink_encrypts = sink.encrypts();
        self.on_the_fly = Some(OnTheFly {
            integration,
            sink: Arc::new(sink),
            tls,
            keeper_of: Arc::new(move |client_id, secret| Box::pin(keeper_of(client_id, secret))),
            keepers: MadeKeepers::new(KEEPERS_KEPT),
        });
        self
    }

    /// How many keepers of integrations made on the fly are kept for the next time; the longest
    /// unused is removed first. One at least. Default: 256.
    #[must_use]
    pub const fn keepers_kept(mut self, keepers: usize) -> Self {
        self.keepers_kept = keepers;
        self
    }

    /// Notes which client secret proved a disconnect hook, at most once in a minute for each: while
    /// a secret changes, it says when the old one is needed no more. The answer does not wait for
    /// it. Default: it is not recorded.
    #[must_use]
    pub fn proof_log(mut self, log: impl ProofLog) -> Self {
        self.proof_notes = Some(Arc::new(ProofNotes::new(log)));
        self
    }

    /// Other paths than the usual ones. The Redirect URI must end with that of `callback`; what is
    /// before it is where browsers find the other routes.
    #[must_use]
    pub fn paths(mut self, paths: RoutePaths) -> Self {
        self.paths = paths;
        self
    }

    /// With the route for metrics. Anyone who can reach it can read the counts.
    #[must_use]
    pub const fn metrics(mut self) -> Self {
        self.has_metrics = true;
        self
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// - a keeper without credentials: [`ConnectError::NoCredentials`].
    /// - a sink that does not encrypt: [`ConnectError::SinkDoesNotEncrypt`].
    /// - an integration with another Redirect URI than the credentials:
    ///   [`ConnectError::RedirectUriDiffers`].
    /// - `"start"`, `"/{id}"`, two routes of one path: [`ConnectError::Path`],
    ///   [`ConnectError::PathTwice`].
    /// - a Redirect URI that does not end with the path of the callback:
    ///   [`ConnectError::RedirectUriElsewhere`].
    /// - no time, or 61 seconds, to wait: [`ConnectError::ExchangeWait`].
    pub fn build(self) -> Result<Connect<S>, ConnectError> {
        if !self.sink_encrypts {
            return Err(ConnectError::SinkDoesNotEncrypt);
        }
        let credentials = self.keeper.credentials();
        let credentials = credentials.ok_or(ConnectError::NoCredentials)?;
        let redirect_uri = credentials.redirect_uri.clone();
        let differs =
            |on_the_fly: &OnTheFly<S>| *on_the_fly.integration.redirect_uri() != redirect_uri;
        if self.on_the_fly.as_ref().is_some_and(differs) {
            return Err(ConnectError::RedirectUriDiffers);
        }
        if self.exchange_wait.is_zero() || self.exchange_wait > EXCHANGE_WAIT_MAX {
            return Err(ConnectError::ExchangeWait);
        }
        self.paths.check()?;
        let address_of = |path: &str| {
            let address = own_address(&redirect_uri, &self.paths.callback, path);
            address.ok_or(ConnectError::RedirectUriElsewhere)
        };
        let start_address = address_of(&self.paths.start)?;
        let result_address = address_of(&self.paths.result)?;
        let opener = self
            .page
            .as_ref()
            .map_or(redirect_uri.origin(), PageUri::origin);
        let page_origin = browser_origin(opener);
        let page = PageUri::parse(page_origin.as_str()).map_err(|_| ConnectError::PageOrigin)?;
        let settings = Settings {
            platform: self.platform,
            application: self.application,
            success_path: self.success_path,
            page,
            page_origin,
            start_address,
            result_address,
            script_mode: self.script_mode,
            exchange_wait: self.exchange_wait,
            start_from: self.start_from,
            install_hooks: self.install_hooks,
            hooks_a_minute: self.hooks_a_minute,
            unbound_consents_a_minute: self.unbound_consents_a_minute,
            on_the_fly: self.on_the_fly.map(|on_the_fly| OnTheFly {
                keepers: MadeKeepers::new(self.keepers_kept),
                ..on_the_fly
            }),
            proof_notes: self.proof_notes,
            paths: self.paths,
            has_metrics: self.has_metrics,
        };
        let parts = (self.keeper, credentials);
        Ok(Connect::from_parts(parts, &self.key, settings))
    }
}

/// Where a browser finds one of the routes: beside the callback. `None` if the Redirect URI does
/// not lead to that, or to another host after all.
fn own_address(redirect_uri: &RedirectUri, callback: &str, path: &str) -> Option<LocalPath> {
    let rest = redirect_uri.as_str().strip_prefix(redirect_uri.origin())?;
    let whole = rest.split_once('?').map_or(rest, |(path, _)| path);
    let prefix = whole.strip_suffix(callback)?;
    LocalPath::parse(format!("{prefix}{path}")).ok()
}

impl<S> fmt::Debug for ConnectBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectBuilder")
            .field("platform", &self.platform)
            .field("application", &self.application)
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}
