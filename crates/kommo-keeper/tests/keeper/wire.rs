//! A scripted token endpoint: tokens are numbers, and each answer can be scripted.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use core::time::Duration;

use kommo_account::{AccountHost, AccountId, Realm};
use kommo_keeper::{Clock, Probe, TokenEndpoint};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AccessToken, RequestOrigin, SubdomainLookup, TokenAnswer, TokenRequest, read_token_answer,
};

use crate::virtual_clock::VirtualClock;

/// What happens to the next request.
pub(crate) enum Turn {
    /// The platform acts, and its answer is lost.
    LoseAnswer,
    /// The request and its answer are lost.
    Lost,
    /// Nothing is sent.
    NotSent,
    /// Nothing is sent, because the platform blocks for this long.
    Withheld(Duration),
    /// This answer, without acting.
    Answer(u16, &'static str),
    /// The platform acts, and its answer takes this long.
    Slow(Duration),
}

#[derive(Default)]
pub(crate) struct Platform {
    /// Refresh tokens that are accepted, and the pair that each returned.
    living: HashSet<String>,
    issued: u64,
    pub(crate) turns: VecDeque<Turn>,
    /// The answer to every request that contains this text, without acting.
    pub(crate) refuses: Option<(&'static str, u16, &'static str)>,
    /// How long each answer takes.
    pub(crate) latency: Duration,
    /// Each refresh token that was sent.
    pub(crate) sent: Vec<String>,
    pub(crate) probes: u64,
    pub(crate) refused_access: HashSet<String>,
    /// Whether an old token works until the new one is used.
    pub(crate) is_lenient: bool,
    parents: HashMap<String, String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) located: Option<Located>,
    pub(crate) look_ups: u64,
    pub(crate) probe_is_inconclusive: bool,
    pub(crate) expires_in: u64,
    pub(crate) server_time: Option<u64>,
    /// The origin of each request.
    pub(crate) origins: Vec<RequestOrigin>,
}

#[derive(Clone)]
pub(crate) struct Wire {
    platform: Arc<Mutex<Platform>>,
    clock: VirtualClock,
}

impl Wire {
    pub(crate) fn new(clock: VirtualClock) -> Self {
        let platform = Platform {
            expires_in: 86_400,
            ..Platform::default()
        };
        Self {
            platform: Arc::new(Mutex::new(platform)),
            clock,
        }
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Platform) -> T) -> T {
        look(&mut self.platform.lock().unwrap())
    }

    /// A refresh token of a consent.
    pub(crate) fn consent(&self) -> String {
        self.with(|platform| {
            platform.issued += 1;
            let token = format!("refresh-{}", platform.issued);
            platform.living.insert(token.clone());
            token
        })
    }

    pub(crate) fn kill(&self) {
        self.with(|platform| platform.living.clear());
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        self.with(|platform| platform.sent.clone())
    }

    /// The body of an answer.
    fn act(platform: &mut Platform, sent: &str) -> (u16, String) {
        if !platform.living.contains(sent) {
            return (
                401,
                r#"{"hint":"Token has been revoked","status":401}"#.to_owned(),
            );
        }
        if platform.is_lenient {
            // The parent of the token that is used now is dead.
            if let Some(parent) = platform.parents.get(sent).cloned() {
                platform.living.remove(&parent);
            }
        } else {
            platform.living.remove(sent);
        }
        platform.issued += 1;
        let number = platform.issued;
        let token = format!("refresh-{number}");
        platform.living.insert(token.clone());
        platform.parents.insert(token, sent.to_owned());
        let server_time = platform
            .server_time
            .map_or_else(String::new, |time| format!(r#","server_time":{time}"#));
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":{},"access_token":"access-{number}","refresh_token":"refresh-{number}"{server_time}}}"#,
            platform.expires_in,
        );
        (200, body)
    }
}

impl TokenEndpoint for Wire {
    async fn send(&self, _: Realm, request: &TokenRequest) -> SendOutcome {
        let body: String = String::from_utf8(request.body().to_vec()).unwrap();
        let field = |name: &str| {
            let (_, rest) = body.split_once(&format!("\"{name}\":\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let sent = field("refresh_token").or_else(|| field("code")).unwrap();
        let turn = self.with(|platform| {
            platform.sent.push(sent.clone());
            platform.origins.push(request.origin());
            platform.hosts.push(request.host().to_string());
            let refused = platform.refuses.filter(|(text, ..)| body.contains(text));
            let turn = refused.map(|(_, status, answer)| Turn::Answer(status, answer));
            turn.or_else(|| platform.turns.pop_front())
        });
        let latency = self.with(|platform| platform.latency);
        if !latency.is_zero() {
            self.clock.pause(latency).await;
        }
        let (status, body) = match turn {
            Some(Turn::Lost) => return SendOutcome::Lost,
            Some(Turn::NotSent) => return SendOutcome::NotSent,
            Some(Turn::Withheld(left)) => return SendOutcome::Withheld { left },
            Some(Turn::LoseAnswer) => {
                self.with(|platform| Self::act(platform, &sent));
                return SendOutcome::Lost;
            }
            Some(Turn::Answer(status, body)) => (status, body.to_owned()),
            Some(Turn::Slow(length)) => {
                let answer = self.with(|platform| Self::act(platform, &sent));
                self.clock.pause(length).await;
                answer
            }
            None => self.with(|platform| Self::act(platform, &sent)),
        };
        let now = self.clock.now();
        SendOutcome::Answered(read_answer(status, &body, now))
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
                account_id: AccountId::from_number(12_345_678).unwrap(),
                user_id: Some(87_654_321),
            }
        })
    }
}

fn read_answer(status: u16, body: &str, now: kommo_oauth::UnixSeconds) -> TokenAnswer {
    read_token_answer(status, Some("application/json"), None, body.as_bytes(), now)
}
