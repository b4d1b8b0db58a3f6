//! A consent that comes right after an erasure, while a run of the erased grant is on its way.

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::Mutex;

use kommo_account::{AccountHost, Endpoints, Realm};
use kommo_keeper::{
    CodeOrigin, CodeOutcome, CodePut, GrantStore as _, Keeper, PendingCode, Probe, SystemClock,
    TokenEndpoint, Written,
};
use kommo_oauth::grant::{
    Attempt, AttemptId, Generation, Grant, GrantKey, GrantState, Hold, HoldKind, HoldScope,
    PairFate, PairNumber, ReauthReason, Transition,
};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AccessToken, AuthorizationCode, SubdomainLookup, TokenRequest, read_token_answer,
};
use kommo_store::Store;
use tokio::sync::{mpsc, oneshot};

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{MARKER, account, at, client, consented, host, key, pair};

on_both! {
    a_run_of_an_erased_grant_meets_the_fence_of_the_next_one
    a_refresh_that_is_answered_after_an_erasure_and_a_consent_changes_nothing
    an_import_after_an_erasure_begins_later_too
}

async fn erase(store: &Store) {
    let erased = store
        .erase_account(Realm::Real, &client(), account())
        .await
        .unwrap();
    assert_eq!(erased.grants, 1);
}

/// A store after a consent, an attempt, an erasure and a consent; with what the attempt wrote.
async fn erased_and_consented(store: &Store) -> Transition {
    store.write(None, &consented(1), at(1)).await.unwrap();
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let attempt = Attempt::new(ATTEMPT, PairNumber::FIRST, at(2));
    let mut begun = grant.begin(attempt).unwrap();
    let written = store.write(None, &begun, at(2)).await.unwrap();
    let Written::Confirmed(revision) = written else {
        panic!("{written:?}");
    };
    begun.grant.revision = revision;
    erase(store).await;
    let consent = Grant::consent(None, key(1), host(), None, pair(50));
    let written = store.write(None, &consent, at(3)).await.unwrap();
    let Written::BeginAfter(last) = written else {
        panic!("{written:?}");
    };
    let mut later = consent;
    later.grant = later.grant.begin_after(last);
    let written = store.write(None, &later, at(3)).await.unwrap();
    assert!(matches!(written, Written::Confirmed(_)), "{written:?}");
    begun
}

const ATTEMPT: AttemptId = AttemptId::new([1; 16]);

async fn a_run_of_an_erased_grant_meets_the_fence_of_the_next_one<P: Place>() {
    let place = place!(P);
    let store = place.open().await;
    let begun = erased_and_consented(&store).await.grant;
    // The new record comes to the revision that the old run knows.
    let grant = store.load(&key(1)).await.unwrap().unwrap();
    let kind = HoldKind::PaymentRequired;
    let hold = Hold::new(kind, HoldScope::Grant, at(4), Duration::from_secs(60));
    store.write(None, &grant.hold(hold), at(4)).await.unwrap();
    let there = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!(there.revision, begun.revision);

    let (base, used) = (begun.generation, PairNumber::FIRST);
    let saved = begun.receive(base, used, pair(60), at(5)).unwrap().0;
    let written = store.write(None, &saved, at(5)).await.unwrap();
    assert_eq!(written, Written::Conflict);
    assert_eq!(store.load(&key(1)).await.unwrap().as_ref(), Some(&there));

    // Read again, as a run does after a conflict, the record has moved on.
    let refused = there
        .clone()
        .refuse(ATTEMPT, used, ReauthReason::Revoked, at(6));
    assert_eq!(refused, None, "no pair of this record was sent");
    let (received, fate) = there.receive(base, used, pair(60), at(6)).unwrap();
    assert_eq!(fate, PairFate::Spare);
    let newest = received.grant.state.pairs().unwrap().newest().clone();
    assert_eq!((newest.pair, newest.since), (pair(50), Generation::FIRST));
}

async fn an_import_after_an_erasure_begins_later_too<P: Place>() {
    let (from, to) = (place!(P), place!(P));
    let (from, to) = (from.open().await, to.open().await);
    let begun = erased_and_consented(&to).await.grant;
    erase(&to).await;
    from.write(None, &consented(1), at(1)).await.unwrap();
    let text = from.export_sealed(&key(1), at(3), &[]).await.unwrap();
    to.import(&text, at(4)).await.unwrap();
    let there = to.load(&key(1)).await.unwrap().unwrap();
    assert!(there.generation.get() > 2_000_000, "{}", there.generation);
    let used = begun.state.pairs().unwrap().newest().number;
    assert!(there.state.pairs().unwrap().find(used).is_none());
}

/// What the platform answers to a refresh.
type Answer = oneshot::Sender<&'static str>;

/// Answers every code with a pair of one account, and answers a refresh when the test says what.
struct Platform {
    codes: Mutex<u64>,
    refreshes: mpsc::UnboundedSender<Answer>,
}

impl TokenEndpoint for Platform {
    async fn send(&self, _: Realm, request: &TokenRequest) -> SendOutcome {
        let sent: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let json = Some("application/json");
        if sent["grant_type"] == "refresh_token" {
            let (answer, answered) = oneshot::channel();
            self.refreshes.send(answer).unwrap();
            let body = answered.await.unwrap();
            let status = if body.contains("hint") { 401 } else { 200 };
            let answer = read_token_answer(status, json, None, body.as_bytes(), at(9));
            return SendOutcome::Answered(answer);
        }
        let number = {
            let mut codes = self.codes.lock().unwrap();
            *codes += 1;
            *codes
        };
        let body = pair_text(&format!("consent-{number}"));
        // The first token has ended, so it is refreshed; the next one serves.
        let now = match number {
            1 => at(1),
            _ => kommo_keeper::Clock::now(&SystemClock::new()),
        };
        SendOutcome::Answered(read_token_answer(200, json, None, body.as_bytes(), now))
    }

    async fn locate(&self, _: Realm, _: &SubdomainLookup<'_>) -> Located {
        Located::Unknown
    }

    async fn probe(&self, _: Realm, _: AccountHost, _: &AccessToken) -> Probe {
        Probe::Alive {
            account_id: account(),
            user_id: Some(1),
        }
    }
}

fn pair_text(name: &str) -> String {
    format!(
        r#"{{"token_type":"Bearer","expires_in":86400,"access_token":"{MARKER}-a-{name}","refresh_token":"{MARKER}-r-{name}"}}"#
    )
}

type Erasing = Keeper<Arc<Store>>;

async fn consent(keeper: &Erasing, number: u8) -> GrantKey {
    let code = AuthorizationCode::new(format!("{MARKER}-{number}")).unwrap();
    let now = kommo_keeper::Clock::now(keeper.clock());
    let origin = CodeOrigin::Redirect;
    let pending = PendingCode::new(Realm::Real, client(), host(), code, origin, now);
    let put = keeper.accept_code(&pending).await.unwrap();
    assert_eq!(put, CodePut::Stored);
    let outcomes = keeper.exchange_codes(5).await.unwrap();
    let [CodeOutcome::Granted(grant)] = &*outcomes else {
        panic!("{outcomes:?}");
    };
    assert!(grant.is_first);
    grant.key
}

async fn a_refresh_that_is_answered_after_an_erasure_and_a_consent_changes_nothing<P: Place>() {
    let late = pair_text("late");
    let refused = r#"{"hint":"Token has been revoked"}"#;
    for answer in [late.leak(), refused] {
        let place = place!(P);
        let store = Arc::new(place.open().await);
        let (refreshes, mut asked) = mpsc::unbounded_channel();
        let codes = Mutex::new(0);
        let secret = ClientSecret::new(format!("{MARKER}-secret")).unwrap();
        let redirect = RedirectUri::parse("https://app.example/callback").unwrap();
        let platform = Platform { codes, refreshes };
        let keeper = Keeper::builder(Arc::clone(&store), platform, Endpoints::real())
            .credentials(Credentials::new(client(), secret, redirect))
            .build();
        let key = consent(&keeper, 1).await;
        let handle = keeper.grant(&key).unwrap();
        let refresh = tokio::spawn(async move { drop(handle.token().await) });
        let pending = asked.recv().await.unwrap();
        erase(&store).await;
        assert_eq!(consent(&keeper, 2).await, key);

        pending.send(answer).unwrap();
        refresh.abort();
        keeper.drain().await;
        let grant = store.load(&key).await.unwrap().unwrap();
        assert!(matches!(grant.state, GrantState::Active(_)), "{answer}");
        let newest = grant.state.pairs().unwrap().newest();
        let kept = newest.pair.refresh_token.expose();
        assert_eq!(kept, format!("{MARKER}-r-consent-2"), "{answer}");
        assert!(!newest.refused, "{answer}");
    }
}
