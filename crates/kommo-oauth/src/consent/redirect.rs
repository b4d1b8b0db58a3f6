//! The redirect back to us: a browser that comes from the consent page.
//!
//! ```text
//! query ── readable? ── no from_widget ── state ── client_id ──┬── error=access_denied ──> AccessDenied
//!                                                             └── code, referer, platform ──> Code
//! ```
//!
//! The state is checked before everything else, so that a request without the right state learns
//! nothing from the answer.
//!
//! Source: rules G6, G7 of `docs/protocol.md`.

use core::{error, fmt};

use kommo_account::{AccountHost, ClientId, HostSuffix, ParseAccountHostError, Platform};

use crate::consent::query::{KnownParameters, QueryError};
use crate::consent::state::ConsentState;
use crate::peer_json::digits;
use crate::token::{AuthorizationCode, TokenError};

/// The parameters that the platform adds.
pub(crate) const PARAMETERS: [&str; 8] = [
    "code",
    "state",
    "referer",
    "platform",
    "client_id",
    "from_widget",
    "error",
    "error_description",
];

/// Why `code`, `referer`, `platform` or `client_id` are not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackFieldError {
    /// `client_id` is present and not ours.
    OtherClient,
    /// No `code`.
    CodeMissing,
    /// The code cannot be one.
    Code(TokenError),
    /// No `referer`. The HTTP header of that name is something else and cannot replace it.
    RefererMissing,
    /// `referer` is not an account host. The client secret would have been sent there.
    Referer(ParseAccountHostError),
    /// `platform` is present and neither 1 nor 2.
    PlatformUnknown,
    /// `platform` and the suffix of `referer` contradict each other (rule A6).
    PlatformDisagrees {
        /// What `platform` says.
        platform: Platform,
        /// The suffix of `referer`.
        suffix: HostSuffix,
    },
}

impl fmt::Display for CallbackFieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherClient => f.write_str("client_id is not the id of this integration"),
            Self::CodeMissing => f.write_str("code is missing"),
            Self::Code(_) => f.write_str("code is malformed"),
            Self::RefererMissing => f.write_str("referer is missing"),
            Self::Referer(_) => f.write_str("referer is not an account host"),
            Self::PlatformUnknown => f.write_str("platform is neither 1 nor 2"),
            Self::PlatformDisagrees { platform, suffix } => write!(
                f,
                "platform {} does not agree with a referer under {suffix}",
                platform.number()
            ),
        }
    }
}

impl error::Error for CallbackFieldError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Code(error) => Some(error),
            Self::Referer(error) => Some(error),
            _ => None,
        }
    }
}

/// What a code comes with.
pub(crate) struct CodeFields {
    pub(crate) code: AuthorizationCode,
    pub(crate) host: AccountHost,
    pub(crate) platform: Option<Platform>,
}

pub(crate) fn check_client(
    parameters: &KnownParameters,
    client_id: &ClientId,
) -> Result<(), CallbackFieldError> {
    match parameters.get("client_id") {
        Some(text) if text != client_id.as_str() => Err(CallbackFieldError::OtherClient),
        _ => Ok(()),
    }
}

pub(crate) fn read_code_fields(
    parameters: &KnownParameters,
) -> Result<CodeFields, CallbackFieldError> {
    let code = parameters
        .get("code")
        .ok_or(CallbackFieldError::CodeMissing)?;
    let code = AuthorizationCode::new(code).map_err(CallbackFieldError::Code)?;
    let referer = parameters
        .get("referer")
        .ok_or(CallbackFieldError::RefererMissing)?;
    let host = AccountHost::parse(referer).map_err(CallbackFieldError::Referer)?;
    let platform = parameters.get("platform").map(read_platform).transpose()?;
    match platform {
        Some(platform) if !platform.agrees_with(host.suffix()) => {
            Err(CallbackFieldError::PlatformDisagrees {
                platform,
                suffix: host.suffix(),
            })
        }
        _ => Ok(CodeFields {
            code,
            host,
            platform,
        }),
    }
}

fn read_platform(text: &str) -> Result<Platform, CallbackFieldError> {
    let number = digits(text).ok_or(CallbackFieldError::PlatformUnknown)?;
    Platform::from_number(number).map_err(|_| CallbackFieldError::PlatformUnknown)
}

/// Why a browser's redirect is refused. No code is exchanged then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// The query cannot be read.
    Query(QueryError),
    /// `from_widget` is present, with any value: an install hook, which has no browser session.
    /// Anyone can add the parameter, so it does not replace `state`.
    InstallHookOnBrowserRoute,
    /// No `state`: the consent did not begin here.
    StateMissing,
    /// Another `state`: an attack, or an old tab.
    StateMismatch,
    /// A `code` and an `error`.
    CodeAndError,
    /// An `error` other than `access_denied`.
    UnknownError,
    /// One of the other parameters.
    Field(CallbackFieldError),
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Query(_) => "redirect has an unreadable query",
            Self::InstallHookOnBrowserRoute => "redirect has from_widget, so it is an install hook",
            Self::StateMissing => "redirect has no state",
            Self::StateMismatch => "redirect has another state",
            Self::CodeAndError => "redirect has a code and an error",
            Self::UnknownError => "redirect has an error other than access_denied",
            Self::Field(_) => "redirect has an unusable parameter",
        })
    }
}

impl error::Error for RedirectError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Query(error) => Some(error),
            Self::Field(error) => Some(error),
            _ => None,
        }
    }
}

/// What a browser's redirect says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectOutcome {
    /// The user allowed it: here is a code.
    Code(ConsentRedirect),
    /// The user refused. A grant that is already there is not touched by it.
    AccessDenied,
}

/// A code that a browser brought, with the state of the consent that it began.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsentRedirect {
    /// To be exchanged within 20 minutes, once.
    pub code: AuthorizationCode,
    /// Where: the account that the user chose, by `referer`.
    pub host: AccountHost,
    /// The parameter `platform`, if it was there; it agrees with the host.
    pub platform: Option<Platform>,
}

impl ConsentRedirect {
    /// Reads the query of a redirect, with or without its `?`. Never panics.
    ///
    /// `expected_state` is the one that this browser began with: from its cookie, used once. Names
    /// are compared after decoding; parameters that are not the platform's are ignored, and none of
    /// the platform's may be repeated.
    ///
    /// Source: vendor page "OAuth"; `platform` and `client_id` are not on all of its pages, so both
    /// may be missing.
    ///
    /// # Errors
    ///
    /// - `"code=a&code=b"`, 9,000 bytes, `"code=%zz"`: [`RedirectError::Query`].
    /// - `"code=…&from_widget=1"`: [`RedirectError::InstallHookOnBrowserRoute`].
    /// - no `state`, another one: [`RedirectError::StateMissing`],
    ///   [`RedirectError::StateMismatch`].
    /// - `"…&referer=evil.example"`, `"…&referer=a.amocrm.ru&platform=2"`, another client id:
    ///   [`RedirectError::Field`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_account::ClientId;
    /// # use kommo_oauth::consent::{ConsentRedirect, ConsentState, RedirectOutcome};
    /// let client = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
    /// let state = ConsentState::from_random([7; 32]);
    /// let query = format!("code=def502&referer=myshop.kommo.com&state={}", state.expose());
    /// let RedirectOutcome::Code(redirect) = ConsentRedirect::parse(&query, &state, &client)? else { panic!() };
    /// assert_eq!(redirect.host.as_str(), "myshop.kommo.com");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(
        query: &str,
        expected_state: &ConsentState,
        client_id: &ClientId,
    ) -> Result<RedirectOutcome, RedirectError> {
        let query = RedirectQuery::read(query).map_err(RedirectError::Query)?;
        query.check(expected_state, client_id)
    }
}

/// The query of a redirect, read and not checked yet: decoded once, however many states of a
/// browser it is compared with.
pub struct RedirectQuery(KnownParameters);

impl RedirectQuery {
    fn read(query: &str) -> Result<Self, QueryError> {
        KnownParameters::read(query, &PARAMETERS).map(Self)
    }

    pub(crate) const fn of(parameters: KnownParameters) -> Self {
        Self(parameters)
    }

    fn is_install_hook(&self) -> bool {
        self.0.get("from_widget").is_some()
    }

    /// Whether it has this state, compared in constant time. An install hook has none.
    #[must_use]
    pub fn has_state(&self, expected: &ConsentState) -> bool {
        let state = self.0.get("state").filter(|_| !self.is_install_hook());
        state.is_some_and(|state| expected.matches(state))
    }

    /// Whether it says that the user refused. Trust that only if it
    /// [has the expected state](Self::has_state).
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.0.get("error") == Some("access_denied")
    }

    /// Why it is refused if it has none of the states that are expected.
    #[must_use]
    pub fn without_expected_state(&self) -> RedirectError {
        if self.is_install_hook() {
            return RedirectError::InstallHookOnBrowserRoute;
        }
        match self.0.get("state") {
            None => RedirectError::StateMissing,
            Some(_) => RedirectError::StateMismatch,
        }
    }

    /// Checks it, the state first. Never panics.
    ///
    /// # Errors
    ///
    /// As [`ConsentRedirect::parse`], which reads the query as well.
    pub fn check(
        &self,
        expected_state: &ConsentState,
        client_id: &ClientId,
    ) -> Result<RedirectOutcome, RedirectError> {
        if !self.has_state(expected_state) {
            return Err(self.without_expected_state());
        }
        let parameters = &self.0;
        check_client(parameters, client_id).map_err(RedirectError::Field)?;
        match parameters.get("error") {
            Some(_) if parameters.get("code").is_some() => Err(RedirectError::CodeAndError),
            Some("access_denied") => Ok(RedirectOutcome::AccessDenied),
            Some(_) => Err(RedirectError::UnknownError),
            None => {
                let fields = read_code_fields(parameters).map_err(RedirectError::Field)?;
                Ok(RedirectOutcome::Code(ConsentRedirect {
                    code: fields.code,
                    host: fields.host,
                    platform: fields.platform,
                }))
            }
        }
    }
}

/// Without the code and the state.
impl fmt::Debug for RedirectQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedirectQuery(..)")
    }
}
