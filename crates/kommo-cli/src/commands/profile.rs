//! `kommo profile`: which profiles there are, what is in one, and how a setting is changed.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use toml::Table;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::input::private_file;
use crate::profile::content::Profile;
use crate::profile::profile_file::{self, ProfileChoice};
use crate::run::context::Context;

const LIST_EXAMPLE: &str = "\
The profile in use is marked with *. Profiles of the user come before those of
the machine (/etc/kommo/profiles).

Example:
  kommo profile list --format json";

const SHOW_EXAMPLE: &str = "\
Prints the profile in use, or the one that --profile names. A profile holds no
secret.

Example:
  kommo profile show --profile shop";

const SET_EXAMPLE: &str = "\
The settings are the options of `kommo init`, with underscores. A setting
without a value is removed. The rest of the file stays, with its comments.

Example:
  kommo profile set --profile shop account=shop.kommo.com chats_host=";

/// Which verb.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the profiles that there are
    #[command(after_help = LIST_EXAMPLE)]
    List,
    /// Print the settings of a profile
    #[command(after_help = SHOW_EXAMPLE)]
    Show,
    /// Change settings of a profile
    #[command(after_help = SET_EXAMPLE)]
    Set(SetArgs),
}

/// `kommo profile set`.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// A setting and its new value; without a value the setting is removed
    #[arg(value_name = "NAME=VALUE", required = true)]
    settings: Vec<String>,
}

pub(crate) fn run(command: &ProfileCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        ProfileCommand::List => list(context),
        ProfileCommand::Show => show(context),
        ProfileCommand::Set(args) => set(args, context),
    }
}

fn list(context: &Context) -> Result<Outcome, Failure> {
    let in_use = context.profile_choice()?.find();
    let mut files: Vec<_> = profile_file::directories()
        .iter()
        .flat_map(|directory| files_in(directory))
        .collect();
    // One that was named by its file is in no directory of profiles.
    files.extend(in_use.clone().filter(|file| !files.contains(file)));
    if files.is_empty() {
        return Err(
            Failure::new(ErrorCode::NotFound, "there is no profile").hint(
                match profile_file::own_directory() {
                    Ok(_) => "`kommo init` makes one",
                    Err(_) => {
                        "without HOME or XDG_CONFIG_HOME a profile has no directory: `kommo init \
                         --profile ./shop.toml` makes one at a path, and --profile names it"
                    }
                },
            ),
        );
    }
    let (mut lines, mut objects) = (Vec::new(), Vec::new());
    for file in &files {
        let name = file.file_stem().unwrap_or_default().display().to_string();
        let is_in_use = in_use.as_ref() == Some(file);
        let error = profile_file::load_file(file).err();
        let mark = if is_in_use { '*' } else { ' ' };
        let mut line = format!("{mark} {name}  {}", file.display());
        if let Some(error) = &error {
            line.push_str(&format!("\n    {}", error.message()));
        }
        lines.push(line);
        objects.push(json!({
            "name": name,
            "path": file.display().to_string(),
            "in_use": is_in_use,
            "error": error.as_ref().map(Failure::to_json),
        }));
    }
    let json = json!({ "profiles": objects });
    context.output.result(&lines.join("\n"), &json)?;
    Ok(Outcome::Done)
}

/// The files of profiles, in the order of their names. A missing directory has none.
fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

fn show(context: &Context) -> Result<Outcome, Failure> {
    let choice = context.profile_choice()?;
    let file = existing(&choice)?;
    let profile = profile_file::load_file(&file)?;
    tell(&choice, &file, &profile, context)
}

fn set(args: &SetArgs, context: &Context) -> Result<Outcome, Failure> {
    let choice = context.profile_choice()?;
    let file = existing(&choice)?;
    let profile = profile_file::load_file(&file)?;
    let mut table = Table::try_from(&profile).map_err(defect)?;
    let mut wrong = Vec::new();
    let mut has_unknown = false;
    for setting in &args.settings {
        match parsed(setting) {
            Ok((name, Some(value))) => {
                table.insert(name.to_owned(), value);
            }
            Ok((name, None)) => {
                table.remove(name);
            }
            Err(why) => {
                let name = setting.split('=').next().unwrap_or_default();
                has_unknown |= !Profile::SETTINGS.contains(&name);
                wrong.push(why);
            }
        }
    }
    if !wrong.is_empty() {
        let failure = Failure::usage(wrong.join("; "));
        return Err(match has_unknown {
            true => failure.hint(format!("the settings are {}", Profile::SETTINGS.join(", "))),
            false => failure,
        });
    }
    let profile: Profile = table.try_into().map_err(defect)?;
    profile.check().map_err(Failure::usage)?;
    profile_file::change(&file, &profile)?;
    tell(&choice, &file, &profile, context)
}

/// The file of a profile that must be there, the default one too.
fn existing(choice: &ProfileChoice) -> Result<PathBuf, Failure> {
    choice.find().ok_or_else(|| choice.missing())
}

/// One `NAME=VALUE`, checked by itself, so that each gets its own error.
fn parsed(setting: &str) -> Result<(&str, Option<toml::Value>), String> {
    let Some((name, text)) = setting.split_once('=') else {
        return Err("a setting is written as NAME=VALUE".to_owned());
    };
    if !Profile::SETTINGS.contains(&name) {
        return Err("there is no setting with that name".to_owned());
    }
    if text.is_empty() {
        return Ok((name, None));
    }
    let value = match name {
        "accounts" => text.parse().map(toml::Value::Integer).ok(),
        "technical_account" => text.parse().map(toml::Value::Boolean).ok(),
        _ if name.ends_with("_file") => {
            let file = private_file::lasting(Path::new(text));
            let file = file.map_err(|why| format!("{name}: {why}"))?;
            Some(toml::Value::String(file.display().to_string()))
        }
        _ => None,
    };
    let value = value.unwrap_or_else(|| toml::Value::String(text.to_owned()));
    let alone = Table::from_iter([(name.to_owned(), value.clone())]);
    match alone.try_into::<Profile>() {
        Ok(_) => Ok((name, Some(value))),
        Err(error) => Err(format!(
            "{name}: {}",
            profile_file::without_value(error.message())
        )),
    }
}

fn tell(
    choice: &ProfileChoice,
    file: &Path,
    profile: &Profile,
    context: &Context,
) -> Result<Outcome, Failure> {
    let text = toml::to_string(profile).map_err(defect)?;
    let mut settings = serde_json::to_value(profile).map_err(defect)?;
    if let Value::Object(fields) = &mut settings {
        fields.retain(|_, value| !value.is_null());
    }
    let place = file.display().to_string();
    let json = json!({ "profile": choice.name(), "path": place, "settings": settings });
    let text = format!("# {place}\n{text}");
    context.output.exact_result(text.trim_end(), &json)?;
    Ok(Outcome::Done)
}

fn defect(error: impl core::fmt::Display) -> Failure {
    Failure::new(ErrorCode::Internal, error)
}
