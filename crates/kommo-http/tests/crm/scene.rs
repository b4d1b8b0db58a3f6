//! A client and what it talks to, ready for a test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kommo_account::Endpoints;
use kommo_http::{
    BudgetSettings, CrmClient, CrmError, CrmMethod, CrmRequest, CrmResponse, RequestBudget,
    Transport, TransportBuilder,
};
use kommo_keeper::testing::VirtualClock;

use crate::raw_server::{RawServer, Reply};
use crate::test_tokens::{TestTokens, key};

pub(crate) type Error = CrmError;

pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/hal+json");
pub(crate) const PROBLEM: (&str, &str) = ("Content-Type", "application/problem+json");
pub(crate) const HTML: (&str, &str) = ("Content-Type", "text/html");
pub(crate) const PAGE: &[u8] = b"<html><body><h1>403 Forbidden</h1></body></html>";

pub(crate) struct Scene {
    pub(crate) server: RawServer,
    pub(crate) clock: VirtualClock,
    pub(crate) tokens: Arc<TestTokens>,
    pub(crate) budget: RequestBudget,
    pub(crate) client: CrmClient,
}

impl Scene {
    /// A bare server with this script, and a client with a clock of its own.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with_tokens(replies, TestTokens::standing()).await
    }

    pub(crate) async fn with_tokens(
        replies: impl IntoIterator<Item = Reply>,
        tokens: TestTokens,
    ) -> Self {
        Self::with(replies, tokens, BudgetSettings::new(), transport()).await
    }

    pub(crate) async fn with_budget(
        replies: impl IntoIterator<Item = Reply>,
        settings: BudgetSettings,
    ) -> Self {
        Self::with(replies, TestTokens::standing(), settings, transport()).await
    }

    /// For answers that never come.
    pub(crate) async fn impatient(replies: impl IntoIterator<Item = Reply>) -> Self {
        let transport = TransportBuilder::new()
            .total_timeout(Duration::from_secs(1))
            .build()
            .unwrap();
        Self::with(
            replies,
            TestTokens::standing(),
            BudgetSettings::new(),
            transport,
        )
        .await
    }

    async fn with(
        replies: impl IntoIterator<Item = Reply>,
        tokens: TestTokens,
        settings: BudgetSettings,
        transport: Transport,
    ) -> Self {
        let server = RawServer::start(replies).await;
        let clock = VirtualClock::skipping_pauses();
        let tokens = Arc::new(tokens);
        let budget = RequestBudget::with_clock(settings, clock.clone());
        let client = client_at(server.address, transport, &tokens, &budget);
        Self {
            server,
            clock,
            tokens,
            budget,
            client,
        }
    }

    pub(crate) async fn get(&self) -> Result<CrmResponse, Error> {
        self.client.call_raw(get("/api/v4/leads")).await
    }

    /// A write that nobody marked as harmless to repeat.
    pub(crate) async fn write(&self) -> Result<CrmResponse, Error> {
        self.client.call_raw(write()).await
    }

    /// How many requests the server got.
    pub(crate) fn requests(&self) -> usize {
        self.server.received().len()
    }
}

pub(crate) fn client_at(
    address: SocketAddr,
    transport: Transport,
    tokens: &Arc<TestTokens>,
    budget: &RequestBudget,
) -> CrmClient {
    let endpoints = Endpoints::loopback(address).unwrap();
    let key = key(endpoints.realm());
    CrmClient::new(transport, endpoints, key, Arc::clone(tokens))
        .unwrap()
        .with_budget(budget.clone())
}

pub(crate) fn transport() -> Transport {
    TransportBuilder::new().build().unwrap()
}

pub(crate) fn get(target: &str) -> CrmRequest {
    CrmRequest::new(CrmMethod::Get, target).unwrap()
}

pub(crate) fn write() -> CrmRequest {
    CrmRequest::new(CrmMethod::Post, "/api/v4/leads?with=contacts")
        .unwrap()
        .with_body(br#"[{"name":"A lead"}]"#.to_vec())
}

pub(crate) fn ok(body: &str) -> Reply {
    Reply::answer("200 OK", &[JSON], body.as_bytes())
}

pub(crate) fn problem(status: &str, body: &str) -> Reply {
    Reply::answer(status, &[PROBLEM], body.as_bytes())
}

pub(crate) fn page(status: &str) -> Reply {
    Reply::answer(status, &[HTML], PAGE)
}

pub(crate) fn unauthorized() -> Reply {
    problem(
        "401 Unauthorized",
        r#"{"title":"Unauthorized","status":401,"detail":"Invalid user name or password"}"#,
    )
}
