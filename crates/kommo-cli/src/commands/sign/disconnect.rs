//! `kommo sign disconnect`: a disconnect hook, as the platform signs it.

use core::num::NonZeroU64;

use clap::Args;
use kommo_account::{AccountId, ClientId};
use kommo_sign::{ClientSecret, DisconnectKey};

use super::signature_line::print_signature;
use crate::failure::exit::{Failure, Outcome};
use crate::failure::missing;
use crate::input::secret_source::SecretArgs;
use crate::profile::content::SecretKind;
use crate::run::context::Context;

/// `kommo sign disconnect`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  kommo sign disconnect --secret-file client.secret \\\n    --client-id 01d01160-d7a0-4087-b4af-6a1bb83fcd1d --account-id 32720107"
)]
pub(crate) struct DisconnectArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// The id of the integration, a UUID
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,

    /// The id of the account, a number
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    account_id: AccountId,
}

pub(super) fn run(args: &DisconnectArgs, context: &Context) -> Result<Outcome, Failure> {
    let account_id = NonZeroU64::new(args.account_id.get())
        .ok_or_else(|| Failure::usage("account id is zero"))?;
    let source = args
        .secret
        .typed_or(|| context.profile_secret(SecretKind::Client))?;
    let (client_id, source) = missing::both(
        (context.known_client_id(args.client_id)?, missing::CLIENT_ID),
        (source, missing::SECRET),
    )?;
    let key = DisconnectKey::new(&source.read_to_sign(&context.output, ClientSecret::new)?);
    print_signature(key.sign(client_id.as_str(), account_id).as_str(), context)
}
