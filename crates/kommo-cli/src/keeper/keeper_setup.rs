//! The keeper of the program: the store, the token endpoint over HTTP, this machine's clock, the
//! lifeboat.

use alloc::sync::Arc;

use clap::Args;
use kommo_account::{ClientId, Endpoints, Realm};
use kommo_http::HttpTokenEndpoint;
use kommo_keeper::{
    Alarm, AlarmKind, Clock, ExchangeError, GrantHandle, Keeper, KeeperError, StoreErrorKind,
    SystemClock,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, GrantState, HoldKind, ReauthReason};
use kommo_oauth::integration::Credentials;
use kommo_oauth::refresh::Unmet;
use kommo_store::Store;

use crate::connection::sandbox_place::SandboxArgs;
use crate::connection::transport;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::input::standard_input::claimed_once;
use crate::keeper::grant_choice::{Choice, GrantArgs, is_over};
use crate::keeper::integration::IntegrationArgs;
use crate::keeper::lifeboats::{LifeboatPlaces, Lifeboats};
use crate::keeper::observed_endpoint::ObservedEndpoint;
use crate::keeper::store_place::{StoreArgs, StorePlace};
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::interrupted;
use crate::terminal::output::Output;
use crate::terminal::progress::Waiting;
use crate::time::instant;

/// The keeper of this program.
pub(crate) type CliKeeper = Keeper<Store>;

/// One grant of it.
pub(crate) type CliGrant = GrantHandle<Store>;

/// What every command about grants takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeeperArgs {
    #[command(flatten)]
    pub(crate) integration: IntegrationArgs,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    #[command(flatten)]
    pub(crate) sandbox: SandboxArgs,
}

impl KeeperArgs {
    /// The realm, asked before anything is read or opened.
    pub(crate) fn endpoints(&self, context: &Context) -> Result<Endpoints, Failure> {
        let endpoints = self.sandbox.endpoints(context)?;
        claimed_once(self.claims())?;
        Ok(endpoints)
    }

    /// The options' names, and whether each is standard input.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.store.claims().chain([self.integration.claim()])
    }

    /// Makes the store if it does not exist yet: for what puts a grant into it.
    pub(crate) fn make_store(&self, context: &Context) -> Result<(), Failure> {
        stores::make(&self.store.place(context)?)
    }

    /// Opens the store to read it: no file is created, not even a lock file.
    pub(crate) async fn look(&self, context: &Context) -> Result<Store, Failure> {
        let place = self.store.place(context)?;
        let keys = self.store.keys(context)?;
        note_place(&place, context);
        match stores::look(&place, keys.clone()).await {
            Ok(Some(store)) => Ok(store),
            Ok(None) => Err(stores::missing(&place)),
            // An older store is brought up to date, and one that is being written is waited for.
            Err(_) => stores::open(&place, keys).await,
        }
    }

    /// Opens the store alone: for what needs no client secret.
    pub(crate) async fn open_store(&self, context: &Context) -> Result<Arc<Store>, Failure> {
        let place = self.store.place(context)?;
        let keys = self.store.keys(context)?;
        note_place(&place, context);
        let waiting = context.progress.wait_for("the store");
        let store = Arc::new(stores::open(&place, keys).await?);
        drop(waiting);
        context.opened.add(Arc::clone(&store));
        Ok(store)
    }

    /// The same, and the lifeboat of its keeper.
    pub(crate) async fn open_store_with_lifeboat(
        &self,
        context: &Context,
    ) -> Result<(Arc<Store>, Lifeboats), Failure> {
        let place = self.store.place(context)?;
        let keys = self.store.keys(context)?;
        note_place(&place, context);
        let store = Arc::new(stores::open(&place, keys.clone()).await?);
        context.opened.add(Arc::clone(&store));
        Ok((store, Lifeboats::open(&place, keys)?))
    }

    /// Opens the store and makes the keeper that serves it.
    pub(crate) async fn keeper(
        &self,
        credentials: Credentials,
        context: &Context,
    ) -> Result<CliKeeper, Failure> {
        let client_id = credentials.client_id;
        self.keeper_of(client_id, Some(credentials), context).await
    }

    /// The same; without credentials no grant is refreshed.
    async fn keeper_of(
        &self,
        client_id: ClientId,
        credentials: Option<Credentials>,
        context: &Context,
    ) -> Result<CliKeeper, Failure> {
        let endpoints = self.sandbox.endpoints(context)?;
        let token_endpoint = self
            .token_endpoint(context)?
            .with_budget(context.budget.clone(), client_id);
        let place = self.store.place(context)?;
        let keys = self.store.keys(context)?;
        note_place(&place, context);
        // Missing local values are reported before a server is asked.
        LifeboatPlaces::of(&place)?;
        let waiting = context.progress.wait_for("the store");
        let store = stores::open(&place, keys.clone()).await?;
        drop(waiting);
        let lifeboat = Lifeboats::open(&place, keys)?;
        let endpoint = ObservedEndpoint::new(
            token_endpoint,
            context.latest_came.clone(),
            context.progress.clone(),
        );
        let output = context.output;
        let builder = Keeper::builder(store, endpoint, endpoints)
            .lifeboat(lifeboat)
            .on_alarm(move |alarm| tell_alarm(output, alarm));
        let keeper = match credentials {
            Some(credentials) => builder.credentials(credentials).build(),
            None => builder.build(),
        };
        context.opened.add(keeper.clone());
        Ok(keeper)
    }

    /// The token endpoint, with the program's name in its user agent.
    pub(crate) fn token_endpoint(&self, context: &Context) -> Result<HttpTokenEndpoint, Failure> {
        let endpoints = self.sandbox.endpoints(context)?;
        let transport = self.sandbox.transport(context)?;
        HttpTokenEndpoint::new(transport, endpoints).map_err(|error| transport::failure(&error))
    }

    /// The keeper and the one grant that is meant.
    pub(crate) async fn keep_one(
        &self,
        grant: &GrantArgs,
        context: &Context,
    ) -> Result<(CliKeeper, CliGrant), Failure> {
        let endpoints = self.endpoints(context)?;
        let (credentials, client_id) = match self.integration.secret_source(context)? {
            Some(_) => {
                let credentials = self.integration.credentials(context)?;
                let client_id = Some(credentials.client_id);
                (Some(credentials), client_id)
            }
            None => (None, self.integration.known_client_id(context)?),
        };
        let choice = grant.choice(endpoints.realm(), client_id, context)?;
        let (keeper, key) = match credentials {
            Some(credentials) => {
                let keeper = self.keeper(credentials, context).await?;
                let key = choice.one(keeper.store()).await?;
                (keeper, key)
            }
            None => self.keep_long_lived(&choice, context).await?,
        };
        let handle = keeper.grant(&key).map_err(|error| failure(&error))?;
        Ok((keeper, handle))
    }

    /// A long-lived token needs no client secret, nor does a grant that has ended: they are not
    /// refreshed.
    async fn keep_long_lived(
        &self,
        choice: &Choice,
        context: &Context,
    ) -> Result<(CliKeeper, GrantKey), Failure> {
        let store = self.open_store(context).await?;
        let key = choice.one(&store).await?;
        let listed = choice.all(&store).await?;
        stores::close(&store).await;
        let is_long_lived = listed
            .iter()
            .any(|grant| grant.key == key && (grant.state == "long-lived" || is_over(grant)));
        if !is_long_lived {
            // The complaint of a missing secret.
            self.integration.credentials(context)?;
        }
        let keeper = self.keeper_of(key.client_id, None, context).await?;
        Ok((keeper, key))
    }
}

/// The reason that is shown while a command waits for a token and no request is under way.
pub(crate) fn token_awaited(context: &Context) -> Waiting {
    context
        .progress
        .wait_for("a token, at most 30 s (another worker may be refreshing it)")
}

fn note_place(place: &StorePlace, context: &Context) {
    context.output.detail(&format!("store: {}", place.label()));
}

/// A realm for people: `the real platform`, or the sandbox's address.
pub(crate) fn describe_realm(realm: Realm) -> String {
    match realm {
        Realm::Sandbox(address) => format!("the sandbox at {address}"),
        _ => "the real platform".to_owned(),
    }
}

/// Prints what a person should know on standard error, as it happens.
fn tell_alarm(output: Output, alarm: &Alarm) {
    if let Some(text) = alarm_text(alarm) {
        output.note(&format!("warning: {text}"));
    }
}

fn alarm_text(alarm: &Alarm) -> Option<String> {
    let text = match alarm.kind {
        AlarmKind::Unsaved { in_lifeboat: true } => {
            "the new tokens could not be saved; they are in the lifeboat, and `kommo auth keep-alive` saves them".to_owned()
        }
        AlarmKind::Unsaved { in_lifeboat: false } => {
            "the new tokens could not be saved, and no lifeboat could be written".to_owned()
        }
        AlarmKind::LifeboatFailed(_) => "the lifeboat cannot be read or written".to_owned(),
        AlarmKind::ClockDiffers { seconds } if seconds > 0 => {
            format!("the clock of this machine is {seconds} s ahead of the server's; set it right")
        }
        AlarmKind::ClockDiffers { seconds } => format!(
            "the clock of this machine is {} s behind the server's; set it right",
            seconds.unsigned_abs()
        ),
        AlarmKind::Revoked => {
            "the platform revoked the long-lived token: make a new one".to_owned()
        }
        AlarmKind::CodeExpired => {
            "a code expired before it could be exchanged; begin again: `kommo auth login`"
                .to_owned()
        }
        AlarmKind::EndsSoon(_) => "the long-lived token ends soon: make a new one".to_owned(),
        // What the command answers says the rest.
        _ => return None,
    };
    Some(match &alarm.key {
        Some(key) => format!("{text} (grant {key})"),
        None => text,
    })
}

/// Why there is no token: who must act decides the status.
pub(crate) fn failure(error: &KeeperError) -> Failure {
    match error {
        KeeperError::NoToken { key, why, again_at } => no_token(key, *why, *again_at),
        KeeperError::ShuttingDown => interrupted(),
        _ => Failure::usage(error),
    }
}

/// Why a code could not be put or exchanged.
pub(crate) fn exchange_failure(error: &ExchangeError) -> Failure {
    let code = match error {
        ExchangeError::Store(trouble) => stores::code(*trouble),
        _ => ErrorCode::Internal,
    };
    Failure::new(code, error)
}

pub(crate) fn store_trouble(key: &GrantKey, trouble: StoreErrorKind) -> Failure {
    store_failed(trouble, &whose(key))
}

fn whose(key: &GrantKey) -> String {
    format!("account {}, user {}", key.account_id, key.user_id)
}

/// Whether a dead grant ended with its sandbox, which forgets its grants when it ends: it has never
/// issued the token.
pub(crate) const fn is_forgotten(key: &GrantKey, reason: ReauthReason) -> bool {
    matches!(
        (key.realm, reason),
        (Realm::Sandbox(_), ReauthReason::Undecryptable)
    )
}

/// What to do about a grant that is dead.
const fn consent_again(key: &GrantKey, reason: ReauthReason) -> &'static str {
    match is_forgotten(key, reason) {
        true => "the sandbox was restarted, and its grants ended with it: `kommo auth login`",
        false => "an administrator must consent again: `kommo auth login`",
    }
}

/// Why a grant that has ended is of no more use.
pub(crate) fn ended(grant: &Grant) -> Option<Failure> {
    let why = match &grant.state {
        GrantState::ReauthRequired(ended) => Unmet::ReauthRequired(ended.reason),
        GrantState::Disconnected(over) => Unmet::Disconnected(over.reason),
        _ => return None,
    };
    Some(no_token(&grant.key, why, None))
}

fn no_token(key: &GrantKey, why: Unmet, again_at: Option<UnixSeconds>) -> Failure {
    let whose = whose(key);
    let failure = match why {
        Unmet::ReauthRequired(reason) => {
            let message = format!("the grant is dead ({}): {whose}", reason.name());
            Failure::new(ErrorCode::ReauthRequired, message)
                .reason(reason.name())
                .hint(consent_again(key, reason))
        }
        Unmet::Disconnected(reason) => {
            let message = format!("the grant has ended ({}): {whose}", reason.name());
            Failure::new(ErrorCode::ReauthRequired, message)
                .reason(reason.name())
                .hint("`kommo auth login` gets a new one")
        }
        Unmet::NoGrant => Failure::new(ErrorCode::NoGrant, format!("there is no grant: {whose}"))
            .hint("`kommo auth login` gets one"),
        Unmet::Expired => long_lived_ended("has expired", &whose).reason("expired"),
        Unmet::Revoked => long_lived_ended("was revoked", &whose).reason("revoked"),
        Unmet::NotRefreshable => Failure::new(
            ErrorCode::NotRefreshable,
            format!("a long-lived token cannot be refreshed: {whose}"),
        )
        .hint(
            "to replace it, make a new one in the integration's settings, then `kommo auth import`",
        ),
        Unmet::Held(kind) => held(kind, &whose, again_at),
        Unmet::InDoubt(reason) => Failure::new(
            ErrorCode::InDoubt,
            format!(
                "the outcome of a refresh is not known ({}): {whose}",
                reason.name()
            ),
        )
        .reason(reason.name())
        .hint("nothing is lost: `kommo auth refresh` tries again at once, with the same tokens"),
        Unmet::Unreachable => Failure::new(
            ErrorCode::Unreachable,
            format!("the platform cannot be reached: {whose}"),
        )
        .hint(transport::NO_CONNECTION),
        Unmet::StoreFailed(trouble) => store_failed(trouble, &whose),
        Unmet::StillRunning => {
            let message = format!("our own refresh of this grant has not come to its end: {whose}");
            Failure::new(ErrorCode::Busy, message)
                .reason(why.name())
                .hint(
                    "nothing is lost: the refresh continues, and the next command finds its result",
                )
        }
        Unmet::Busy | Unmet::Contended => {
            let message = format!("another worker is refreshing this grant: {whose}");
            Failure::new(ErrorCode::Busy, message).hint("try again in a moment")
        }
        other => Failure::new(
            ErrorCode::Internal,
            format!("no token ({}): {whose}", other.name()),
        ),
    };
    failure.retry_at(again_at)
}

fn long_lived_ended(how: &str, whose: &str) -> Failure {
    let message = format!("the long-lived token {how}: {whose}");
    Failure::new(ErrorCode::LongLivedEnded, message)
        .hint("make a new one in the integration's settings, then `kommo auth import`")
}

/// A store that is away is waited for; everything else waits for the operator.
fn store_failed(trouble: StoreErrorKind, whose: &str) -> Failure {
    let failed = |message| Failure::new(stores::code(trouble), message);
    match trouble {
        StoreErrorKind::Damaged => failed(format!("the record is damaged: {whose}"))
            .hint("nothing was overwritten; `kommo doctor` looks at every record"),
        StoreErrorKind::NewerVersion => failed(format!("a newer `kommo` wrote the record: {whose}"))
            .hint("update this program"),
        StoreErrorKind::WrongKey => failed(format!(
            "the record is encrypted with a key that was not given: {whose}"
        ))
        .hint("give that key with --encryption-key-file; the record stays as it is"),
        StoreErrorKind::Misconfigured => {
            failed(format!("the store is not set up as it must be: {whose}"))
                .hint("`kommo doctor` says what is wrong with it")
        }
        StoreErrorKind::Erased => failed(format!("the account was erased on request: {whose}")),
        StoreErrorKind::Taken => failed(format!("the store has another record under this key: {whose}"))
            .hint("`kommo doctor` looks at every record"),
        _ => failed(format!("the store cannot be reached: {whose}")).hint(
            "try again when it can; if new tokens could not be saved, a warning says where they are",
        ),
    }
}

fn held(kind: HoldKind, whose: &str, again_at: Option<UnixSeconds>) -> Failure {
    let until = again_at.map_or_else(String::new, |at| {
        let now = SystemClock::new().now();
        format!(" until {}", instant::when(at, now))
    });
    let message = format!("the grant is paused{until} ({}): {whose}", kind.name());
    let code = match kind {
        HoldKind::ClientMisconfigured => ErrorCode::ClientMisconfigured,
        HoldKind::Blocked => ErrorCode::Blocked,
        HoldKind::PaymentRequired => ErrorCode::PaymentRequired,
        HoldKind::Throttled => ErrorCode::Throttled,
        _ => ErrorCode::Held,
    };
    let failure = Failure::new(code, message).reason(kind.name());
    match kind {
        HoldKind::ClientMisconfigured => failure
            .hint("check client id, client secret and redirect uri, then `kommo auth retry`; the grant itself may be fine"),
        HoldKind::Blocked => {
            failure.hint("the platform blocks this address or account; only its support lifts that")
        }
        HoldKind::PaymentRequired => failure.hint("the account is not paid for; once it is, `kommo auth retry`"),
        HoldKind::Throttled => failure.hint("too many requests: wait"),
        HoldKind::MovedHost => {
            failure.hint("the answer was 404: the account has another host now, which a later command looks up, or a proxy on the way answered; `kommo auth retry` tries again at once")
        }
        _ => failure.hint(
            "an answer could not be understood, or a new token got 401 like the old one; a later command tries again",
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{GrantKey, KeeperError, StoreErrorKind, Unmet, failure, stores};

    #[track_caller]
    fn check(trouble: StoreErrorKind, status: u8, message: &str, hint: &str) {
        let key =
            GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321").unwrap();
        let why = Unmet::StoreFailed(trouble);
        let error = KeeperError::NoToken {
            key,
            why,
            again_at: None,
        };
        let failure = failure(&error);
        assert_eq!(failure.status(), status, "{trouble:?}");
        assert_eq!(failure.code(), stores::code(trouble));
        assert!(failure.message().contains(message), "{failure:?}");
        assert!(failure.message().contains("12345678"));
        let told = failure.hint_text().unwrap_or_default();
        assert!(told.contains(hint), "{told}");
        assert!(!told.contains("lifeboat"), "{told}");
    }

    #[test]
    fn a_store_that_fails_is_told_with_whose_turn_it_is() {
        check(
            StoreErrorKind::Unavailable,
            3,
            "cannot be reached",
            "try again",
        );
        check(StoreErrorKind::Damaged, 3, "damaged", "kommo doctor");
        check(StoreErrorKind::NewerVersion, 3, "newer", "update");
        check(StoreErrorKind::WrongKey, 2, "key", "--encryption-key-file");
        check(
            StoreErrorKind::Misconfigured,
            2,
            "not set up",
            "kommo doctor",
        );
        check(StoreErrorKind::Erased, 1, "erased", "");
        check(StoreErrorKind::Taken, 3, "another record", "");
    }
}
