//! A worker that gets tokens in rounds: at each `go N` on standard input, N tasks for each grant,
//! at once.

use alloc::sync::Arc;

use kommo_account::Realm;
use kommo_keeper::{GrantHandle, KeeperError, Probe, TokenEndpoint};
use kommo_oauth::grant::{GrantKey, UsableToken};
use kommo_oauth::refresh::Unmet;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::task::JoinSet;

use crate::failure::{Result, failure};
use crate::fleet_keeper::{FleetEndpoint, FleetKeeper};
use crate::fleet_store::FleetStore;
use crate::worker_message::{Called, WorkerMessage};

/// Grants that a page of keys has.
const PAGE: u32 = 1000;

type Handle<S> = GrantHandle<S>;

/// What the rounds of a worker are about.
pub(crate) struct Rounds<S> {
    keeper: FleetKeeper<S>,
    /// Of the calls; the same as the keeper's.
    endpoint: FleetEndpoint,
    grants: Vec<Handle<S>>,
    tasks: u32,
    calls: bool,
}

impl<S: FleetStore> Rounds<S> {
    /// Rounds over these grants, or over all there are.
    pub(crate) async fn new(
        keeper: FleetKeeper<S>,
        endpoint: FleetEndpoint,
        grants: Option<&[String]>,
        tasks: u32,
        calls: bool,
    ) -> Result<Self> {
        let keys = match grants {
            Some(grants) => parse(grants)?,
            None => all_keys(keeper.store()).await?,
        };
        let handles = keys.iter().map(|key| keeper.grant(key));
        let grants = handles.collect::<core::result::Result<_, _>>()?;
        Ok(Self {
            keeper,
            endpoint,
            grants,
            tasks,
            calls,
        })
    }

    /// Until standard input ends.
    pub(crate) async fn run(self) -> Result<()> {
        let mut lines = BufReader::new(stdin()).lines();
        WorkerMessage::Ready.send()?;
        while let Some(round) = next_round(&mut lines).await? {
            self.round(round).await?;
            WorkerMessage::Done { round }.send()?;
        }
        self.keeper.drain().await;
        Ok(())
    }

    async fn round(&self, round: u64) -> Result<()> {
        let mut asking = JoinSet::new();
        for grant in &self.grants {
            for _ in 0..self.tasks {
                let endpoint = self.calls.then(|| self.endpoint.clone());
                asking.spawn(ask(grant.clone(), endpoint, round));
            }
        }
        while let Some(message) = asking.join_next().await {
            message?.send()?;
        }
        Ok(())
    }
}

fn parse(grants: &[String]) -> Result<Vec<GrantKey>> {
    let keys = grants.iter().map(|grant| GrantKey::parse(grant));
    Ok(keys.collect::<core::result::Result<_, _>>()?)
}

async fn all_keys(store: &impl FleetStore) -> Result<Vec<GrantKey>> {
    let mut keys: Vec<GrantKey> = Vec::new();
    loop {
        let page = store.keys(keys.last(), PAGE).await?;
        if page.is_empty() {
            return Ok(keys);
        }
        keys.extend(page);
    }
}

/// The number of the next round; `None` at the end.
async fn next_round(lines: &mut Lines<BufReader<Stdin>>) -> Result<Option<u64>> {
    let Some(line) = lines.next_line().await? else {
        return Ok(None);
    };
    let number = line
        .strip_prefix("go ")
        .and_then(|number| number.parse().ok());
    number
        .map(Some)
        .ok_or_else(|| failure(format!("not a line for a worker: {line}")))
}

async fn ask<S: FleetStore>(
    grant: Handle<S>,
    endpoint: Option<FleetEndpoint>,
    round: u64,
) -> WorkerMessage {
    let token = match grant.token().await {
        Ok(token) => token,
        Err(error) => return without_token(&grant, round, &error),
    };
    let Some(endpoint) = endpoint else {
        return with_token(&grant, round, &token, Called::Not);
    };
    let realm = grant.key().realm;
    match call(&endpoint, realm, &token).await {
        Called::Unauthorized => match grant.token_after_401(token.generation).await {
            Ok(Some(newer)) => {
                let called = call(&endpoint, realm, &newer).await;
                with_token(&grant, round, &newer, called)
            }
            Ok(None) => with_token(&grant, round, &token, Called::Unauthorized),
            Err(error) => without_token(&grant, round, &error),
        },
        called => with_token(&grant, round, &token, called),
    }
}

async fn call(endpoint: &FleetEndpoint, realm: Realm, token: &Arc<UsableToken>) -> Called {
    match endpoint.probe(realm, token.host, &token.access_token).await {
        Probe::Alive { .. } => Called::Alive,
        Probe::Unauthorized => Called::Unauthorized,
        _ => Called::Inconclusive,
    }
}

fn with_token<S: FleetStore>(
    grant: &Handle<S>,
    round: u64,
    token: &Arc<UsableToken>,
    call: Called,
) -> WorkerMessage {
    WorkerMessage::Token {
        round,
        grant: grant.key().to_string(),
        generation: token.generation.get(),
        call,
    }
}

fn without_token<S: FleetStore>(
    grant: &Handle<S>,
    round: u64,
    error: &KeeperError,
) -> WorkerMessage {
    let (why, reason) = match error {
        KeeperError::NoToken { why, .. } => {
            let reason = match why {
                Unmet::ReauthRequired(reason) => reason.name(),
                Unmet::InDoubt(reason) => reason.name(),
                _ => "",
            };
            (why.name().to_owned(), reason.to_owned())
        }
        other => (other.to_string(), String::new()),
    };
    WorkerMessage::NoToken {
        round,
        grant: grant.key().to_string(),
        why,
        reason,
    }
}
