//! What proves the hooks that arrive: the secrets of three kinds, typed or of the profile.

use std::path::PathBuf;

use clap::Args;
use kommo_account::ClientId;
use kommo_hooks::{
    BotTokenVerifier, ChatHookVerifier, DisconnectVerifier, FreshnessWindow, OpenApiVerifier,
    WidgetTokenVerifier,
};
use kommo_sign::{
    AppSecret, ChannelSecret, ChatHookKey, ClientSecret, DisconnectKey, JwsAlgorithm, JwsKey,
    KeyId, KeyRing, KeyRingError, OpenApiKey,
};

use super::span::Span;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::input::secret_source::SecretSource;
use crate::input::standard_input::is_dash;
use crate::keeper::secret_use;
use crate::profile::content::SecretKind;
use crate::profile::setting::RedirectUri;
use crate::run::context::Context;

/// The secrets that hooks are proven by.
#[derive(Debug, Clone, Args)]
pub(super) struct VerifierArgs {
    /// The file of the channel secret, for chat hooks. During a rotation once for each secret
    #[arg(long, value_name = "FILE")]
    channel_secret_file: Vec<PathBuf>,

    /// The environment variable of such a secret
    #[arg(long, value_name = "NAME")]
    channel_secret_env: Vec<String>,

    /// The file of the client secret, for disconnect hooks, bots and widgets
    #[arg(long, value_name = "FILE")]
    client_secret_file: Vec<PathBuf>,

    /// The environment variable of such a secret
    #[arg(long, value_name = "NAME")]
    client_secret_env: Vec<String>,

    /// The file of the AppSecret, for the Open API
    #[arg(long, value_name = "FILE")]
    app_secret_file: Vec<PathBuf>,

    /// The environment variable of such a secret
    #[arg(long, value_name = "NAME")]
    app_secret_env: Vec<String>,

    /// The id of the integration, for disconnect hooks, bots and widgets
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,

    /// The Redirect URI of the integration, which the tokens of widgets name
    #[arg(long, value_name = "URI")]
    redirect_uri: Option<RedirectUri>,

    /// Refuse signed hooks that are older than this, as in 10m; default: no limit
    #[arg(long, value_name = "SPAN")]
    max_age: Option<Span>,
}

/// A clock that runs ahead of ours is not refused at once.
const AHEAD_SECONDS: u64 = 300;

/// What each kind is proven by, where there is a secret for it.
#[derive(Debug)]
pub(super) struct Verifiers {
    pub(super) chat: Option<ChatHookVerifier>,
    pub(super) disconnect: Option<DisconnectVerifier>,
    pub(super) open_api: Option<OpenApiVerifier>,
    pub(super) bot: Option<BotTokenVerifier>,
    pub(super) widget: Option<WidgetTokenVerifier>,
    pub(super) window: Option<FreshnessWindow>,
}

impl VerifierArgs {
    /// The options' names, and whether each is standard input.
    pub(super) fn claims(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let files = [
            ("--channel-secret-file", &self.channel_secret_file),
            ("--client-secret-file", &self.client_secret_file),
            ("--app-secret-file", &self.app_secret_file),
        ];
        let each = |(option, files): (&'static str, &Vec<PathBuf>)| {
            let claims: Vec<_> = files.iter().map(|file| (option, is_dash(file))).collect();
            claims
        };
        files.into_iter().flat_map(each)
    }

    /// Reads every secret, before anything else is done.
    pub(super) fn read(&self, context: &Context) -> Result<Verifiers, Failure> {
        let channel = self.secrets(SecretKind::Channel, context)?;
        let client = self.secrets(SecretKind::Client, context)?;
        let app = self.secrets(SecretKind::App, context)?;
        let client_id = context.known_client_id(self.client_id)?;
        let redirect_uri = match &self.redirect_uri {
            Some(typed) => Some(typed.to_string()),
            None => context
                .profile()?
                .redirect_uri
                .as_ref()
                .map(ToString::to_string),
        };
        let window = self
            .max_age
            .map(|Span(age)| FreshnessWindow::new(age.as_secs(), AHEAD_SECONDS));

        let chat = ring(SecretKind::Channel, &channel, |source| {
            Ok(ChatHookKey::new(&source.read_as(ChannelSecret::new)?))
        })?;
        let chat = chat.map(ChatHookVerifier::new);
        let channel_id = context.profile()?.channel_id;
        let chat = match channel_id {
            Some(id) => chat.map(|chat| chat.for_channel(id)),
            None => chat,
        };
        let chat = match window {
            Some(window) => chat.map(|chat| chat.fresh_within(window)),
            None => chat,
        };
        let disconnect = ring(SecretKind::Client, &client, |source| {
            Ok(DisconnectKey::new(&source.read_as(ClientSecret::new)?))
        })?;
        let open_api = ring(SecretKind::App, &app, |source| {
            Ok(OpenApiKey::new(&source.read_as(AppSecret::new)?))
        })?;
        let token_keys = |algorithm| {
            ring(SecretKind::Client, &client, |source| {
                Ok(JwsKey::new(algorithm, &source.read_as(ClientSecret::new)?))
            })
        };
        let verifiers = Verifiers {
            chat,
            disconnect: client_id
                .zip(disconnect)
                .map(|(id, keys)| DisconnectVerifier::new(id, keys)),
            open_api: open_api.map(OpenApiVerifier::new),
            bot: client_id
                .zip(token_keys(JwsAlgorithm::Hs512)?)
                .map(|(id, keys)| BotTokenVerifier::new(id, keys)),
            widget: client_id
                .zip(redirect_uri)
                .zip(token_keys(JwsAlgorithm::Hs256)?)
                .map(|((id, uri), keys)| WidgetTokenVerifier::new(id, &uri, keys)),
            window,
        };
        if verifiers.chat.is_none()
            && verifiers.disconnect.is_none()
            && verifiers.open_api.is_none()
        {
            return Err(no_secret(client.is_empty()));
        }
        Ok(verifiers)
    }

    /// Typed, files first, else those of the profile.
    fn secrets(&self, kind: SecretKind, context: &Context) -> Result<Vec<SecretSource>, Failure> {
        let (files, names) = match kind {
            SecretKind::Channel => (&self.channel_secret_file, &self.channel_secret_env),
            SecretKind::Client => (&self.client_secret_file, &self.client_secret_env),
            SecretKind::App => (&self.app_secret_file, &self.app_secret_env),
        };
        let files = files.iter().cloned().map(SecretSource::File);
        let typed: Vec<_> = files
            .chain(names.iter().cloned().map(SecretSource::Env))
            .collect();
        match typed.is_empty() {
            true => context.profile_secrets(kind),
            false => Ok(typed),
        }
    }
}

fn no_secret(has_no_client_secret: bool) -> Failure {
    let message = match has_no_client_secret {
        true => "no secret to verify hooks with was given",
        false => "no client id was given, which the client secret belongs to",
    };
    Failure::new(ErrorCode::SettingMissing, message).hint(
        "give --channel-secret-file FILE (chat hooks), --client-secret-file FILE with --client-id C \
         (disconnect hooks, bots) or --app-secret-file FILE (Open API), or name them in a profile \
         with `kommo init`",
    )
}

/// The keys of one kind, each under the name that `kommo secret list` shows.
fn ring<K>(
    kind: SecretKind,
    sources: &[SecretSource],
    read: impl Fn(&SecretSource) -> Result<K, Failure>,
) -> Result<Option<KeyRing<K>>, Failure> {
    let mut ring = KeyRing::new();
    for source in sources {
        let id = secret_use::id_of(kind, source)?;
        let id = KeyId::parse(&id).map_err(|error| Failure::new(ErrorCode::Internal, error))?;
        match ring.insert(id, read(source)?, None) {
            // The same secret twice is one.
            Ok(()) | Err(KeyRingError::DuplicateId) => {}
            Err(error) => {
                let message = format!("too many {} secrets: {error}", kind.name());
                return Err(Failure::usage(message));
            }
        }
    }
    Ok(Some(ring).filter(|_| !sources.is_empty()))
}
