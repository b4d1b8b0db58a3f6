#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only what stands above it.
mod unix_time;
mod peer_json;
pub mod integration;
pub mod token;
pub mod consent;
pub mod grant;
pub mod stored_grant;
pub mod refresh;

pub use unix_time::UnixSeconds;

pub use consent::{
    ButtonBrand, ButtonColor, ButtonLocale, ButtonTheme, CALLBACK_NAME_MAX_BYTES,
    CallbackFieldError, ConsentButton, ConsentFor, ConsentMode, ConsentRedirect, ConsentState,
    ConsentUrl, InstallHook, InstallHookError, NotAFunctionName, NotAState, PASTED_MAX_BYTES,
    PastedCode, PastedCodeError, PastedFor, PastedRedirect, QUERY_MAX_BYTES, QUERY_MAX_PARAMETERS,
    QueryError, RedirectError, RedirectOutcome, STATE_CHARACTERS, STATE_RANDOM_BYTES,
};
pub use grant::{
    Active, Attempt, AttemptId, DisconnectReason, Disconnected, Doubt, DoubtReason, EndWarning,
    Fingerprint, Generation, Grant, GrantEvent, GrantKey, GrantState, HeldPair, Hold, HoldKind,
    HoldScope, IllegalMove, InDoubt, LongLived, LongLivedEnd, LongLivedState, Orphan, PairFate,
    PairNumber, Pairs, ParseGrantKeyError, ReauthReason, ReauthRequired, Refreshing, Requester,
    Revision, Transition, UnsavedPair, UsableToken,
};
pub use integration::{
    CLIENT_SECRET_MAX_BYTES, ClientSecret, ClientSecretError, ClientSecrets, Credentials,
    DESCRIPTION_MAX_CHARACTERS, Finding, ICON_HEIGHT, ICON_WIDTH, IconError, IconFormat,
    IconHeader, IntegrationKind, IntegrationSettings, Level, LogoUri, NAME_MAX_CHARACTERS,
    NewIntegration, NewIntegrationError, PageUri, RedirectUri, Scope, SecretsUri,
    WEB_URI_MAX_BYTES, WebUriError,
};
pub use refresh::{
    AfterExchange, AnotherExchange, CODE_LIFETIME, EXCHANGES_AT_MOST, EarlierTries, Located, MetBy,
    OutOfTurn, Outcome, RefreshPolicy, RefreshProtocol, Report, SendOutcome, Step, StoreErrorKind,
    TRIES_AT_MOST, TRIES_AT_MOST_FOR_STRANGERS, TokenRequirement, Unmet,
};
pub use stored_grant::{STORED_GRANT_VERSION, StoredGrantError};
pub use token::{
    ACCESS_TOKEN_LIFETIME, AccessToken, AnswerToken, AuthorizationCode, CLAIM_MAX_BYTES,
    ClaimsError, DoubtCause, GrantType, HostileApiDomain, KnownHint, LikelyCauses,
    RETRY_AFTER_MAX_SECONDS, RefreshToken, RequestOrigin, SCOPES_MAX, SUBDOMAIN_PATH,
    SubdomainAnswer, SubdomainError, SubdomainLookup, TOKEN_ANSWER_MAX_BYTES, TOKEN_MAX_BYTES,
    TOKEN_PATH, TokenAnswer, TokenError, TokenPair, TokenRefusal, TokenRefusalKind, TokenRequest,
    UnverifiedClaims, read_subdomain_answer, read_token_answer,
};
