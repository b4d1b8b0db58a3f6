//! For tests of a store of your own, and of programs with a keeper (feature `testing`).
//!
//! - [`conformance`]: what every store promises, as tests. [`store_tests!`](crate::store_tests)
//!   runs them on yours.
//! - [`MemoryStore`]: a store in memory that passes them, and fails when a test wants it.
//! - [`VirtualClock`]: a clock that follows Tokio's paused time.
//! - [`ScriptedEndpoint`]: a token endpoint without a network.
//! - [`samples`]: grants, pairs and codes.
//!
//! A refresh that is answered after a lost answer, in no time and without a server:
//!
//! ```
//! use kommo_account::Endpoints;
//! use kommo_keeper::testing::{MemoryStore, Reply, ScriptedEndpoint, VirtualClock, samples};
//! use kommo_keeper::{Clock as _, Keeper};
//! use kommo_oauth::grant::Grant;
//! use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
//! use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = VirtualClock::new();
//! let store = MemoryStore::new(clock.clone());
//! let endpoint = ScriptedEndpoint::new(clock.clone());
//! endpoint.with(|platform| platform.replies.push_back(Reply::Lost));
//! let credentials = Credentials::new(
//!     samples::client(),
//!     ClientSecret::new("secret")?,
//!     RedirectUri::parse("https://app.example/callback")?,
//! );
//! let keeper = Keeper::builder(store.clone(), endpoint.clone(), Endpoints::real())
//!     .clock(clock.clone())
//!     .credentials(credentials)
//!     .build();
//!
//! // A grant whose access token has ended.
//! let now = clock.now();
//! let access = AccessToken::new("ended")?;
//! let pair = TokenPair::new(access, RefreshToken::new(endpoint.consent())?, now, now);
//! let key = samples::key(samples::USER);
//! let mut grant = Grant::consent(None, key, samples::host(), None, pair).grant;
//! grant.revision = grant.revision.next();
//! store.with(|state| state.grants.insert(key, grant));
//!
//! let token = keeper.grant(&key)?.token().await?;
//! assert_eq!(token.access_token.expose(), "access-2");
//! assert_eq!(endpoint.sent(), ["refresh-1", "refresh-1"]);
//! # Ok(())
//! # }
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "its callers are tests, which fail by panicking"
)]

mod virtual_clock;
pub mod samples;
mod memory_store;
mod scripted_endpoint;
pub mod conformance;

pub use self::memory_store::{
    MemoryCode, MemoryError, MemoryFaults, MemoryLock, MemoryState, MemoryStore,
};
pub use self::scripted_endpoint::{Reply, ScriptedEndpoint, ScriptedPlatform};
pub use self::virtual_clock::{START, VirtualClock};
