//! `kommo auth login`: from the consent page to a durable grant.
//!
//! ```text
//! consent URL ──> a browser ──┬── pasted ────────────┐
//!                             └── redirect_listener ─┴─> code, durable ──> exchange ──> grant, durable
//! --code ───────────────────────────────────────────────┘
//! ```

// In the order the data flows: a file uses only files above it.
mod paste;

mod redirect_listener;

mod exchange;

use core::net::SocketAddr;
use core::time::Duration;

use clap::Args;
use kommo_account::{AccountHost, Endpoints, Platform, Realm};
use kommo_keeper::{CodeOrigin, PendingCode};
use kommo_oauth::{AuthorizationCode, ConsentMode, ConsentState, ConsentUrl, Credentials};
use serde_json::json;

use self::redirect_listener::RedirectListener;
use super::told;
use crate::context::Context;
use crate::error_code::ErrorCode;
use crate::exit::{Failure, Outcome};
use crate::grant_choice::AccountName;
use crate::keeping::{CliKeeper, KeepingArgs};
use crate::runtime::run_to_end;
use crate::setting::PlatformName;
use crate::standard_input::claimed_once;

const HELP: &str = "\
Prints the address of the consent page. Open it in a browser, allow, then paste
here the whole address that the browser was sent to, or the code alone. With
--listen, and with --sandbox if the redirect URI is on this machine, it waits
for the redirect itself, and leads the browser away from the address with the
code. A code lives for 20 minutes and works once.

Example:
  kommo auth login --profile shop
  kommo auth login --profile shop --listen 127.0.0.1:8080
  kommo auth login --profile shop --code def502… --account shop.kommo.com";

/// `kommo auth login`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct LoginArgs {
    /// The account that is to consent, by host or number; with a bare code its host
    #[arg(long, value_name = "HOST|ID")]
    account: Option<AccountName>,

    /// kommo (.kommo.com, .amocrm.com) or amocrm (.amocrm.ru)
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformName>,

    /// A code, as the keys of the integration show it
    #[arg(long, value_name = "C", conflicts_with = "listen")]
    code: Option<String>,

    /// Wait for the redirect at this address, behind your own https
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
    keeping: KeepingArgs,
}

/// A code and where it came from.
struct Brought {
    code: AuthorizationCode,
    host: AccountHost,
    origin: CodeOrigin,
}

pub(super) fn run(args: &LoginArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.keeping.endpoints()?;
    if args.code.is_none() && args.listen.is_none() {
        let pasted = [("the code that is pasted", true)];
        claimed_once(args.keeping.claims().chain(pasted))?;
    }
    let credentials = args.keeping.integration.credentials(context)?;
    if let Some(code) = &args.code {
        let brought = args.typed(code, endpoints, context)?;
        return run_to_end(context, async {
            args.keeping.make_store(context)?;
            let keeper = args.keeping.keeper(credentials, context).await?;
            args.finish(&keeper, brought, context).await
        });
    }
    let state = fresh_state()?;
    let platform = args.platform(endpoints, context)?;
    let mode = ConsentMode::PostMessage;
    let url =
        ConsentUrl::new(platform, &credentials.client_id, &state, mode).expose_text(&endpoints);
    match args.listen_at(endpoints, &credentials) {
        Some(address) => run_to_end(
            context,
            args.wait_for_redirect(address, &url, &state, credentials, context),
        ),
        None => args.take_pasted(&url, &state, credentials, context),
    }
}

impl LoginArgs {
    /// `--code C --account HOST`.
    fn typed(
        &self,
        code: &str,
        endpoints: Endpoints,
        context: &Context,
    ) -> Result<Brought, Failure> {
        let code = AuthorizationCode::new(code.trim())
            .map_err(|error| Failure::usage(format!("--code: {error}")))?;
        let host = self.host_of_bare_code(endpoints, context)?;
        let origin = CodeOrigin::Pasted;
        Ok(Brought { code, host, origin })
    }

    /// A code does not say which account it is of, and is exchanged at that account's host only.
    fn host_of_bare_code(
        &self,
        endpoints: Endpoints,
        context: &Context,
    ) -> Result<AccountHost, Failure> {
        match self.account {
            Some(AccountName::Host(host)) => return Ok(host),
            Some(AccountName::Id(_)) => {
                return Err(Failure::usage(
                    "--account: the number of an account does not say where it lives",
                )
                .hint("give its host, for example shop.kommo.com"));
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
                "a code alone does not say which account it is of",
            )
            .hint("give --account HOST, or paste the whole address of the browser")
        })
    }

    /// Whose consent page: as typed, else as the account or the profile say.
    fn platform(&self, endpoints: Endpoints, context: &Context) -> Result<Platform, Failure> {
        if let Some(name) = self.platform {
            return Ok(name.suffix().platform());
        }
        if let Some(AccountName::Host(host)) = self.account {
            return Ok(host.platform());
        }
        let profile = context.profile()?;
        let of_profile = profile.platform.map(|name| name.suffix().platform());
        let of_account = profile.account.map(|account| account.platform());
        let of_sandbox = (endpoints != Endpoints::real()).then_some(Platform::Global);
        of_profile.or(of_account).or(of_sandbox).ok_or_else(|| {
            Failure::new(
                ErrorCode::SettingMissing,
                "no platform was given, so the consent page is not known",
            )
            .hint("give --platform kommo or amocrm, or name it in a profile with `kommo init`")
        })
    }

    /// Where to wait for the redirect, if anywhere: with a sandbox, at the redirect URI itself if it is on this machine.
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
        context: &Context,
    ) -> Result<Outcome, Failure> {
        context.output.result(url, &json!({ "consent_url": url }))?;
        let endpoints = self.keeping.endpoints()?;
        let pasted = paste::read(state, &credentials.client_id, context)?;
        let brought = match pasted {
            kommo_oauth::PastedCode::Redirected(redirect) => Brought {
                code: redirect.code,
                host: redirect.host,
                origin: CodeOrigin::Pasted,
            },
            kommo_oauth::PastedCode::Bare(code) => Brought {
                host: self.host_of_bare_code(endpoints, context)?,
                code,
                origin: CodeOrigin::Pasted,
            },
            _ => return Err(Failure::usage("nothing that can be read was pasted")),
        };
        run_to_end(context, async {
            self.keeping.make_store(context)?;
            let keeper = self.keeping.keeper(credentials, context).await?;
            self.finish(&keeper, brought, context).await
        })
    }

    async fn wait_for_redirect(
        &self,
        address: SocketAddr,
        url: &str,
        state: &ConsentState,
        credentials: Credentials,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        // Both before the address is printed: who opens it may be back in a moment.
        let listener = RedirectListener::bind(address).await?;
        self.keeping.make_store(context)?;
        let keeper = self.keeping.keeper(credentials.clone(), context).await?;
        context.output.result(url, &json!({ "consent_url": url }))?;
        context
            .output
            .note(&format!("waiting for the redirect at {address}"));
        let limit = Duration::from_secs(self.wait);
        let mut kept = None;
        let interruption = context.listen()?;
        let (waited, farewell) = listener
            .wait(state, &credentials, limit, interruption, async |redirect| {
                let brought = Brought {
                    code: redirect.code,
                    host: redirect.host,
                    origin: CodeOrigin::Redirect,
                };
                // Durable before the browser is answered.
                let pending = self.pending(&keeper, brought)?;
                exchange::keep(&keeper, &pending).await?;
                kept = Some(pending);
                Ok(())
            })
            .await;
        let outcome = match (waited, kept) {
            (Err(failure), _) => Err(failure),
            (Ok(()), Some(pending)) => exchange::finish(&keeper, &pending, context).await,
            (Ok(()), None) => Err(Failure::io("the redirect brought no code")),
        };
        farewell.say().await;
        outcome
    }

    async fn finish(
        &self,
        keeper: &CliKeeper,
        brought: Brought,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        let pending = self.pending(keeper, brought)?;
        exchange::keep(keeper, &pending).await?;
        exchange::finish(keeper, &pending, context).await
    }

    fn pending(&self, keeper: &CliKeeper, brought: Brought) -> Result<PendingCode, Failure> {
        if let Some(AccountName::Host(host)) = self.account
            && host != brought.host
        {
            let message = format!(
                "the code is of {}, not of {host}; it was not used",
                brought.host
            );
            return Err(Failure::new(ErrorCode::CodeRefused, message).reason("other-account"));
        }
        let expected = match self.account {
            Some(AccountName::Id(id)) => Some(id),
            _ => None,
        };
        let pending = PendingCode::new(
            keeper.settings().endpoints.realm(),
            keeper.credentials().client_id,
            brought.host,
            brought.code,
            brought.origin,
            told::now(),
        );
        Ok(pending
            .with_carried(Some(exchange::name(keeper)))
            .with_expected_account(expected))
    }
}

/// A state for this attempt alone.
fn fresh_state() -> Result<ConsentState, Failure> {
    let mut bytes = [0; kommo_oauth::STATE_RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| {
        Failure::new(
            ErrorCode::Internal,
            "the operating system gives no random bytes",
        )
    })?;
    Ok(ConsentState::from_random(bytes))
}
