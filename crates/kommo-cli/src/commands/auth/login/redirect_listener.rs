//! Waits for the redirect of one consent, and tells the browser how it went.
//!
//! ```text
//!   …/callback?code=…&state=…   ──> 303 ──>   …/callback      the page
//! ```
//!
//! The page never stands at the address with the code: what stands in the address bar stays in the browser's history.
//!
//! Any path is taken, since a proxy in front may change it: what counts is the `state`, which nobody else knows. Whoever comes
//! without it is told nothing, and the waiting goes on.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::OnceLock;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use kommo_oauth::{ConsentRedirect, ConsentState, Credentials, RedirectError, RedirectOutcome};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error_code::ErrorCode;
use crate::exit::{self, Failure};
use crate::instant;
use crate::interruption::Interruption;
use crate::runtime::interrupted;

/// Requests that wait to be looked at; more are told to come again.
const WAITING_AT_MOST: usize = 16;

/// How long the browser may take to ask for the page.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(5);

/// How long the last answer may take to leave.
const GOODBYE: Duration = Duration::from_secs(2);

/// A socket that is open already.
pub(super) struct RedirectListener {
    listener: TcpListener,
}

/// A browser that came, and how to answer it.
struct Visit {
    query: String,
    answer: oneshot::Sender<Reply>,
}

#[derive(Clone, Copy)]
enum Reply {
    /// The address has nothing to do with this attempt.
    Stray(Page),
    /// To the address without its query, where the page is.
    Onward,
}

/// How the attempt ended, once it has, and whether the browser has seen it.
struct Ending {
    page: OnceLock<Page>,
    shown: Notify,
    /// The page's address, seen from the redirect URI: the same name without a query, whatever a proxy in front makes of the rest.
    address: HeaderValue,
}

#[derive(Clone, Copy)]
enum Page {
    Granted,
    Denied,
    NotOurs,
    Failed,
}

impl RedirectListener {
    pub(super) async fn bind(address: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Failure::io(format!("cannot listen on {address}: {error}")))?;
        Ok(Self { listener })
    }

    /// Waits for the redirect with this state. `keep` makes its code durable before the browser is answered. What comes beside the
    /// outcome is to be waited for at the very end.
    pub(super) async fn wait(
        self,
        state: &ConsentState,
        credentials: &Credentials,
        limit: Duration,
        interruption: &Interruption,
        keep: impl AsyncFnOnce(ConsentRedirect) -> Result<(), Failure>,
    ) -> (Result<(), Failure>, Farewell) {
        let (visits, mut visitors) = mpsc::channel(WAITING_AT_MOST);
        let (stop, stopped) = oneshot::channel::<()>();
        let ending = Arc::new(Ending {
            page: OnceLock::new(),
            shown: Notify::new(),
            address: bare_address(credentials),
        });
        let shared = Arc::clone(&ending);
        let app =
            Router::new().fallback(move |uri: Uri| visit(uri, visits.clone(), Arc::clone(&shared)));
        let server = axum::serve(self.listener, app).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        let judging = judge(&mut visitors, state, credentials, &ending, keep);
        let judged = tokio::select! {
            biased;
            judged = judging => judged,
            () = interruption.wait() => Err(interrupted()),
            () = tokio::time::sleep(limit) => {
                let length = instant::length(limit.as_secs());
                let message = format!("no redirect came in {length}");
                Err(Failure::new(ErrorCode::CodeRefused, message).reason("timeout"))
            }
        };
        let farewell = Farewell {
            ending,
            stop,
            server,
        };
        (judged, farewell)
    }
}

/// What is still owed to the browser.
pub(super) struct Farewell {
    ending: Arc<Ending>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Farewell {
    /// Shows the page, to a browser that comes for it soon.
    pub(super) async fn say(self) {
        if self.ending.page.get().is_some() {
            let _ = tokio::time::timeout(FOLLOWS_WITHIN, self.ending.shown.notified()).await;
        }
        let _ = self.stop.send(());
        // The page is on its way; a browser that keeps its connection open is not waited for.
        let _ = tokio::time::timeout(GOODBYE, self.server).await;
    }
}

/// The last part of the redirect URI's path, as an address beside it.
fn bare_address(credentials: &Credentials) -> HeaderValue {
    let uri = credentials.redirect_uri.as_str();
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let path = path
        .strip_prefix(credentials.redirect_uri.origin())
        .unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    HeaderValue::from_str(&format!("./{name}")).unwrap_or(HeaderValue::from_static("./"))
}

async fn visit(uri: Uri, visits: mpsc::Sender<Visit>, ending: Arc<Ending>) -> Response {
    let query = uri.query().unwrap_or_default().to_owned();
    if let Some(page) = ending.page.get() {
        if !query.is_empty() {
            return ending.lead();
        }
        ending.shown.notify_one();
        return page.into_response();
    }
    let (answer, answered) = oneshot::channel();
    let is_taken = visits.try_send(Visit { query, answer }).is_ok();
    let reply = match is_taken {
        true => answered.await.unwrap_or(Reply::Stray(Page::Failed)),
        false => Reply::Stray(Page::Failed),
    };
    match reply {
        Reply::Stray(page) => page.into_response(),
        Reply::Onward => ending.lead(),
    }
}

impl Ending {
    /// The attempt has ended so; the browser is told at another address.
    fn end_as(&self, page: Page) -> Reply {
        // Only one attempt is waited for, so it is empty.
        let _ = self.page.set(page);
        Reply::Onward
    }

    fn lead(&self) -> Response {
        let headers = [
            (header::LOCATION, self.address.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (
                header::REFERRER_POLICY,
                HeaderValue::from_static("no-referrer"),
            ),
            (header::CONNECTION, HeaderValue::from_static("close")),
        ];
        (StatusCode::SEE_OTHER, headers).into_response()
    }
}

async fn judge(
    visitors: &mut mpsc::Receiver<Visit>,
    state: &ConsentState,
    credentials: &Credentials,
    ending: &Ending,
    keep: impl AsyncFnOnce(ConsentRedirect) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while let Some(Visit { query, answer }) = visitors.recv().await {
        let told = |reply| {
            let _ = answer.send(reply);
        };
        match ConsentRedirect::parse(&query, state, &credentials.client_id) {
            Ok(RedirectOutcome::Code(redirect)) => {
                let kept = keep(redirect).await;
                told(ending.end_as(match kept {
                    Ok(()) => Page::Granted,
                    Err(_) => Page::Failed,
                }));
                return kept;
            }
            Ok(RedirectOutcome::AccessDenied) => {
                told(ending.end_as(Page::Denied));
                return Err(Failure::new(ErrorCode::CodeRefused, "the user refused")
                    .reason("access-denied"));
            }
            // The right state and something else wrong: it is ours, and it is over.
            Err(
                error @ (RedirectError::Field(_)
                | RedirectError::CodeAndError
                | RedirectError::UnknownError),
            ) => {
                told(ending.end_as(Page::Failed));
                return Err(Failure::new(ErrorCode::CodeRefused, exit::chain(&error))
                    .reason("redirect-malformed"));
            }
            _ => told(Reply::Stray(Page::NotOurs)),
        }
    }
    Err(Failure::io("the listener ended"))
}

impl Page {
    const fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::Granted => (
                StatusCode::OK,
                "The code has arrived. You can close this window; the rest is in the terminal.",
            ),
            Self::Denied => (
                StatusCode::OK,
                "You refused. Nothing was kept. You can close this window.",
            ),
            Self::NotOurs => (
                StatusCode::NOT_FOUND,
                "Nothing is here. If you come from the consent page, it was opened by another attempt.",
            ),
            Self::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The code could not be kept. The terminal says why.",
            ),
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let (status, sentence) = self.parts();
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>kommo auth login</title><p>{sentence}</p></html>\n"
        );
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
            (header::CONNECTION, "close"),
        ];
        (status, headers, page).into_response()
    }
}
