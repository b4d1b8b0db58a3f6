//! The world of a drive: a sandbox in this process, the clock that all share, a store, and grants
//! that were consented to.

use core::time::Duration;
use std::path::Path;

use kommo_account::AccountHost;
use kommo_keeper::{CodeOrigin, CodeOutcome, PendingCode};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::GrantKey;
use kommo_oauth::token::AuthorizationCode;
use kommo_sandbox::{Fault, GrantView, OauthRules, Rotation, Sandbox, SandboxConfig, User};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::failure::{Result, ensure, failure};
use crate::fleet_clock::{ClockFile, FleetClock};
use crate::fleet_keeper::{FleetKeeper, keeper};
use crate::fleet_store::FleetStore;
use crate::store_choice::LockChoice;
use crate::worker_order::{PlatformOrder, StorePlace, Work, WorkerOrder};

/// Made-up users begin here.
const FIRST_USER: u64 = 30_000_000;

/// How long an access token is valid in the sandbox.
pub(crate) const LIFETIME_SECONDS: u64 = 86_400;

/// The sandbox, its clock, and a directory for files.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) platform: PlatformOrder,
    clock: ClockFile,
    directory: TempDir,
}

impl World {
    pub(crate) async fn new(rotation: Rotation) -> Result<Self> {
        let oauth = OauthRules {
            rotation,
            access_lifetime_seconds: LIFETIME_SECONDS,
            ..OauthRules::default()
        };
        let config = SandboxConfig {
            oauth,
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::builder().config(config).start().await?;
        let state = sandbox.state();
        let directory = tempfile::Builder::new().prefix("kommo-fleet").tempdir()?;
        let clock = ClockFile::create(&directory.path().join("clock"), state.now)?;
        let platform = PlatformOrder {
            base_url: sandbox.base_url().to_owned(),
            client_id: state.client_id,
            client_secret: state.client_secret,
            redirect_uri: state.redirect_uri,
        };
        Ok(Self {
            sandbox,
            platform,
            clock,
            directory,
        })
    }

    /// The directory for files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where a `SQLite` store of this world goes.
    pub(crate) fn sqlite(&self) -> StorePlace {
        StorePlace::Sqlite(self.directory.path().join("store.sqlite"))
    }

    /// A worker's order in this world.
    pub(crate) fn order(
        &self,
        store: &StorePlace,
        work: Work,
        request_limit: Duration,
    ) -> Result<WorkerOrder> {
        Ok(WorkerOrder {
            platform: self.platform.clone(),
            store: store.clone(),
            lock: LockChoice::AsItIs,
            clock: self.directory.path().join("clock"),
            work,
            lifeboat: None,
            request_limit_ms: u64::try_from(request_limit.as_millis())?,
        })
    }

    /// Moves all clocks: first that of the workers, so that none of them uses a token that the
    /// sandbox finds expired.
    pub(crate) fn advance(&self, seconds: u64) -> Result<()> {
        self.clock.set(self.sandbox.now() + seconds)?;
        self.sandbox.advance_seconds(seconds);
        Ok(())
    }

    /// Orders a fault.
    pub(crate) fn inject(&self, fault: Fault) {
        self.sandbox.inject(fault);
    }

    /// What the sandbox knows of a grant.
    pub(crate) fn view(&self, key: &GrantKey) -> Result<GrantView> {
        let account: u64 = key.account_id.to_string().parse()?;
        let user: u64 = key.user_id.to_string().parse()?;
        let views = self.sandbox.grants(0, usize::MAX);
        let found = views
            .into_iter()
            .find(|view| view.account == account && view.user == user);
        found.ok_or_else(|| failure(format!("the sandbox has no grant {key}")))
    }
}

/// A world with a store, and a keeper of the driver's own for consents.
pub(crate) struct Scene<S> {
    pub(crate) world: World,
    pub(crate) keeper: FleetKeeper<S>,
}

impl<S: FleetStore> Scene<S> {
    pub(crate) fn new(world: World, store: S) -> Result<Self> {
        let clock = FleetClock::open(&world.directory.path().join("clock"))?;
        let endpoint = world.platform.endpoint(clock.clone())?;
        let keeper = keeper(&world.platform, store, clock, endpoint, None, 1)?;
        Ok(Self { world, keeper })
    }

    /// Users of the first account who have all consented.
    pub(crate) async fn grants(&self, count: u64) -> Result<Vec<GrantKey>> {
        let mut keys = Vec::new();
        for number in 0..count {
            let user = FIRST_USER + number;
            let account = self.account()?.0;
            let name = format!("User {number}");
            self.world
                .sandbox
                .add_user(account, User::new(user, name, true))?;
            keys.push(self.consent(user).await?);
        }
        Ok(keys)
    }

    fn account(&self) -> Result<(u64, String)> {
        let state = self.world.sandbox.state();
        let account = state.accounts.into_iter().next();
        let account = account.ok_or_else(|| failure("the sandbox has no account"))?;
        Ok((account.id, account.host))
    }

    /// A consent of this user, from the code to the grant in the store.
    pub(crate) async fn consent(&self, user: u64) -> Result<GrantKey> {
        let (account, host) = self.account()?;
        let issued = self.world.sandbox.issue_code(account, Some(user))?;
        let endpoints = self.world.platform.endpoints()?;
        let pending = PendingCode::new(
            endpoints.realm(),
            self.world.platform.credentials()?.client_id,
            AccountHost::parse(&host)?,
            AuthorizationCode::new(issued.code)?,
            CodeOrigin::Pasted,
            UnixSeconds::new(self.world.sandbox.now()),
        );
        self.keeper.accept_code(&pending).await?;
        let outcomes = self.keeper.exchange_codes(1).await?;
        match outcomes.as_slice() {
            [CodeOutcome::Granted(granted)] => Ok(granted.key),
            other => Err(failure(format!("a code became {other:?}"))),
        }
    }

    /// The refresh tokens that the store has of a grant, as the sandbox names them.
    pub(crate) async fn stored_fingerprints(&self, key: &GrantKey) -> Result<Vec<String>> {
        let grant = self.keeper.store().load(key).await?;
        let grant = grant.ok_or_else(|| failure(format!("the store has no grant {key}")))?;
        let pairs = grant.state.pairs();
        let pairs = pairs.ok_or_else(|| failure(format!("grant {key} has no pairs")))?;
        let all = pairs.spares().iter().chain([pairs.newest()]);
        Ok(all
            .map(|held| fingerprint(held.pair.refresh_token.expose()))
            .collect())
    }

    /// Fails unless the store can give tokens for this grant.
    pub(crate) async fn ensure_state(&self, key: &GrantKey, wanted: &str) -> Result<()> {
        let grant = self.keeper.store().load(key).await?;
        let state = grant.map_or("not there", |grant| grant.state.name());
        ensure(state == wanted, || {
            format!("grant {key} is {state}, not {wanted}")
        })
    }
}

/// The first 16 hex digits of the SHA-256.
fn fingerprint(token: &str) -> String {
    let hash = Sha256::digest(token.as_bytes());
    let digits = hash.iter().take(8).map(|byte| format!("{byte:02x}"));
    digits.collect()
}
