//! A token endpoint without a network: it issues pairs, and answers as a test wants.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use kommo_account::{AccountHost, AccountId, Realm};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AccessToken, RequestOrigin, SubdomainLookup, TokenRequest, read_token_answer,
};

use crate::ports::clock::Clock;
use crate::ports::shared_clock::SharedClock;
use crate::ports::token_endpoint::{Probe, TokenEndpoint};

/// What happens to the next request, instead of a plain answer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Reply {
    /// The platform issues a pair, and its answer is lost.
    LoseAnswer,
    /// The request is lost on its way.
    Lost,
    /// The request is not sent.
    NotSent,
    /// The request is not sent, because the platform blocks for this long.
    Withheld(Duration),
    /// This status and body; no pair is issued.
    Answer(u16, &'static str),
    /// The platform issues a pair, and its answer takes this long.
    Slow(Duration),
}

/// The platform's side of a [`ScriptedEndpoint`]: for a test to script and to read.
#[non_exhaustive]
pub struct ScriptedPlatform {
    /// What happens to the next requests, in this order. Without an entry, a valid token or code is
    /// answered with a new pair, and another one with "Token has been revoked".
    pub replies: VecDeque<Reply>,
    /// The answer to every request that contains this text; no pair is issued.
    pub refuses: Option<(&'static str, u16, &'static str)>,
    /// How long each answer takes.
    pub latency: Duration,
    /// Whether every code and every refresh token is valid.
    pub accepts_everything: bool,
    /// Whether a refresh token is valid until the new one is used, instead of once.
    pub is_lenient: bool,
    /// How many seconds an access token is valid.
    pub expires_in: u64,
    /// The platform's own time in its answers.
    pub server_time: Option<u64>,
    /// The answer to a look-up of a host.
    pub located: Option<Located>,
    /// Access tokens that a probe refuses.
    pub refused_access: HashSet<String>,
    /// Whether a probe proves nothing.
    pub probe_is_inconclusive: bool,
    /// The account that a probe names.
    pub account_id: AccountId,
    /// The user that a probe names.
    pub user_id: Option<u64>,
    /// The token or code of each request.
    pub sent: Vec<String>,
    /// The host of each request.
    pub hosts: Vec<String>,
    /// The origin of each request.
    pub origins: Vec<RequestOrigin>,
    /// How many probes were sent.
    pub probes: u64,
    /// How many look-ups were sent.
    pub look_ups: u64,
    valid: HashSet<String>,
    issued: u64,
    /// The token that each refresh token was issued for.
    parents: HashMap<String, String>,
}

/// A token endpoint that issues pairs named `access-1`, `refresh-1` and so on.
///
/// Its clones are the same platform.
#[derive(Clone)]
pub struct ScriptedEndpoint {
    platform: Arc<Mutex<ScriptedPlatform>>,
    clock: SharedClock,
}

impl ScriptedEndpoint {
    /// A platform with this clock, for its answers that take time.
    #[must_use]
    pub fn new(clock: impl Clock) -> Self {
        let platform = ScriptedPlatform {
            replies: VecDeque::new(),
            refuses: None,
            latency: Duration::ZERO,
            accepts_everything: false,
            is_lenient: false,
            expires_in: 86_400,
            server_time: None,
            located: None,
            refused_access: HashSet::new(),
            probe_is_inconclusive: false,
            account_id: super::samples::account(),
            user_id: Some(super::samples::USER),
            sent: Vec::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            probes: 0,
            look_ups: 0,
            valid: HashSet::new(),
            issued: 0,
            parents: HashMap::new(),
        };
        Self {
            platform: Arc::new(Mutex::new(platform)),
            clock: SharedClock::new(clock),
        }
    }

    /// Reads or scripts the platform.
    pub fn with<T>(&self, look: impl FnOnce(&mut ScriptedPlatform) -> T) -> T {
        let platform = self.platform.lock();
        look(&mut platform.unwrap_or_else(PoisonError::into_inner))
    }

    /// A valid refresh token, or a valid code: what a consent leaves.
    #[must_use]
    pub fn consent(&self) -> String {
        self.with(ScriptedPlatform::issue)
    }

    /// Makes every token and code invalid.
    pub fn revoke_all(&self) {
        self.with(|platform| platform.valid.clear());
    }

    /// The token or code of each request so far.
    #[must_use]
    pub fn sent(&self) -> Vec<String> {
        self.with(|platform| platform.sent.clone())
    }
}

impl ScriptedPlatform {
    fn issue(&mut self) -> String {
        self.issued += 1;
        let token = format!("refresh-{}", self.issued);
        self.valid.insert(token.clone());
        token
    }

    /// The status and body of the answer to a token or code.
    fn answer(&mut self, sent: &str) -> (u16, String) {
        if !self.accepts_everything && !self.valid.contains(sent) {
            let body = r#"{"hint":"Token has been revoked","status":401}"#;
            return (401, body.to_owned());
        }
        if !self.is_lenient {
            self.valid.remove(sent);
        } else if let Some(parent) = self.parents.get(sent) {
            // The token that this one replaced ends when this one is used.
            self.valid.remove(parent);
        }
        let refresh = self.issue();
        self.parents.insert(refresh.clone(), sent.to_owned());
        let server_time = self.server_time;
        let server_time = server_time.map(|time| format!(r#","server_time":{time}"#));
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":{},"access_token":"access-{}","refresh_token":"{refresh}"{}}}"#,
            self.expires_in,
            self.issued,
            server_time.unwrap_or_default(),
        );
        (200, body)
    }
}

impl TokenEndpoint for ScriptedEndpoint {
    async fn send(&self, _: Realm, request: &TokenRequest) -> SendOutcome {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let field = |name: &str| {
            let (_, rest) = body.split_once(&format!("\"{name}\":\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let sent = field("refresh_token").or_else(|| field("code"));
        let sent = sent.unwrap_or_default();
        let (reply, latency) = self.with(|platform| {
            platform.sent.push(sent.clone());
            platform.origins.push(request.origin());
            platform.hosts.push(request.host().to_string());
            let refused = platform.refuses.filter(|(text, ..)| body.contains(text));
            let refused = refused.map(|(_, status, answer)| Reply::Answer(status, answer));
            let reply = refused.or_else(|| platform.replies.pop_front());
            (reply, platform.latency)
        });
        if !latency.is_zero() {
            self.clock.pause(latency).await;
        }
        let answer = || self.with(|platform| platform.answer(&sent));
        let (status, body) = match reply {
            Some(Reply::Lost) => return SendOutcome::Lost,
            Some(Reply::NotSent) => return SendOutcome::NotSent,
            Some(Reply::Withheld(left)) => return SendOutcome::Withheld { left },
            Some(Reply::LoseAnswer) => {
                answer();
                return SendOutcome::Lost;
            }
            Some(Reply::Answer(status, body)) => (status, body.to_owned()),
            Some(Reply::Slow(length)) => {
                let answer = answer();
                self.clock.pause(length).await;
                answer
            }
            None => answer(),
        };
        let (json, now) = (Some("application/json"), self.clock.now());
        SendOutcome::Answered(read_token_answer(status, json, None, body.as_bytes(), now))
    }

    async fn locate(&self, _: Realm, _: &SubdomainLookup<'_>) -> Located {
        self.with(|platform| {
            platform.look_ups += 1;
            platform.located.unwrap_or(Located::Unknown)
        })
    }

    async fn probe(&self, _: Realm, _: AccountHost, access_token: &AccessToken) -> Probe {
        self.with(|platform| {
            platform.probes += 1;
            if platform.probe_is_inconclusive {
                return Probe::Inconclusive;
            }
            if platform.refused_access.contains(access_token.expose()) {
                return Probe::Unauthorized;
            }
            Probe::Alive {
                account_id: platform.account_id,
                user_id: platform.user_id,
            }
        })
    }
}

/// Its tokens are made up, but a test may plant markers in them.
impl fmt::Debug for ScriptedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedEndpoint(..)")
    }
}

impl fmt::Debug for ScriptedPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedPlatform").finish_non_exhaustive()
    }
}
