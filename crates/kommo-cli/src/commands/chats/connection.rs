//! Which channel and which account, and everything that a call to them needs.

use clap::Args;
use kommo_account::{AmojoId, ChannelId, ChatsHost, Endpoints};

use super::place::PlaceArgs;
use crate::connection::sandbox_place::SandboxArgs;
use crate::failure::exit::Failure;
use crate::failure::missing::{self, Missing};
use crate::input::secret_source::{SecretArgs, SecretSource};
use crate::profile::content::{Profile, SecretKind};
use crate::run::context::Context;

/// Where the amojo id of an account is found.
const AMOJO_ID: &str = "`kommo api GET '/api/v4/account?with=amojo_id'` prints the amojo id";

#[derive(Debug, Args)]
pub(super) struct ConnectionArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// The id of the channel, a UUID
    #[arg(long, value_name = "ID")]
    channel: Option<ChannelId>,

    /// The id of the account in the Chats API, a UUID
    #[arg(long, value_name = "UUID")]
    account_amojo_id: Option<AmojoId>,

    #[command(flatten)]
    place: PlaceArgs,

    /// Print the signed request, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// A connection, with everything that was left out taken from the profile.
pub(super) struct Connection {
    pub(super) channel: ChannelId,
    pub(super) account: AmojoId,
    pub(super) secret: SecretSource,
    pub(super) endpoints: Endpoints,
    pub(super) host: ChatsHost,
    pub(super) sandbox: SandboxArgs,
}

impl ConnectionArgs {
    /// The option of the secret, and whether it is standard input.
    pub(super) fn secret_claim(&self) -> (&'static str, bool) {
        self.secret.claim()
    }

    pub(super) fn resolve(&self, context: &Context) -> Result<Connection, Failure> {
        // First of all: an address that is not a sandbox's is refused before a secret is read.
        let endpoints = self.place.endpoints(context)?;
        let mut missing = Missing::default();
        let host = missing.check(self.place.host(context)?, missing::ACCOUNT);
        let channel = known(self.channel, context, |profile| profile.channel_id)?;
        let channel = missing.check(channel, missing::CHANNEL_ID);
        let account = known(self.account_amojo_id, context, |profile| {
            profile.account_amojo_id
        })?;
        let account = missing.check(account, missing::ACCOUNT_AMOJO_ID);
        if account.is_none() {
            missing.advise(AMOJO_ID);
        }
        let secret = self
            .secret
            .typed_or(|| context.profile_secret(SecretKind::Channel))?;
        let secret = missing.check(secret, missing::SECRET);
        let (Some(host), Some(channel), Some(account), Some(secret)) =
            (host, channel, account, secret)
        else {
            return Err(missing.into_failure());
        };
        Ok(Connection {
            channel,
            account,
            secret,
            endpoints,
            host,
            sandbox: self.place.sandbox.clone(),
        })
    }
}

/// What was typed, else what the profile says.
fn known<T>(
    typed: Option<T>,
    context: &Context,
    of: impl Fn(&Profile) -> Option<T>,
) -> Result<Option<T>, Failure> {
    match typed {
        Some(typed) => Ok(Some(typed)),
        None => context.profile().map(of),
    }
}
