//! `kommo verify disconnect`: the query of a disconnect hook.

use std::ffi::OsStr;

use clap::Args;
use kommo_account::ClientId;
use kommo_sign::{ClientSecret, DisconnectError, DisconnectKey, ParseDisconnectQueryError};
use serde_json::{Map, Value};

use super::verdict::{self, Proof, REASONS, Refusal};
use crate::failure::exit::{Failure, Outcome};
use crate::failure::missing;
use crate::input::query_source::QueryArgs;
use crate::input::secret_source::{SecretSource, SecretsArgs};
use crate::input::standard_input::claimed_once;
use crate::profile::content::SecretKind;
use crate::run::context::Context;

const EXAMPLE: &str = "\
Example:
  kommo verify disconnect --secret-file client.secret \\
    --client-id 01d01160-d7a0-4087-b4af-6a1bb83fcd1d \\
    --query 'account_id=32720107&client_uuid=01d01160-…&signature=1c60d5…'";

const MORE_REASONS: &str = "  \
  parameter-missing    the query lacks a parameter (named in \"parameter\")
  parameter-repeated   a parameter stands twice (named in \"parameter\")
  account-id-malformed account_id is not a positive number of at most 20 digits
  client-ids-differ    client_uuid and client_id are both there and differ
  client-mismatch      the hook is for another integration
  query-malformed      the query is broken in another way";

/// `kommo verify disconnect`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, after_long_help = format!("{REASONS}\n{MORE_REASONS}\n\n{EXAMPLE}"))]
pub(crate) struct DisconnectArgs {
    #[command(flatten)]
    secrets: SecretsArgs,

    /// The id of your integration, a UUID
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,

    #[command(flatten)]
    query: QueryArgs,
}

pub(super) fn run(args: &DisconnectArgs, context: &Context) -> Result<Outcome, Failure> {
    claimed_once(args.secrets.claims().chain([args.query.claim()]))?;
    let sources = args
        .secrets
        .typed_or(|| context.profile_secrets(SecretKind::Client))?;
    let (client_id, sources) = missing::both(
        (context.known_client_id(args.client_id)?, missing::CLIENT_ID),
        (sources, missing::SECRET),
    )?;
    let query = args.query.read()?;
    let check = |key: &DisconnectKey| {
        let account_id = key
            .verify_query(client_id.as_str(), &query)
            .map_err(refusal)?;
        let mut facts = Map::new();
        facts.insert("account_id".to_owned(), Value::from(account_id.get()));
        facts.insert("client_id".to_owned(), Value::from(client_id.as_str()));
        Ok(facts)
    };
    let read = |source: &SecretSource| Ok(DisconnectKey::new(&source.read_as(ClientSecret::new)?));
    let proof = Proof::new(SecretKind::Client, "disconnect", &args.secrets);
    let [query, query_file] = args.query.typed();
    let typed = [
        ("--client-id", Some(OsStr::new(client_id.as_str()))),
        query,
        query_file,
    ];
    verdict::with_each(&sources, read, check, proof, &typed, context)
}

fn refusal(error: DisconnectError) -> Refusal {
    match error {
        DisconnectError::Malformed(error) => malformed(error),
        DisconnectError::OtherClient => Refusal::new("client-mismatch", error),
        _ => Refusal::mismatch(),
    }
}

fn malformed(error: ParseDisconnectQueryError) -> Refusal {
    let (reason, parameter) = match error {
        ParseDisconnectQueryError::Signature { cause, .. } => return Refusal::malformed(cause),
        ParseDisconnectQueryError::Missing { parameter } => {
            ("parameter-missing", Some(parameter.name()))
        }
        ParseDisconnectQueryError::Repeated { parameter, .. } => {
            ("parameter-repeated", Some(parameter.name()))
        }
        ParseDisconnectQueryError::AccountId { .. } => ("account-id-malformed", None),
        ParseDisconnectQueryError::ClientIdsDiffer { .. } => ("client-ids-differ", None),
        _ => ("query-malformed", None),
    };
    Refusal {
        parameter,
        ..Refusal::new(reason, error)
    }
}
