//! What the steps about grants use: an integration, its store in a directory of its own, and a
//! keeper that can be begun anew.

use alloc::sync::Arc;

use kommo_account::{AccountHost, AccountId, ClientId, Endpoints};
use kommo_http::{BudgetSettings, CrmClient, HttpTokenEndpoint, RequestBudget};
use kommo_keeper::{Clock, CodeOrigin, CodeOutcome, GrantHandle, Keeper, PendingCode};
use kommo_oauth::grant::GrantKey;
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::token::AuthorizationCode;
use kommo_sandbox::Sandbox;
use kommo_store::Store;
use serde_json::Value;

use super::home::Home;
use super::scenario_clock::ScenarioClock;
use crate::connection::transport::transport;
use crate::failure::exit::{self, Failure};
use crate::keeper::store_place::StorePlace;
use crate::keeper::stores;

pub(super) type ScenarioKeeper = Keeper<Store>;
pub(super) type ScenarioGrant = GrantHandle<Store>;

/// The integration of the scenario.
pub(super) struct GrantStage<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) account: AccountId,
    pub(super) client_id: ClientId,
    pub(super) client_secret: String,
    pub(super) keeper: ScenarioKeeper,
    endpoints: Endpoints,
    credentials: Credentials,
    clock: ScenarioClock,
    home: Home,
}

impl<'a> GrantStage<'a> {
    pub(super) async fn set(sandbox: &'a Sandbox) -> Result<Self, Failure> {
        let state = sandbox.state();
        let account = state
            .accounts
            .first()
            .ok_or_else(|| Failure::io("the sandbox has no account"))?;
        let client_id = ClientId::parse(&state.client_id).map_err(Failure::io)?;
        let credentials = Credentials::new(
            client_id,
            ClientSecret::new(state.client_secret.as_str()).map_err(Failure::io)?,
            RedirectUri::parse(state.redirect_uri.as_str()).map_err(Failure::io)?,
        );
        let endpoints = Endpoints::loopback_url(sandbox.base_url()).map_err(Failure::io)?;
        let clock = ScenarioClock::new(sandbox.platform());
        let home = Home::make(u128::from_be_bytes(clock.random_bytes()))?;
        let keeper = new_keeper(&home, endpoints, &credentials, &clock).await?;
        Ok(Self {
            sandbox,
            account: AccountId::from_number(account.id).map_err(Failure::io)?,
            client_id,
            client_secret: state.client_secret,
            keeper,
            endpoints,
            credentials,
            clock,
            home,
        })
    }

    /// What a crash or a new release does: everything in memory is gone, the file is opened anew.
    pub(super) async fn restart(&mut self) -> Result<(), Failure> {
        self.keeper.drain().await;
        stores::close(self.keeper.store()).await;
        self.keeper =
            new_keeper(&self.home, self.endpoints, &self.credentials, &self.clock).await?;
        Ok(())
    }

    /// A code as the consent page issues it, exchanged.
    pub(super) async fn consent(&self) -> Result<GrantKey, String> {
        let issued = self.sandbox.issue_code(self.account.get(), None);
        let issued = issued.map_err(|error| error.to_string())?;
        let host = AccountHost::parse(&issued.account_host).map_err(|error| error.to_string())?;
        let code = AuthorizationCode::new(issued.code).map_err(|error| error.to_string())?;
        let pending = PendingCode::new(
            self.endpoints.realm(),
            self.client_id,
            host,
            code,
            CodeOrigin::Redirect,
            self.clock.now(),
        );
        let put = self.keeper.accept_code(&pending).await;
        put.map_err(|error| error.to_string())?;
        let outcomes = self.keeper.exchange_codes(1).await;
        match outcomes.map_err(|error| error.to_string())?.pop() {
            Some(CodeOutcome::Granted(grant)) => Ok(grant.key),
            Some(CodeOutcome::Refused(kind) | CodeOutcome::ClientRefused(kind)) => {
                Err(format!("the code was refused: {kind}"))
            }
            _ => Err("the code was not exchanged".to_owned()),
        }
    }

    pub(super) fn grant(&self, key: &GrantKey) -> Result<ScenarioGrant, String> {
        self.keeper.grant(key).map_err(|error| error.to_string())
    }

    /// `GET /api/v4/account`, with the grant's token.
    pub(super) async fn call(&self, key: &GrantKey) -> Result<Value, String> {
        let grant = Arc::new(self.grant(key)?);
        let transport = transport().build().map_err(|error| exit::chain(&error))?;
        let budget = RequestBudget::new(BudgetSettings::new());
        let client = CrmClient::new(transport, self.endpoints, *key, grant)
            .map(|client| client.with_budget(budget));
        let client = client.map_err(|error| error.to_string())?;
        let answer = client.get::<Value>("/api/v4/account").await;
        let answer = answer.map_err(|error| exit::chain(&error))?;
        answer
            .into_payload()
            .ok_or_else(|| "an empty answer".to_owned())
    }
}

async fn new_keeper(
    home: &Home,
    endpoints: Endpoints,
    credentials: &Credentials,
    clock: &ScenarioClock,
) -> Result<ScenarioKeeper, Failure> {
    let place = StorePlace::Sqlite(home.directory.join("grants.db"));
    stores::make(&place)?;
    let store = stores::open(&place, None).await?;
    let endpoint = HttpTokenEndpoint::new(transport(), endpoints)
        .map_err(|error| Failure::io(exit::chain(&error)))?;
    Ok(
        Keeper::builder(store, endpoint.with_clock(clock.clone()), endpoints)
            .clock(clock.clone())
            .credentials(credentials.clone())
            .build(),
    )
}
