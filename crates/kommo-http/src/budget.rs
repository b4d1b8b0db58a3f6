//! What may be sent now: limits and breaker of one egress address.

#![cfg_attr(
    not(all(feature = "oauth", feature = "crm")),
    allow(
        dead_code,
        reason = "calls and token requests ask the budget in different ways"
    )
)]

pub(crate) mod jitter;
mod rate_limit;
mod bucket_key;
pub(crate) mod shared_bucket;
mod local_buckets;
pub(crate) mod breaker;
mod settings;
pub(crate) mod request_budget;

pub use self::breaker::{BreakReason, OpenBreaker};
pub use self::bucket_key::BucketKey;
pub use self::rate_limit::{LimitShare, NotAShare, RateLimit};
pub use self::request_budget::RequestBudget;
pub use self::settings::BudgetSettings;
