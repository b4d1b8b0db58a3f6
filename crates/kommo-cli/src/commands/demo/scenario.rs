//! The steps of the demo, in their order.
//!
//! ```text
//! client ── signed request ──> sandbox ── refused ──> journal: verdict, and what `kommo-explain` found
//!    ▲                            │
//!    └──────── answer ────────────┘
//! ```

use kommo_account::{AccountHost, AmojoId, ChannelId, ChatsHost, EndpointRole, Endpoints, ScopeId};
use kommo_chats::{ConnectRequest, DisconnectRequest};
use kommo_http::{ChatsClient, ChatsError, OutgoingRequest, Pace, Transport, TransportBuilder};
use kommo_sandbox::{Explanation, Fault, FaultKind, Sandbox};
use kommo_sign::{
    ChannelSecret, ChatsSigner, ContentType, RequestDate, RequestMethod, RequestPath,
};
use serde_json::{Value, json};

use super::chat;
use super::grants;
use super::keep::Keep;
use super::step::{Step, tell};
use crate::commands::sandbox::explainer::SandboxExplainer;
use crate::commands::sandbox::start_failure;
use crate::failure::exit::{self, Failure};
use crate::run::context::Context;

/// Some secret that is not the channel's.
const OTHER_SECRET: &str = "another-secret-than-the-channel-has";

const HOUR_SECONDS: u64 = 3600;

/// Everything that the steps use.
struct Stage {
    sandbox: Sandbox,
    transport: Transport,
    endpoints: Endpoints,
    host: ChatsHost,
    secret: ChannelSecret,
    channel: ChannelId,
    account: AmojoId,
    account_host: String,
}

/// Prints every step as it happens, and whether all succeeded.
pub(super) async fn tell_all(context: &Context, keep: Option<&Keep>) -> Result<bool, Failure> {
    let stage = Stage::set().await?;
    let started = format!("a simulated Kommo listens at {}", stage.sandbox.base_url());
    let started = Step::new("sandbox", true, started).with("base_url", stage.sandbox.base_url());
    let mut is_ok = tell(&started, context)?;
    is_ok &= tell(&stage.connect().await, context)?;
    is_ok &= tell(&stage.wrong_secret().await, context)?;
    is_ok &= tell(&stage.stale_date().await, context)?;
    is_ok &= tell(&stage.skewed_clock().await, context)?;
    let scope = ScopeId::new(stage.channel, stage.account);
    let connection = stage.client(&stage.secret).connection(scope);
    is_ok &= chat::tell_all(&stage.sandbox, connection, &stage.secret, context).await?;
    is_ok &= tell(&stage.disconnect().await, context)?;
    is_ok &= grants::tell_all(&stage.sandbox, context).await?;
    if let Some(keep) = keep {
        keep.write(&stage.sandbox)?;
    }
    stage.sandbox.stop().await;
    Ok(is_ok)
}

impl Stage {
    async fn set() -> Result<Self, Failure> {
        let sandbox = Sandbox::builder()
            .explainer(Box::new(SandboxExplainer))
            .start()
            .await
            .map_err(start_failure)?;
        let state = sandbox.state();
        let account = state
            .accounts
            .first()
            .ok_or_else(|| Failure::io("the sandbox has no account"))?;
        let account_host = AccountHost::parse(&account.host).map_err(Failure::io)?;
        Ok(Self {
            transport: TransportBuilder::new()
                .build()
                .map_err(|error| Failure::io(exit::chain(&error)))?,
            endpoints: Endpoints::loopback_url(sandbox.base_url()).map_err(Failure::io)?,
            host: account_host.chats_host(),
            secret: ChannelSecret::new(&state.channel_secret).map_err(Failure::io)?,
            channel: ChannelId::parse(&state.channel_id).map_err(Failure::io)?,
            account: AmojoId::parse(&account.amojo_id).map_err(Failure::io)?,
            account_host: account.host.clone(),
            sandbox,
        })
    }

    fn client(&self, secret: &ChannelSecret) -> ChatsClient {
        // A person waits for it, and no limit of the platform is met.
        ChatsClient::new(self.transport.clone(), self.endpoints, self.host, secret)
            .with_pace(Pace::unlimited())
    }

    async fn connected(
        &self,
        client: &ChatsClient,
    ) -> Result<kommo_http::Answer<kommo_chats::ConnectResponse>, String> {
        let request =
            ConnectRequest::new(self.account, "Demo").map_err(|error| error.to_string())?;
        client
            .connect(&self.channel, &request)
            .await
            .map_err(|error| exit::chain(&error))
    }

    async fn connect(&self) -> Step {
        match self.connected(&self.client(&self.secret)).await {
            Ok(answer) => Step::new(
                "connect",
                true,
                format!("signed and accepted: {} is connected", self.account_host),
            )
            .with("scope_id", answer.value().scope_id().as_str()),
            Err(error) => Step::new("connect", false, error),
        }
    }

    async fn wrong_secret(&self) -> Step {
        let name = "wrong-secret";
        let secret = match ChannelSecret::new(OTHER_SECRET) {
            Ok(secret) => secret,
            Err(error) => return Step::new(name, false, error.to_string()),
        };
        let request = DisconnectRequest::new(self.account);
        match self
            .client(&secret)
            .disconnect(&self.channel, &request)
            .await
        {
            Err(ChatsError::Refused(refusal)) => self.refused(name, refusal.status(), "unknown"),
            Err(error) => Step::new(name, false, exit::chain(&error)),
            Ok(_) => Step::new(name, false, "was accepted, which it must not be"),
        }
    }

    /// A request that is an hour old. It is sent below the client, which would sign it anew.
    async fn stale_date(&self) -> Step {
        let name = "stale-date";
        match self.send_an_hour_late().await {
            Ok(status @ 400..) => self.refused(name, status, "date-stale"),
            Ok(status) => Step::new(
                name,
                false,
                format!("answered with {status}, which must not be"),
            ),
            Err(error) => Step::new(name, false, error),
        }
    }

    async fn send_an_hour_late(&self) -> Result<u16, String> {
        let (path, body) = (
            DisconnectRequest::path(&self.channel),
            DisconnectRequest::new(self.account).to_body(),
        );
        let path = RequestPath::parse(&path).map_err(|error| error.to_string())?;
        let date = self.sandbox.now().saturating_sub(HOUR_SECONDS);
        let date = RequestDate::from_unix_seconds(date).map_err(|error| error.to_string())?;
        let signer = ChatsSigner::new(&self.secret);
        let signed = signer.sign(RequestMethod::DELETE, path, ContentType::JSON, date, &body);
        let headers = signed.headers();
        let outgoing =
            OutgoingRequest::new(signed.method(), signed.path()).with_body(signed.body());
        let outgoing = headers
            .iter()
            .fold(outgoing, |outgoing, (name, value)| match *name {
                "X-Signature" => outgoing.with_sensitive_header(name, value),
                _ => outgoing.with_header(name, value),
            });
        let target = self.endpoints.resolve(EndpointRole::Chats(self.host));
        let response = self.transport.send(&target, &outgoing).await;
        response
            .map(|response| response.status())
            .map_err(|error| exit::chain(&error))
    }

    /// A refusal that was wanted: right if `kommo explain` names its cause.
    fn refused(&self, name: &'static str, status: u16, expected: &str) -> Step {
        let explanations = self.latest_explanations();
        let codes: Vec<_> = explanations
            .iter()
            .map(|found| found.code.as_str())
            .collect();
        let what = match expected {
            "unknown" => "another secret",
            _ => "an hour old",
        };
        let is_ok = codes.contains(&expected);
        let detail = format!("{what}: {status}; explain says {}", codes.join(", "));
        Step::new(name, is_ok, detail).with("findings", findings(&explanations))
    }

    fn latest_explanations(&self) -> Vec<Explanation> {
        let latest = self.sandbox.journal().pop().and_then(|entry| entry.detail);
        latest.map(|detail| detail.explanations).unwrap_or_default()
    }

    async fn skewed_clock(&self) -> Step {
        let name = "skewed-clock";
        self.sandbox
            .inject(Fault::new(FaultKind::StaleClock).seconds(3600));
        let connected = self.connected(&self.client(&self.secret)).await;
        self.sandbox.clear_faults();
        match connected {
            Ok(answer) => match answer.learned_offset_seconds() {
                Some(offset) => {
                    let detail =
                        format!("server {offset} s ahead: refused, offset learned, accepted");
                    Step::new(name, true, detail)
                        .with("clock_offset_seconds", offset)
                        .with("attempts", answer.attempts())
                }
                None => Step::new(name, false, "no offset was learned"),
            },
            Err(error) => Step::new(name, false, error),
        }
    }

    async fn disconnect(&self) -> Step {
        let request = DisconnectRequest::new(self.account);
        match self
            .client(&self.secret)
            .disconnect(&self.channel, &request)
            .await
        {
            Ok(_) if self.sandbox.state().connections.is_empty() => Step::new(
                "disconnect",
                true,
                format!("signed and accepted: {} is off", self.account_host),
            ),
            Ok(_) => Step::new("disconnect", false, "the sandbox still has the connection"),
            Err(error) => Step::new("disconnect", false, exit::chain(&error)),
        }
    }
}

fn findings(explanations: &[Explanation]) -> Vec<Value> {
    explanations
        .iter()
        .map(
            |found| json!({ "code": found.code, "message": found.message, "remedy": found.remedy }),
        )
        .collect()
}
