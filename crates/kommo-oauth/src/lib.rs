#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

// Reading order: a file uses only what stands above it.
mod unix_time;
mod peer_json;
mod web_uri;
mod icon;
mod finding;
mod settings;
mod credentials;
mod tokens;
mod claims;
mod query;
mod consent_state;
mod new_integration;
mod consent_url;
mod button_brand;
mod button;
mod redirect;
mod install_hook;
mod pasted_code;
mod token_request;
mod subdomain_lookup;
mod token_refusal_kind;
mod likely_causes;
mod known_hint;
mod token_refusal;
mod token_response;
mod generation;
mod grant_key;
mod pairs;
mod hold;
mod disconnect_reason;
mod long_lived;
mod grant;
mod happened;
mod transition;
mod lifeboat;
mod stored_grant;
mod store_trouble;
mod refresh_want;
mod refresh_policy;
mod refresh_protocol;
mod code_exchange;

pub use button::{CALLBACK_NAME_MAX_BYTES, ConsentButton, NotAFunctionName};
pub use button_brand::{ButtonBrand, ButtonColor, ButtonLocale, ButtonTheme};
pub use claims::{CLAIM_MAX_BYTES, ClaimsError, HostileApiDomain, SCOPES_MAX, UnverifiedClaims};
pub use code_exchange::{
    AfterExchange, AnotherExchange, CODE_LIFETIME, EXCHANGES_AT_MOST, EarlierTries, TRIES_AT_MOST,
    TRIES_AT_MOST_FOR_STRANGERS,
};
pub use consent_state::{ConsentState, NotAState, STATE_CHARACTERS, STATE_RANDOM_BYTES};
pub use consent_url::{ConsentFor, ConsentMode, ConsentUrl};
pub use credentials::{
    CLIENT_SECRET_MAX_BYTES, ClientSecret, ClientSecretError, ClientSecrets, Credentials,
};
pub use disconnect_reason::DisconnectReason;
pub use finding::{Finding, Level};
pub use generation::{Generation, PairNumber, Revision};
pub use grant::active::Active;
pub use grant::attempt::{Attempt, AttemptId, Doubt, DoubtReason, Orphan};
pub use grant::ended::{Disconnected, ReauthReason, ReauthRequired};
pub use grant::in_doubt::InDoubt;
pub use grant::refreshing::Refreshing;
pub use grant::{Grant, GrantState, Usable};
pub use grant_key::{GrantKey, ParseGrantKeyError};
pub use happened::Happened;
pub use hold::{Asker, Fingerprint, Hold, HoldKind, HoldScope};
pub use icon::{IconError, IconFormat, IconHeader};
pub use install_hook::{InstallHook, InstallHookError};
pub use known_hint::KnownHint;
pub use lifeboat::UnsavedPair;
pub use likely_causes::LikelyCauses;
pub use long_lived::{EndWarning, LongLived, LongLivedEnd, LongLivedState};
pub use new_integration::{NewIntegration, NewIntegrationError, Scope};
pub use pairs::{HeldPair, Pairs};
pub use pasted_code::{PASTED_MAX_BYTES, PastedCode, PastedCodeError, PastedFor, PastedRedirect};
pub use query::{QUERY_MAX_BYTES, QUERY_MAX_PARAMETERS, QueryError};
pub use redirect::{CallbackFieldError, ConsentRedirect, RedirectError, RedirectOutcome};
pub use refresh_policy::RefreshPolicy;
pub use refresh_protocol::{Located, OutOfTurn, RefreshProtocol, SendOutcome, Step};
pub use refresh_want::{MetBy, NotMet, Outcome, Want};
pub use settings::{
    DESCRIPTION_MAX_CHARACTERS, ICON_HEIGHT, ICON_WIDTH, IntegrationKind, IntegrationSettings,
    NAME_MAX_CHARACTERS,
};
pub use store_trouble::StoreTrouble;
pub use stored_grant::{STORED_GRANT_VERSION, StoredGrantError};
pub use subdomain_lookup::{
    SUBDOMAIN_PATH, SubdomainAnswer, SubdomainError, SubdomainLookup, read_subdomain_answer,
};
pub use token_refusal::TokenRefusal;
pub use token_refusal_kind::{RETRY_AFTER_MAX_SECONDS, TokenRefusalKind};
pub use token_request::{GrantType, RequestOrigin, TOKEN_PATH, TokenRequest};
pub use token_response::{
    ACCESS_TOKEN_LIFETIME, AnswerToken, DoubtCause, TOKEN_ANSWER_MAX_BYTES, TokenAnswer,
    read_token_answer,
};
pub use tokens::{
    AccessToken, AuthorizationCode, RefreshToken, TOKEN_MAX_BYTES, TokenError, TokenPair,
};
pub use transition::{IllegalMove, Moved, PairFate};
pub use unix_time::UnixSeconds;
pub use web_uri::{LogoUri, PageUri, RedirectUri, SecretsUri, WEB_URI_MAX_BYTES, WebUriError};
