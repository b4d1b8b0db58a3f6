//! How a verdict is printed, and the stable codes of "not valid".

use std::ffi::OsStr;

use kommo_sign::{BodyForm, ParseSignatureError, VerifyError};
use serde_json::{Map, Value, json};

use super::explain_hint::explain_hint;
use crate::failure::exit::{Failure, Outcome};
use crate::input::secret_source::{SecretSource, SecretsArgs};
use crate::keeper::secret_use;
use crate::profile::content::SecretKind;
use crate::run::context::Context;

/// Listed in the help of every `verify` command.
pub(super) const REASONS: &str = "\
Not valid: status 1, one line why, and with --format json
{\"valid\":false,\"reason\":CODE}, where CODE is one of
  signature-malformed  the signature has another length or other characters
  signature-mismatch   no secret that was given made this signature";

/// Why something is not valid.
pub(super) struct Refusal {
    /// A stable code.
    pub(super) reason: &'static str,
    /// One line, without any part of the input and without a signature.
    pub(super) message: String,
    /// Which parameter of a query, where there is one.
    pub(super) parameter: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(reason: &'static str, message: impl ToString) -> Self {
        Self {
            reason,
            message: message.to_string(),
            parameter: None,
        }
    }

    pub(super) fn mismatch() -> Self {
        Self::new("signature-mismatch", "the signature does not match")
    }

    pub(super) fn malformed(error: ParseSignatureError) -> Self {
        Self::new("signature-malformed", error)
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Malformed(error) => Self::malformed(error),
            // The only other answer there is, and the safe one for any that a later version adds.
            _ => Self::mismatch(),
        }
    }
}

/// What is proven, and with whose secret.
#[derive(Clone, Copy)]
pub(super) struct Proof {
    pub(super) kind: SecretKind,
    purpose: &'static str,
    is_of_profile: bool,
    is_explained: bool,
}

impl Proof {
    pub(super) const fn new(kind: SecretKind, purpose: &'static str, typed: &SecretsArgs) -> Self {
        Self {
            kind,
            purpose,
            is_of_profile: !typed.is_typed(),
            is_explained: true,
        }
    }

    /// For what `kommo explain` does not know.
    pub(super) const fn without_explanation(mut self) -> Self {
        self.is_explained = false;
        self
    }

    /// Notes that a secret of the profile proved something: during a rotation this shows when the
    /// old one is not needed any more.
    pub(super) fn note_use(self, source: &SecretSource, context: &Context) {
        if self.is_of_profile {
            secret_use::note(self.kind, self.purpose, source, context);
        }
    }
}

/// Asks `check` with each secret in turn, and prints what the first matching one has proven.
///
/// If none does, `typed`, the other options of the command, make the hint: the matching `kommo
/// explain`.
///
/// All secrets are read before any is tried, so that a typing mistake in the second is found on the
/// first day.
pub(super) fn with_each<K>(
    sources: &[SecretSource],
    read: impl Fn(&SecretSource) -> Result<K, Failure>,
    check: impl Fn(&K) -> Result<Map<String, Value>, Refusal>,
    proof: Proof,
    typed: &[(&str, Option<&OsStr>)],
    context: &Context,
) -> Result<Outcome, Failure> {
    let keys = sources.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut refusal = Refusal::mismatch();
    for (index, (source, key)) in sources.iter().zip(&keys).enumerate() {
        match check(key) {
            Ok(proven) => {
                proof.note_use(source, context);
                return print_valid(&proven, &source.label(), index, context);
            }
            Err(why) => refusal = why,
        }
    }
    // `explain` takes one secret: of several, the first.
    let secret = sources.first().filter(|_| !proof.is_of_profile);
    let hint = proof
        .is_explained
        .then(|| explain_hint(proof.purpose, secret, typed, context));
    print_refusal(refusal, hint, context)
}

fn print_valid(
    proven: &Map<String, Value>,
    key: &str,
    key_index: usize,
    context: &Context,
) -> Result<Outcome, Failure> {
    let mut object = Map::new();
    object.insert("valid".to_owned(), Value::from(true));
    object.extend(proven.clone());
    object.insert("key".to_owned(), Value::from(key));
    object.insert("key_index".to_owned(), Value::from(key_index));
    context.output.result("valid", &Value::Object(object))?;
    for (name, value) in proven {
        context.output.detail(&format!(
            "{name}: {}",
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        ));
    }
    context.output.detail(&format!("key: {key}"));
    Ok(Outcome::Done)
}

/// Which bytes of the body the signature covers (rule H2).
pub(super) const fn form(form: BodyForm) -> &'static str {
    match form {
        BodyForm::WithoutLf => "without-lf",
        BodyForm::WithoutCrlf => "without-crlf",
        _ => "raw",
    }
}

/// The line for people, and the object for programs.
fn print_refusal(
    refusal: Refusal,
    hint: Option<String>,
    context: &Context,
) -> Result<Outcome, Failure> {
    if context.output.is_json() {
        let mut object = json!({ "valid": false, "reason": refusal.reason });
        if let (Some(object), Some(parameter)) = (object.as_object_mut(), refusal.parameter) {
            object.insert("parameter".to_owned(), Value::from(parameter));
        }
        context.output.json_line(&object)?;
    }
    let failure = Failure::refused(format!("not valid: {}", refusal.message));
    let failure = match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    };
    Err(failure.in_result())
}
