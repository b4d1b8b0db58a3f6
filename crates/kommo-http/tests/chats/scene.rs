//! A client and what it talks to, ready for a test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kommo_account::{AmojoId, ChannelId, ChatsHost, Endpoints};
use kommo_chats::{ConnectRequest, ConnectResponse, DisconnectRequest};
use kommo_http::{Answer, ChatsClient, ChatsError, Pace, Transport, TransportBuilder};
use kommo_sandbox::{Fault, Sandbox, SandboxConfig};
use kommo_sign::ChannelSecret;

use crate::test_environment::TestEnvironment;

pub(crate) const SECRET: &str = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189";
pub(crate) const CHANNEL: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41";
pub(crate) const ACCOUNT: &str = "af9945ff-1490-4cad-807d-945c15d88bec";

/// What an accepted connect of [`CHANNEL`] and [`ACCOUNT`] answers.
pub(crate) const CONNECTED: &[u8] = br#"{"account_id":"af9945ff-1490-4cad-807d-945c15d88bec","scope_id":"f90ba33d-c9d9-44da-b76c-c349b0ecbe41_af9945ff-1490-4cad-807d-945c15d88bec","title":"ScopeTitle","hook_api_version":"v2"}"#;

pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");

/// The limits that a program would have: a busy machine does not change what a test sees.
pub(crate) fn transport() -> Transport {
    TransportBuilder::new().build().unwrap()
}

/// One second: for answers that never come.
pub(crate) fn impatient_transport() -> Transport {
    TransportBuilder::new()
        .total_timeout(Duration::from_secs(1))
        .build()
        .unwrap()
}

/// A client whose platform is at an address.
pub(crate) fn client_of(
    address: SocketAddr,
    secret: &str,
    environment: &Arc<TestEnvironment>,
) -> ChatsClient {
    client_with(transport(), address, secret, environment)
}

/// The same with a transport of its own.
pub(crate) fn client_with(
    transport: Transport,
    address: SocketAddr,
    secret: &str,
    environment: &Arc<TestEnvironment>,
) -> ChatsClient {
    let endpoints = Endpoints::loopback(address).unwrap();
    let secret = ChannelSecret::new(secret).unwrap();
    let environment = Arc::clone(environment);
    ChatsClient::new(transport, endpoints, ChatsHost::AmojoKommoCom, &secret)
        .with_pace(Pace::unlimited())
        .with_clock(environment)
}

/// A client of a bare server, with [`SECRET`] and a clock of its own.
pub(crate) fn raw_client(address: SocketAddr) -> (ChatsClient, Arc<TestEnvironment>) {
    let environment = Arc::new(TestEnvironment::standing());
    (client_of(address, SECRET, &environment), environment)
}

/// The same, for a server that falls silent.
pub(crate) fn impatient_client(address: SocketAddr) -> (ChatsClient, Arc<TestEnvironment>) {
    let environment = Arc::new(TestEnvironment::standing());
    let client = client_with(impatient_transport(), address, SECRET, &environment);
    (client, environment)
}

pub(crate) fn channel() -> ChannelId {
    ChannelId::parse(CHANNEL).unwrap()
}

pub(crate) fn connect_request() -> ConnectRequest {
    ConnectRequest::new(AmojoId::parse(ACCOUNT).unwrap(), "ScopeTitle").unwrap()
}

/// Connects [`CHANNEL`] to [`ACCOUNT`].
pub(crate) async fn connect(client: &ChatsClient) -> Result<Answer<ConnectResponse>, ChatsError> {
    client.connect(&channel(), &connect_request()).await
}

/// A sandbox and a client that knows its secret.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: ChatsClient,
    pub(crate) environment: Arc<TestEnvironment>,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self::with(SandboxConfig::default(), 0).await
    }

    /// Our clock is ahead of the sandbox's by so many seconds.
    pub(crate) async fn skewed(skew_seconds: i64) -> Self {
        Self::with(SandboxConfig::default(), skew_seconds).await
    }

    pub(crate) async fn with(config: SandboxConfig, skew_seconds: i64) -> Self {
        let sandbox = Sandbox::builder().config(config).start().await.unwrap();
        let environment = Arc::new(TestEnvironment::skewed(sandbox.platform(), skew_seconds));
        let client = client_of(
            sandbox.address(),
            &sandbox.state().channel_secret,
            &environment,
        );
        Self {
            sandbox,
            client,
            environment,
        }
    }

    pub(crate) async fn connect(&self) -> Result<Answer<ConnectResponse>, ChatsError> {
        let request = ConnectRequest::new(self.account(), "Demo").unwrap();
        self.client.connect(&self.channel(), &request).await
    }

    pub(crate) async fn disconnect(&self) -> Result<Answer<()>, ChatsError> {
        self.client
            .disconnect(&self.channel(), &DisconnectRequest::new(self.account()))
            .await
    }

    /// Connects while a fault lies on the way.
    pub(crate) async fn connect_through(
        &self,
        fault: Fault,
    ) -> Result<Answer<ConnectResponse>, ChatsError> {
        self.sandbox.inject(fault);
        self.connect().await
    }

    pub(crate) fn channel(&self) -> ChannelId {
        ChannelId::parse(&self.sandbox.state().channel_id).unwrap()
    }

    pub(crate) fn account(&self) -> AmojoId {
        AmojoId::parse(&self.sandbox.state().accounts[0].amojo_id).unwrap()
    }

    /// The header `Date` of every request so far, as the sandbox wrote it down.
    pub(crate) fn dates(&self) -> Vec<String> {
        let date = |headers: &[(String, String)]| {
            let found = headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("date"));
            found.map(|(_, value)| value.clone()).unwrap()
        };
        self.sandbox
            .journal()
            .iter()
            .map(|entry| date(&entry.detail.as_ref().unwrap().headers))
            .collect()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.sandbox.counters().requests
    }
}
