//! `kommo demo`: the whole scenario on this machine, one line a step.

// In the order the data flows: a file uses only files above it.
mod step;

mod keep;

mod home;

mod scenario_clock;

mod hook_receiver;

mod grant_stage;

mod grants;

mod chat;

mod scenario;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;

use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;
use crate::run::runtime::run_to_end;

const HELP: &str = "\
Starts a simulated Kommo on a loopback port, connects a chat channel to it over
HTTP, is refused for a wrong secret and for an old date, recovers from a clock
that is wrong, and holds a conversation: a message, the hook that a manager's
answer is, kept and answered, delivered, read, a reaction, typing, an edit, the
history. It disconnects. Then an integration gets a grant, calls, lives through
a day, a lost answer and a restart, and meets disconnect hooks. No account and
no network are needed.

Example:
  kommo demo --keep /tmp/kommo-demo";

/// What a person does next.
const NEXT: [&str; 4] = [
    "Next, in two terminals:",
    "  kommo sandbox --port 4000                      such a Kommo, until Ctrl-C",
    "  kommo init --sandbox http://127.0.0.1:4000     then: kommo chats connect",
    "Why a request of yours is refused: kommo explain chats --help",
];

/// `kommo demo`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct DemoArgs {
    /// Leave the sandbox's journal and state there as JSON, without secrets
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(crate) fn run(args: &DemoArgs, context: &Context) -> Result<Outcome, Failure> {
    // Before anything else: a directory that cannot be written is found out now.
    let keep = args.keep.as_deref().map(keep::Keep::make).transpose()?;
    let is_watched = io::stderr().is_terminal() && !context.output.is_json();
    if is_watched {
        context.output.note(
            "Connects a chat channel and an integration to a simulated Kommo on this machine.",
        );
        context.output.note("");
    }
    let outcome = run_to_end(context, async {
        let is_ok = scenario::tell_all(context, keep.as_ref()).await?;
        Ok(if is_ok { Outcome::Done } else { Outcome::No })
    })?;
    if is_watched {
        context.output.note("");
        for line in NEXT {
            context.output.note(line);
        }
    }
    Ok(outcome)
}
