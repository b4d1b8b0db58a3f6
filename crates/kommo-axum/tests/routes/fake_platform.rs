//! The platform's token endpoint, for tests: what a code becomes is written in the code.
//!
//! `def502-ACCOUNT-USER-…` becomes a grant; `used`, `wrong-secret` and `lost` are answered so;
//! anything with `slow` waits until it is let go.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use kommo_account::{AccountHost, AccountId, Realm};
use kommo_keeper::{Probe, TokenEndpoint};
use kommo_oauth::UnixSeconds;
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{AccessToken, SubdomainLookup, TokenRequest, read_token_answer};
use tokio::sync::Semaphore;

/// The access tokens that the fake gives out begin so.
pub(crate) const ACCESS_MARKER: &str = "PLANTED-ACCESS";
pub(crate) const REFRESH_MARKER: &str = "PLANTED-REFRESH";

#[derive(Clone)]
pub(crate) struct FakePlatform {
    pub(crate) exchanges: Arc<AtomicUsize>,
    pub(crate) probes: Arc<AtomicUsize>,
    pub(crate) slow: Arc<Semaphore>,
    pub(crate) is_revoked: Arc<core::sync::atomic::AtomicBool>,
}

impl Default for FakePlatform {
    fn default() -> Self {
        Self {
            exchanges: Arc::default(),
            probes: Arc::default(),
            slow: Arc::new(Semaphore::new(0)),
            is_revoked: Arc::default(),
        }
    }
}

impl TokenEndpoint for FakePlatform {
    async fn send(&self, _: Realm, request: &TokenRequest) -> SendOutcome {
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        let sent: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let now = UnixSeconds::new(1_700_000_000);
        let answer = |status, body: &str| {
            let json = Some("application/problem+json");
            SendOutcome::Answered(read_token_answer(status, json, None, body.as_bytes(), now))
        };
        let Some(code) = sent["code"].as_str() else {
            return answer(401, r#"{"hint":"Token has been revoked","status":401}"#);
        };
        if code.contains("slow") {
            self.slow.acquire().await.unwrap().forget();
        }
        if code.contains("lost") {
            return SendOutcome::Lost;
        }
        if code.contains("wrong-secret") {
            return answer(401, r#"{"error":"invalid_client","status":401}"#);
        }
        if code.contains("used") {
            return answer(
                400,
                r#"{"hint":"Authorization code has been revoked","status":400}"#,
            );
        }
        let whose = code.trim_start_matches("def502-");
        answer(
            200,
            &format!(
                r#"{{"token_type":"Bearer","expires_in":86400,"access_token":"{ACCESS_MARKER}-{whose}","refresh_token":"{REFRESH_MARKER}-{whose}"}}"#
            ),
        )
    }

    async fn locate(&self, _: Realm, _: &SubdomainLookup<'_>) -> Located {
        Located::Unknown
    }

    async fn probe(&self, _: Realm, _: AccountHost, access_token: &AccessToken) -> Probe {
        self.probes.fetch_add(1, Ordering::SeqCst);
        if self.is_revoked.load(Ordering::SeqCst) {
            return Probe::Unauthorized;
        }
        let text = access_token.expose().trim_start_matches(ACCESS_MARKER);
        let mut numbers = text.split('-').filter_map(|part| part.parse::<u64>().ok());
        Probe::Alive {
            account_id: AccountId::from_number(numbers.next().unwrap()).unwrap(),
            user_id: numbers.next(),
        }
    }
}
