//! The files and variables of secrets: whether each exists, is well-formed, and is private.

use crate::failure::exit::Failure;
use crate::input::private_file;
use crate::input::secret_source::SecretSource;
use crate::input::standard_input::is_dash;
use crate::keeper::keeper_setup::KeeperArgs;
use crate::profile::content::SecretKind;
use crate::run::context::Context;

use super::check::{Level, Report};

const AREA: &str = "secrets";

pub(super) fn look(
    keeper: &KeeperArgs,
    context: &Context,
    report: &mut Report,
) -> Result<(), Failure> {
    let client = keeper.integration.secret_source(context)?;
    if client.is_none() && keeper.integration.known_client_id(context)?.is_some() {
        report.add(
            AREA,
            Level::Warning,
            "client-secret-missing",
            "no file or variable of the client secret was given, so no grant can be refreshed",
            "name its file or variable in a profile with `kommo init`",
        );
    }
    let mut looked = 0;
    let kinds = [
        ("client secret", client),
        (
            "channel secret",
            context.profile_secret(SecretKind::Channel)?,
        ),
        ("Open API secret", context.profile_secret(SecretKind::App)?),
        ("webhook secret", context.profile()?.webhook_secret()),
    ];
    for (what, source) in kinds {
        if let Some(source) = source {
            look_at(what, &source, report);
            looked += 1;
        }
    }
    for source in keeper.store.key_sources(context)? {
        look_at_mode("encryption key", &source, report);
    }
    if looked == 0 {
        report.good(AREA, "no-secrets", "none is named, so none was checked");
    }
    Ok(())
}

fn look_at(what: &str, source: &SecretSource, report: &mut Report) {
    let label = source.label();
    let secret = match source.examine() {
        Ok(secret) => secret,
        Err(failure) => {
            let message = format!("{what}: {}", failure.message());
            let remedy = "put it there, or name another file or variable with `kommo init --force`";
            return report.add(AREA, Level::Error, "secret-unreadable", &message, remedy);
        }
    };
    let text = secret.expose();
    let is_blank =
        |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\u{feff}';
    if text.chars().all(is_blank) {
        let message = format!("the {what} in {label} is blank");
        let remedy = "copy it again from the settings";
        return report.add(AREA, Level::Error, "secret-blank", &message, remedy);
    }
    let is_clean = !text.starts_with(is_blank) && !text.ends_with(is_blank);
    if !is_clean {
        report.add(
            AREA,
            Level::Error,
            "secret-whitespace",
            &format!("the {what} in {label} begins or ends with white space or a byte-order mark, which counts as part of it"),
            "write the file anew without it; one final line feed is allowed",
        );
    }
    if look_at_mode(what, source, report) && is_clean {
        let length = text.len();
        let message = format!("{what}: {length} bytes in {label}");
        report.good(AREA, "secret-present", message);
    }
}

/// Whether only its owner can read it.
fn look_at_mode(what: &str, source: &SecretSource, report: &mut Report) -> bool {
    let SecretSource::File(file) = source else {
        return true;
    };
    if is_dash(file) {
        return true;
    }
    let Some(warning) = private_file::warning_about(file) else {
        return true;
    };
    let message = format!("the {what} in {} {warning}", source.label());
    let remedy = "chmod 600 the file, and its directory to 700";
    report.add(AREA, Level::Warning, "secret-file-open", &message, remedy);
    false
}
