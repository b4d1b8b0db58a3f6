//! Where profiles lie, how they are read and written.
//!
//! ```text
//! $XDG_CONFIG_HOME/kommo/profiles/NAME.toml     (else ~/.config/…)       0600 in a directory of 0700
//! ```

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error_code::ErrorCode;
use crate::exit::Failure;
use crate::private_file;
use crate::profile::Profile;
use crate::setting::ProfileName;

/// The file of a profile.
pub(crate) fn path_of(name: &ProfileName) -> Result<PathBuf, Failure> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let directory = absolute("XDG_CONFIG_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".config")))
        .or_else(|| absolute("APPDATA"))
        .ok_or_else(|| {
            Failure::new(
                ErrorCode::SettingMissing,
                "no place for profiles: neither XDG_CONFIG_HOME nor HOME is an absolute path",
            )
        })?;
    Ok(directory
        .join("kommo")
        .join("profiles")
        .join(format!("{name}.toml")))
}

/// The profile that was named, which must be there; else the default one, if it is.
pub(crate) fn load(named: Option<&str>) -> Result<Profile, Failure> {
    let Some(name) = named else {
        // Without a home there is no default profile either.
        let Ok(file) = path_of(&ProfileName::default_name()) else {
            return Ok(Profile::default());
        };
        return Ok(load_file(&file)?.unwrap_or_default());
    };
    let name: ProfileName = name.parse().map_err(Failure::usage)?;
    let file = path_of(&name)?;
    load_file(&file)?.ok_or_else(|| {
        let message = format!("there is no profile '{name}': no file {}", file.display());
        Failure::new(ErrorCode::ProfileMissing, message)
            .hint(format!("make it with `kommo init --profile {name}`"))
    })
}

fn load_file(file: &Path) -> Result<Option<Profile>, Failure> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::io(format!(
                "cannot read the profile {}: {error}",
                file.display()
            )));
        }
    };
    let wrong = |what: &str| {
        let message = format!("the profile {} is wrong: {what}", file.display());
        Failure::new(ErrorCode::ProfileInvalid, message)
    };
    let profile: Profile =
        toml::from_str(&text).map_err(|error| wrong(&harmless(&error, &text)))?;
    profile.check().map_err(|what| wrong(&what))?;
    Ok(Some(profile))
}

/// What is wrong in the file, without the value that stands there: somebody may have put a secret in.
fn harmless(error: &toml::de::Error, text: &str) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    let message = error.message();
    let quotes_value = message.starts_with("invalid type") || message.starts_with("invalid value");
    let message = if quotes_value {
        "a value of the wrong type"
    } else {
        message
    };
    format!("line {line}: {}", message.replace('\n', ", "))
}

/// Writes a profile, whole or not at all. One that is there is replaced only if that is wanted.
pub(crate) fn save(file: &Path, profile: &Profile, replace: bool) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::io(format!(
            "cannot write the profile {}: {error}",
            file.display()
        ))
    };
    let text = toml::to_string(profile)
        .map_err(|error| Failure::io(format!("cannot write the profile: {error}")))?;
    let text = format!(
        "# Written by `kommo init`. No secret stands here, only where each one lies.\n\n{text}"
    );
    if let Some(directory) = file.parent() {
        private_file::make_directory(directory).map_err(failed)?;
    }
    if !replace {
        return match private_file::write_new(file, text.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(taken(file)),
            written => written.map_err(failed),
        };
    }
    // Beside it first: a full disk must not cost the profile that is there.
    let beside = file.with_extension(format!("toml.{}", std::process::id()));
    let written = private_file::write_new(&beside, text.as_bytes())
        .and_then(|()| std::fs::rename(&beside, file));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}

/// The refusal to replace a profile.
pub(crate) fn taken(file: &Path) -> Failure {
    let message = format!("the profile {} is there already", file.display());
    Failure::new(ErrorCode::ProfileExists, message)
        .hint("give --force to replace it, or another --profile NAME")
}
