//! When and how a grant is refreshed, so that no token is lost: the requirement, the policy, the
//! protocol; and the exchange of a code.

mod store_error_kind;
mod requirement;
mod policy;
mod protocol;
mod code_exchange;

pub use self::code_exchange::{
    AfterExchange, AnotherExchange, CODE_LIFETIME, EXCHANGES_AT_MOST, EarlierTries, TRIES_AT_MOST,
    TRIES_AT_MOST_FOR_STRANGERS,
};
pub use self::policy::RefreshPolicy;
pub use self::protocol::{Located, RefreshProtocol, Report, SendOutcome, Step, UnexpectedReport};
pub use self::requirement::{MetBy, Outcome, TokenRequirement, Unmet};
pub use self::store_error_kind::StoreErrorKind;
