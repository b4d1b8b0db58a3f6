//! `kommo auth export`: a grant moves out. It is sealed here, since a single-use token must not
//! have two homes.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use kommo_store::Store;
use serde_json::{Value, json};

use super::grant_view;
use crate::failure::exit::{Failure, Outcome};
use crate::input::private_file;
use crate::input::standard_input::is_dash;
use crate::keeper::grant_choice::GrantArgs;
use crate::keeper::keeper_setup::KeeperArgs;
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::run_to_end;

const HELP: &str = "\
The file is the grant: whoever reads it has the account. It is encrypted with
the store's key if the store has one, and the other store needs that key then.
Copy it nowhere, import it once, delete it. --again exports it again if the
first file was lost before it was imported, and only then.

Example:
  kommo auth export --account shop.kommo.com --output grant.json
  kommo auth import --store sqlite:/srv/grants.db --export-file grant.json";

/// `kommo auth export`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    grant: GrantArgs,

    /// The file to make, 0600; `-` is standard output, if that is not a terminal
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// Export a grant again that was exported before
    #[arg(long)]
    again: bool,

    #[command(flatten)]
    keeper: KeeperArgs,
}

pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.keeper.endpoints(context)?;
    if is_dash(&args.output) && io::stdout().is_terminal() {
        return Err(Failure::usage("a grant is not printed to a terminal")
            .hint("give --output FILE, or send it into a pipe"));
    }
    let client_id = args.keeper.integration.known_client_id(context)?;
    run_to_end(context, async {
        let (store, lifeboats) = args.keeper.open_store_with_lifeboat(context).await?;
        let choice = args.grant.choice(endpoints.realm(), client_id, context)?;
        warn_if_plain(&store, context);
        let key = choice.exactly_one(&store).await?;
        let place = Place::open(&args.output)?;
        let text = match args.again {
            true => store.export_again(&key, grant_view::now()).await,
            false => {
                store
                    .export_sealed(&key, grant_view::now(), lifeboats.as_slice())
                    .await
            }
        };
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                place.remove();
                return Err(stores::failure(&error));
            }
        };
        place.write(text.as_bytes()).map_err(|failure| {
            failure.hint("the grant is sealed here: `kommo auth export --again` exports it again")
        })?;
        if is_dash(&args.output) {
            return Ok(Outcome::Done);
        }
        let file = args.output.display().to_string();
        let mut fields = grant_view::key_fields(&key);
        fields.insert("exported".to_owned(), json!(true));
        fields.insert("file".to_owned(), Value::from(file.as_str()));
        context.output.result(
            &format!("exported to {file}; sealed here"),
            &Value::Object(fields),
        )?;
        Ok(Outcome::Done)
    })
}

fn warn_if_plain(store: &Store, context: &Context) {
    if !store.encrypts() {
        context
            .output
            .note("warning: the store has no encryption key, so the tokens in the export are not encrypted");
    }
}

/// The output for the text, created before the grant is sealed.
enum Place<'a> {
    Stdout,
    File(File, &'a Path),
}

impl<'a> Place<'a> {
    fn open(output: &'a Path) -> Result<Self, Failure> {
        if is_dash(output) {
            return Ok(Self::Stdout);
        }
        let file = private_file::create(output).map_err(|error| {
            let message = format!("cannot make the file '{}': {error}", output.display());
            Failure::io(message)
        })?;
        Ok(Self::File(file, output))
    }

    fn write(self, text: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout => {
                crate::terminal::output::print(text)?;
                crate::terminal::output::print(b"\n")
            }
            Self::File(mut file, path) => file
                .write_all(text)
                .and_then(|()| file.write_all(b"\n"))
                .and_then(|()| file.sync_all())
                .map_err(|error| {
                    Failure::io(format!(
                        "cannot write the file '{}': {error}",
                        path.display()
                    ))
                }),
        }
    }

    /// No grant was exported: an empty file would look like an export.
    fn remove(self) {
        if let Self::File(_, path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}
