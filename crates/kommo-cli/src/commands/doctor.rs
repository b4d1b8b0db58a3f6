//! `kommo doctor`: finds problems of the setup before they cause failures.

// In the order the data flows: a file uses only files above it.
mod check;

mod clocks;

mod secret_places;

mod stored;

mod hosts;

mod settings;

use std::path::PathBuf;

use clap::Args;

use self::check::{Level, Report};
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::grant_choice::AccountName;
use crate::keeper::keeper_setup::KeeperArgs;
use crate::profile::setting::{KindName, PlatformName};
use crate::run::context::Context;
use crate::run::runtime::runtime;

const HELP: &str = "\
Looks at the clock, the store, the secrets, the hosts, and the settings of the
integration. Nothing is changed: no file mode, no table, no lifeboat. No token
or secret is sent anywhere: the clock is read from the answer to a request
without any. Status 1 if something is
an error; warnings and advice do not count.

Example:
  kommo doctor --profile shop --icon icon.png
  kommo doctor --offline --format json";

/// `kommo doctor`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct DoctorArgs {
    /// Do not ask a server for the time
    #[arg(long)]
    offline: bool,

    /// The icon of the integration: 400×272, jpeg, png or gif
    #[arg(long, value_name = "FILE")]
    icon: Option<PathBuf>,

    /// The name of the integration; else the profile's
    #[arg(long, value_name = "T")]
    name: Option<String>,

    /// The file with the description of the integration; else the profile's
    #[arg(long, value_name = "FILE")]
    description_file: Option<PathBuf>,

    /// The address of the disconnect hook; else the profile's
    #[arg(long, value_name = "URI")]
    disconnect_hook: Option<String>,

    /// private, for one account, or public, for the marketplace; else the profile's
    #[arg(long, value_name = "KIND")]
    kind: Option<KindName>,

    /// How many accounts use the integration, or will; else the profile's
    #[arg(long, value_name = "N")]
    accounts: Option<u32>,

    /// The private integration is in a technical account of the platform
    #[arg(long)]
    technical_account: bool,

    /// kommo or amocrm; else the profile's
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformName>,

    /// The account to read the time from, by its host; else the profile's
    #[arg(long, value_name = "HOST")]
    account: Option<AccountName>,

    #[command(flatten)]
    keeper: KeeperArgs,
}

pub(crate) fn run(args: &DoctorArgs, context: &Context) -> Result<Outcome, Failure> {
    let settings = settings::Settings::read(args, context)?;
    let mut report = Report::new();
    // A problem of the profile is a finding; the rest is still checked where it can be.
    if let Err(failure) = context.profile() {
        let remedy = failure.hint_text();
        let remedy = remedy.unwrap_or("write it anew with `kommo init --force`");
        report.add(
            "profile",
            Level::Error,
            "profile-wrong",
            failure.message(),
            remedy,
        );
        return tell(&report, context);
    }
    let endpoints = args.keeper.endpoints(context)?;
    runtime()?.block_on(async {
        clocks::look(args, endpoints, context, &mut report).await?;
        let grants = stored::look(&args.keeper, context, &mut report).await;
        secret_places::look(&args.keeper, context, &mut report)?;
        hosts::look(args, endpoints, &grants, context, &mut report)?;
        Ok::<(), Failure>(())
    })?;
    settings.look(&mut report);
    tell(&report, context)
}

fn tell(report: &Report, context: &Context) -> Result<Outcome, Failure> {
    let text = report.to_text(context.output.has_colour());
    context.output.painted_result(&text, &report.to_json())?;
    match report.has_error() {
        true => Ok(Outcome::No),
        false => Ok(Outcome::Done),
    }
}
