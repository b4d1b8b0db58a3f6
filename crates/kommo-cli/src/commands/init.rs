//! `kommo init`: writes a profile, by questions at a terminal, else by flags alone.

// In the order the data flows: a file uses only files above it.
mod secret_place;

mod guide;

mod from_sandbox;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use kommo_account::{AccountHost, AmojoId, ChannelId, ChatsHost, ClientId};
use kommo_oauth::integration::{IntegrationSettings, Level};
use serde_json::json;

use crate::connection::sandbox_control::SandboxControl;
use crate::failure::exit::{Failure, Outcome};
use crate::input::private_file;
use crate::profile::content::Profile;
use crate::profile::profile_file;
use crate::profile::setting::{EnvName, KindName, PlatformName, RedirectUri, StoreUrl};
use crate::run::context::Context;

const EXAMPLE: &str = "\
Asks for what is not given, if standard input is a terminal. A profile holds no
secret, only the file or the environment variable of each one.

With --sandbox everything comes from a running sandbox of this machine: its ids,
its address, and its secrets, in private files beside the profile.

Examples:
  kommo init --profile sandbox --sandbox http://127.0.0.1:4000
  kommo init --profile shop --platform kommo \\
    --channel-id f90ba33d-c9d9-44da-b76c-c349b0ecbe41 \\
    --channel-secret-file ~/secrets/channel --account shop.kommo.com --no-input
  kommo sign chats --profile shop --method GET --path /v2/x";

/// `kommo init`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct InitArgs {
    /// Take everything from the sandbox that runs at this address
    #[arg(long, value_name = "URL")]
    sandbox: Option<String>,
    /// The ca_file of that sandbox, if it speaks TLS and is not one of yours
    #[arg(long, value_name = "FILE", requires = "sandbox")]
    sandbox_ca: Option<PathBuf>,
    /// kommo (.kommo.com, .amocrm.com) or amocrm (.amocrm.ru)
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformName>,
    /// The id of the integration, a UUID
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,
    /// The Redirect URI of the integration: https, or http on this machine
    #[arg(long, value_name = "URI")]
    redirect_uri: Option<RedirectUri>,
    /// The file that holds the integration's secret
    #[arg(long, value_name = "FILE", conflicts_with = "client_secret_env")]
    client_secret_file: Option<PathBuf>,
    /// The environment variable that holds the integration's secret
    #[arg(long, value_name = "NAME")]
    client_secret_env: Option<EnvName>,
    /// The id of the chat channel, a UUID
    #[arg(long, value_name = "ID")]
    channel_id: Option<ChannelId>,
    /// The file that holds the channel's secret
    #[arg(long, value_name = "FILE", conflicts_with = "channel_secret_env")]
    channel_secret_file: Option<PathBuf>,
    /// The environment variable that holds the channel's secret
    #[arg(long, value_name = "NAME")]
    channel_secret_env: Option<EnvName>,
    /// The id of an Open API application
    #[arg(long, value_name = "ID")]
    appid: Option<String>,
    /// The file that holds the secret of an Open API application
    #[arg(long, value_name = "FILE", conflicts_with = "app_secret_env")]
    app_secret_file: Option<PathBuf>,
    /// The environment variable that holds the secret of an Open API application
    #[arg(long, value_name = "NAME")]
    app_secret_env: Option<EnvName>,

    /// The file of the secret that signs hooks which are handed over
    #[arg(long, value_name = "FILE", conflicts_with = "webhook_secret_env")]
    webhook_secret_file: Option<PathBuf>,

    /// The variable of that secret
    #[arg(long, value_name = "NAME")]
    webhook_secret_env: Option<EnvName>,
    /// The host of the account, for example shop.kommo.com
    #[arg(long, value_name = "HOST")]
    account: Option<AccountHost>,
    /// The name of the integration, for `kommo doctor`
    #[arg(long, value_name = "T")]
    name: Option<String>,
    /// The file with the description of the integration, for `kommo doctor`
    #[arg(long, value_name = "FILE")]
    description_file: Option<PathBuf>,
    /// The address of the integration's disconnect hook, for `kommo doctor`
    #[arg(long, value_name = "URI")]
    disconnect_hook: Option<String>,
    /// private, for one account, or public, for the marketplace
    #[arg(long, value_name = "KIND")]
    kind: Option<KindName>,
    /// How many accounts use the integration, or will
    #[arg(long, value_name = "N")]
    accounts: Option<u32>,
    /// The private integration belongs to a technical account of the platform
    #[arg(long)]
    technical_account: bool,
    /// The id of the account in the Chats API, a UUID
    #[arg(long, value_name = "UUID")]
    account_amojo_id: Option<AmojoId>,
    /// The host of the Chats API, if not the one that belongs to the account
    #[arg(long, value_name = "HOST")]
    chats_host: Option<ChatsHost>,
    /// Where grants are kept: sqlite:PATH, or postgres://… without a password
    #[arg(long, value_name = "URL", conflicts_with_all = ["store_file", "store_env"])]
    store: Option<StoreUrl>,
    /// The file that holds the store's URL
    #[arg(long, value_name = "FILE", conflicts_with = "store_env")]
    store_file: Option<PathBuf>,
    /// The environment variable that holds the store's URL
    #[arg(long, value_name = "NAME")]
    store_env: Option<EnvName>,
    /// The file that holds the key that grants are encrypted with
    #[arg(long, value_name = "FILE", conflicts_with = "encryption_key_env")]
    encryption_key_file: Option<PathBuf>,
    /// The environment variable that holds the key that grants are encrypted with
    #[arg(long, value_name = "NAME")]
    encryption_key_env: Option<EnvName>,

    /// Ask nothing, even at a terminal
    #[arg(long)]
    no_input: bool,
    /// Replace a profile of that name
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: InitArgs, context: &Context) -> Result<Outcome, Failure> {
    let choice = context.profile_choice()?;
    let file = choice.own_file()?;
    let (is_guided, force) = (!args.no_input && io::stdin().is_terminal(), args.force);
    // Before any question is asked.
    if !force && file.exists() {
        return Err(profile_file::taken(&file));
    }
    let from_sandbox = match args.sandbox.as_deref() {
        Some(url) => {
            let control = SandboxControl::of(url, lasting(args.sandbox_ca.clone())?)?;
            Some(from_sandbox::ask(&control, args.account.as_ref(), context)?)
        }
        None => None,
    };
    let mut profile = args.into_profile()?;
    if let Some(from_sandbox) = &from_sandbox {
        from_sandbox.fill(&mut profile, &file)?;
    } else if is_guided {
        profile = guide::complete(profile, &mut io::stdin().lock(), &mut io::stderr().lock())?;
    }
    profile.check().map_err(Failure::usage)?;
    if profile == Profile::default() {
        return Err(
            Failure::usage("nothing was given that a profile could hold")
                .hint("see `kommo init --help`"),
        );
    }
    profile_file::save(&file, &profile, force)?;
    warn_about_secret_files(&profile, context);
    // Those of a sandbox are nobody's to mend.
    if from_sandbox.is_none() {
        warn_about_settings(&profile, context);
    }
    let place = file.display().to_string();
    context.output.result(
        &format!("wrote {place}"),
        &json!({ "profile": choice.name(), "path": place }),
    )?;
    Ok(Outcome::Done)
}

impl InitArgs {
    fn into_profile(self) -> Result<Profile, Failure> {
        Ok(Profile {
            platform: self.platform,
            client_id: self.client_id,
            redirect_uri: self.redirect_uri,
            account: self.account,
            name: self.name,
            description_file: lasting(self.description_file)?,
            disconnect_hook: self.disconnect_hook,
            kind: self.kind,
            accounts: self.accounts,
            technical_account: self.technical_account.then_some(true),
            account_amojo_id: self.account_amojo_id,
            channel_id: self.channel_id,
            chats_host: self.chats_host,
            appid: self.appid,
            sandbox: None,
            sandbox_ca_file: None,
            client_secret_file: lasting(self.client_secret_file)?,
            client_secret_env: self.client_secret_env,
            channel_secret_file: lasting(self.channel_secret_file)?,
            channel_secret_env: self.channel_secret_env,
            app_secret_file: lasting(self.app_secret_file)?,
            app_secret_env: self.app_secret_env,
            webhook_secret_file: lasting(self.webhook_secret_file)?,
            webhook_secret_env: self.webhook_secret_env,
            store: self.store,
            store_file: lasting(self.store_file)?,
            store_env: self.store_env,
            encryption_key_file: lasting(self.encryption_key_file)?,
            encryption_key_env: self.encryption_key_env,
            secrets: Vec::new(),
        })
    }
}

/// The path from the root: a profile is used from other directories too.
fn lasting(file: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    file.map(|file| private_file::lasting(&file).map_err(Failure::usage))
        .transpose()
}

/// What `doctor` would say of the settings; advice is left to it.
fn warn_about_settings(profile: &Profile, context: &Context) {
    let redirect_uri = profile.redirect_uri.as_ref().map(ToString::to_string);
    let mut settings = IntegrationSettings::default();
    settings.name = profile.name.as_deref();
    settings.redirect_uri = redirect_uri.as_deref();
    settings.disconnect_hook = profile.disconnect_hook.as_deref();
    settings.kind = profile.kind.map(KindName::kind);
    settings.accounts = profile.accounts;
    settings.technical_account = profile.technical_account;
    for found in settings.review() {
        if found.level > Level::Advice {
            let (level, message, remedy) = (found.level, &found.message, found.remedy);
            context
                .output
                .note(&format!("{level}: {message}: {remedy}"));
        }
    }
}

fn warn_about_secret_files(profile: &Profile, context: &Context) {
    let files = [
        &profile.client_secret_file,
        &profile.channel_secret_file,
        &profile.app_secret_file,
        &profile.webhook_secret_file,
        &profile.store_file,
        &profile.encryption_key_file,
    ];
    for file in files.into_iter().flatten() {
        if let Some(warning) = private_file::warning_about(file) {
            context
                .output
                .note(&format!("warning: {} {warning}", file.display()));
        }
    }
}
