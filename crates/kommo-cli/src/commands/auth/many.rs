//! One grant or all of them, several side by side; one that fails stops no other.

use clap::Args;
use kommo_keeper::GrantStore;
use kommo_oauth::grant::{Grant, GrantKey, UsableToken};
use serde_json::Value;
use tokio::task::JoinSet;

use super::grant_view;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::grant_choice::{Choice, GrantArgs, is_over};
use crate::keeper::keeper_setup::{self, CliKeeper, KeeperArgs};
use crate::keeper::{stores, waiting_codes};
use crate::run::context::Context;
use crate::run::runtime::{interrupted, run_to_end};
use crate::time::instant;

/// How many grants are looked after side by side.
const SIDE_BY_SIDE: usize = 8;

/// The options of a command on one grant or on all.
#[derive(Debug, Args)]
pub(super) struct GrantsArgs {
    #[command(flatten)]
    pub(super) grant: GrantArgs,

    /// Every grant of the integration, whatever account the profile names
    #[arg(long, conflicts_with_all = ["account", "user"])]
    pub(super) all: bool,

    #[command(flatten)]
    pub(super) keeper: KeeperArgs,
}

impl GrantsArgs {
    /// Opens the keeper, and lets `work` use it on the grants that are meant.
    pub(super) fn run(
        &self,
        context: &Context,
        work: impl AsyncFnOnce(&CliKeeper, Each) -> Result<Outcome, Failure>,
    ) -> Result<Outcome, Failure> {
        let endpoints = self.keeper.endpoints(context)?;
        let credentials = self.keeper.integration.credentials(context)?;
        run_to_end(context, async {
            let (realm, client_id) = (endpoints.realm(), Some(credentials.client_id));
            let which = match self.all {
                true => Each::All(self.grant.typed(realm, client_id)),
                false => Each::One(self.grant.choice(realm, client_id, context)?),
            };
            let keeper = self.keeper.keeper(credentials, context).await?;
            let _waiting = keeper_setup::token_awaited(context);
            let outcome = work(&keeper, which).await?;
            let (Each::One(choice) | Each::All(choice)) = which;
            for code in choice.waiting_codes(keeper.store()).await? {
                let line = waiting_codes::line(&code);
                context.output.note(&format!("warning: {line}"));
            }
            Ok(outcome)
        })
    }
}

/// The grant, if it has not ended: what has ended is not looked after, even while its access token
/// is still valid.
pub(super) async fn living(keeper: &CliKeeper, key: &GrantKey) -> Result<Grant, Failure> {
    let loaded = keeper.store().load(key).await;
    let grant = loaded.map_err(|error| stores::failure(&error))?;
    let grant = grant.ok_or_else(|| Failure::new(ErrorCode::NoGrant, "the grant is gone"))?;
    match keeper_setup::ended(&grant) {
        None => Ok(grant),
        Some(failure) => Err(match grant.usable(grant_view::now()) {
            Some(UsableToken {
                expires_at: Some(end),
                ..
            }) => failure.line(format!(
                "its access token is valid until {}, and there will be no other",
                instant::when(end, grant_view::now())
            )),
            _ => failure,
        }),
    }
}

/// Which grants.
#[derive(Clone, Copy)]
pub(super) enum Each {
    /// The one that is meant.
    One(Choice),
    /// Every one that is meant and not over.
    All(Choice),
}

/// Does the work, and prints each outcome. For all grants: status 1 if one of them failed.
pub(super) async fn for_each<F>(
    keeper: &CliKeeper,
    which: Each,
    context: &Context,
    work: impl Fn(CliKeeper, GrantKey) -> F,
) -> Result<Outcome, Failure>
where
    F: Future<Output = Result<(String, Value), Failure>> + Send + 'static,
{
    let keys = match which {
        Each::One(choice) => {
            let key = choice.one(keeper.store()).await?;
            let (text, json) = work(keeper.clone(), key).await?;
            context.output.result(&text, &json)?;
            return Ok(Outcome::Done);
        }
        Each::All(choice) => {
            let lines = choice.all(keeper.store()).await?;
            let living = lines.iter().filter(|line| !is_over(line));
            let keys: Vec<_> = living.map(|line| line.key).collect();
            if keys.is_empty() {
                return Err(choice.nothing(keeper.store()).await?);
            }
            keys
        }
    };
    let mut waiting = keys.into_iter();
    let mut flying = JoinSet::new();
    let mut outcome = Outcome::Done;
    loop {
        while !context.is_interrupted()
            && flying.len() < SIDE_BY_SIDE
            && let Some(key) = waiting.next()
        {
            let done = work(keeper.clone(), key);
            flying.spawn(async move { (key, done.await) });
        }
        match flying.join_next().await {
            None if waiting.len() > 0 => return Err(interrupted()),
            None => return Ok(outcome),
            Some(Ok((_, Ok((text, json))))) => context.output.result(&text, &json)?,
            Some(Ok((key, Err(failure)))) => {
                outcome = Outcome::No;
                tell_failure(&key, &failure, context)?;
            }
            Some(Err(_)) => {
                return Err(Failure::new(
                    ErrorCode::Internal,
                    "a task ended without an answer; this is a defect",
                ));
            }
        }
    }
}

/// In a stream, a failure is a line of it: what came before and what comes after is not lost.
fn tell_failure(key: &GrantKey, failure: &Failure, context: &Context) -> Result<(), Failure> {
    let mut fields = grant_view::key_fields(key);
    fields.insert("error".to_owned(), failure.to_json());
    let text = format!("failed: {}", failure.message());
    context.output.result(&text, &Value::Object(fields))
}
