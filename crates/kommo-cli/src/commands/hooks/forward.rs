//! `--forward-to`: where hooks are handed over to, and the secret that signs them.

use std::path::PathBuf;

use clap::Args;
use kommo_handover::HttpHandover;
use kommo_http::{WebhookSender, WebhookSettings, WebhookUrl};
use kommo_sign::{WebhookKey, WebhookSecret};

use crate::connection::transport;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::failure::missing::{self, Missing};
use crate::input::secret_source::SecretSource;
use crate::input::standard_input::is_dash;
use crate::run::context::Context;

/// `--forward-to` and its companions.
#[derive(Debug, Clone, Args)]
pub(super) struct ForwardArgs {
    /// Hand the hooks over to this address by HTTP, signed by the scheme of Standard Webhooks
    #[arg(long, value_name = "URL", value_parser = WebhookUrl::parse)]
    forward_to: Option<WebhookUrl>,

    /// The file of the secret that signs them: whsec_ and base64
    #[arg(long, value_name = "FILE", conflicts_with = "webhook_secret_env")]
    webhook_secret_file: Option<PathBuf>,

    /// The environment variable of that secret
    #[arg(long, value_name = "NAME")]
    webhook_secret_env: Option<String>,

    /// Allow --forward-to on another machine
    #[arg(long, requires = "forward_to")]
    allow_remote: bool,
}

/// Where to, and what carries it out.
pub(super) struct Forward {
    /// Without its path, which may be a secret.
    pub(super) to: String,
    pub(super) handler: HttpHandover,
}

impl ForwardArgs {
    /// The option's name, and whether it is standard input.
    pub(super) fn claim(&self) -> (&'static str, bool) {
        let is_dash = self.webhook_secret_file.as_ref().is_some_and(is_dash);
        ("--webhook-secret-file", is_dash)
    }

    /// `None` without `--forward-to`.
    pub(super) fn read(&self, context: &Context) -> Result<Option<Forward>, Failure> {
        let Some(url) = &self.forward_to else {
            return Ok(None);
        };
        if !(self.allow_remote || url.is_loopback()) {
            return Err(Failure::usage(format!("{url} is not this machine")).hint(
                "hooks are messages of persons; --allow-remote hands them to another machine",
            ));
        }
        let mut missing = Missing::default();
        let source = missing.check(self.source(context)?, missing::WEBHOOK_SECRET);
        let Some(source) = source else {
            missing.advise(
                "`printf 'whsec_%s' \"$(head -c 24 /dev/urandom | base64)\" > FILE` creates one",
            );
            return Err(missing.into_failure());
        };
        let secret = WebhookSecret::parse(source.read()?.expose()).map_err(|error| {
            let message = format!("{error}, in {}", source.label());
            Failure::new(ErrorCode::SecretInvalid, message)
        })?;
        let key = WebhookKey::new(&secret);
        let sender = WebhookSender::new(url.clone(), key, &WebhookSettings::new());
        Ok(Some(Forward {
            to: url.to_string(),
            handler: HttpHandover::new(sender.map_err(|error| transport::failure(&error))?),
        }))
    }

    /// Typed, else as the profile says.
    fn source(&self, context: &Context) -> Result<Option<SecretSource>, Failure> {
        let file = self.webhook_secret_file.clone().map(SecretSource::File);
        let env = || self.webhook_secret_env.clone().map(SecretSource::Env);
        match file.or_else(env) {
            Some(typed) => Ok(Some(typed)),
            None => Ok(context.profile()?.webhook_secret()),
        }
    }
}
