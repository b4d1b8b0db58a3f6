//! Where a secret comes from: a file, standard input, the environment or the profile; never an
//! argument.
//!
//! One final line feed of a file or of standard input is dropped, since editors and `echo` add one.
//! No other character is dropped: a carriage return or a space belongs to the secret, and `kommo
//! explain` says when that is the reason for a mismatch.

use alloc::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use clap::Args;
use kommo_sign::SecretError;
use zeroize::Zeroizing;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::failure::missing::{self, Missing};
use crate::input::private_file::{self, Exposure};
use crate::input::standard_input::is_dash;
use crate::terminal::output::Output;

/// How much of a file is read. No secret is longer than 256 bytes; a longer file is the wrong one.
const READ_LIMIT_BYTES: usize = 1024;

/// The same for a file with an access token, which is a thousand bytes and more.
const TOKEN_LIMIT_BYTES: usize = 17 * 1024;

/// One secret.
#[derive(Debug, Clone, Args)]
pub(crate) struct SecretArgs {
    /// The file that holds the secret; `-` is standard input; one final line feed is dropped
    #[arg(long, value_name = "FILE", conflicts_with = "secret_env")]
    secret_file: Option<PathBuf>,

    /// The environment variable that holds the secret
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
}

/// One secret or, during a rotation, several.
#[derive(Debug, Clone, Args)]
pub(crate) struct SecretsArgs {
    /// The file that holds the secret; `-` is standard input; one final line feed is dropped.
    /// During a rotation, once for each secret
    #[arg(long, value_name = "FILE")]
    secret_file: Vec<PathBuf>,

    /// The environment variable that holds the secret
    #[arg(long, value_name = "NAME")]
    secret_env: Vec<String>,
}

impl SecretArgs {
    /// The option's name, and whether it is standard input.
    pub(crate) fn claim(&self) -> (&'static str, bool) {
        (
            "--secret-file",
            self.secret_file.as_ref().is_some_and(is_dash),
        )
    }

    /// What was typed, else what the profile says.
    pub(crate) fn or(
        &self,
        profile: impl FnOnce() -> Result<Option<SecretSource>, Failure>,
    ) -> Result<SecretSource, Failure> {
        self.typed_or(profile)?.ok_or_else(no_secret)
    }

    /// The same, where none at all will do too.
    pub(crate) fn typed_or(
        &self,
        profile: impl FnOnce() -> Result<Option<SecretSource>, Failure>,
    ) -> Result<Option<SecretSource>, Failure> {
        match (&self.secret_file, &self.secret_env) {
            (Some(file), _) => Ok(Some(SecretSource::File(file.clone()))),
            (None, Some(name)) => Ok(Some(SecretSource::Env(name.clone()))),
            (None, None) => profile(),
        }
    }
}

impl SecretsArgs {
    /// The option's name, and whether it is standard input, once for each file.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.secret_file
            .iter()
            .map(|file| ("--secret-file", is_dash(file)))
    }

    /// Whether a secret was typed, so that the profile's are not asked for.
    pub(crate) const fn is_typed(&self) -> bool {
        !self.secret_file.is_empty() || !self.secret_env.is_empty()
    }

    /// What was typed, files first, else what the profile says. Never empty.
    pub(crate) fn or(
        &self,
        profile: impl FnOnce() -> Result<Vec<SecretSource>, Failure>,
    ) -> Result<Vec<SecretSource>, Failure> {
        self.typed_or(profile)?.ok_or_else(no_secret)
    }

    /// The same, if there is any.
    pub(crate) fn typed_or(
        &self,
        profile: impl FnOnce() -> Result<Vec<SecretSource>, Failure>,
    ) -> Result<Option<Vec<SecretSource>>, Failure> {
        let files = self.secret_file.iter().cloned().map(SecretSource::File);
        let typed: Vec<_> = files
            .chain(self.secret_env.iter().cloned().map(SecretSource::Env))
            .collect();
        match typed.is_empty() {
            true => Ok(Some(profile()?).filter(|sources| !sources.is_empty())),
            false => Ok(Some(typed)),
        }
    }
}

fn no_secret() -> Failure {
    let mut missing = Missing::default();
    missing.check::<SecretSource>(None, missing::SECRET);
    missing.into_failure()
}

/// Where one secret is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// A file; `-` is standard input.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

impl SecretSource {
    /// The name of the place, to be printed: the file as typed, or `env:NAME`.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::File(file) => shown(&file.display().to_string()),
            Self::Env(name) => format!("env:{}", shown(name)),
        }
    }

    /// Reads the secret.
    pub(crate) fn read(&self) -> Result<SecretText, Failure> {
        self.read_up_to(READ_LIMIT_BYTES)
    }

    /// Reads the secret for the doctor, who reports himself what others may do with its file.
    pub(crate) fn examine(&self) -> Result<SecretText, Failure> {
        if let Self::File(file) = self {
            let label = Self::File(file.clone()).label();
            WARNED
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(label);
        }
        self.read()
    }

    /// Reads an access token.
    pub(crate) fn read_token(&self) -> Result<SecretText, Failure> {
        self.read_up_to(TOKEN_LIMIT_BYTES)
    }

    fn read_up_to(&self, limit_bytes: usize) -> Result<SecretText, Failure> {
        let text = match self {
            Self::File(file) => read_file(file, limit_bytes)?,
            Self::Env(name) => read_env(name)?,
        };
        if text.is_empty() {
            return Err(Failure::new(
                ErrorCode::SecretInvalid,
                format!("the secret in {} is empty", self.label()),
            ));
        }
        Ok(SecretText(text))
    }

    /// Reads the secret as one of the three kinds: `ChannelSecret::new` and its sisters.
    pub(crate) fn read_as<T>(
        &self,
        kind: impl FnOnce(&str) -> Result<T, SecretError>,
    ) -> Result<T, Failure> {
        kind(self.read()?.expose()).map_err(|error| self.refused(error))
    }

    /// The same, to sign with. A slip at either end of the secret makes another key, and the
    /// server's refusal would not say so: here it is said.
    pub(crate) fn read_to_sign<T>(
        &self,
        output: &Output,
        kind: impl FnOnce(&str) -> Result<T, SecretError>,
    ) -> Result<T, Failure> {
        let secret = self.read()?;
        let text = secret.expose();
        if let Some(slip) = outer_slip(text) {
            output.note(&format!(
                "warning: the secret in {} {slip}; every byte of it is the key",
                self.label()
            ));
        }
        kind(text).map_err(|error| self.refused(error))
    }

    /// The complaint about a secret that a library refused.
    pub(crate) fn refused(&self, error: SecretError) -> Failure {
        Failure::new(
            ErrorCode::SecretInvalid,
            format!("the {error}, in {}", self.label()),
        )
    }
}

/// What stands around a secret that is rarely meant to.
pub(crate) fn outer_slip(text: &str) -> Option<&'static str> {
    if text.starts_with('\u{feff}') {
        Some("begins with a byte-order mark")
    } else if text.trim() != text {
        Some("begins or ends with white space")
    } else {
        None
    }
}

/// A secret as it was read; wiped on drop.
pub(crate) struct SecretText(Zeroizing<String>);

impl SecretText {
    /// A text that is known already.
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

fn read_file(file: &Path, limit_bytes: usize) -> Result<Zeroizing<String>, Failure> {
    let label = SecretSource::File(file.to_owned()).label();
    // Allocated once: a buffer that grows leaves copies of the secret in memory.
    let mut buffer = Zeroizing::new(vec![0; limit_bytes]);
    let mut exposure = None;
    let read = if is_dash(file) {
        fill(&mut io::stdin().lock(), buffer.as_mut_slice())
    } else {
        File::open(file).and_then(|mut file| {
            exposure = private_file::exposure(&file.metadata()?);
            fill(&mut file, buffer.as_mut_slice())
        })
    };
    let length = read.map_err(|error| unreadable(&label, is_dash(file), &error))?;
    judge(exposure, &label)?;
    if length == limit_bytes {
        return Err(Failure::new(
            ErrorCode::SecretInvalid,
            format!("{label} is too long for a secret: {limit_bytes} bytes or more"),
        ));
    }
    let bytes = buffer.get(..length).unwrap_or_default();
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let text =
        core::str::from_utf8(bytes).map_err(|_| not_text(&format!("the secret in {label}")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn not_text(what: &str) -> Failure {
    Failure::new(
        ErrorCode::SecretInvalid,
        format!("{what} is not utf-8 text"),
    )
}

/// Where warnings go: the output of this process.
static WARNINGS: OnceLock<Output> = OnceLock::new();

/// Files that were warned about: each once, however often it is read.
static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Warnings about secret files go to this output.
pub(crate) fn warn_on(output: Output) {
    let _ = WARNINGS.set(output);
}

/// Judges who else may use a file with tokens in it that is read in another way.
pub(crate) fn check_mode(file: &Path) -> Result<(), Failure> {
    let label = SecretSource::File(file.to_owned()).label();
    match std::fs::metadata(file) {
        Ok(metadata) if !is_dash(file) => judge(private_file::exposure(&metadata), &label),
        // Reading it says what is wrong.
        _ => Ok(()),
    }
}

fn judge(exposure: Option<Exposure>, label: &str) -> Result<(), Failure> {
    match exposure {
        None => {}
        Some(Exposure::Written) => {
            let message = format!("others may write to the secret file '{label}'");
            return Err(Failure::new(ErrorCode::SecretInvalid, message)
                .hint("chmod 600 it; if another may have changed it, make a new secret"));
        }
        Some(Exposure::Read) => warn(label),
    }
    Ok(())
}

fn warn(label: &str) {
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(output) = WARNINGS.get()
        && warned.insert(label.to_owned())
    {
        output.note(&format!(
            "warning: others may read the secret file '{label}': chmod 600 it"
        ));
    }
}

fn unreadable(label: &str, is_stdin: bool, error: &io::Error) -> Failure {
    if is_stdin {
        return Failure::io(format!(
            "cannot read the secret from standard input: {error}"
        ));
    }
    let failure = Failure::io(format!("cannot read the secret file '{label}': {error}"));
    if error.kind() == io::ErrorKind::NotFound {
        return failure.hint("the option takes the name of a file, not the secret itself");
    }
    failure
}

fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(free) = buffer.get_mut(length..).filter(|free| !free.is_empty()) {
        match reader.read(free) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn read_env(name: &str) -> Result<Zeroizing<String>, Failure> {
    let label = shown(name);
    let value = std::env::var_os(name).ok_or_else(|| {
        let message = format!("the environment variable {label} is not set");
        Failure::new(ErrorCode::SettingMissing, message)
            .hint("--secret-env takes the name of a variable, not the secret itself")
    })?;
    let text = value
        .into_string()
        .map_err(|_| not_text(&format!("the environment variable {label}")))?;
    Ok(Zeroizing::new(text))
}

/// A name that looks like the secret itself, typed in the wrong place, is not repeated.
fn shown(name: &str) -> String {
    if name.len() >= 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return "(a name that looks like a secret)".to_owned();
    }
    name.to_owned()
}
