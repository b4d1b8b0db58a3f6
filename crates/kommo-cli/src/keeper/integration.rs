//! The integration of a command: its id, its secret, its Redirect URI.

use clap::Args;
use kommo_account::ClientId;
use kommo_oauth::integration::{ClientSecret, Credentials};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::failure::missing::{self, Missing};
use crate::input::secret_source::{SecretArgs, SecretSource, outer_slip};
use crate::profile::content::SecretKind;
use crate::profile::setting::RedirectUri;
use crate::run::context::Context;

/// `--client-id`, `--secret-file`, `--redirect-uri`.
#[derive(Debug, Clone, Args)]
pub(crate) struct IntegrationArgs {
    /// The id of the integration, a UUID
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,

    #[command(flatten)]
    secret: SecretArgs,

    /// The Redirect URI, byte for byte as in the integration's settings
    #[arg(long, value_name = "URI")]
    redirect_uri: Option<RedirectUri>,
}

impl IntegrationArgs {
    /// The option's name, and whether it is standard input.
    pub(crate) fn claim(&self) -> (&'static str, bool) {
        self.secret.claim()
    }

    /// As typed, else as the profile says.
    pub(crate) fn client_id(&self, context: &Context) -> Result<ClientId, Failure> {
        context.client_id(self.client_id)
    }

    /// The same, where none at all will do too.
    pub(crate) fn known_client_id(&self, context: &Context) -> Result<Option<ClientId>, Failure> {
        match self.client_id {
            Some(typed) => Ok(Some(typed)),
            None => Ok(context.profile()?.client_id),
        }
    }

    /// The place of the client secret, if it is known.
    pub(crate) fn secret_source(&self, context: &Context) -> Result<Option<SecretSource>, Failure> {
        self.secret
            .typed_or(|| context.profile_secret(SecretKind::Client))
    }

    /// As typed, else as the profile says.
    pub(crate) fn known_redirect_uri(
        &self,
        context: &Context,
    ) -> Result<Option<RedirectUri>, Failure> {
        match &self.redirect_uri {
            Some(typed) => Ok(Some(typed.clone())),
            None => Ok(context.profile()?.redirect_uri.clone()),
        }
    }

    /// All three. The secret is read here, and warned about where it looks like a slip.
    pub(crate) fn credentials(&self, context: &Context) -> Result<Credentials, Failure> {
        self.credentials_besides(Missing::default(), context)
    }

    /// The same; values that are missing already are named together with those missing here.
    pub(crate) fn credentials_besides(
        &self,
        mut missing: Missing,
        context: &Context,
    ) -> Result<Credentials, Failure> {
        let client_id = missing.check(self.known_client_id(context)?, missing::CLIENT_ID);
        let redirect_uri = missing.check(self.known_redirect_uri(context)?, missing::REDIRECT_URI);
        let source = missing.check(self.secret_source(context)?, missing::SECRET);
        let (Some(client_id), Some(redirect_uri), Some(source), true) =
            (client_id, redirect_uri, source, missing.is_empty())
        else {
            return Err(missing.into_failure());
        };
        let secret = read_client_secret(&source, context)?;
        Ok(Credentials::new(
            client_id,
            secret,
            redirect_uri.as_uri().clone(),
        ))
    }
}

fn read_client_secret(source: &SecretSource, context: &Context) -> Result<ClientSecret, Failure> {
    let text = source.read()?;
    let secret = ClientSecret::new(text.expose()).map_err(|error| {
        let message = format!("{error}, in {}", source.label());
        Failure::new(ErrorCode::SecretInvalid, message)
    })?;
    if let Some(slip) = outer_slip(text.expose()) {
        context.output.note(&format!(
            "warning: the secret in {} {slip}; every byte of it counts",
            source.label()
        ));
    }
    Ok(secret)
}
