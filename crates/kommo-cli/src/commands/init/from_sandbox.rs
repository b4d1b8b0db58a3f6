//! Everything that a profile needs, from a running sandbox.

use std::io;
use std::path::{Path, PathBuf};

use kommo_account::AccountHost;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::connection::sandbox_control::SandboxControl;
use crate::failure::exit::Failure;
use crate::failure::missing::listed;
use crate::input::private_file;
use crate::profile::content::Profile;
use crate::profile::setting::PlatformName;
use crate::run::context::Context;
use crate::run::runtime::run_alone;

/// What a sandbox says of itself.
#[derive(Deserialize)]
struct State {
    client_id: String,
    #[serde(deserialize_with = "secret")]
    client_secret: Zeroizing<String>,
    redirect_uri: String,
    channel_id: String,
    #[serde(deserialize_with = "secret")]
    channel_secret: Zeroizing<String>,
    appid: String,
    #[serde(deserialize_with = "secret")]
    app_secret: Zeroizing<String>,
    accounts: Vec<Account>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

#[derive(Deserialize)]
struct Account {
    host: String,
    amojo_id: String,
}

/// What a profile takes from a sandbox.
pub(super) struct FromSandbox {
    state: State,
    account: Account,
    base_url: String,
    authority: Option<PathBuf>,
}

/// Asks the sandbox. `wanted` is the account that is meant, else its first one.
pub(super) fn ask(
    control: &SandboxControl,
    wanted: Option<&AccountHost>,
    context: &Context,
) -> Result<FromSandbox, Failure> {
    let state = run_alone(context, "the sandbox".to_owned(), control.get("state"))??;
    let state = state.ok_or_else(|| control.foreign())?;
    let mut state: State = serde_json::from_value(state).map_err(|_| control.foreign())?;
    let hosts: Vec<_> = state
        .accounts
        .iter()
        .map(|account| account.host.clone())
        .collect();
    let is_wanted = |account: &Account| wanted.is_none_or(|wanted| account.host == wanted.as_str());
    let number = state.accounts.iter().position(is_wanted).ok_or_else(|| {
        Failure::usage("the sandbox has no such account").hint(format!(
            "it has {}: give one with --account",
            listed(&hosts)
        ))
    })?;
    Ok(FromSandbox {
        account: state.accounts.swap_remove(number),
        base_url: control.base_url().to_owned(),
        authority: control.authority().map(Path::to_owned),
        state,
    })
}

impl FromSandbox {
    /// Fills in what was not typed. Secrets go into files of mode 0600 in a directory beside the
    /// profile.
    pub(super) fn fill(&self, profile: &mut Profile, profile_file: &Path) -> Result<(), Failure> {
        let (state, account) = (&self.state, &self.account);
        let host = parsed::<AccountHost>(&account.host)?;
        let platform = [PlatformName::Kommo, PlatformName::Amocrm]
            .into_iter()
            .find(|platform| platform.agrees_with(host.suffix()));
        profile.platform = profile.platform.or(platform);
        or_parsed(&mut profile.client_id, &state.client_id)?;
        or_parsed(&mut profile.redirect_uri, &state.redirect_uri)?;
        or_parsed(&mut profile.channel_id, &state.channel_id)?;
        or_parsed(&mut profile.account_amojo_id, &account.amojo_id)?;
        profile.account = Some(host);
        profile.appid.get_or_insert_with(|| state.appid.clone());
        or_parsed(&mut profile.sandbox, &self.base_url)?;
        if profile.sandbox_ca_file.is_none() {
            profile.sandbox_ca_file.clone_from(&self.authority);
        }
        let directory = profile_file.with_extension("secrets");
        let secrets = [
            (
                "channel",
                &state.channel_secret,
                &mut profile.channel_secret_file,
                profile.channel_secret_env.is_some(),
            ),
            (
                "client",
                &state.client_secret,
                &mut profile.client_secret_file,
                profile.client_secret_env.is_some(),
            ),
            (
                "app",
                &state.app_secret,
                &mut profile.app_secret_file,
                profile.app_secret_env.is_some(),
            ),
        ];
        for (name, secret, place, is_in_variable) in secrets {
            if place.is_none() && !is_in_variable {
                let file = write(&directory, name, secret).map_err(|error| {
                    let directory = directory.display();
                    Failure::io(format!("cannot write secrets into {directory}: {error}"))
                })?;
                *place = Some(private_file::lasting(&file).map_err(Failure::usage)?);
            }
        }
        Ok(())
    }
}

/// Beside it first, so that an earlier secret is replaced as a whole.
fn write(directory: &Path, name: &str, secret: &str) -> io::Result<PathBuf> {
    private_file::make_directory(directory)?;
    let file = directory.join(name);
    let beside = directory.join(format!("{name}.{}", std::process::id()));
    let written = private_file::write_new(&beside, secret.as_bytes())
        .and_then(|()| std::fs::rename(&beside, &file));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map(|()| file)
}

fn or_parsed<T: core::str::FromStr>(place: &mut Option<T>, text: &str) -> Result<(), Failure> {
    if place.is_none() {
        *place = Some(parsed(text)?);
    }
    Ok(())
}

/// What a sandbox of another kind says of itself is not repeated.
fn parsed<T: core::str::FromStr>(text: &str) -> Result<T, Failure> {
    let wrong = |_| Failure::io("the sandbox names an id or an address that cannot be read");
    text.parse().map_err(wrong)
}
