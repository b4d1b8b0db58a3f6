//! Calls of a widget out of a user's browser: a one-time token, and CORS for pages of accounts
//! alone.
//!
//! Source: rules J1 and J3 to J9 of `docs/protocol.md`.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse as _;
use kommo_account::AccountHost;
use kommo_hooks::{
    HookKind, OneTimeUse, Refusal, ReplayMemory, Verified, WidgetToken, WidgetTokenVerifier,
};

use crate::hooks::account_gate::AccountGate;
use crate::hooks::hook_receiver::{Arrival, Door, HookReceiver, Kind, RequestHead, Taken};
use crate::hooks::hook_refused::HookRefused;
use crate::routes::guarded_answer::empty;
use crate::setup::route_counts::Family;

const TOKEN: &str = "x-auth-token";

/// Used tokens of all accounts, and of one. A token lasts half an hour.
const USED_TOKENS: usize = 65_536;
const USED_TOKENS_OF_ONE_ACCOUNT: usize = 2_048;

/// What a page of an account may send.
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "X-Auth-Token, Content-Type, X-Requested-With";
/// How long a browser may remember the answer to a preflight, in seconds.
const PREFLIGHT_SECONDS: &str = "600";

/// Lets calls of a widget (`$authorizedAjax`) through to your own routes: with a one-time token in
/// `X-Auth-Token` that is proven and was not used before, out of a page of the account that the
/// token names. Answers preflights. Clones share verifier, memory and counters.
///
/// A call without the header `Origin` comes from no page of another site; its token alone counts.
/// The memory of used tokens is that of this process: with several, send an account to one, or
/// remember tokens in a table of yours.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::post};
/// use kommo_axum::{WidgetCaller, WidgetCalls};
///
/// fn routes(calls: &WidgetCalls) -> Router {
///     let greet = post(async |caller: WidgetCaller| {
///         format!("user {} of {}", caller.token.get().user_id, caller.token.get().account_host)
///     });
///     calls.protect(Router::new().route("/greet", greet))
/// }
/// ```
#[derive(Clone)]
pub struct WidgetCalls {
    receiver: HookReceiver<WidgetTokenVerifier>,
    used: Option<Arc<Mutex<ReplayMemory>>>,
}

impl WidgetCalls {
    /// Calls whose tokens this verifier proves.
    #[must_use]
    pub fn new(verifier: WidgetTokenVerifier) -> Self {
        let used = ReplayMemory::new(USED_TOKENS).of_one_account(USED_TOKENS_OF_ONE_ACCOUNT);
        Self {
            receiver: HookReceiver::with(verifier, WidgetTokenVerifier::KIND),
            used: Some(Arc::new(Mutex::new(used))),
        }
    }

    /// Remembers used tokens here: at most 65,536, and 2,048 of one account, without this. Calls
    /// that find it full are answered 503.
    #[must_use]
    pub fn remember_in(mut self, memory: ReplayMemory) -> Self {
        self.used = Some(Arc::new(Mutex::new(memory)));
        self
    }

    /// Admits a token more than once, while it is valid: for a widget that keeps one.
    #[must_use]
    pub fn admit_repeats(mut self) -> Self {
        self.used = None;
        self
    }

    /// Reads bodies of at most this many bytes; larger ones are answered 413. Default: 256 KiB.
    #[must_use]
    pub fn body_max_bytes(mut self, bytes: usize) -> Self {
        self.receiver = self.receiver.body_max_bytes(bytes);
        self
    }

    /// Waits for a body at most this long; then the answer is 408. Default: 10 seconds.
    #[must_use]
    pub fn body_within(mut self, within: Duration) -> Self {
        self.receiver = self.receiver.body_within(within);
        self
    }

    /// Puts another verifier in the place of the one before, for all clones.
    pub fn set_verifier(&self, verifier: WidgetTokenVerifier) {
        self.receiver.set_verifier(verifier);
    }

    /// How many calls were taken and refused, by code, as text for Prometheus.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.receiver.metrics()
    }

    /// These routes, for such calls alone. A handler of theirs may take [`WidgetCaller`].
    pub fn protect<S: Clone + Send + Sync + 'static>(&self, routes: Router<S>) -> Router<S> {
        routes.layer(from_fn_with_state(self.clone(), guard))
    }

    async fn pass(
        &self,
        request: Request,
        page: Option<&Page>,
        next: Next,
    ) -> Result<Response<Body>, HookRefused> {
        let take = async |_: &WidgetTokenVerifier, arrival: Arrival<Verified<WidgetToken>>| {
            let (token, now) = (arrival.found, arrival.head.now);
            let host = token.get().account_host;
            if page.is_some_and(|page| page.host != host) {
                return Err(HookRefused::ForeignOrigin);
            }
            self.use_once(&token, now)?;
            let mut request = Request::from_parts(arrival.head.parts, Body::from(arrival.body));
            request.extensions_mut().insert(WidgetCaller { token });
            Ok(Taken {
                value: request,
                event: "widget-call",
            })
        };
        let request = self.receiver.receive(request, take).await?;
        Ok(next.run(request).await)
    }

    fn use_once(&self, token: &Verified<WidgetToken>, now: u64) -> Result<(), HookRefused> {
        let Some(used) = &self.used else {
            return Ok(());
        };
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        match used.take(token, now) {
            OneTimeUse::First => Ok(()),
            OneTimeUse::Replayed => Err(HookRefused::Replayed),
            _ => Err(HookRefused::TooMany),
        }
    }
}

impl Door for WidgetTokenVerifier {
    const KIND: Kind = Kind {
        name: "a call of a widget",
        family: Family::WidgetCalls,
        body_max_bytes: HookKind::WidgetToken.body_max_bytes(),
        body_within: Duration::from_secs(10),
    };
    type Head = Verified<WidgetToken>;

    fn check(
        &self,
        head: &RequestHead,
        _: &Arc<AccountGate>,
    ) -> Result<Verified<WidgetToken>, HookRefused> {
        let token = head.signature(TOKEN);
        Ok(self.verify(token.text()?, head.now)?)
    }
}

/// The page that a call comes from: of an account.
struct Page {
    host: AccountHost,
    origin: HeaderValue,
}

impl Page {
    /// `None`: the call names no page.
    fn of(headers: &HeaderMap) -> Result<Option<Self>, HookRefused> {
        let mut values = headers.get_all(ORIGIN).iter();
        let origin = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(origin), None) => origin,
            (Some(_), Some(_)) => return Err(HookRefused::ForeignOrigin),
        };
        let text = origin.to_str().ok();
        let host = text.and_then(|text| {
            let written = text.strip_prefix("https://")?;
            // `parse` normalises; a browser has done so already.
            let host = AccountHost::parse(written).ok()?;
            (host.as_str() == written).then_some(host)
        });
        let host = host.ok_or(HookRefused::ForeignOrigin)?;
        let origin = origin.clone();
        Ok(Some(Self { host, origin }))
    }
}

async fn guard(State(calls): State<WidgetCalls>, request: Request, next: Next) -> Response<Body> {
    let refused = |refused: HookRefused| {
        calls.receiver.refuse(&refused);
        refused.into_response()
    };
    let page = match Page::of(request.headers()) {
        Ok(page) => page,
        Err(foreign) => return refused(foreign),
    };
    let asks = request
        .headers()
        .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() == Method::OPTIONS && asks {
        return match page {
            Some(page) => readable_by(&page, preflight()),
            None => refused(HookRefused::ForeignOrigin),
        };
    }
    let answer = calls.pass(request, page.as_ref(), next).await;
    let answer = answer.unwrap_or_else(|refused| refused.into_response());
    match page {
        Some(page) => readable_by(&page, answer),
        None => answer,
    }
}

fn preflight() -> Response<Body> {
    let mut answer = empty(StatusCode::NO_CONTENT);
    let headers = answer.headers_mut();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// Lets this page read the answer, and no other. Cookies are not allowed along.
fn readable_by(page: &Page, mut answer: Response<Body>) -> Response<Body> {
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page.origin.clone());
    headers.append(VARY, HeaderValue::from_static("Origin"));
    answer
}

/// Who calls, as an argument of a handler behind [`WidgetCalls::protect`]; elsewhere the request is
/// refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WidgetCaller {
    /// The account and the user, as the platform proved them.
    pub token: Verified<WidgetToken>,
}

impl<S: Send + Sync> FromRequestParts<S> for WidgetCaller {
    type Rejection = HookRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HookRefused> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or(HookRefused::Refused(Refusal::SignatureMissing))
    }
}

impl fmt::Debug for WidgetCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WidgetCalls")
            .field("receiver", &self.receiver)
            .field("admits_repeats", &self.used.is_none())
            .finish_non_exhaustive()
    }
}
