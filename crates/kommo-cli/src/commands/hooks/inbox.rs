//! `kommo hooks inbox`: lists, shows and replays the hooks that are kept.

use core::cmp::Reverse;
use core::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use kommo_account::{AccountId, AmojoId};
use kommo_hooks::inbox::HookAccount;
use kommo_store::{HookFilter, HookState};
use serde_json::json;

use super::hook_view;
use super::inbox_args::{InboxArgs, NamedInbox};
use super::span::Span;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::run_to_end;

const LIST_EXAMPLE: &str = "\
Example:
  kommo hooks inbox list --state failed
  kommo hooks inbox list --event message --younger-than 2h --format json";

const SHOW_EXAMPLE: &str = "\
The body is a person's message: show it only where it may be seen.

Example:
  kommo hooks inbox show 12";

const REPLAY_EXAMPLE: &str = "\
Failed hooks return to the queue in their original order; `kommo hooks listen
--forward-to URL` or your worker takes them.

Example:
  kommo hooks inbox replay 12 13
  kommo hooks inbox replay --event message --younger-than 2h
  kommo hooks inbox replay --all";

/// `kommo hooks inbox`.
#[derive(Debug, Subcommand)]
pub(crate) enum InboxCommand {
    /// List hooks, the newest first
    List(Box<ListArgs>),

    /// Show one hook with its body
    Show(Box<ShowArgs>),

    /// Return failed hooks to the queue
    Replay(Box<ReplayArgs>),
}

/// Which hooks are meant.
#[derive(Debug, Clone, Args)]
struct FilterArgs {
    /// Of this kind: chat, open-api, bot-token, unsigned-crm or
    /// unsigned-pipeline-widget
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,

    /// Of this event: message, typing, reaction, …
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,

    /// Of this account: its number in the CRM or its id in the Chats API
    #[arg(long, value_name = "ID")]
    account: Option<WhoseHook>,

    /// Of this conversation, by its hash as `show` prints it
    #[arg(long, value_name = "HASH")]
    conversation: Option<String>,

    /// Stored this long ago or longer, as in 90s, 10m, 2h, 7d
    #[arg(long, value_name = "SPAN")]
    older_than: Option<Span>,

    /// Stored after this long ago
    #[arg(long, value_name = "SPAN")]
    younger_than: Option<Span>,
}

/// An account as hooks name it.
#[derive(Debug, Clone, Copy)]
struct WhoseHook(HookAccount);

impl FromStr for WhoseHook {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // As the list shows it, too.
        let text = text
            .strip_prefix("crm:")
            .or_else(|| text.strip_prefix("chats:"))
            .unwrap_or(text);
        let crm = AccountId::parse(text).map(HookAccount::Crm);
        let account = crm.or_else(|_| AmojoId::parse(text).map(HookAccount::Chats));
        account
            .map(Self)
            .map_err(|_| "neither a number above zero nor an id of the Chats API (a UUID)")
    }
}

impl FilterArgs {
    fn is_empty(&self) -> bool {
        self.kind.is_none()
            && self.event.is_none()
            && self.account.is_none()
            && self.conversation.is_none()
            && self.older_than.is_none()
            && self.younger_than.is_none()
    }

    fn filter(&self) -> HookFilter {
        let mut filter = HookFilter::new();
        filter.kind.clone_from(&self.kind);
        filter.event.clone_from(&self.event);
        filter.account = self.account.map(|WhoseHook(account)| account);
        filter.conversation.clone_from(&self.conversation);
        filter.older_than = self.older_than.map(|Span(length)| length);
        filter.younger_than = self.younger_than.map(|Span(length)| length);
        filter
    }
}

/// `--state`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StateName {
    Waiting,
    Done,
    Failed,
}

/// `kommo hooks inbox list`.
#[derive(Debug, Args)]
#[command(after_help = LIST_EXAMPLE)]
pub(crate) struct ListArgs {
    /// Only hooks in this state
    #[arg(long, value_name = "STATE")]
    state: Option<StateName>,

    #[command(flatten)]
    filter: FilterArgs,

    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,

    /// Only hooks with a number below this (next page)
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,

    #[command(flatten)]
    inboxes: InboxArgs,
}

/// `kommo hooks inbox show`.
#[derive(Debug, Args)]
#[command(after_help = SHOW_EXAMPLE)]
pub(crate) struct ShowArgs {
    /// The number of the hook
    #[arg(value_name = "NUMBER")]
    id: i64,

    #[command(flatten)]
    inboxes: InboxArgs,
}

/// `kommo hooks inbox replay`.
#[derive(Debug, Args)]
#[command(after_help = REPLAY_EXAMPLE)]
pub(crate) struct ReplayArgs {
    /// Numbers to replay; default: those that the filters select
    #[arg(value_name = "NUMBER")]
    ids: Vec<i64>,

    /// Every failed hook
    #[arg(long, conflicts_with = "ids")]
    all: bool,

    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    inboxes: InboxArgs,
}

pub(super) fn run(command: &InboxCommand, context: &Context) -> Result<Outcome, Failure> {
    run_to_end(context, async {
        match command {
            InboxCommand::List(args) => list(args, context).await,
            InboxCommand::Show(args) => show(args, context).await,
            InboxCommand::Replay(args) => replay(args, context).await,
        }
    })
}

async fn list(args: &ListArgs, context: &Context) -> Result<Outcome, Failure> {
    let inboxes = args.inboxes.find(context).await?;
    let mut filter = args.filter.filter();
    filter.state = args.state.map(|state| match state {
        StateName::Waiting => HookState::Waiting,
        StateName::Done => HookState::Done,
        StateName::Failed => HookState::Failed,
    });
    let (mut hooks, mut depths) = (Vec::new(), Vec::new());
    for NamedInbox { name, inbox } in &inboxes {
        let some = inbox.list_newest(&filter, args.before, args.limit).await;
        let some = some.map_err(|error| stores::failure(&error))?;
        hooks.extend(some.into_iter().map(|hook| (name, hook)));
        let depth = inbox.depth().await;
        depths.push((name, depth.map_err(|error| stores::failure(&error))?));
    }
    hooks.sort_by_key(|(_, hook)| Reverse(hook.id));
    hooks.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    let (text, object) = hook_view::list(&hooks, &depths);
    context.output.result(&text, &object)?;
    Ok(match hooks.is_empty() {
        true => Outcome::No,
        false => Outcome::Done,
    })
}

async fn show(args: &ShowArgs, context: &Context) -> Result<Outcome, Failure> {
    for NamedInbox { name, inbox } in args.inboxes.find(context).await? {
        let hook = inbox.hook(args.id).await;
        if let Some(hook) = hook.map_err(|error| stores::failure(&error))? {
            let (text, object) = hook_view::whole(&name, &hook);
            context.output.result(&text, &object)?;
            return Ok(Outcome::Done);
        }
    }
    let message = format!("there is no hook {}", args.id);
    Err(Failure::new(ErrorCode::NotFound, message)
        .hint("`kommo hooks inbox list` shows their numbers"))
}

async fn replay(args: &ReplayArgs, context: &Context) -> Result<Outcome, Failure> {
    if args.ids.is_empty() && !args.all && args.filter.is_empty() {
        return Err(Failure::usage("no hooks selected to replay")
            .hint("give numbers, a filter such as --event message, or --all"));
    }
    let inboxes = args.inboxes.find(context).await?;
    let mut filters = vec![args.filter.filter()];
    if !args.ids.is_empty() {
        let of_id = |id: &i64| {
            let mut filter = args.filter.filter();
            filter.id = Some(*id);
            filter
        };
        filters = args.ids.iter().map(of_id).collect();
    }
    let mut replayed = 0;
    for filter in &filters {
        for NamedInbox { inbox, .. } in &inboxes {
            let some = inbox.replay(filter).await;
            replayed += some.map_err(|error| stores::failure(&error))?;
        }
    }
    if replayed == 0 {
        return Err(Failure::new(ErrorCode::NotFound, "no failed hook matches")
            .hint("`kommo hooks inbox list --state failed` shows the failed hooks"));
    }
    let text = match replayed {
        1 => "1 hook queued again".to_owned(),
        number => format!("{number} hooks queued again"),
    };
    context
        .output
        .result(&text, &json!({ "replayed": replayed }))?;
    Ok(Outcome::Done)
}
