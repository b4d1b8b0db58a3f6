//! `kommo init`: writes a profile, by questions at a terminal, else by flags alone.

// In the order the data flows: a file uses only files above it.
mod secret_place;

mod guide;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use kommo_account::{AccountHost, AmojoId, ChannelId, ChatsHost, ClientId};
use serde_json::json;

use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::profile::Profile;
use crate::profile_file;
use crate::setting::{EnvName, PlatformName, ProfileName, RedirectUri, StoreUrl};

const EXAMPLE: &str = "\
Asks for what is not given, if standard input is a terminal. A profile holds no
secret, only the file or the environment variable in which each one lies.

Example:
  kommo init --profile shop --platform kommo \\
    --channel-id f90ba33d-c9d9-44da-b76c-c349b0ecbe41 \\
    --channel-secret-file ~/secrets/channel --account shop.kommo.com --no-input
  kommo sign chats --profile shop --method GET --path /v2/x";

/// `kommo init`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct InitArgs {
    /// kommo (.kommo.com, .amocrm.com) or amocrm (.amocrm.ru)
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformName>,
    /// The id of the integration, a UUID
    #[arg(long, value_name = "C")]
    client_id: Option<ClientId>,
    /// Where the consent page sends the browser back to, https
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
    /// The file that holds the secret of an Open API application
    #[arg(long, value_name = "FILE", conflicts_with = "app_secret_env")]
    app_secret_file: Option<PathBuf>,
    /// The environment variable that holds the secret of an Open API application
    #[arg(long, value_name = "NAME")]
    app_secret_env: Option<EnvName>,
    /// The host of the account, for example shop.kommo.com
    #[arg(long, value_name = "HOST")]
    account: Option<AccountHost>,
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
    let named = context.profile_name.as_deref().map(str::parse);
    let name = named
        .unwrap_or_else(|| Ok(ProfileName::default_name()))
        .map_err(Failure::usage)?;
    let file = profile_file::path_of(&name)?;
    let (is_guided, force) = (!args.no_input && io::stdin().is_terminal(), args.force);
    // Before any question is asked.
    if !force && file.exists() {
        return Err(profile_file::taken(&file));
    }
    let mut profile = args.into_profile()?;
    if is_guided {
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
    let place = file.display().to_string();
    context.output.result(
        &format!("wrote {place}"),
        &json!({ "profile": name.to_string(), "path": place }),
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
            account_amojo_id: self.account_amojo_id,
            channel_id: self.channel_id,
            chats_host: self.chats_host,
            client_secret_file: lasting(self.client_secret_file)?,
            client_secret_env: self.client_secret_env,
            channel_secret_file: lasting(self.channel_secret_file)?,
            channel_secret_env: self.channel_secret_env,
            app_secret_file: lasting(self.app_secret_file)?,
            app_secret_env: self.app_secret_env,
            store: self.store,
            store_file: lasting(self.store_file)?,
            store_env: self.store_env,
            encryption_key_file: lasting(self.encryption_key_file)?,
            encryption_key_env: self.encryption_key_env,
        })
    }
}

/// The path from the root: a profile is used from other directories too.
fn lasting(file: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    file.map(|file| secret_place::lasting(&file).map_err(Failure::usage))
        .transpose()
}

fn warn_about_secret_files(profile: &Profile, context: &Context) {
    let files = [
        &profile.client_secret_file,
        &profile.channel_secret_file,
        &profile.app_secret_file,
        &profile.store_file,
        &profile.encryption_key_file,
    ];
    for file in files.into_iter().flatten() {
        if let Some(warning) = warning_about(file) {
            context
                .output
                .note(&format!("warning: {} {warning}", file.display()));
        }
    }
}

fn warning_about(file: &Path) -> Option<&'static str> {
    let Ok(metadata) = std::fs::metadata(file) else {
        return Some("is not there yet");
    };
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0 {
        return Some("can be read by others: make it 0600");
    }
    let _ = metadata;
    None
}
