//! Which inboxes are meant: of which store, of which realm, by which name.

use alloc::sync::Arc;

use clap::Args;
use kommo_account::Realm;
use kommo_store::{Inbox, InboxLine, InboxName, InboxSettings, Store};

use super::inboxes::InboxGroup;
use crate::connection::sandbox_place::SandboxArgs;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::failure::missing::listed;
use crate::input::standard_input::claimed_once;
use crate::keeper::keeper_setup::describe_realm;
use crate::keeper::store_place::StoreArgs;
use crate::keeper::stores;
use crate::run::context::Context;

/// The name for a profile that names neither an integration nor a channel.
const PLAIN_NAME: &str = "hooks";

/// `--inbox`, `--store` and its companions, `--sandbox`.
#[derive(Debug, Clone, Args)]
pub(super) struct InboxArgs {
    /// The name of the inboxes, one for each kind: NAME.chat, NAME.open-api, NAME.bot, NAME.crm;
    /// else the id of the profile's integration, else of its channel, else `hooks`
    #[arg(long, value_name = "NAME", value_parser = InboxName::parse)]
    inbox: Option<InboxName>,

    #[command(flatten)]
    pub(super) store: StoreArgs,

    #[command(flatten)]
    pub(super) sandbox: SandboxArgs,
}

/// An inbox that has taken a hook.
pub(super) struct NamedInbox {
    pub(super) name: InboxName,
    pub(super) inbox: Inbox,
}

impl InboxArgs {
    pub(super) fn realm(&self, context: &Context) -> Result<Realm, Failure> {
        Ok(self.sandbox.endpoints(context)?.realm())
    }

    /// The name by the options, else by the profile.
    pub(super) fn group(&self, context: &Context) -> Result<InboxGroup, Failure> {
        if let Some(name) = &self.inbox {
            return Ok(InboxGroup::new(name));
        }
        let profile = context.profile()?;
        let integration = profile.client_id.as_ref().map(InboxName::from);
        let channel = || profile.channel_id.as_ref().map(InboxName::from);
        match integration.or_else(channel) {
            Some(name) => Ok(InboxGroup::new(&name)),
            None => InboxName::parse(PLAIN_NAME)
                .map(|name| InboxGroup::new(&name))
                .map_err(|error| Failure::new(ErrorCode::Internal, error)),
        }
    }

    /// Opens the store that is there, and in it the inboxes that are meant: those of this name, and
    /// without a name those of the profile, or else the only ones.
    pub(super) async fn find(&self, context: &Context) -> Result<Vec<NamedInbox>, Failure> {
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
        let lines = store.inboxes().await;
        let lines = lines.map_err(|error| stores::failure(&error))?;
        let group = self.group(context)?;
        let mut found = of_group(&lines, realm, &group);
        if found.is_empty() && self.inbox.is_none() {
            found = only(&lines);
        }
        match found.is_empty() {
            true => Err(not_found(&group, realm, &lines)),
            false => Ok(found.into_iter().map(|line| open(&store, line)).collect()),
        }
    }
}

fn of_group<'a>(lines: &'a [InboxLine], realm: Realm, group: &InboxGroup) -> Vec<&'a InboxLine> {
    let is_meant = |line: &&InboxLine| line.realm == realm && group.contains(&line.name);
    lines.iter().filter(is_meant).collect()
}

/// All, if they are of one group.
fn only(lines: &[InboxLine]) -> Vec<&InboxLine> {
    let Some(first) = lines.first() else {
        return Vec::new();
    };
    let found = of_group(lines, first.realm, &InboxGroup::of(&first.name));
    match found.len() == lines.len() {
        true => found,
        false => Vec::new(),
    }
}

fn open(store: &Arc<Store>, line: &InboxLine) -> NamedInbox {
    let name = line.name.clone();
    NamedInbox {
        inbox: Inbox::new(store, line.realm, name.clone(), InboxSettings::new()),
        name,
    }
}

fn not_found(wanted: &InboxGroup, realm: Realm, lines: &[InboxLine]) -> Failure {
    let message = format!(
        "the inbox {} of {} has no hooks",
        wanted.as_str(),
        describe_realm(realm)
    );
    let failure = Failure::new(ErrorCode::NotFound, message);
    let mut names: Vec<_> = lines
        .iter()
        .map(|line| {
            let group = InboxGroup::of(&line.name);
            match line.realm {
                Realm::Sandbox(address) => {
                    format!("{} (--sandbox http://{address})", group.as_str())
                }
                _ => group.as_str().to_owned(),
            }
        })
        .collect();
    // They come sorted by realm and name.
    names.dedup();
    match names.is_empty() {
        true => failure.hint("`kommo hooks listen` keeps hooks"),
        false => failure.hint(format!("there is {}: give --inbox NAME", listed(&names))),
    }
}
