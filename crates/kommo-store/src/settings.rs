//! How a store is to be used.

use core::time::Duration;

use crate::sealing::encryption_key::EncryptionKeys;

/// Settings of a store, with defaults. The defaults are choices.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreSettings {
    /// The keys that records are encrypted with. Default: none, so records are plain and only the
    /// file's mode or the database's own rights protect them.
    pub encryption: Option<EncryptionKeys>,
    /// How many codes wait at most, of one realm. Default: 10,000. At most half of them come from
    /// install hooks ([`max_hook_codes`](Self::max_hook_codes)), and a quarter from consents that
    /// are bound to no session ([`max_unbound_codes`](Self::max_unbound_codes)). Codes that were
    /// exchanged or refused do not count; the same number of their hashes is remembered for each
    /// origin, the newest, so that a second delivery is a duplicate.
    pub max_codes: u32,
    /// How many codes wait at most for one host of a realm: of install hooks, again of consents
    /// that are bound to no session, and again of all other origins. Default: 16.
    pub max_codes_per_host: u32,
    /// The most client secrets that are kept of integrations that never had a grant. Default:
    /// 1,000.
    pub max_unclaimed_secrets: u32,
    /// How long the client secret of an integration without a grant is kept. Default: a day.
    pub unclaimed_secret_life: Duration,
    /// How many lines of a grant's history stay; up to 15 more before they are removed.
    /// Default: 200.
    pub history_lines: u32,
    /// How long before its end a token is due for the sweep. Default: an hour, as in
    /// `RefreshPolicy`.
    pub refresh_before: Duration,
    /// The longest that one request to the token endpoint takes. A lock that is silent for three
    /// times as long is given up by PostgreSQL. Default: 20 seconds.
    pub request_limit: Duration,
    /// How long a statement waits for another that writes, and for a free connection. Default: 10
    /// seconds.
    pub wait_at_most: Duration,
    /// Connections for everything but locks. Default: 8.
    pub connections: u32,
    /// Connections that hold locks, and so refreshes at a time in this process; PostgreSQL only.
    /// One more waits for `wait_at_most`; then the grant counts as busy. Default: 16.
    pub lock_connections: u32,
    /// The store is only read: no file or table is created or changed. Missing tables are
    /// [`OlderSchema`](crate::StoreFault::OlderSchema). Default: no.
    pub is_read_only: bool,
}

impl StoreSettings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            encryption: None,
            max_codes: 10_000,
            max_codes_per_host: 16,
            max_unclaimed_secrets: 1_000,
            unclaimed_secret_life: Duration::from_secs(24 * 60 * 60),
            history_lines: 200,
            refresh_before: Duration::from_secs(3_600),
            request_limit: Duration::from_secs(20),
            wait_at_most: Duration::from_secs(10),
            connections: 8,
            lock_connections: 16,
            is_read_only: false,
        }
    }

    /// How many codes of install hooks wait at most, of one realm: half of `max_codes`. Anyone can
    /// send such hooks, so a flood of them leaves the other half to the consents of browsers.
    #[must_use]
    pub const fn max_hook_codes(&self) -> u32 {
        self.max_codes / 2
    }

    /// How many codes of consents that are bound to no session of the application wait at most, of
    /// one realm: a quarter of `max_codes`. Any program can begin and finish such a consent.
    #[must_use]
    pub const fn max_unbound_codes(&self) -> u32 {
        self.max_codes / 4
    }

    /// Read-only: see [`is_read_only`](Self::is_read_only).
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// With encryption.
    #[must_use]
    pub fn encrypted(mut self, keys: EncryptionKeys) -> Self {
        self.encryption = Some(keys);
        self
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self::new()
    }
}
