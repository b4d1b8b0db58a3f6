//! `CrmClient` against the platform that judges it.

use std::sync::Arc;
use std::time::Duration;

use kommo_account::{Endpoints, UserId};
use kommo_http::{
    BreakReason, BudgetSettings, ChatLink, CrmAnswer, CrmClient, CrmRefusalKind, NewWebhook,
    PagingError, RequestBudget, TalkFilter, WebhookList,
};
use kommo_keeper::testing::VirtualClock;
use kommo_sandbox::{
    CrmRules, Fault, FaultKind, GrantOrder, ManagerMessage, Sandbox, SandboxConfig, Surface,
};
use serde_json::{Value, json};

use crate::scene::{Error, get, transport};
use crate::test_tokens::{TestTokens, key, usable};

struct Platform {
    sandbox: Sandbox,
    clock: VirtualClock,
    budget: RequestBudget,
    client: CrmClient,
}

impl Platform {
    async fn start() -> Self {
        Self::with(SandboxConfig::default()).await
    }

    async fn with(config: SandboxConfig) -> Self {
        let sandbox = Sandbox::builder().config(config).start().await.unwrap();
        let grants = sandbox.platform().make_grants(GrantOrder::new(2)).unwrap();
        let tokens = TestTokens::of(usable(&grants[0].account_host, &grants[0].access_token, 1))
            .with_successor(usable(&grants[1].account_host, &grants[1].access_token, 2));
        let clock = VirtualClock::skipping_pauses();
        let budget = RequestBudget::with_clock(BudgetSettings::new(), clock.clone());
        let endpoints = Endpoints::loopback_url(sandbox.base_url()).unwrap();
        let client = CrmClient::new(
            transport(),
            endpoints,
            key(endpoints.realm()),
            Arc::new(tokens),
        )
        .unwrap()
        .with_budget(budget.clone());
        Self {
            sandbox,
            clock,
            budget,
            client,
        }
    }

    fn fault(&self, kind: FaultKind, times: u32) {
        self.sandbox
            .inject(Fault::new(kind).on(Surface::Crm).times(times));
    }

    async fn account(&self) -> Result<CrmAnswer<Value>, Error> {
        self.client.get("/api/v4/account").await
    }
}

#[tokio::test]
async fn the_account_is_read() {
    let platform = Platform::start().await;
    let account = platform.account().await.unwrap().into_payload().unwrap();
    let expected = platform.sandbox.state().accounts[0].id;
    assert_eq!(account["id"], json!(expected));
}

#[tokio::test]
async fn a_made_up_collection_is_paged_to_its_end() {
    for (contacts, pages_expected) in [(120, 3), (100, 2), (0, 0)] {
        let config = SandboxConfig {
            crm: CrmRules {
                contacts,
                ..CrmRules::default()
            },
            ..SandboxConfig::default()
        };
        let platform = Platform::with(config).await;
        let request = get("/api/v4/contacts").with_parameter("limit", "50");
        let mut pages = platform.client.pages(request).unwrap();
        let mut found = (0, 0);
        while let Some(page) = pages.next_page().await.unwrap() {
            found.0 += page.items::<Value>("contacts").count() as u64;
            found.1 += 1;
        }
        assert_eq!(found, (contacts, pages_expected));
    }
}

#[tokio::test]
async fn a_hostile_link_is_not_followed() {
    let platform = Platform::start().await;
    platform.fault(FaultKind::ForeignNext, 1);
    let mut pages = platform.client.pages(get("/api/v4/contacts")).unwrap();
    assert!(pages.next_page().await.unwrap().is_some());
    assert!(matches!(
        pages.next_page().await,
        Err(Error::Paging(PagingError::ForeignNext))
    ));
}

#[tokio::test]
async fn a_revoked_token_is_renewed_and_the_call_replayed() {
    let platform = Platform::start().await;
    platform.fault(FaultKind::Unauthorized, 1);
    platform.account().await.unwrap();
}

#[tokio::test]
async fn refusals_of_the_platform_are_read() {
    let platform = Platform::start().await;
    for (kind, expected) in [
        (FaultKind::PaymentRequired, CrmRefusalKind::PaymentRequired),
        (FaultKind::ForbiddenJson, CrmRefusalKind::Forbidden),
        (FaultKind::NotFoundHtml, CrmRefusalKind::Page),
        (FaultKind::GatewayTimeout, CrmRefusalKind::BatchTooLarge),
        (FaultKind::Unknown4xx, CrmRefusalKind::Other),
    ] {
        platform.fault(kind, 1);
        let error = platform.account().await.unwrap_err();
        assert_eq!(error.kind(), Some(expected), "{error}");
        platform.account().await.unwrap();
    }
    let unknown: Result<CrmAnswer<Value>, _> = platform.client.get("/api/v4/nothing").await;
    assert_eq!(unknown.unwrap_err().kind(), Some(CrmRefusalKind::NotFound));
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_said_to_be() {
    let config = SandboxConfig {
        crm: CrmRules {
            gateway_timeout_above_items: Some(3),
            ..CrmRules::default()
        },
        ..SandboxConfig::default()
    };
    let platform = Platform::with(config).await;
    let leads = |count: usize| vec![json!({"name": "A lead"}); count];
    let many: Result<CrmAnswer<Value>, _> = platform.client.post("/api/v4/leads", &leads(4)).await;
    let error = many.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::BatchTooLarge));
    let few: CrmAnswer<Value> = platform
        .client
        .post("/api/v4/leads", &leads(3))
        .await
        .unwrap();
    assert!(few.into_payload().is_some());
}

#[tokio::test]
async fn a_gateway_that_stumbles_is_asked_again_for_reads() {
    let platform = Platform::start().await;
    for kind in [
        FaultKind::BadGateway,
        FaultKind::ServerError,
        FaultKind::Cut,
    ] {
        platform.fault(kind, 2);
        platform.account().await.unwrap();
    }
}

#[tokio::test]
async fn a_block_page_opens_the_breaker() {
    let platform = Platform::start().await;
    platform.fault(FaultKind::ForbiddenHtml, 1);
    let error = platform.account().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Blocked));
    let before = platform.sandbox.counters().requests;
    let error = platform.account().await.unwrap_err();
    assert!(matches!(error, Error::BreakerOpen(open) if open.reason == BreakReason::Blocked));
    assert_eq!(platform.sandbox.counters().requests, before);
    platform.clock.advance(Duration::from_secs(4 * 3600));
    platform.account().await.unwrap();
    drop(platform.budget);
}

#[tokio::test]
async fn throttles_are_waited_out_when_they_are_short() {
    let platform = Platform::start().await;
    let fault = Fault::new(FaultKind::TooManyRequests)
        .on(Surface::Crm)
        .retry_after(3)
        .times(2);
    platform.sandbox.inject(fault);
    platform.account().await.unwrap();
    assert!(platform.clock.elapsed() >= Duration::from_secs(6));
}

#[tokio::test]
async fn huge_bodies_and_endless_headers_end_in_an_error() {
    let platform = Platform::start().await;
    for kind in [FaultKind::HugeBody, FaultKind::EndlessHeaders] {
        platform.fault(kind, 10);
        let error = platform.account().await.unwrap_err();
        assert!(matches!(error, Error::Transport { .. }), "{error}");
        platform.sandbox.clear_faults();
        platform.account().await.unwrap();
    }
}

#[tokio::test]
async fn webhooks_come_and_go() {
    let platform = Platform::start().await;
    let webhooks = platform.client.webhooks();
    assert_eq!(webhooks.list().await.unwrap(), WebhookList::default());
    let new = NewWebhook::new("https://app.example/hooks/3f8a").event("add_lead");
    let added = webhooks.add(&new).await.unwrap();
    assert_eq!(added.settings, ["add_lead"]);
    let list = webhooks.list().await.unwrap();
    assert_eq!(list.webhooks, std::slice::from_ref(&added));
    assert!(list.unreadable.is_empty());
    assert!(webhooks.disabled().await.unwrap().webhooks.is_empty());
    assert!(webhooks.remove(&added.destination).await.unwrap());
    assert!(!webhooks.remove(&added.destination).await.unwrap());
}

#[tokio::test]
async fn a_user_that_nobody_knows_is_refused() {
    let platform = Platform::start().await;
    let user = UserId::from_number(999_999_999).unwrap();
    let request = get("/api/v4/account").with_context_user(user);
    let error = platform.client.call_raw(request).await.unwrap_err();
    assert!(error.refusal().is_some(), "{error}");
}

#[tokio::test]
async fn the_neighbours_of_the_chats_api_are_there() {
    let platform = Platform::start().await;
    let (client, account) = (&platform.client, &platform.sandbox.state().accounts[0]);
    let known = client.account_amojo_id().await.unwrap();
    assert_eq!(known.amojo_id.as_ref(), Some(&account.amojo_id));
    let users = client.user_amojo_ids().await.unwrap();
    assert_eq!(users.items[0].amojo_id, account.users[0].amojo_id);
    assert!(client.sources().await.unwrap().items.is_empty());
    let talks = client.talks();
    let mut pages = talks.pages(&TalkFilter::new()).unwrap();
    assert_eq!(pages.next_page().await.unwrap(), None);

    // A manager writes first; nobody takes the hook.
    for _ in 0..2 {
        let message = ManagerMessage {
            to: Some("http://127.0.0.1:9/".into()),
            ..ManagerMessage::new("Hi")
        };
        platform.sandbox.platform().manager_writes(message).unwrap();
    }
    let mut pages = talks.pages(&TalkFilter::new()).unwrap();
    let page = pages.next_page().await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.unreadable.len()), (1, 0));
    let talk = &page.items[0];
    let chat = talk.chat_id.clone().unwrap();
    let links = client.chat_links();
    assert!(links.of_chats(&[&chat]).await.unwrap().items.is_empty());
    let linked = links
        .link(&[ChatLink::new(30_000_007, chat.as_str())])
        .await
        .unwrap();
    assert_eq!(linked.items[0].contact_id, 30_000_007);
    for found in [
        links.of_chats(&[&chat]).await.unwrap(),
        links.of_contacts(&[1, 30_000_007]).await.unwrap(),
    ] {
        assert_eq!(
            (found.items.len(), found.items[0].chat_id.as_str()),
            (1, chat.as_str())
        );
    }
    for (contact, count) in [(30_000_007, 1), (30_000_008, 0)] {
        let filter = TalkFilter::new().contact(contact);
        let page = talks.pages(&filter).unwrap().next_page().await.unwrap();
        assert_eq!(page.map_or(0, |page| page.items.len()), count);
    }
    assert_eq!(
        talks.get(talk.talk_id).await.unwrap().contact_id,
        Some(30_000_007)
    );
    let unknown = talks.get(99).await.unwrap_err();
    assert_eq!(unknown.kind(), Some(CrmRefusalKind::NotFound));
    for link in [
        ChatLink::new(1, chat.as_str()),
        ChatLink::new(30_000_007, "none"),
    ] {
        let refused = links.link(&[link]).await.unwrap_err();
        assert_eq!(refused.kind(), Some(CrmRefusalKind::BadRequest));
    }
    let contact = client
        .get::<Value>("/api/v4/contacts/30000007")
        .await
        .unwrap();
    assert_eq!(contact.into_payload().unwrap()["name"], "Contact 7");
    assert!(
        client
            .get::<Value>("/api/v4/contacts/7")
            .await
            .unwrap()
            .is_empty()
    );
}
