//! `kommo explain disconnect`: the query of a disconnect hook.

use clap::Args;
use kommo_account::ClientId;
use kommo_explain::explain_disconnect;

use super::answer::print;
use crate::failure::exit::{Failure, Outcome};
use crate::failure::missing;
use crate::input::query_source::QueryArgs;
use crate::input::secret_source::SecretArgs;
use crate::input::standard_input::claimed_once;
use crate::profile::content::SecretKind;
use crate::run::context::Context;

const EXAMPLE: &str = "\
Example:
  kommo explain disconnect --secret-file client.secret \\
    --client-id 01d01160-d7a0-4087-b4af-6a1bb83fcd1d \\
    --query 'account_id=32720107&client_uuid=01d01160-…&signature=1c60d5…'";

/// `kommo explain disconnect`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct DisconnectArgs {
    #[command(flatten)]
    secret: SecretArgs,

    /// The id of your integration, a UUID
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,

    #[command(flatten)]
    query: QueryArgs,
}

pub(super) fn run(args: &DisconnectArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once([args.secret.claim(), args.query.claim()])?;
    let source = args
        .secret
        .typed_or(|| context.profile_secret(SecretKind::Client))?;
    let (client_id, source) = missing::both(
        (context.known_client_id(args.client_id)?, missing::CLIENT_ID),
        (source, missing::SECRET),
    )?;
    let secret = source.read()?;
    let explained = explain_disconnect(&args.query.read()?, client_id.as_str(), secret.expose());
    print(
        &explained.map_err(|error| source.refused(error))?,
        None,
        context,
    )
}
