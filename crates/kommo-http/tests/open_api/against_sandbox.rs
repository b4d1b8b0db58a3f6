//! The client and the sandbox, which was written apart from it: all eight requests, and what a
//! fault on the way makes of them.

use std::sync::Arc;

use kommo_account::{Endpoints, OpenApiHost};
use kommo_http::{OpenApiClient, OpenApiError, TransportBuilder};
use kommo_open_api::request::{
    AddAgents, CustomerChat, DeleteChats, DissolveGroup, DissolveGroups, Group, Member, MemberKind,
    StartChat, StartChats, StartGroups,
};
use kommo_open_api::{AgentId, AppId, ChatId, FailureKind};
use kommo_sandbox::{Fault, FaultKind, RetryAfterPlace, Sandbox, SandboxConfig, Surface};
use kommo_sign::AppSecret;

use crate::scene::{START, TestClock, ticket};

struct Scene {
    sandbox: Sandbox,
    client: OpenApiClient,
}

impl Scene {
    async fn start() -> Self {
        let config = SandboxConfig {
            now: Some(START),
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::builder().config(config).start().await.unwrap();
        let state = sandbox.state();
        let client = OpenApiClient::new(
            TransportBuilder::new().build().unwrap(),
            Endpoints::loopback(sandbox.address()).unwrap(),
            OpenApiHost::ApichatTwtCom,
            AppId::new(state.appid).unwrap(),
            &AppSecret::new(&state.app_secret).unwrap(),
        );
        let client = client.with_clock(Arc::new(TestClock::default()));
        Self { sandbox, client }
    }

    fn chats(&self) -> usize {
        self.sandbox.platform().open_api_state().chats.len()
    }
}

fn chat(customer: &str) -> CustomerChat {
    CustomerChat::new(AgentId::new(10_078), customer).unwrap()
}

async fn refused<T>(call: impl Future<Output = Result<T, OpenApiError>>) -> (FailureKind, String) {
    match call.await {
        Err(OpenApiError::Refused(refusal)) => (refusal.kind(), refusal.msg().to_owned()),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[tokio::test]
async fn all_eight_requests_are_carried_out() {
    let scene = Scene::start().await;
    let client = &scene.client;
    client.call(&StartChat::new(chat("a"))).await.unwrap();
    let chats = StartChats::new(vec![chat("b"), chat("c")]).unwrap();
    client.call(&chats).await.unwrap();
    let members = vec![
        Member::new(MemberKind::Agent, 10_079),
        Member::new(MemberKind::Visitor, 20_056),
    ];
    let group = || Group::new(members.clone()).unwrap();
    let groups = StartGroups::new(vec![group(), group()]).unwrap();
    let made = client.call(&groups).await.unwrap().into_value();
    assert_eq!(made[0].owner_id, 10_079);
    let made_ticket = client.call(&ticket("hello")).await.unwrap().into_value();
    assert_eq!(scene.chats(), 6);
    let agents = vec![AgentId::new(10_427), AgentId::new(10_428)];
    let add = AddAgents::new(made_ticket.chat_id, agents).unwrap();
    client.call(&add).await.unwrap();
    let pairs = vec![(AgentId::new(10_078), "a".to_owned())];
    client
        .call(&DeleteChats::new(pairs).unwrap())
        .await
        .unwrap();
    client
        .call(&DissolveGroup::new(made[0].chat_id))
        .await
        .unwrap();
    let groups = DissolveGroups::new(vec![made[1].chat_id]).unwrap();
    client.call(&groups).await.unwrap();
    assert_eq!(scene.chats(), 3);
}

#[tokio::test]
async fn every_documented_refusal_is_classified() {
    let scene = Scene::start().await;
    let client = &scene.client;
    let gone = DissolveGroup::new(ChatId::new(1));
    assert_eq!(
        refused(client.call(&gone)).await.0,
        FailureKind::UnknownChat
    );
    let add = |agent| AddAgents::new(ChatId::new(1841), vec![AgentId::new(agent)]).unwrap();
    assert_eq!(
        refused(client.call(&add(10_078))).await.0,
        FailureKind::UnknownChat
    );
    client.call(&ticket("hello")).await.unwrap();
    assert_eq!(
        refused(client.call(&add(1))).await.0,
        FailureKind::UnknownAgent
    );
    assert!(scene.sandbox.platform().close_ticket(1841));
    assert_eq!(
        refused(client.call(&add(10_078))).await.0,
        FailureKind::State
    );
    let fields = kommo_open_api::request::RawFields::new(b"{}").unwrap();
    let raw = client.call_raw::<()>(
        "/openapi/zxlt/js_zxlt_ql",
        &fields,
        kommo_http::Repeat::Never,
    );
    let expected = (FailureKind::Parameter, "参数缺失：chat_id".to_owned());
    assert_eq!(refused(raw).await, expected);
    scene.sandbox.platform().advance_seconds(301);
    assert_eq!(refused(client.call(&gone)).await.0, FailureKind::Timestamp);

    let other = OpenApiClient::new(
        TransportBuilder::new().build().unwrap(),
        Endpoints::loopback(scene.sandbox.address()).unwrap(),
        OpenApiHost::ApichatTwtCom,
        AppId::new(scene.sandbox.state().appid).unwrap(),
        &AppSecret::new("another secret").unwrap(),
    );
    assert_eq!(refused(other.call(&gone)).await.0, FailureKind::Signature);
    assert_eq!(
        refused(other.call(&ticket("a"))).await.0,
        FailureKind::Signature
    );
}

// Rule O10.
#[tokio::test]
async fn no_fault_doubles_a_ticket() {
    for kind in FaultKind::ALL {
        let there = kind.surfaces().contains(&Surface::OpenApi);
        if !there || matches!(kind, FaultKind::Hold | FaultKind::Slow) {
            continue;
        }
        let scene = Scene::start().await;
        let fault = Fault::new(kind).on(Surface::OpenApi).times(1);
        let fault = fault.retry_after(5).retry_after_in(RetryAfterPlace::Header);
        scene.sandbox.inject(fault.body_bytes(2 * 1024 * 1024));
        let result = scene.client.call(&ticket("hello")).await;
        let waited_out = kind == FaultKind::TooManyRequests;
        assert_eq!(result.is_ok(), waited_out, "{kind}: {result:?}");
        let is_done = waited_out || kind == FaultKind::DropAfterCommit;
        assert_eq!(scene.chats(), usize::from(is_done), "{kind}");
        if let Err(error) = result {
            assert!(error.may_be_done() || !is_done, "{kind}: {error:?}");
        }
    }
}

// Rule O10.
#[tokio::test]
async fn what_is_safe_survives_a_fault_that_passes() {
    for kind in [
        FaultKind::ServerError,
        FaultKind::BadGateway,
        FaultKind::GatewayTimeout,
        FaultKind::Cut,
        FaultKind::DropAfterCommit,
        FaultKind::TooManyRequests,
    ] {
        let scene = Scene::start().await;
        let fault = Fault::new(kind).on(Surface::OpenApi).times(2);
        let fault = fault.retry_after(5).retry_after_in(RetryAfterPlace::Header);
        scene.sandbox.inject(fault);
        let answer = scene.client.call(&StartChat::new(chat("a"))).await;
        assert_eq!(answer.unwrap().attempts(), 3, "{kind}");
        assert_eq!(scene.chats(), 1, "{kind}");
    }
}
