//! The settings of the integration, judged by `kommo-oauth`: from the command line, else from the
//! profile.

use std::path::PathBuf;

use kommo_oauth::integration::{Finding, IntegrationSettings};

use super::DoctorArgs;
use super::check::{Level, Report};
use crate::failure::exit::Failure;
use crate::input::body_source;
use crate::input::bounded;
use crate::run::context::Context;

const AREA: &str = "settings";

/// The settings, with the files read.
#[derive(Default)]
pub(super) struct Settings {
    name: Option<String>,
    description: Option<String>,
    redirect_uri: Option<String>,
    disconnect_hook: Option<String>,
    icon: Option<Vec<u8>>,
    kind: Option<kommo_oauth::integration::IntegrationKind>,
    accounts: Option<u32>,
    technical_account: Option<bool>,
}

impl Settings {
    /// A file that was named and is not there is a failure. A profile that cannot be read is
    /// reported elsewhere.
    pub(super) fn read(args: &DoctorArgs, context: &Context) -> Result<Self, Failure> {
        let none = crate::profile::content::Profile::default();
        let profile = context.profile().unwrap_or(&none);
        let file = args.description_file.clone();
        let description = file.or_else(|| profile.description_file.clone());
        Ok(Self {
            name: args.name.clone().or_else(|| profile.name.clone()),
            description: description.map(read_text).transpose()?,
            redirect_uri: args
                .keeper
                .integration
                .known_redirect_uri(context)
                .ok()
                .flatten()
                .map(|uri| uri.to_string()),
            disconnect_hook: args
                .disconnect_hook
                .clone()
                .or_else(|| profile.disconnect_hook.clone()),
            icon: args
                .icon
                .as_deref()
                .map(|file| body_source::read("icon", file, bounded::BODY_BYTES))
                .transpose()?,
            kind: args.kind.or(profile.kind).map(|kind| kind.kind()),
            accounts: args.accounts.or(profile.accounts),
            technical_account: match args.technical_account {
                true => Some(true),
                false => profile.technical_account,
            },
        })
    }

    pub(super) fn look(&self, report: &mut Report) {
        let mut settings = IntegrationSettings::default();
        settings.name = self.name.as_deref();
        settings.description = self.description.as_deref();
        settings.redirect_uri = self.redirect_uri.as_deref();
        settings.disconnect_hook = self.disconnect_hook.as_deref();
        settings.icon = self.icon.as_deref();
        settings.kind = self.kind;
        settings.accounts = self.accounts;
        settings.technical_account = self.technical_account;
        for finding in settings.review() {
            add(&finding, report);
        }
        if self.icon.is_some() && !report.has_code_beginning("icon-") {
            report.good(AREA, "icon", "the icon has the right size and format");
        }
    }
}

fn add(finding: &Finding, report: &mut Report) {
    let level = match finding.level {
        kommo_oauth::integration::Level::Error => Level::Error,
        kommo_oauth::integration::Level::Warning => Level::Warning,
        _ => Level::Advice,
    };
    report.add(AREA, level, finding.code, &finding.message, finding.remedy);
}

fn read_text(file: PathBuf) -> Result<String, Failure> {
    let bytes = body_source::read("description", &file, bounded::DOCUMENT_BYTES)?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{} is not utf-8 text", file.display())))
}
