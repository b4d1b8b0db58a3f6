//! Where a call goes: the Chats API host of an account, or a sandbox on this machine.

use clap::Args;
use kommo_account::{AccountHost, ChatsHost, Endpoints, HostSuffix};

use crate::connection::sandbox_place::SandboxArgs;
use crate::failure::exit::Failure;
use crate::run::context::Context;

#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// The account's host, for example shop.kommo.com: it says which Chats API host serves it
    #[arg(long, value_name = "HOST")]
    account: Option<String>,

    /// The host of the Chats API, if not the one that belongs to the account
    #[arg(long, value_name = "HOST")]
    chats_host: Option<ChatsHost>,

    #[command(flatten)]
    pub(super) sandbox: SandboxArgs,
}

impl PlaceArgs {
    /// The real platform, or a sandbox, which must be loopback.
    pub(super) fn endpoints(&self, context: &Context) -> Result<Endpoints, Failure> {
        self.sandbox.endpoints(context)
    }

    /// As far as it is known.
    pub(super) fn host(&self, context: &Context) -> Result<Option<ChatsHost>, Failure> {
        let account = self.account.as_deref().map(account_host).transpose()?;
        if let Some(host) = self
            .chats_host
            .or(account.map(|account| account.chats_host()))
        {
            return Ok(Some(host));
        }
        let is_sandbox = self.endpoints(context)? != Endpoints::real();
        let of_sandbox = is_sandbox.then(|| ChatsHost::for_suffix(HostSuffix::KommoCom));
        Ok(context.profile()?.chats_host().or(of_sandbox))
    }
}

fn account_host(text: &str) -> Result<AccountHost, Failure> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::usage(
            "--account: the number of an account does not say which host it has",
        )
        .hint("give its host, for example shop.kommo.com"));
    }
    AccountHost::parse(text).map_err(|error| Failure::usage(format!("--account: {error}")))
}
