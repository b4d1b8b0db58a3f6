//! The message about a mistake in the command line: one line about what is wrong, one about what to
//! do.

use core::error::Error;
use core::net::AddrParseError;
use core::num::{IntErrorKind, ParseIntError};
use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::failure::exit::Failure;

/// How a path is written that cannot be sent or signed.
pub(crate) const PATH_HINT: &str = "a path begins with one slash; escape what is not a letter, a \
    digit or one of -._~: a space is %20, other letters are their bytes in UTF-8, such as %D0%98";

/// The mistake that clap found.
pub(crate) fn failure(error: &clap::Error, arguments: &[OsString], program: &Command) -> Failure {
    let (path, command) = command_named(arguments, program);
    let help = format!("see `{path} --help`");
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            Failure::usage(format!("`{path}` needs a command")).hint(help)
        }
        ErrorKind::InvalidSubcommand => {
            let typed = context(error, ContextKind::InvalidSubcommand);
            let message = match typed {
                Some(typed) => format!("`{path}` has no command '{typed}'"),
                None => "there is no such command".to_owned(),
            };
            let names = command.get_subcommands().map(Command::get_name);
            let typed = typed.unwrap_or_default();
            let near = nearest(typed, names).map(|name| format!("`{path} {name}`"));
            let meant = commands_called(typed, command, &path).or(near);
            Failure::usage(message).hint(match meant {
                Some(commands) => format!("did you mean {commands}? {help}"),
                None => help,
            })
        }
        ErrorKind::UnknownArgument => {
            let typed = context(error, ContextKind::InvalidArg);
            let typed = typed.map(|typed| typed.split('=').next().unwrap_or_default());
            let message = match typed {
                Some(typed) if is_negative(typed) => match option_before(typed, arguments) {
                    Some(option) => format!("{option} takes no negative number"),
                    None => "a negative number is not taken".to_owned(),
                },
                Some(typed) if typed.starts_with('-') => {
                    format!("`{path}` has no option '{typed}'")
                }
                Some(_) => format!("`{path}` takes no further word"),
                None => "there is one argument too many".to_owned(),
            };
            Failure::usage(message).hint(
                match similar_options(typed.unwrap_or_default(), command) {
                    Some(options) => format!("did you mean {options}? {help}"),
                    None => help,
                },
            )
        }
        ErrorKind::MissingRequiredArgument if lacks_secret(arguments, command) => {
            Failure::usage(one_line(error)).hint(format!(
                "give the secret too, by --secret-file FILE or --secret-env NAME, unless a profile names it; {help}"
            ))
        }
        _ => Failure::usage(refused_value(error).unwrap_or_else(|| one_line(error))).hint(help),
    }
}

/// The commands of that name in the groups of a command: `kommo login` is `kommo auth login`.
fn commands_called(name: &str, command: &Command, path: &str) -> Option<String> {
    let groups = command.get_subcommands();
    let found: Vec<_> = groups
        .filter(|group| group.get_name() != "help" && group.find_subcommand(name).is_some())
        .map(|group| format!("`{path} {} {name}`", group.get_name()))
        .collect();
    (!found.is_empty() && name != "help").then(|| found.join(" or "))
}

fn is_negative(typed: &str) -> bool {
    let digits = typed.strip_prefix('-').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The option whose value this was meant to be.
fn option_before<'a>(typed: &str, arguments: &'a [OsString]) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == typed)?;
    let before = arguments.get(at.checked_sub(1)?)?.to_str()?;
    before.starts_with("--").then_some(before)
}

/// Whether a command that takes a secret was given none: a profile may name one, but where other
/// values are missing too, all are said at once.
fn lacks_secret(arguments: &[OsString], command: &Command) -> bool {
    let names = ["--secret-file", "--secret-env"];
    let is_typed = arguments.iter().any(|argument| {
        let text = argument.to_string_lossy();
        names.iter().any(|name| text.starts_with(name))
    });
    let mut options = command.get_arguments().filter_map(clap::Arg::get_long);
    !is_typed && options.any(|option| option == "secret-file")
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

/// The command that the arguments name, as far as they name one: `kommo sign chats`.
fn command_named<'a>(arguments: &[OsString], program: &'a Command) -> (String, &'a Command) {
    let mut command = program;
    let mut path = vec![program.get_name()];
    let mut is_value = false;
    for argument in arguments.iter().skip(1) {
        let Some(text) = argument.to_str() else { break };
        if core::mem::take(&mut is_value) {
            continue;
        }
        if text.starts_with('-') {
            is_value = matches!(text, "--format" | "--profile");
            continue;
        }
        // A word after an unknown command is not a command either.
        let Some(subcommand) = command.find_subcommand(text) else {
            break;
        };
        path.push(subcommand.get_name());
        command = subcommand;
    }
    (path.join(" "), command)
}

/// A name that differs by a slip of the fingers, and not one that only looks alike.
fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let slips = match typed.chars().count() {
        0..=2 => 0,
        3..=6 => 1,
        _ => 2,
    };
    names
        .map(|name| (strsim::osa_distance(typed, name), name))
        .filter(|(distance, _)| *distance <= slips)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The options that begin with what was typed, else the one that differs by a slip.
fn similar_options(typed: &str, command: &Command) -> Option<String> {
    if typed == "--json" {
        return Some("`--format json`".to_owned());
    }
    let typed = typed.strip_prefix("--").filter(|typed| typed.len() > 2)?;
    let names: Vec<_> = command
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .collect();
    let longer: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with(typed))
        .collect();
    if longer.is_empty() {
        return nearest(typed, names.into_iter()).map(|name| format!("`--{name}`"));
    }
    let longer: Vec<_> = longer.iter().map(|name| format!("`--{name}`")).collect();
    Some(longer.join(" or "))
}

/// A value that was refused is not repeated: it may be a secret that was typed in the wrong place.
fn refused_value(error: &clap::Error) -> Option<String> {
    let (ErrorKind::ValueValidation, Some(option), Some(why)) = (
        error.kind(),
        error.get(ContextKind::InvalidArg),
        error.source(),
    ) else {
        return None;
    };
    Some(format!("{option}: {}", in_words(why)))
}

/// What the standard library and clap say of numbers and addresses, in the words of the program.
fn in_words(why: &(dyn Error + 'static)) -> String {
    if let Some(error) = why.downcast_ref::<ParseIntError>() {
        return match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "the number is too large",
            _ => "a whole number is expected, such as 60",
        }
        .to_owned();
    }
    if why.is::<AddrParseError>() {
        return "an address with its port is expected, such as 127.0.0.1:8080".to_owned();
    }
    let text = why.to_string();
    let range = text
        .split_once(" is not in ")
        .and_then(|(_, range)| range.split_once("..="));
    match range {
        Some((least, most)) => format!("a number from {least} to {most} is expected"),
        None => text,
    }
}

/// What clap says over several lines, on one.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let (what, _) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut message = String::new();
    for line in what.lines().map(str::trim) {
        let separator = match message.chars().last() {
            None => "",
            Some(':') => " ",
            Some(_) if line.starts_with('[') => " ",
            Some(_) => ", ",
        };
        message.push_str(separator);
        message.push_str(line);
    }
    message
        .strip_prefix("error: ")
        .unwrap_or(&message)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_slip_of_the_fingers_is_corrected() {
        let names = ["init", "sign", "verify", "explain", "completions", "zsh"];
        for (typed, wanted) in [
            ("sgin", Some("sign")),
            ("sing", Some("sign")),
            ("veriify", Some("verify")),
            ("completion", Some("completions")),
            ("tcsh", None),
            ("version", None),
            ("signal", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names.into_iter()), wanted, "{typed}");
        }
    }
}
