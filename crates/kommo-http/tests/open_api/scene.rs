//! A client with a clock that only pauses move, and what it talks to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kommo_account::{Endpoints, OpenApiHost};
use kommo_http::{OpenApiClient, Pause, SigningClock, TransportBuilder};
use kommo_open_api::AppId;
use kommo_open_api::request::{AddAgents, CreateTicket, CustomerChat, StartChat};
use kommo_open_api::{AgentId, ChatId};
use kommo_sign::AppSecret;

use crate::raw_server::Reply;

pub(crate) const SECRET: &str = "YOUR_APP_SECRET";
pub(crate) const APP_ID: &str = "1b621280becdb0fa3d3e041ff69e1e1f";
pub(crate) const START: u64 = 1_767_772_879;
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");
pub(crate) const OK: &[u8] = br#"{"code":1,"msg":"ok","data":""}"#;

/// Stands still, but for its pauses; each random number is the one before plus one.
#[derive(Default)]
pub(crate) struct TestClock {
    moved: Mutex<Duration>,
    drawn: Mutex<u64>,
    pauses: Mutex<Vec<Duration>>,
}

impl TestClock {
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.pauses.lock().unwrap().clone()
    }
}

impl SigningClock for TestClock {
    fn unix_seconds(&self) -> u64 {
        START + self.moved.lock().unwrap().as_secs()
    }

    fn pause(&self, length: Duration) -> Pause<'_> {
        self.pauses.lock().unwrap().push(length);
        *self.moved.lock().unwrap() += length.max(Duration::from_secs(1));
        Box::pin(std::future::ready(()))
    }

    fn random_up_to(&self, longest: Duration) -> Duration {
        longest
    }

    fn monotonic(&self) -> Duration {
        *self.moved.lock().unwrap()
    }

    fn random_u64(&self) -> u64 {
        let mut drawn = self.drawn.lock().unwrap();
        *drawn += 1;
        *drawn
    }
}

pub(crate) fn client_of(address: SocketAddr, secret: &str) -> (OpenApiClient, Arc<TestClock>) {
    let transport = TransportBuilder::new()
        .total_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    client_with(transport, address, secret)
}

pub(crate) fn client_with(
    transport: kommo_http::Transport,
    address: SocketAddr,
    secret: &str,
) -> (OpenApiClient, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    let client = OpenApiClient::new(
        transport,
        Endpoints::loopback(address).unwrap(),
        OpenApiHost::ApichatTwtCom,
        AppId::new(APP_ID).unwrap(),
        &AppSecret::new(secret).unwrap(),
    );
    let with_clock = Arc::clone(&clock);
    (client.with_clock(with_clock), clock)
}

/// The limits that a program would have.
pub(crate) fn patient_client(address: SocketAddr) -> (OpenApiClient, Arc<TestClock>) {
    client_with(TransportBuilder::new().build().unwrap(), address, SECRET)
}

pub(crate) fn json(status: &str, body: &str) -> Reply {
    Reply::answer(status, &[JSON], body.as_bytes())
}

pub(crate) fn ok() -> Reply {
    Reply::answer("200 OK", &[JSON], OK)
}

/// Safe to repeat.
pub(crate) fn add_agents() -> AddAgents {
    AddAgents::new(ChatId::new(900_220), vec![AgentId::new(10_427)]).unwrap()
}

/// Posts a message.
pub(crate) fn talking_chat() -> StartChat {
    let chat = CustomerChat::new(AgentId::new(10_078), "1001").unwrap();
    StartChat::new(chat.with_content("hello").unwrap())
}

pub(crate) fn ticket(content: &str) -> CreateTicket {
    CreateTicket::new("1001", "Ann", "203.0.113.1", content, AgentId::new(10_411)).unwrap()
}
