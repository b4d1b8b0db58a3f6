//! `kommo auth status`: how the grants are, without a token.

use clap::Args;
use kommo_keeper::GrantStore;
use kommo_oauth::grant::Grant;
use kommo_store::{CodeLine, GrantSummary, Store};
use serde_json::{Value, json};

use super::grant_view;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::grant_choice::GrantArgs;
use crate::keeper::keeper_setup::{KeeperArgs, describe_realm};
use crate::keeper::stores;
use crate::keeper::waiting_codes;
use crate::run::context::Context;
use crate::run::runtime::runtime;

const HELP: &str = "\
Says of every grant in the store where it lives, whether it is its account's
primary one, its state, when its access token ends, what it is paused by and
what is in doubt, and which codes still wait for their exchange. Status 1 if one
of them needs a person or has no token that can be used now, or if none has one;
a grant that was logged out or moved away does not count. Without --all: the
grants of one realm alone, the real platform's or the sandbox's.

Example:
  kommo auth status --format json";

/// `kommo auth status`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    grant: GrantArgs,

    /// Grants of every sandbox and of the real platform
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    keeper: KeeperArgs,
}

pub(super) fn run(args: &StatusArgs, context: &Context) -> Result<Outcome, Failure> {
    let endpoints = args.keeper.endpoints(context)?;
    runtime()?.block_on(async {
        let store = args.keeper.look(context).await?;
        // The profile hides no grant here: only options on the command line choose.
        let choice = args.grant.typed(endpoints.realm(), None);
        let lines = match args.all {
            true => choice.in_every_realm(&store).await?,
            false => choice.all(&store).await?,
        };
        let known = args.keeper.integration.known_client_id(context)?;
        let listed = lines
            .iter()
            .map(|line| (line.key.realm, line.key.client_id));
        let known = known.map(|client_id| (endpoints.realm(), client_id));
        let mut integrations: Vec<_> = listed.chain(known).collect();
        integrations.sort();
        integrations.dedup();
        let mut codes = Vec::new();
        for (realm, client_id) in integrations {
            let choice = args.grant.typed(realm, Some(client_id));
            codes.extend(choice.waiting_codes(&store).await?);
        }
        if lines.is_empty() && codes.is_empty() {
            return Err(match args.all {
                true => Failure::new(ErrorCode::NoGrant, "the store has no such grant"),
                false => choice.nothing(&store).await?,
            });
        }
        let told = tell(&store, &lines, &codes, context).await;
        stores::close(&store).await;
        told
    })
}

async fn tell(
    store: &Store,
    lines: &[GrantSummary],
    codes: &[CodeLine],
    context: &Context,
) -> Result<Outcome, Failure> {
    let now = grant_view::now();
    let (mut texts, mut objects) = (Vec::new(), Vec::new());
    let (mut is_all_well, mut is_any_usable) = (true, false);
    let mut unreadable = None;
    for line in lines {
        match store.load(&line.key).await {
            Ok(Some(grant)) => {
                is_all_well &= grant_view::is_well(&grant, now);
                is_any_usable |= grant.usable(now).is_some();
                let primary = store
                    .primary(line.key.realm, &line.key.client_id, line.key.account_id)
                    .await;
                let primary = primary.map_err(|error| stores::failure(&error))?;
                let is_primary = primary == Some(line.key);
                let mut object = grant_view::to_json(&grant, now);
                if let Value::Object(fields) = &mut object {
                    fields.insert("is_primary".to_owned(), json!(is_primary));
                }
                let mark = if is_primary { ", primary" } else { "" };
                texts.push(with_realm(&grant, grant_view::text_with(&grant, now, mark)));
                objects.push(object);
            }
            // It went while we looked.
            Ok(None) => {}
            Err(error) => {
                let mut fields = grant_view::key_fields(&line.key);
                let failure = stores::failure(&error);
                let message = failure.message();
                texts.push(format!("{}\n  cannot be read: {message}", line.host));
                fields.insert("account_host".to_owned(), Value::from(line.host.as_str()));
                fields.insert("error".to_owned(), failure.to_json());
                objects.push(Value::Object(fields));
                unreadable = unreadable.or(Some(failure));
            }
        }
    }
    texts.extend(codes.iter().map(waiting_codes::paragraph));
    let mut told = json!({ "grants": objects });
    if let (Value::Object(fields), false) = (&mut told, codes.is_empty()) {
        let codes: Vec<_> = codes.iter().map(waiting_codes::to_json).collect();
        fields.insert("codes".to_owned(), Value::from(codes));
    }
    context.output.result(&texts.join("\n\n"), &told)?;
    match unreadable {
        Some(failure) => Err(failure.in_result()),
        None if !(is_all_well && is_any_usable) => Ok(Outcome::No),
        None => Ok(Outcome::Done),
    }
}

/// A sandbox's grant says so: its host looks like a real one.
fn with_realm(grant: &Grant, text: String) -> String {
    match grant.key.realm {
        kommo_account::Realm::Sandbox(_) => {
            let realm = describe_realm(grant.key.realm);
            text.replacen('\n', &format!(", in {realm}\n"), 1)
        }
        _ => text,
    }
}
