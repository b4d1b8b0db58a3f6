//! Where profiles are, how they are read and written.
//!
//! ```text
//! $XDG_CONFIG_HOME/kommo/profiles/NAME.toml     (else ~/.config/…)       0600 in a directory of 0700
//! /etc/kommo/profiles/NAME.toml                 for every user of the machine
//! --profile FILE                                with a slash, or .toml at the end
//! ```

use core::fmt::Display;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use toml::Table;
use toml_edit::{DocumentMut, Item};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::input::bounded;
use crate::input::private_file;
use crate::profile::content::Profile;
use crate::profile::setting::ProfileName;

/// Where an administrator puts profiles for every user and every service of the machine.
const OF_THE_MACHINE: &str = "/etc/kommo/profiles";

/// The longest profile.
const LIMIT_BYTES: usize = 1 << 20;

/// Which profile: by its name, or by its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProfileChoice {
    Name(ProfileName),
    File(PathBuf),
}

impl ProfileChoice {
    /// What was named, else the default profile. A slash, or `.toml` at the end, makes it a file.
    pub(crate) fn of(named: Option<&str>) -> Result<Self, Failure> {
        match named {
            None => Ok(Self::Name(ProfileName::default_name())),
            Some(text) if text.contains('/') || text.ends_with(".toml") => {
                Ok(Self::File(PathBuf::from(text)))
            }
            Some(text) => text.parse().map(Self::Name).map_err(Failure::usage),
        }
    }

    /// Its name; a file has none.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.to_string()),
            Self::File(_) => None,
        }
    }

    /// Where it may be, in the order of looking.
    fn places(&self) -> Vec<PathBuf> {
        match self {
            Self::File(file) => vec![file.clone()],
            Self::Name(name) => {
                let file_name = format!("{name}.toml");
                let directories = directories().into_iter();
                directories.map(|place| place.join(&file_name)).collect()
            }
        }
    }

    /// The file that it is in, if it is anywhere.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        let mut places = self.places().into_iter();
        places.find(|file| !private_file::is_absent(file))
    }

    /// The file that it is in, else the one to write: the user's own.
    pub(crate) fn file(&self) -> Result<PathBuf, Failure> {
        match (self.find(), self) {
            (Some(file), _) => Ok(file),
            (None, _) => self.own_file(),
        }
    }

    /// The file to write: that of the user, or the one that was named.
    pub(crate) fn own_file(&self) -> Result<PathBuf, Failure> {
        match self {
            Self::File(file) if file.extension().is_some_and(|end| end == "toml") => {
                Ok(file.clone())
            }
            Self::File(_) => Err(Failure::usage("the file of a profile ends in .toml")),
            Self::Name(name) => Ok(own_directory()?.join(format!("{name}.toml"))),
        }
    }

    /// The refusal of a profile that was named and is nowhere.
    pub(crate) fn missing(&self) -> Failure {
        let places: Vec<_> = self
            .places()
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let places = places.join(" nor ");
        let message = match self {
            Self::Name(name) => format!("there is no profile '{name}': neither {places}"),
            Self::File(_) => format!("there is no profile {places}"),
        };
        let message = if places.contains(" nor ") {
            message
        } else {
            message.replacen("neither ", "no file ", 1)
        };
        let failure = Failure::new(ErrorCode::ProfileMissing, message);
        match self {
            Self::Name(name) => failure.hint(format!(
                "`kommo profile list` shows those that there are, `kommo init --profile {name}` makes it"
            )),
            Self::File(_) => failure,
        }
    }
}

/// The user's own directory of profiles.
pub(crate) fn own_directory() -> Result<PathBuf, Failure> {
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
                "no directory for profiles: neither XDG_CONFIG_HOME nor HOME is an absolute path",
            )
            .hint("give the profile by its file: --profile FILE.toml")
        })?;
    Ok(directory.join("kommo").join("profiles"))
}

/// The directories of profiles, in the order of looking: the user's own, then that of the machine.
pub(crate) fn directories() -> Vec<PathBuf> {
    let own = own_directory().ok();
    own.into_iter()
        .chain([PathBuf::from(OF_THE_MACHINE)])
        .collect()
}

/// The profile that was named, which must be there; else the default one, if it is.
pub(crate) fn load(named: Option<&str>) -> Result<Profile, Failure> {
    let choice = ProfileChoice::of(named)?;
    match (choice.find(), named) {
        (Some(file), _) => load_file(&file),
        (None, None) => Ok(Profile::default()),
        (None, Some(_)) => Err(choice.missing()),
    }
}

fn read_text(file: &Path) -> Result<String, Failure> {
    let text = bounded::read_file(file, LIMIT_BYTES).and_then(|bytes| {
        String::from_utf8(bytes)
            .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not utf-8 text"))
    });
    text.map_err(|error| {
        let code = match error.kind() {
            ErrorKind::FileTooLarge | ErrorKind::InvalidData => ErrorCode::ProfileInvalid,
            _ => ErrorCode::Io,
        };
        let message = format!("cannot read the profile {}: {error}", file.display());
        Failure::new(code, message)
    })
}

pub(crate) fn load_file(file: &Path) -> Result<Profile, Failure> {
    let text = read_text(file)?;
    let wrong = |what: &str| {
        let message = format!("the profile {} is wrong: {what}", file.display());
        Failure::new(ErrorCode::ProfileInvalid, message)
    };
    let profile: Profile =
        toml::from_str(&text).map_err(|error| wrong(&harmless(&error, &text)))?;
    profile.check().map_err(|what| wrong(&what))?;
    Ok(profile)
}

/// What is wrong in the file and where, without the value, which may be a secret.
fn harmless(error: &toml::de::Error, text: &str) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.get(..start).unwrap_or_default().matches('\n').count();
    let key = text.lines().nth(line).and_then(|line| line.split_once('='));
    let key = key.map(|(key, _)| key.trim()).filter(|key| is_setting(key));
    let key = key.map_or_else(String::new, |key| format!("{key}: "));
    format!("line {}: {key}{}", line + 1, without_value(error.message()))
}

fn is_setting(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// `invalid type: integer `5`, expected a string` is `a string is expected`.
pub(crate) fn without_value(message: &str) -> String {
    let quotes_value = ["invalid type", "invalid value", "unknown variant"]
        .iter()
        .any(|start| message.starts_with(start));
    match message.rsplit_once(", expected ") {
        Some((_, "u64" | "u32" | "i64" | "u16" | "usize")) if quotes_value => {
            "a whole number is expected".to_owned()
        }
        Some((_, expected)) if quotes_value => format!("{expected} is expected"),
        _ if quotes_value => "a value of another type is expected".to_owned(),
        _ => message.replace('\n', ", "),
    }
}

/// Writes what has changed in a profile that is there; the rest stays as it is, its comments too.
pub(crate) fn change(file: &Path, profile: &Profile) -> Result<(), Failure> {
    if private_file::is_absent(file) {
        return save(file, profile, true);
    }
    let defect = |error: &dyn Display| Failure::new(ErrorCode::Internal, error);
    let before = Table::try_from(load_file(file)?).map_err(|error| defect(&error))?;
    let after = Table::try_from(profile).map_err(|error| defect(&error))?;
    let written = |profile: &str| profile.parse::<DocumentMut>();
    let text = read_text(file)?;
    let mut document = written(&text).map_err(|error| defect(&error))?;
    let whole = toml::to_string(profile).map_err(|error| defect(&error))?;
    let whole = written(&whole).map_err(|error| defect(&error))?;
    for (name, _) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        document.remove(name);
    }
    for (name, item) in whole.iter() {
        if before.get(name) == after.get(name) {
            continue;
        }
        match (document.get_mut(name), item.as_value()) {
            (Some(Item::Value(old)), Some(new)) => {
                // What stands around the value: its comment.
                let decor = old.decor().clone();
                *old = new.clone();
                *old.decor_mut() = decor;
            }
            _ => {
                document.insert(name, item.clone());
            }
        }
    }
    write(file, &document.to_string(), true)
}

/// Writes a profile, whole or not at all. One that is there is replaced only if that is wanted.
pub(crate) fn save(file: &Path, profile: &Profile, replace: bool) -> Result<(), Failure> {
    let text = toml::to_string(profile)
        .map_err(|error| Failure::io(format!("cannot write the profile: {error}")))?;
    let text = format!(
        "# Written by `kommo`. It holds no secret, only the file or the variable of each one.\n\n{text}"
    );
    write(file, &text, replace)
}

fn write(file: &Path, text: &str, replace: bool) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::io(format!(
            "cannot write the profile {}: {error}",
            file.display()
        ))
    };
    if let Some(directory) = file.parent() {
        private_file::make_directory(directory).map_err(failed)?;
    }
    if !replace {
        return match private_file::write_new(file, text.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(taken(file)),
            written => written.map_err(failed),
        };
    }
    // Beside it first: a full disk must not destroy the existing profile.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::path::Path;

    use super::{ProfileChoice, without_value};

    #[test]
    fn a_slash_or_the_ending_makes_it_a_file_and_a_name_is_looked_for_on_the_machine_too() {
        for file in ["./a", "/etc/x", "shop.toml"] {
            let choice = ProfileChoice::of(Some(file)).unwrap();
            assert_eq!(choice, ProfileChoice::File(file.into()));
        }
        let named = ProfileChoice::of(Some("shop")).unwrap();
        let places = named.places();
        assert_eq!(
            places.last().unwrap(),
            Path::new("/etc/kommo/profiles/shop.toml")
        );
    }

    #[test]
    fn a_value_is_never_repeated() {
        let told = without_value("invalid type: string \"MARKER, expected\", expected a boolean");
        assert_eq!(told, "a boolean is expected");
        assert_eq!(
            without_value("invalid value: MARKER"),
            "a value of another type is expected"
        );
    }
}
