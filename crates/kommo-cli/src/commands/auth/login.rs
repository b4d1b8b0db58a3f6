//! `kommo auth login`: from the consent page to a durable grant.
//!
//! ```text
//! consent URL ──> a browser ──┬── pasted ────────────┐
//!                             └── redirect_listener ─┴─> code, durable ──> exchange ──> grant, durable
//! --code ───────────────────────────────────────────────┘
//! ```

// In the order the data flows: a file uses only files above it.
mod paste;

mod outcome_page;

mod page_visits;

mod redirect_listener;

mod exchange;

use core::net::SocketAddr;
use core::time::Duration;

use clap::Args;
use kommo_account::{AccountHost, AccountId, Endpoints, Platform, Realm};
use kommo_keeper::{CodeOrigin, PendingCode};
use kommo_oauth::consent::{
    ConsentMode, ConsentRedirect, ConsentState, ConsentUrl, PastedCode, PastedFor, PastedRedirect,
};
use kommo_oauth::integration::Credentials;
use kommo_oauth::token::AuthorizationCode;
use serde_json::json;

use self::redirect_listener::RedirectListener;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::failure::missing::{self, Missing};
use crate::input::standard_input::claimed_once;
use crate::keeper::grant_choice::AccountName;
use crate::keeper::keeper_setup::{CliKeeper, KeeperArgs, exchange_failure};
use crate::keeper::stores;
use crate::profile::setting::PlatformName;
use crate::run::context::Context;
use crate::run::runtime::{run_to_end, runtime};

const HELP: &str = "\
Prints the address of the consent page. Open it in a browser, allow, then paste
here the whole address that the browser was sent to, or the code alone. With
--listen, and with --sandbox if the redirect URI is on this machine, it waits
for the redirect itself, leads the browser away from the address with the code,
and shows it how the login ended. An address counts only with the state of this
attempt and at the redirect URI; a bad paste is refused, and may be followed by
another. With --account, a code of another account is not used. A code lives for
20 minutes and works once.

Example:
  kommo auth login --profile shop
  kommo auth login --profile shop --listen 127.0.0.1:8080
  kommo auth login --profile shop --code def502… --account shop.kommo.com";

/// `kommo auth login`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct LoginArgs {
    /// The account to connect, by host, or by number if the store has a grant of it
    #[arg(long, value_name = "HOST|ID")]
    account: Option<AccountName>,

    /// kommo (.kommo.com, .amocrm.com) or amocrm (.amocrm.ru)
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformName>,

    /// An authorization code, as shown under the keys of the integration
    #[arg(long, value_name = "C", conflicts_with = "listen")]
    code: Option<String>,

    /// Wait for the redirect at this address, after your own https proxy
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// How long to wait for the redirect [default: 1200]
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 1200,
        hide_default_value = true
    )]
    wait: u64,

    #[command(flatten)]
    keeper: KeeperArgs,
}

/// The account that was named, with its host if that is known.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    host: AccountHost,
    /// If it was named by its number.
    id: Option<AccountId>,
}

/// A code and where it came from.
struct Brought {
    code: AuthorizationCode,
    host: AccountHost,
    origin: CodeOrigin,
}

pub(super) fn run(args: &LoginArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.keeper.endpoints(context)?;
    if args.code.is_none() && args.listen.is_none() {
        let pasted = [("the code that is pasted", true)];
        claimed_once(args.keeper.claims().chain(pasted))?;
    }
    let mut missing = Missing::default();
    let platform = args.platform(endpoints, context)?;
    match &args.code {
        Some(_) if args.account.is_none() => {
            missing.check(account_of_profile(endpoints, context)?, missing::ACCOUNT);
        }
        Some(_) => {}
        None => {
            missing.check(platform, missing::PLATFORM);
        }
    }
    let integration = &args.keeper.integration;
    let credentials = integration.credentials_besides(missing, context)?;
    let wanted = args.wanted(endpoints, context)?;
    if let Some(code) = &args.code {
        let brought = args.typed(code, wanted, endpoints, context)?;
        return run_to_end(context, async {
            args.keeper.make_store(context)?;
            let keeper = args.keeper.keeper(credentials, context).await?;
            args.finish(&keeper, brought, wanted, context).await
        });
    }
    let state = fresh_state()?;
    let platform = platform.ok_or_else(|| Failure::new(ErrorCode::Internal, "no platform"))?;
    let mode = ConsentMode::PostMessage;
    let url =
        ConsentUrl::new(platform, &credentials.client_id, &state, mode).expose_text(&endpoints);
    match args.listen_at(endpoints, &credentials) {
        Some(address) => run_to_end(
            context,
            args.wait_for_redirect(address, &url, &state, credentials, wanted, context),
        ),
        None => args.take_pasted(&url, &state, credentials, wanted, context),
    }
}

impl LoginArgs {
    /// The account of `--account`. A code does not say the number of its account, and once it is
    /// exchanged it is too late to refuse it: so the number must lead to a host beforehand, by a
    /// grant of the store.
    fn wanted(&self, endpoints: Endpoints, context: &Context) -> Result<Option<Wanted>, Failure> {
        let id = match self.account {
            None => return Ok(None),
            Some(AccountName::Host(host)) => return Ok(Some(Wanted { host, id: None })),
            Some(AccountName::Id(id)) => id,
        };
        let place = self.keeper.store.place(context)?;
        let keys = self.keeper.store.keys(context)?;
        let listed = runtime()?.block_on(async {
            let Some(store) = stores::look(&place, keys).await? else {
                return Ok(Vec::new());
            };
            let listed = stores::list(&store, Some(endpoints.realm())).await;
            stores::close(&store).await;
            listed.map_err(|error| stores::failure(&error))
        })?;
        let known = listed.iter().find(|grant| grant.key.account_id == id);
        match known {
            Some(grant) => Ok(Some(Wanted {
                host: grant.host,
                id: Some(id),
            })),
            None => Err(Failure::usage(
                "--account: no grant in the store names the host of this account",
            )
            .hint("give its host, for example shop.kommo.com")),
        }
    }

    /// `--code C --account HOST`.
    fn typed(
        &self,
        code: &str,
        wanted: Option<Wanted>,
        endpoints: Endpoints,
        context: &Context,
    ) -> Result<Brought, Failure> {
        let code = AuthorizationCode::new(code.trim())
            .map_err(|error| Failure::usage(format!("--code: {error}")))?;
        let host = host_of_bare_code(wanted, endpoints, context)?;
        let origin = CodeOrigin::Pasted;
        Ok(Brought { code, host, origin })
    }

    /// Whose consent page: as typed, else as the account or the profile say.
    fn platform(
        &self,
        endpoints: Endpoints,
        context: &Context,
    ) -> Result<Option<Platform>, Failure> {
        if let Some(name) = self.platform {
            return Ok(Some(name.suffix().platform()));
        }
        if let Some(AccountName::Host(host)) = self.account {
            return Ok(Some(host.platform()));
        }
        let profile = context.profile()?;
        let of_profile = profile.platform.map(|name| name.suffix().platform());
        let of_account = profile.account.map(|account| account.platform());
        let of_sandbox = (endpoints != Endpoints::real()).then_some(Platform::Global);
        Ok(of_profile.or(of_account).or(of_sandbox))
    }

    /// Where to wait for the redirect, if anywhere: with a sandbox, at the redirect URI itself if
    /// it is on this machine.
    fn listen_at(&self, endpoints: Endpoints, credentials: &Credentials) -> Option<SocketAddr> {
        if self.listen.is_some() || endpoints == Endpoints::real() {
            return self.listen;
        }
        let origin = credentials.redirect_uri.origin().strip_prefix("http://")?;
        let named = origin.strip_prefix("localhost:");
        named
            .map_or_else(|| origin.to_owned(), |port| format!("127.0.0.1:{port}"))
            .parse()
            .ok()
    }

    fn take_pasted(
        &self,
        url: &str,
        state: &ConsentState,
        credentials: Credentials,
        wanted: Option<Wanted>,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        context.output.result(url, &json!({ "consent_url": url }))?;
        let endpoints = self.keeper.endpoints(context)?;
        let attempt = PastedFor {
            state,
            redirect_uri: &credentials.redirect_uri,
        };
        let origin = CodeOrigin::Pasted;
        let take = |pasted| match pasted {
            PastedCode::Redirected(PastedRedirect { code, host, .. }) => {
                checked(Brought { code, host, origin }, wanted)
            }
            PastedCode::Bare(code) => {
                let host = host_of_bare_code(wanted, endpoints, context)?;
                Ok(Brought { code, host, origin })
            }
            _ => Err(Failure::usage("the pasted text is empty or unreadable")),
        };
        let brought = paste::read(attempt, &credentials.client_id, context, take)?;
        run_to_end(context, async {
            self.keeper.make_store(context)?;
            let keeper = self.keeper.keeper(credentials, context).await?;
            self.finish(&keeper, brought, wanted, context).await
        })
    }

    async fn wait_for_redirect(
        &self,
        address: SocketAddr,
        url: &str,
        state: &ConsentState,
        credentials: Credentials,
        wanted: Option<Wanted>,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        // Both before the address is printed: who opens it may be back in a moment.
        let listener = RedirectListener::bind(address).await?;
        self.keeper.make_store(context)?;
        let keeper = self.keeper.keeper(credentials.clone(), context).await?;
        context.output.result(url, &json!({ "consent_url": url }))?;
        context
            .output
            .note(&format!("waiting for the redirect at {address}"));
        let limit = Duration::from_secs(self.wait);
        let interruption = context.listen()?;
        let take = async |redirect: ConsentRedirect| {
            let brought = Brought {
                code: redirect.code,
                host: redirect.host,
                origin: CodeOrigin::Redirect,
            };
            let brought = checked(brought, wanted).inspect_err(|failure| {
                let message = failure.message();
                context.output.note(&format!("not taken: {message}"));
            })?;
            let pending = pending(&keeper, brought, wanted)?;
            // Durable before the browser is answered.
            Ok(exchange::keep(&keeper, &pending).await.map(|()| pending))
        };
        let (waited, farewell) = listener
            .wait(state, &credentials, limit, interruption, take)
            .await;
        let ended = match waited {
            Ok(pending) => exchange::finish(&keeper, &pending, context).await,
            Err(failure) => Err(failure),
        };
        // The terminal first: the browser may be slow, or not come.
        if let Err(failure) = &ended {
            context.output.complain(failure);
        }
        let _waiting = context
            .progress
            .wait_for("the browser to show how it ended, at most 15 s");
        farewell.say(&ended, interruption).await;
        ended
    }

    async fn finish(
        &self,
        keeper: &CliKeeper,
        brought: Brought,
        wanted: Option<Wanted>,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        let pending = pending(keeper, brought, wanted)?;
        exchange::keep(keeper, &pending).await?;
        exchange::finish(keeper, &pending, context).await
    }
}

/// A sandbox has accounts of its own, which no profile for the real platform names.
fn account_of_profile(
    endpoints: Endpoints,
    context: &Context,
) -> Result<Option<AccountHost>, Failure> {
    match endpoints.realm() {
        Realm::Real => Ok(context.profile()?.account),
        _ => Ok(None),
    }
}

/// A code does not name its account, and can be exchanged only at that account's host.
fn host_of_bare_code(
    wanted: Option<Wanted>,
    endpoints: Endpoints,
    context: &Context,
) -> Result<AccountHost, Failure> {
    if let Some(wanted) = wanted {
        return Ok(wanted.host);
    }
    let of_profile = account_of_profile(endpoints, context)?;
    of_profile.ok_or_else(|| {
        Failure::new(
            ErrorCode::SettingMissing,
            "a code alone does not say which account it is of",
        )
        .hint("give --account HOST, or paste the whole address of the browser")
    })
}

/// A code of another account than the one that was named is not used: it stays valid for its own
/// account.
fn checked(brought: Brought, wanted: Option<Wanted>) -> Result<Brought, Failure> {
    match wanted {
        Some(wanted) if wanted.host != brought.host => Err(Failure::new(
            ErrorCode::CodeRefused,
            format!(
                "the code is of {}, not of {}; it was not used",
                brought.host, wanted.host
            ),
        )
        .reason("other-account")
        .hint("choose the other account on the consent page, or name this one with --account")),
        _ => Ok(brought),
    }
}

fn pending(
    keeper: &CliKeeper,
    brought: Brought,
    wanted: Option<Wanted>,
) -> Result<PendingCode, Failure> {
    let Brought { code, host, origin } = brought;
    let pending = keeper.pending_code(host, code, origin);
    Ok(pending
        .map_err(|error| exchange_failure(&error))?
        .with_carried(Some(exchange::name(keeper)))
        .with_expected_account(wanted.and_then(|wanted| wanted.id)))
}

/// A state for this attempt alone.
fn fresh_state() -> Result<ConsentState, Failure> {
    let mut bytes = [0; kommo_oauth::consent::STATE_RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| {
        Failure::new(
            ErrorCode::Internal,
            "the operating system returns no random bytes",
        )
    })?;
    Ok(ConsentState::from_random(bytes))
}
