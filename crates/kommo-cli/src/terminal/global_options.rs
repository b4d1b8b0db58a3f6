//! The options that every command has.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

/// The options that every command has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalOptions {
    /// text, for people, or json: one object (a stream: one a line)
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text, global = true, hide_default_value = true, hide_possible_values = true)]
    pub(crate) format: Format,

    /// Print results and errors alone
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Print what happens on the way, on standard error
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,

    /// Take what is not given here from this profile, by name or file (see `kommo profile`); else
    /// KOMMO_PROFILE
    #[arg(long, value_name = "NAME|FILE", global = true)]
    pub(crate) profile: Option<String>,
}

/// For whom the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Format {
    /// What a command line asks for, as far as that can be read: a mistake in it is reported in
    /// this format too.
    pub(crate) fn asked_for(arguments: &[OsString]) -> Self {
        let options = arguments.iter().skip(1);
        let options: Vec<_> = options
            .map(|argument| argument.to_str().unwrap_or_default())
            .take_while(|argument| *argument != "--")
            .collect();
        let is_json = options.contains(&"--format=json")
            || options.windows(2).any(|pair| pair == ["--format", "json"]);
        if is_json { Self::Json } else { Self::Text }
    }
}
