//! `CrmClient` with a real keeper behind it, against the platform that judges both: 401 to refresh
//! to replay, 402 to a hold, a block to a hold.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kommo_account::{AccountHost, AccountId, ClientId, Endpoints, UserId};
use kommo_http::{
    BudgetSettings, CrmAnswer, CrmClient, CrmError, CrmMethod, CrmRefusalKind, CrmRequest,
    HttpTokenEndpoint, RequestBudget, TransportBuilder,
};
use kommo_keeper::testing::MemoryStore;
use kommo_keeper::{
    Alarm, AlarmKind, Counter, GrantHandle, GrantStore, Keeper, KeeperError, KeeperSettings,
    TokenEndpoint,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, HoldKind};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::refresh::{SendOutcome, Unmet};
use kommo_oauth::token::{AuthorizationCode, TokenAnswer, TokenRequest};
use kommo_sandbox::{Fault, FaultKind, Sandbox, Surface};
use serde_json::Value;

use crate::scene::transport;

type Handle = GrantHandle<MemoryStore>;

struct Scene {
    sandbox: Sandbox,
    store: MemoryStore,
    keeper: Keeper<MemoryStore>,
    handle: Handle,
    client: CrmClient,
    alarms: Arc<Mutex<Vec<Alarm>>>,
}

impl Scene {
    /// A grant as an exchange gave it.
    async fn start() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let state = sandbox.state();
        let account = &state.accounts[0];
        let endpoints = Endpoints::loopback_url(sandbox.base_url()).unwrap();
        let credentials = Credentials::new(
            ClientId::parse(&state.client_id).unwrap(),
            ClientSecret::new(state.client_secret.clone()).unwrap(),
            RedirectUri::parse(&state.redirect_uri).unwrap(),
        );
        let budget = RequestBudget::new(BudgetSettings::new());
        let endpoint = HttpTokenEndpoint::new(TransportBuilder::new(), endpoints)
            .unwrap()
            .with_budget(budget.clone(), credentials.client_id);
        let key = GrantKey {
            realm: endpoints.realm(),
            client_id: credentials.client_id,
            account_id: AccountId::from_number(account.id).unwrap(),
            user_id: UserId::from_number(account.users[0].id).unwrap(),
        };
        let code = sandbox.platform().issue_code(account.id, None).unwrap();
        let code = AuthorizationCode::new(code.code).unwrap();
        let host = AccountHost::parse(&account.host).unwrap();
        let request = TokenRequest::exchange(&credentials, &host, &code);
        let outcome = endpoint.send(endpoints.realm(), &request).await;
        let SendOutcome::Answered(TokenAnswer::Granted(pair)) = outcome else {
            panic!("{outcome:?}");
        };
        let store = MemoryStore::default();
        let moved = Grant::consent(None, key, host, None, pair);
        store
            .write(None, &moved, UnixSeconds::new(0))
            .await
            .unwrap();
        let alarms: Arc<Mutex<Vec<Alarm>>> = Arc::default();
        let told = Arc::clone(&alarms);
        let mut settings = KeeperSettings::new(endpoints);
        settings.probe_pause = Duration::ZERO;
        let keeper = Keeper::builder(store.clone(), endpoint, settings)
            .credentials(credentials)
            .on_alarm(move |alarm| told.lock().unwrap().push(alarm.clone()))
            .build();
        let handle = keeper.grant(&key).unwrap();
        let tokens = Arc::new(handle.clone());
        let client = CrmClient::new(transport(), endpoints, key, tokens)
            .unwrap()
            .with_budget(budget);
        Self {
            sandbox,
            store,
            keeper,
            handle,
            client,
            alarms,
        }
    }

    /// The grant as it is stored.
    fn grant(&self) -> Grant {
        self.store.grants().remove(0)
    }

    fn fault(&self, kind: FaultKind, times: u32) {
        self.sandbox
            .inject(Fault::new(kind).on(Surface::Crm).times(times));
    }

    async fn account(&self) -> Result<CrmAnswer<Value>, CrmError> {
        self.client.get("/api/v4/account").await
    }

    fn alarm_kinds(&self) -> Vec<AlarmKind> {
        let alarms = self.alarms.lock().unwrap();
        alarms.iter().map(|alarm| alarm.kind).collect()
    }
}

// Rules L10, M5.
#[tokio::test]
async fn a_401_that_the_probe_confirms_is_refreshed_and_the_call_replayed() {
    let scene = Scene::start().await;
    // The call and the probe.
    scene.fault(FaultKind::Unauthorized, 2);
    assert!(scene.account().await.unwrap().into_payload().is_some());
    let grant = scene.grant();
    assert_eq!((grant.generation.get(), grant.state.name()), (2, "active"));
    assert_eq!(scene.keeper.metrics().get(Counter::Refreshes), 1);
    assert_eq!(scene.keeper.metrics().get(Counter::Probes), 1);
    // The new token serves from then on.
    scene.account().await.unwrap();
    assert_eq!(scene.keeper.metrics().get(Counter::Refreshes), 1);
    assert!(scene.alarm_kinds().is_empty());
}

// Rule M5.
#[tokio::test]
async fn a_401_that_the_probe_does_not_confirm_is_the_calls_own() {
    let scene = Scene::start().await;
    scene.fault(FaultKind::Unauthorized, 1);
    let error = scene.account().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Unauthorized));
    assert!(!error.refusal().unwrap().has_new_token());
    assert_eq!(scene.grant().generation.get(), 1);
    assert_eq!(scene.keeper.metrics().get(Counter::Probes), 1);
}

// Rules M5, L10: nothing is sent a third time.
#[tokio::test]
async fn a_401_right_after_the_refresh_ends_the_call() {
    let scene = Scene::start().await;
    scene.fault(FaultKind::Unauthorized, 3);
    let error = scene.account().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Unauthorized));
    assert_eq!(error.refusal().unwrap().attempts(), 2);
    assert_eq!(scene.grant().generation.get(), 2);
    scene.account().await.unwrap();
}

// Rule M9.
#[tokio::test]
async fn a_402_holds_the_grant_once_and_ends_nothing() {
    let scene = Scene::start().await;
    scene.fault(FaultKind::PaymentRequired, 2);
    for _ in 0..2 {
        let error = scene.account().await.unwrap_err();
        assert_eq!(error.kind(), Some(CrmRefusalKind::PaymentRequired));
    }
    // The token goes on serving.
    scene.account().await.unwrap();
    scene.keeper.drain().await;
    let grant = scene.grant();
    assert_eq!((grant.generation.get(), grant.state.name()), (1, "active"));
    let kinds: Vec<_> = grant.holds.iter().map(|hold| hold.kind).collect();
    assert_eq!(kinds, [HoldKind::PaymentRequired]);
    assert!(matches!(
        scene.alarm_kinds().as_slice(),
        [AlarmKind::Held {
            kind: HoldKind::PaymentRequired,
            until: Some(_)
        }]
    ));
}

// Rule L6.
#[tokio::test]
async fn a_block_on_a_call_keeps_the_refresh_back_and_leaves_no_doubt() {
    let scene = Scene::start().await;
    scene.fault(FaultKind::ForbiddenHtml, 1);
    let error = scene.account().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Blocked));
    let newer = scene.handle.token_newer_than(scene.grant().generation);
    let KeeperError::NoToken { why, .. } = newer.await.unwrap_err() else {
        panic!("another reason");
    };
    assert_eq!(why, Unmet::Held(HoldKind::Blocked));
    let grant = scene.grant();
    assert_eq!((grant.generation.get(), grant.state.name()), (1, "active"));
    assert_eq!(scene.keeper.metrics().get(Counter::Doubts), 0);
}

// Rule K12.
#[tokio::test]
async fn a_call_to_a_renamed_account_is_repeated_at_the_host_that_a_look_up_finds() {
    let scene = Scene::start().await;
    let account = scene.sandbox.state().accounts[0].id;
    let platform = scene.sandbox.platform();
    platform.rename_account(account, "renamed-shop").unwrap();
    let request = CrmRequest::new(CrmMethod::Post, "/api/v4/leads").unwrap();
    let request = request.with_body(br#"[{"name":"A lead"}]"#.to_vec());
    let response = scene.client.call_raw(request).await.unwrap();
    assert_eq!(response.host().as_str(), "renamed-shop.kommo.com");
    assert_eq!(response.attempts(), 2);
    assert_eq!(scene.sandbox.counters().leads_created, 1);
    assert_eq!(scene.sandbox.counters().refreshes, 0);
}

// Rules K12, L3.
#[tokio::test]
async fn paging_through_a_renamed_account_continues_at_its_new_host() {
    let scene = Scene::start().await;
    let account = scene.sandbox.state().accounts[0].id;
    let request = CrmRequest::new(CrmMethod::Get, "/api/v4/contacts?limit=50").unwrap();
    let mut pages = scene.client.pages(request).unwrap();
    let mut hosts = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        hosts.push(page.response().host().as_str().to_owned());
        if hosts.len() == 1 {
            let platform = scene.sandbox.platform();
            platform.rename_account(account, "renamed-shop").unwrap();
        }
    }
    let renamed = "renamed-shop.kommo.com";
    assert_eq!(hosts, ["sandbox-one.kommo.com", renamed, renamed]);
}
