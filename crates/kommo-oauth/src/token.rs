//! Codes and tokens; requests to the token endpoint, and what its answers mean.

mod tokens;
mod claims;
mod request;
mod subdomain_lookup;
mod refusal_kind;
mod likely_causes;
mod known_hint;
mod refusal;
mod response;

pub use self::claims::{
    CLAIM_MAX_BYTES, ClaimsError, HostileApiDomain, SCOPES_MAX, UnverifiedClaims,
};
pub use self::known_hint::KnownHint;
pub use self::likely_causes::LikelyCauses;
pub use self::refusal::TokenRefusal;
pub use self::refusal_kind::{RETRY_AFTER_MAX_SECONDS, TokenRefusalKind};
pub use self::request::{GrantType, RequestOrigin, TOKEN_PATH, TokenRequest};
pub use self::response::{
    ACCESS_TOKEN_LIFETIME, AnswerToken, DoubtCause, TOKEN_ANSWER_MAX_BYTES, TokenAnswer,
    read_token_answer,
};
pub use self::subdomain_lookup::{
    SUBDOMAIN_PATH, SubdomainAnswer, SubdomainError, SubdomainLookup, read_subdomain_answer,
};
pub use self::tokens::{
    AccessToken, AuthorizationCode, RefreshToken, TOKEN_MAX_BYTES, TokenError, TokenPair,
};
