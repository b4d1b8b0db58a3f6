//! The settings of a keeper.

use core::num::NonZeroU32;
use core::time::Duration;

use kommo_account::Endpoints;
use kommo_oauth::refresh::RefreshPolicy;

use crate::ports::shared_bucket::BucketSize;

const HOOKS_AT_ONCE: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// The settings of a keeper.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeeperSettings {
    /// The hosts, and with them the realm, that the keeper serves. A grant of another realm is
    /// refused before anything is sent.
    pub endpoints: Endpoints,
    /// The times of the refresh protocol.
    pub policy: RefreshPolicy,
    /// The name of the address that requests leave from; machines behind one address share it.
    /// Default: `"default"`.
    pub egress: String,
    /// How long a caller without a usable token waits at most. Default: 30 seconds.
    pub wait_at_most: Duration,
    /// The pause between two looks at the store while another worker refreshes. Default: 100
    /// milliseconds, plus a random part of up to the same length.
    pub busy_pause: Duration,
    /// The pause before the probe that confirms a 401. Default: one second.
    pub probe_pause: Duration,
    /// After disconnect hooks, an account is probed at most once in this time. Default: ten
    /// minutes.
    pub disconnect_probe_every: Duration,
    /// How long a worker may keep a due grant or a code before another one takes it. Default: two
    /// minutes.
    pub lease: Duration,
    /// How many codes of install hooks this process exchanges, and with them codes of unbound
    /// consents that wait for another try: anyone can send them, and each costs two requests.
    /// Default: one in two seconds, ten at once.
    pub hook_exchanges: BucketSize,
    /// How long a refresh of this process may take before the next caller starts another one beside
    /// it. A refresh with an unsaved pair has no limit. Default: two minutes.
    pub flight_limit: Duration,
    /// How many grants one worker refreshes concurrently. Default: 16.
    pub sweep_width: usize,
}

impl From<Endpoints> for KeeperSettings {
    fn from(endpoints: Endpoints) -> Self {
        Self::new(endpoints)
    }
}

impl KeeperSettings {
    /// The default settings, for the real platform or for a sandbox.
    #[must_use]
    pub fn new(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            policy: RefreshPolicy::new(),
            egress: String::from("default"),
            wait_at_most: Duration::from_secs(30),
            busy_pause: Duration::from_millis(100),
            probe_pause: Duration::from_secs(1),
            disconnect_probe_every: Duration::from_secs(600),
            lease: Duration::from_secs(120),
            hook_exchanges: BucketSize::new(Duration::from_secs(2), HOOKS_AT_ONCE),
            flight_limit: Duration::from_secs(120),
            sweep_width: 16,
        }
    }
}
