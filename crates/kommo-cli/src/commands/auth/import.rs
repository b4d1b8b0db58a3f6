//! `kommo auth import`: a long-lived token, or a grant that another store exported.

use std::path::PathBuf;

use clap::Args;
use kommo_account::{AccountHost, AccountId, ClientId, Endpoints, Realm, UserId};
use kommo_keeper::{GrantStore, Probe, StoreError, StoreErrorKind, TokenEndpoint, Written};
use kommo_oauth::grant::{Grant, GrantKey, LongLived, LongLivedState};
use kommo_oauth::token::{AccessToken, UnverifiedClaims};
use kommo_store::{Store, StoreFault};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::grant_view;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure, Outcome};
use crate::input::body_source;
use crate::input::bounded;
use crate::input::secret_source::{self, SecretSource};
use crate::input::standard_input::{claimed_once, is_dash};
use crate::keeper::grant_choice::AccountName;
use crate::keeper::keeper_setup::{self, KeeperArgs};
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::run_to_end;

const HELP: &str = "\
A long-lived token is made in the settings of a private integration, and shown
once. It cannot be refreshed: `kommo auth status` says when it ends. The account
is asked whose token it is, unless --offline takes the token's own word for it.

An exported grant is a file of `kommo auth export`; the store that it came from
has sealed its own.

Example:
  kommo auth import --token-file token.txt --account shop.kommo.com
  kommo auth import --export-file grant.json";

/// `kommo auth import`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ImportArgs {
    /// The file that holds a long-lived token; `-` is standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// The file that `kommo auth export` wrote; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "token_file")]
    export_file: Option<PathBuf>,

    /// The host of the token's account
    #[arg(long, value_name = "HOST")]
    account: Option<AccountName>,

    /// Do not ask the platform whose token it is; use the token's own claims
    #[arg(long, conflicts_with = "export_file")]
    offline: bool,

    #[command(flatten)]
    keeper: KeeperArgs,
}

pub(super) fn run(args: &ImportArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.keeper.endpoints(context)?;
    let own = [
        (
            "--token-file",
            args.token_file.as_ref().is_some_and(is_dash),
        ),
        (
            "--export-file",
            args.export_file.as_ref().is_some_and(is_dash),
        ),
    ];
    claimed_once(own.into_iter().chain(args.keeper.claims()))?;
    match (&args.token_file, &args.export_file) {
        (Some(file), _) => args.import_token(file.clone(), endpoints, context),
        (None, Some(file)) => args.import_grant(file, endpoints, context),
        (None, None) => Err(Failure::new(
            ErrorCode::SettingMissing,
            "neither a token nor an exported grant was given",
        )
        .hint("give --token-file FILE, or --export-file FILE")),
    }
}

impl ImportArgs {
    fn import_token(
        &self,
        file: PathBuf,
        endpoints: Endpoints,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        let host = self.host(endpoints, context)?;
        let source = SecretSource::File(file);
        let text = source.read_token()?;
        let token = AccessToken::new(text.expose().trim()).map_err(|error| {
            let message = format!("{error}, in {}", source.label());
            Failure::new(ErrorCode::SecretInvalid, message)
        })?;
        drop(text);
        let claims = UnverifiedClaims::decode(&token).ok();
        let client_id = self.client_id(claims.as_ref(), context)?;
        run_to_end(context, async {
            let waiting = context.progress.wait_for(format!(
                "the answer of {host} to the question whose the token is"
            ));
            let (account_id, user_id) = self
                .whose(endpoints, host, &token, claims.as_ref(), context)
                .await?;
            drop(waiting);
            let key = GrantKey {
                realm: endpoints.realm(),
                client_id,
                account_id,
                user_id,
            };
            let expires_at = claims.as_ref().and_then(|claims| claims.expires_at);
            self.keeper.make_store(context)?;
            let store = self.keeper.open_store(context).await?;
            let kept = keep(&store, key, host, LongLived::new(token, expires_at)).await;
            tell(&kept?, context)
        })
    }

    fn host(&self, endpoints: Endpoints, context: &Context) -> Result<AccountHost, Failure> {
        match self.account {
            Some(AccountName::Host(host)) => return Ok(host),
            Some(AccountName::Id(_)) => {
                return Err(Failure::usage(
                    "--account: the number of an account does not say its host",
                ));
            }
            None => {}
        }
        let of_profile = match endpoints.realm() {
            Realm::Real => context.profile()?.account,
            _ => None,
        };
        of_profile.ok_or_else(|| {
            Failure::new(
                ErrorCode::SettingMissing,
                "a token does not say the host of its account",
            )
            .hint("give --account HOST")
        })
    }

    /// The integration: as typed, else as the token says, else as the profile says.
    fn client_id(
        &self,
        claims: Option<&UnverifiedClaims>,
        context: &Context,
    ) -> Result<ClientId, Failure> {
        if let Some(of_token) = claims.and_then(|claims| claims.client_id) {
            let known = self.keeper.integration.known_client_id(context)?;
            if known.is_some_and(|known| known != of_token) {
                context.output.note(&format!(
                    "warning: the token is of the integration {of_token}"
                ));
            }
            return Ok(of_token);
        }
        self.keeper.integration.client_id(context)
    }

    /// The platform's own word counts; the claims of the token, which cannot be verified, are used
    /// with `--offline` alone.
    async fn whose(
        &self,
        endpoints: Endpoints,
        host: AccountHost,
        token: &AccessToken,
        claims: Option<&UnverifiedClaims>,
        context: &Context,
    ) -> Result<(AccountId, UserId), Failure> {
        let claimed = claims.and_then(|claims| Some((claims.account_id?, claims.user_id?)));
        let unsaid = || {
            Failure::new(
                ErrorCode::SecretInvalid,
                "the token does not say whose it is",
            )
            .hint("check that the file contains only a long-lived token")
        };
        if self.offline {
            return claimed.ok_or_else(unsaid);
        }
        let endpoint = self.keeper.token_endpoint(context)?;
        match endpoint.probe(endpoints.realm(), host, token).await {
            Probe::Alive {
                account_id,
                user_id,
            } => {
                let user = user_id.and_then(|number| UserId::from_number(number).ok());
                let user = user.or(claims.and_then(|claims| claims.user_id));
                Ok((account_id, user.ok_or_else(unsaid)?))
            }
            Probe::Unauthorized => Err(Failure::new(
                ErrorCode::LongLivedEnded,
                format!("{host} does not take the token"),
            )
            .reason("unauthorized")
            .hint("it has expired, was revoked, or belongs to another account")),
            _ => Err(Failure::new(
                ErrorCode::Unreachable,
                format!("{host} did not say whose the token is"),
            )
            .hint("try again later, or take the token's own word with --offline")),
        }
    }

    fn import_grant(
        &self,
        file: &std::path::Path,
        endpoints: Endpoints,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        let bytes = Zeroizing::new(body_source::read(
            "exported grant",
            file,
            bounded::DOCUMENT_BYTES,
        )?);
        secret_source::check_mode(file)?;
        let text = core::str::from_utf8(&bytes).map_err(|_| {
            Failure::new(
                ErrorCode::SecretInvalid,
                "the exported grant is not utf-8 text",
            )
        })?;
        run_to_end(context, async {
            self.keeper.make_store(context)?;
            let store = self.keeper.open_store(context).await?;
            let key = store.import(text.trim(), grant_view::now()).await;
            let key = key.map_err(|error| unusable(&error))?;
            let loaded = store.load(&key).await;
            let grant = loaded.map_err(|error| stores::failure(&error))?;
            let grant = grant.ok_or_else(|| {
                Failure::new(
                    ErrorCode::StoreFailed,
                    "the imported grant is not in the store",
                )
            })?;
            if grant.key.realm != endpoints.realm() {
                let realm = keeper_setup::describe_realm(grant.key.realm);
                context
                    .output
                    .note(&format!("warning: the grant belongs to {realm}"));
            }
            tell(&grant, context)
        })
    }
}

/// A file that is not an export is the operator's slip, not damage in the store.
fn unusable(error: &StoreFault) -> Failure {
    match error.kind() {
        StoreErrorKind::Damaged => Failure::new(ErrorCode::SecretInvalid, exit::chain(error))
            .hint("give a file that `kommo auth export` wrote"),
        _ => stores::failure(error),
    }
}

async fn keep(
    store: &Store,
    key: GrantKey,
    host: AccountHost,
    token: LongLived,
) -> Result<Grant, Failure> {
    let now = grant_view::now();
    if token.state(now) == LongLivedState::Expired {
        return Err(
            Failure::new(ErrorCode::LongLivedEnded, "the token has expired already")
                .reason("expired"),
        );
    }
    let loaded = store.load(&key).await;
    let earlier = loaded.map_err(|error| stores::failure(&error))?;
    let mut moved = Grant::import_long_lived(earlier, key, host, token).map_err(|_| {
        Failure::new(
            ErrorCode::WrongState,
            "the store has an active grant of this user, which refreshes itself",
        )
        .hint("end it first with `kommo auth logout`, if that is what you want")
    })?;
    let failed = |error| stores::failure(&error);
    let mut written = store.write(None, &moved, now).await.map_err(failed)?;
    if let Written::BeginAfter(last) = written {
        moved.grant = moved.grant.begin_after(last);
        written = store.write(None, &moved, now).await.map_err(failed)?;
    }
    match written {
        Written::Confirmed(_) => Ok(moved.grant),
        _ => Err(
            Failure::new(ErrorCode::Busy, "another program wrote the grant meanwhile")
                .hint("try again"),
        ),
    }
}

fn tell(grant: &Grant, context: &Context) -> Result<Outcome, Failure> {
    let now = grant_view::now();
    let mut json = grant_view::to_json(grant, now);
    if let Value::Object(fields) = &mut json {
        fields.insert("imported".to_owned(), json!(true));
    }
    let text = format!("imported: {}", grant_view::to_text(grant, now));
    context.output.result(&text, &json)?;
    Ok(Outcome::Done)
}
