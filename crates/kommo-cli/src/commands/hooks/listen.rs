//! `kommo hooks listen`: receives hooks until a signal, and shows each as it comes.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::pin::pin;
use core::time::Duration;
use std::io::ErrorKind;
use std::path::PathBuf;

use axum::Router;
use base64ct::{Base64UrlUnpadded, Encoding};
use clap::Args;
use kommo_hooks::unsigned::PathToken;
use kommo_store::{Inbox, InboxWorker, Store, WorkerSettings};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::forward::{Forward, ForwardArgs};
use super::inbox_args::InboxArgs;
use super::inboxes::{InboxGroup, Inboxes, KeptKind};
use super::receiver::Receiver;
use super::reports::{Reported, Reports};
use super::verifiers::{VerifierArgs, Verifiers};
use crate::connection::http_server::serve as serve_http;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::input::private_file;
use crate::input::secret_source::SecretSource;
use crate::input::standard_input::{claimed_once, is_dash};
use crate::keeper::keeper_setup::describe_realm;
use crate::keeper::store_place::StorePlace;
use crate::keeper::stores;
use crate::run::context::Context;
use crate::run::runtime::runtime;
use crate::run::stop_signals::StopSignals;
use crate::terminal::output;

const HELP: &str = "\
Each hook is proven, kept in the inbox of its kind, answered, and shown on one
line: time (UTC), kind, conversation, verdict, number in the store. With
--format json, and where no terminal is, each is one object. What is not proven
is answered 401, and not kept. Disconnect hooks, calls of widgets and install
hooks are shown, not kept.

With --forward-to each hook is then sent to your program, until it answers 2xx:
an envelope in JSON, signed by the scheme of Standard Webhooks, for which there
are libraries in ten languages. Each kind has a queue of its own: hooks of the
CRM that come in floods, or that your program fails on, delay no chat hook.

Example:
  kommo hooks listen --channel-secret-file channel.secret
  kommo hooks listen --profile shop --webhook-secret-file webhook.secret \\
    --forward-to http://127.0.0.1:8080/hooks
  kommo hooks trigger chat-message --secret-file channel.secret \\
    --to http://127.0.0.1:4405/chat/:scope_id";

/// How long hand-overs that are on their way have after that.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(10);

/// How long requests that are on their way have after a signal.
const DRAINED_WITHIN: Duration = Duration::from_secs(6);

/// `kommo hooks listen`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ListenArgs {
    /// The address to listen on; port 0 takes a free one [default: 127.0.0.1:4405]
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:4405",
        hide_default_value = true
    )]
    listen: SocketAddr,

    #[command(flatten)]
    verifiers: VerifierArgs,

    /// The file of the secret part of the addresses for CRM hooks and bots, 22 letters or more;
    /// left out, a new one is made at each start
    #[arg(long, value_name = "FILE")]
    path_token_file: Option<PathBuf>,

    #[command(flatten)]
    forward: ForwardArgs,

    #[command(flatten)]
    inboxes: InboxArgs,
}

/// What was read before anything is opened.
struct Means {
    verifiers: Verifiers,
    path_token: (PathToken, String),
    forward: Option<Forward>,
    group: InboxGroup,
}

pub(super) fn run(args: &ListenArgs, context: &Context) -> Result<Outcome, Failure> {
    let claims = args.inboxes.store.claims().chain(args.verifiers.claims());
    let path_claim = args.path_token_file.as_ref().is_some_and(is_dash);
    claimed_once(claims.chain([args.forward.claim(), ("--path-token-file", path_claim)]))?;
    args.inboxes.realm(context)?;
    let means = Means {
        verifiers: args.verifiers.read(context)?,
        path_token: path_token(args)?,
        forward: args.forward.read(context)?,
        group: args.inboxes.group(context)?,
    };
    for kind in KeptKind::ALL {
        means.group.inbox_name(kind)?;
    }
    stores::make(&args.inboxes.store.place(context)?)?;
    let runtime = runtime()?;
    let served = runtime.block_on(serve(args, means, context));
    runtime.shutdown_timeout(Duration::from_secs(2));
    served
}

/// From its file, else drawn.
fn path_token(args: &ListenArgs) -> Result<(PathToken, String), Failure> {
    let text = match &args.path_token_file {
        Some(file) => {
            let source = SecretSource::File(file.clone());
            source.read()?.expose().to_owned()
        }
        None => {
            let mut random = [0; 18];
            getrandom::fill(&mut random).map_err(|error| {
                let message = format!("the operating system returned no random bytes: {error}");
                Failure::new(ErrorCode::Internal, message)
            })?;
            Base64UrlUnpadded::encode_string(&random)
        }
    };
    let token = PathToken::new(text.as_str()).map_err(|error| {
        Failure::new(ErrorCode::SecretInvalid, error).hint("it is used as the last path segment")
    })?;
    Ok((token, text))
}

async fn serve(args: &ListenArgs, means: Means, context: &Context) -> Result<Outcome, Failure> {
    // Before the first line is out: who reads it may send a signal at once.
    let mut stop = StopSignals::install()?;
    let listener = bind(args.listen).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::io(format!("cannot listen on {}: {error}", args.listen)))?;
    let (store, inboxes) = open(args, &means.group, context).await?;
    let has_target = means.forward.is_some();
    let (reports, printer) = Reports::new(inboxes.clone(), has_target, context.output);
    let urls = urls(
        &format!("http://{address}"),
        &means.verifiers,
        &means.path_token.1,
    );
    print_start(args, &urls, &means, context)?;
    let Means {
        verifiers,
        path_token: (path_token, _),
        forward,
        ..
    } = means;
    let workers = forward.map(|forward| {
        let handler = Reported::new(forward.handler, reports.clone());
        let work =
            |inbox: &Inbox| InboxWorker::start(inbox.clone(), worker_settings(), handler.clone());
        inboxes.all().map(work)
    });
    let receiver = Receiver::new(verifiers, path_token, inboxes, reports, context.output);
    let (received, all_received) = oneshot::channel::<()>();
    let work = async {
        receive_until(listener, receiver.router(), &mut stop).await;
        if let Some(workers) = workers {
            tokio::select! {
                left = stop_all(workers) => note_left(left, context),
                () = stop.wait() => {}
            }
        }
        drop(received);
    };
    let mut printing = pin!(printer.run(async {
        let _ = all_received.await;
    }));
    let printed = tokio::select! {
        // The disk is full.
        printed = &mut printing => printed,
        () = work => tokio::select! {
            printed = &mut printing => printed,
            () = stop.wait() => Ok(()),
        },
    };
    stores::close(&store).await;
    printed.map(|()| Outcome::Done)
}

fn worker_settings() -> WorkerSettings {
    let mut settings = WorkerSettings::new();
    settings.drain_within = HANDED_OVER_WITHIN;
    settings
}

/// Waits for the hand-overs of every kind at the same time; returns how many did not end.
async fn stop_all(workers: [InboxWorker; KeptKind::ALL.len()]) -> usize {
    let stopping: JoinSet<usize> = workers.into_iter().map(InboxWorker::stop).collect();
    stopping.join_all().await.into_iter().sum()
}

/// Hooks whose hand-over did not end in time are handed over again.
fn note_left(left: usize, context: &Context) {
    if left > 0 {
        context.output.note(&format!(
            "{left} hand-overs were still in progress; these hooks are handed over again"
        ));
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let failure = Failure::io(format!("cannot listen on {address}: {error}"));
        match error.kind() {
            ErrorKind::AddrInUse => failure.hint(format!(
                "another program listens there; --listen {}:0 takes a free port",
                address.ip()
            )),
            _ => failure,
        }
    })
}

/// The store, and in it the inboxes. A store that cannot be written is found out now.
async fn open(
    args: &ListenArgs,
    group: &InboxGroup,
    context: &Context,
) -> Result<(Arc<Store>, Inboxes), Failure> {
    let place = args.inboxes.store.place(context)?;
    let keys = args.inboxes.store.keys(context)?;
    let store = Arc::new(stores::open(&place, keys).await?);
    let spool = spool_directory(&place)?;
    private_file::make_directory(&spool).map_err(|error| {
        let spool = spool.display();
        Failure::io(format!("cannot create the directory {spool}: {error}"))
    })?;
    let inboxes = Inboxes::open(&store, args.inboxes.realm(context)?, group, &spool)?;
    for inbox in inboxes.all() {
        let swept = inbox.sweep().await;
        swept.map_err(|error| stores::failure(&error))?;
    }
    Ok((store, inboxes))
}

/// Where proven hooks are kept that the store does not take: beside its file; for a server, in the
/// user's data directory.
fn spool_directory(place: &StorePlace) -> Result<PathBuf, Failure> {
    let StorePlace::Sqlite(path) = place else {
        return Ok(private_file::data_directory()?.join("spool"));
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".spool");
    Ok(PathBuf::from(beside))
}

/// Serves until a signal; then no connection is taken, and what is on its way is finished. A second
/// signal does not wait for it.
async fn receive_until(listener: TcpListener, router: Router, stop: &mut StopSignals) {
    let (end, ended) = oneshot::channel::<()>();
    let ended = async {
        let _ = ended.await;
    };
    let mut server = pin!(serve_http(listener, router, ended, DRAINED_WITHIN));
    tokio::select! {
        () = &mut server => return,
        () = stop.wait() => {}
    }
    let _ = end.send(());
    tokio::select! {
        () = &mut server => {}
        () = stop.wait() => {}
    }
}

/// The address of each kind that can be proven here, by its name.
fn urls(base: &str, verifiers: &Verifiers, path_token: &str) -> Vec<(&'static str, String)> {
    let paths = [
        ("chat", verifiers.chat.is_some(), "chat/:scope_id"),
        ("disconnect", verifiers.disconnect.is_some(), "disconnect"),
        ("open-api", verifiers.open_api.is_some(), "open-api"),
        ("crm", true, "crm/TOKEN"),
        ("bot", verifiers.bot.is_some(), "bot/TOKEN"),
        ("widget", verifiers.widget.is_some(), "widget"),
        ("install", true, "install"),
    ];
    let there = paths.into_iter().filter(|(_, is_there, _)| *is_there);
    there
        .map(|(name, _, path)| {
            (
                name,
                format!("{base}/{}", path.replace("TOKEN", path_token)),
            )
        })
        .collect()
}

/// For programs one object; on a terminal a block for people.
fn print_start(
    args: &ListenArgs,
    urls: &[(&'static str, String)],
    means: &Means,
    context: &Context,
) -> Result<(), Failure> {
    let output = context.output;
    let Means {
        verifiers, group, ..
    } = means;
    let forward = means.forward.as_ref();
    let place = args.inboxes.store.place(context)?;
    if output.is_json() || !output::is_on_terminal() {
        let named = urls.iter();
        let named: Map<_, _> = named
            .map(|(name, url)| ((*name).to_owned(), Value::from(url.as_str())))
            .collect();
        let mut inboxes = Map::new();
        for kind in KeptKind::ALL {
            let name = group.inbox_name(kind)?;
            inboxes.insert(kind.name().to_owned(), Value::from(name.as_str()));
        }
        let object = json!({
            "urls": named,
            "inboxes": inboxes,
            "store": place.label(),
            "forward_to": forward.map(|forward| forward.to.clone()),
        });
        return output.json_line(&object);
    }
    let realm = describe_realm(args.inboxes.realm(context)?);
    let mut lines = vec![format!("Hooks of {realm} are kept in {},", place.label())];
    lines.push(format!(
        "each kind in an inbox of its own, such as {}.",
        group.inbox_name(KeptKind::Chat)?
    ));
    lines.push("Ctrl-C ends it.".to_owned());
    for (name, url) in urls {
        lines.push(format!("  {name:10}  {url}"));
    }
    if let Some(forward) = forward {
        lines.push(format!("They are handed over to {}.", forward.to));
    }
    let missing = [
        (verifiers.chat.is_none(), "chat hooks: no channel secret"),
        (
            verifiers.disconnect.is_none(),
            "disconnect hooks and bots: no client secret with a client id",
        ),
        (verifiers.open_api.is_none(), "Open API: no AppSecret"),
    ];
    for (_, what) in missing.into_iter().filter(|(is_missing, _)| *is_missing) {
        lines.push(format!("Not received: {what}."));
    }
    lines.push(String::new());
    output.result(&lines.join("\n"), &Value::Null)
}
