//! `kommo secret`: rotates the secrets of a profile with an overlap.
//!
//! ```text
//!   add ──> next ──promote──> current ──the next promotion──> previous ──until, or retire──> gone
//!            │                   │                               │
//!   tried for what arrives   also used for what is sent     tried for what arrives
//! ```

// In the order the data flows: a file uses only files above it.
mod change;

mod list;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::input::secret_source::SecretSource;
use crate::input::standard_input::is_dash;
use crate::keeper::secret_use;
use crate::profile::content::{Profile, SecretKind};
use crate::profile::profile_file;
use crate::profile::setting::EnvName;
use crate::run::context::Context;
use crate::time::clock;

const ADD_HELP: &str = "\
Give the new secret's place before the platform begins to use it: from now on it
is tried for what arrives. The profile keeps the place, never the secret.

Example:
  kommo secret add client --secret-file client-2026.secret";

const PROMOTE_HELP: &str = "\
From now on the next secret is used for what is sent. The one before it is tried
for what arrives until the overlap ends.

Example:
  kommo secret promote client --overlap-days 7";

const RETIRE_HELP: &str = "\
For a secret that leaked, or that is not needed any more: `kommo secret list`
says when it last matched. The file of the secret is not touched.

Example:
  kommo secret retire client 1f0c22ab";

const LIST_HELP: &str = "\
A match is noted by your own routes, if they have a proof log in the store, and
by `kommo verify`, if the store is an SQLite file that is there.

Example:
  kommo secret list --format json";

/// Which verb.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Add the secret that will be the next one
    Add(AddArgs),
    /// Make the next secret the current one
    Promote(PromoteArgs),
    /// Remove a secret that is not the current one
    Retire(RetireArgs),
    /// List the secrets, with the time at which each one matched last
    #[command(after_help = LIST_HELP)]
    List,
}

/// `kommo secret add`.
#[derive(Debug, Args)]
#[command(after_help = ADD_HELP)]
pub(crate) struct AddArgs {
    /// Whose secret
    kind: SecretKind,

    /// The file that holds it
    #[arg(long, value_name = "FILE", required_unless_present = "secret_env")]
    secret_file: Option<PathBuf>,

    /// The environment variable that holds it
    #[arg(long, value_name = "NAME", conflicts_with = "secret_file")]
    secret_env: Option<EnvName>,
}

/// `kommo secret promote`.
#[derive(Debug, Args)]
#[command(after_help = PROMOTE_HELP)]
pub(crate) struct PromoteArgs {
    /// Whose secret
    kind: SecretKind,

    /// How long the secret before it is still tried for what arrives
    #[arg(long, value_name = "N", default_value_t = 7)]
    overlap_days: u32,
}

/// `kommo secret retire`.
#[derive(Debug, Args)]
#[command(after_help = RETIRE_HELP)]
pub(crate) struct RetireArgs {
    /// Whose secret
    kind: SecretKind,

    /// Its id, as `kommo secret list` shows it
    id: String,
}

pub(crate) fn run(command: &SecretCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        SecretCommand::Add(args) => add(args, context),
        SecretCommand::Promote(args) => promote(args, context),
        SecretCommand::Retire(args) => retire(args, context),
        SecretCommand::List => list::run(context),
    }
}

fn add(args: &AddArgs, context: &Context) -> Result<Outcome, Failure> {
    let source = match (&args.secret_file, &args.secret_env) {
        (Some(file), _) if is_dash(file) => {
            return Err(Failure::usage("a profile cannot name standard input"));
        }
        (Some(file), _) => {
            let path = std::path::absolute(file).map_err(|error| {
                Failure::io(format!(
                    "cannot make the path of the file absolute: {error}"
                ))
            })?;
            SecretSource::File(path)
        }
        (None, Some(name)) => SecretSource::Env(name.to_string()),
        (None, None) => {
            return Err(Failure::new(
                ErrorCode::SettingMissing,
                "no secret was given",
            ));
        }
    };
    // Read now: a slip is found before the platform uses the secret.
    let id = secret_use::id_of(args.kind, &source)?;
    let mut profile = existing(context)?;
    let known = list::known(&profile);
    if known
        .iter()
        .any(|(kind, known)| *kind == args.kind && *known == id)
    {
        return Err(Failure::usage(format!(
            "the {} secret {id} is there already",
            args.kind.name()
        )));
    }
    let role = change::add(&mut profile, args.kind, source).map_err(Failure::usage)?;
    profile_file::change(&context.profile_path()?, &profile)?;
    context.output.result(
        &format!("added {} secret {id} as {role}", args.kind.name()),
        &json!({ "kind": args.kind.name(), "id": id, "role": role }),
    )?;
    Ok(Outcome::Done)
}

fn promote(args: &PromoteArgs, context: &Context) -> Result<Outcome, Failure> {
    let mut profile = existing(context)?;
    let until = clock::unix_now()?.saturating_add(u64::from(args.overlap_days) * 86_400);
    change::promote(&mut profile, args.kind, until)
        .map_err(|why| Failure::usage(why).hint("name the new secret first: `kommo secret add`"))?;
    let source = profile.secret(args.kind);
    let id = source.map(|source| secret_use::id_of(args.kind, &source));
    let id = id.unwrap_or_else(|| Err(Failure::usage("there is no secret")))?;
    profile_file::change(&context.profile_path()?, &profile)?;
    context.output.result(
        &format!("promoted: the current {} secret is {id}", args.kind.name()),
        &json!({ "kind": args.kind.name(), "id": id, "role": "current", "previous_until": until }),
    )?;
    Ok(Outcome::Done)
}

fn retire(args: &RetireArgs, context: &Context) -> Result<Outcome, Failure> {
    let mut profile = existing(context)?;
    let is_meant =
        |source: &SecretSource| secret_use::id_of(args.kind, source).is_ok_and(|id| id == args.id);
    if profile.secret(args.kind).as_ref().is_some_and(is_meant) {
        return Err(Failure::usage("that is the current secret")
            .hint("promote another one first, then retire this"));
    }
    if !change::retire(&mut profile, args.kind, is_meant) {
        let message = format!("there is no {} secret {}", args.kind.name(), args.id);
        return Err(
            Failure::new(ErrorCode::NotFound, message).hint("`kommo secret list` shows their ids")
        );
    }
    profile_file::change(&context.profile_path()?, &profile)?;
    context.output.result(
        &format!("retired {} secret {}", args.kind.name(), args.id),
        &json!({ "kind": args.kind.name(), "id": args.id, "retired": true }),
    )?;
    Ok(Outcome::Done)
}

/// The profile that is to be changed, which must be there.
fn existing(context: &Context) -> Result<Profile, Failure> {
    let profile = context.profile()?.clone();
    if profile == Profile::default() {
        return Err(Failure::new(
            ErrorCode::ProfileMissing,
            "there is no profile whose secrets could be rotated",
        )
        .hint("make one with `kommo init`"));
    }
    Ok(profile)
}
