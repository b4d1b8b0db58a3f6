//! Which inbox is meant: of which store, of which realm, by which name.

use alloc::sync::Arc;

use clap::Args;
use kommo_account::Realm;
use kommo_store::{Inbox, InboxLine, InboxName, InboxSettings, Store};

use crate::connection::sandbox_place::SandboxArgs;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::failure::missing::listed;
use crate::input::standard_input::claimed_once;
use crate::keeper::keeper_setup::describe_realm;
use crate::keeper::store_place::StoreArgs;
use crate::keeper::stores;
use crate::run::context::Context;

/// The name of an inbox of a profile that names neither an integration nor a channel.
const PLAIN_NAME: &str = "hooks";

/// `--inbox`, `--store` and its companions, `--sandbox`.
#[derive(Debug, Clone, Args)]
pub(super) struct InboxPlaceArgs {
    /// The name of the inbox; else the id of the profile's integration, else of its channel, else
    /// `hooks`
    #[arg(long, value_name = "NAME", value_parser = InboxName::parse)]
    inbox: Option<InboxName>,

    #[command(flatten)]
    pub(super) store: StoreArgs,

    #[command(flatten)]
    pub(super) sandbox: SandboxArgs,
}

impl InboxPlaceArgs {
    pub(super) fn realm(&self, context: &Context) -> Result<Realm, Failure> {
        Ok(self.sandbox.endpoints(context)?.realm())
    }

    /// The name by the options, else by the profile.
    pub(super) fn name(&self, context: &Context) -> Result<InboxName, Failure> {
        if let Some(name) = &self.inbox {
            return Ok(name.clone());
        }
        let profile = context.profile()?;
        let integration = profile.client_id.as_ref().map(InboxName::from);
        let channel = || profile.channel_id.as_ref().map(InboxName::from);
        match integration.or_else(channel) {
            Some(name) => Ok(name),
            None => InboxName::parse(PLAIN_NAME)
                .map_err(|error| Failure::new(ErrorCode::Internal, error)),
        }
    }

    /// Opens the store that is there, and in it the inbox that is meant: by its name, else the one
    /// of the profile, else the only one.
    pub(super) async fn find(&self, context: &Context) -> Result<(Arc<Store>, Inbox), Failure> {
        claimed_once(self.store.claims())?;
        let realm = self.realm(context)?;
        let place = self.store.place(context)?;
        let keys = self.store.keys(context)?;
        if place.is_missing() {
            let message = format!("the store has no hooks: {} does not exist", place.label());
            return Err(Failure::new(ErrorCode::NotFound, message)
                .hint("`kommo hooks listen` creates it; another store: --store URL"));
        }
        let store = Arc::new(stores::open(&place, keys).await?);
        context.opened.add(Arc::clone(&store));
        let inboxes = store.inboxes().await;
        let inboxes = inboxes.map_err(|error| stores::failure(&error))?;
        let wanted = self.name(context)?;
        let is_wanted = |line: &&InboxLine| line.realm == realm && line.name == wanted;
        let only = match inboxes.as_slice() {
            [only] if self.inbox.is_none() => Some(only),
            _ => None,
        };
        let Some(found) = inboxes.iter().find(is_wanted).or(only) else {
            return Err(not_found(&wanted, realm, &inboxes));
        };
        let inbox = Inbox::new(
            &store,
            found.realm,
            found.name.clone(),
            InboxSettings::new(),
        );
        Ok((store, inbox))
    }
}

fn not_found(wanted: &InboxName, realm: Realm, inboxes: &[InboxLine]) -> Failure {
    let message = format!(
        "the inbox {wanted} of {} has no hooks",
        describe_realm(realm)
    );
    let failure = Failure::new(ErrorCode::NotFound, message);
    let names: Vec<_> = inboxes
        .iter()
        .map(|line| match line.realm {
            Realm::Sandbox(address) => format!("{} (--sandbox http://{address})", line.name),
            _ => line.name.to_string(),
        })
        .collect();
    match names.is_empty() {
        true => failure.hint("`kommo hooks listen` keeps hooks"),
        false => failure.hint(format!("there is {}: give --inbox NAME", listed(&names))),
    }
}
