//! Waits for the redirect of one consent, and shows the browser how it ended.
//!
//! ```text
//!   …/callback?code=…&state=…   ──> 303 ──>   …/callback      the page, as soon as the exchange is over
//!   the same once more          ──> 303 ──────┘               a prefetch, a second tab, back: the first one's result
//! ```
//!
//! The page is never at the address with the code: what is in the address bar stays in the
//! browser's history.
//!
//! Any path is taken, since a proxy in front may change it: what counts is the `state`, which no
//! stranger knows. A request without it learns nothing, and the listener waits on.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use kommo_account::ClientId;
use kommo_oauth::consent::{ConsentRedirect, ConsentState, RedirectError, RedirectOutcome};
use kommo_oauth::integration::Credentials;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::outcome_page::OutcomePage;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure, Outcome};
use crate::run::interruption::Interruption;
use crate::run::runtime::interrupted;
use crate::time::instant;

/// Redirects that wait to be judged. More of one attempt can only be repetitions.
const WAITING_AT_MOST: usize = 16;

/// How long the browser may take to ask for the page.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(5);

/// How long after the page another visit of the same browser is still answered.
const LINGERS: Duration = Duration::from_secs(1);

/// How long the last answer may take to leave.
const GOODBYE: Duration = Duration::from_secs(2);

/// A socket that is open already.
pub(super) struct RedirectListener {
    listener: TcpListener,
}

/// A redirect that answers the attempt, and how to answer it.
struct Visit {
    redirect: Result<RedirectOutcome, RedirectError>,
    /// `None`: it was taken, and the page is at the address without the query.
    answer: oneshot::Sender<Option<OutcomePage>>,
}

/// How far the attempt is.
#[derive(Clone)]
enum Stage {
    Waiting,
    /// A redirect was taken; its exchange is on its way.
    Taken,
    Ended(OutcomePage),
}

/// What every visit sees.
struct Attempt {
    state: ConsentState,
    client_id: ClientId,
    stage: watch::Sender<Stage>,
    shown: Notify,
    /// The page's address, seen from the redirect URI: the same name without a query, whatever a
    /// proxy in front makes of the rest.
    address: HeaderValue,
}

impl RedirectListener {
    pub(super) async fn bind(address: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Failure::io(format!("cannot listen on {address}: {error}")))?;
        Ok(Self { listener })
    }

    /// Waits for the redirect with this state that `take` takes, and makes its code durable, before
    /// the browser is answered. One that it does not take (the outer error) is answered with the
    /// reason, and the listener waits on. What comes beside the outcome shows the browser how the
    /// login ended.
    pub(super) async fn wait<T>(
        self,
        state: &ConsentState,
        credentials: &Credentials,
        limit: Duration,
        interruption: &Interruption,
        take: impl AsyncFn(ConsentRedirect) -> Result<Result<T, Failure>, Failure>,
    ) -> (Result<T, Failure>, Farewell) {
        let (visits, mut visitors) = mpsc::channel(WAITING_AT_MOST);
        let (stop, stopped) = oneshot::channel::<()>();
        let attempt = Arc::new(Attempt {
            state: state.clone(),
            client_id: credentials.client_id,
            stage: watch::Sender::new(Stage::Waiting),
            shown: Notify::new(),
            address: bare_address(credentials),
        });
        let shared = Arc::clone(&attempt);
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
            visit(uri, headers, visits.clone(), Arc::clone(&shared))
        });
        let server = axum::serve(self.listener, app).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        let judged = tokio::select! {
            biased;
            judged = judge(&mut visitors, &attempt, take) => judged,
            () = interruption.wait() => Err(interrupted()),
            () = tokio::time::sleep(limit) => {
                let length = instant::length(limit.as_secs());
                let message = format!("no redirect came in {length}");
                Err(Failure::new(ErrorCode::CodeRefused, message).reason("timeout"))
            }
        };
        let farewell = Farewell {
            attempt,
            stop,
            server,
        };
        (judged, farewell)
    }
}

/// What is still owed to the browser.
pub(super) struct Farewell {
    attempt: Arc<Attempt>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Farewell {
    /// Shows how the login ended, to a browser that comes for it soon; one that comes twice sees it
    /// twice.
    pub(super) async fn say(self, ended: &Result<Outcome, Failure>) {
        let was_visited = !matches!(*self.attempt.stage.borrow(), Stage::Waiting);
        self.attempt
            .stage
            .send_replace(Stage::Ended(OutcomePage::of(ended)));
        if was_visited {
            let mut wait = FOLLOWS_WITHIN;
            while tokio::time::timeout(wait, self.attempt.shown.notified())
                .await
                .is_ok()
            {
                wait = LINGERS;
            }
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

async fn visit(
    uri: Uri,
    headers: HeaderMap,
    visits: mpsc::Sender<Visit>,
    attempt: Arc<Attempt>,
) -> Response {
    let query = uri.query().unwrap_or_default();
    if query.is_empty() {
        return attempt.page(is_prefetch(&headers)).await.into_response();
    }
    let redirect = ConsentRedirect::parse(query, &attempt.state, &attempt.client_id);
    if !is_answer(&redirect) {
        return OutcomePage::not_ours().into_response();
    }
    if !matches!(*attempt.stage.borrow(), Stage::Waiting) {
        return attempt.lead();
    }
    let (answer, answered) = oneshot::channel();
    if visits.try_send(Visit { redirect, answer }).is_err() {
        return attempt.lead();
    }
    // Without an answer another visit with the same state was faster.
    match answered.await {
        Ok(Some(page)) => page.into_response(),
        Ok(None) | Err(_) => attempt.lead(),
    }
}

/// Whether it has the attempt's state.
const fn is_answer(redirect: &Result<RedirectOutcome, RedirectError>) -> bool {
    matches!(
        redirect,
        Ok(_)
            | Err(RedirectError::Field(_)
                | RedirectError::CodeAndError
                | RedirectError::UnknownError)
    )
}

/// A browser that only looks ahead shows the page to no person.
fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
        let value = headers.get(*name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.contains("prefetch") || value.contains("prerender"))
    })
}

impl Attempt {
    /// The page at the address without a query: as soon as it is known how the login ended.
    async fn page(&self, is_prefetch: bool) -> OutcomePage {
        let mut stage = self.stage.subscribe();
        let page = match stage
            .wait_for(|stage| !matches!(stage, Stage::Taken))
            .await
            .as_deref()
        {
            Ok(Stage::Ended(page)) => page.clone(),
            Ok(_) => return OutcomePage::not_ours(),
            Err(_) => OutcomePage::gone(),
        };
        if !is_prefetch {
            self.shown.notify_one();
        }
        page
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

async fn judge<T>(
    visitors: &mut mpsc::Receiver<Visit>,
    attempt: &Attempt,
    take: impl AsyncFn(ConsentRedirect) -> Result<Result<T, Failure>, Failure>,
) -> Result<T, Failure> {
    while let Some(Visit { redirect, answer }) = visitors.recv().await {
        let judged = match redirect {
            Ok(RedirectOutcome::Code(redirect)) => match take(redirect).await {
                Ok(taken) => taken,
                Err(failure) => {
                    let _ = answer.send(Some(OutcomePage::not_taken(&failure)));
                    continue;
                }
            },
            Ok(RedirectOutcome::AccessDenied) => {
                Err(Failure::new(ErrorCode::CodeRefused, "the user refused")
                    .reason("access-denied"))
            }
            // The right state, but another error: it is ours, and it has ended.
            Err(error) => Err(Failure::new(ErrorCode::CodeRefused, exit::chain(&error))),
            Ok(_) => Err(Failure::new(
                ErrorCode::CodeRefused,
                "the redirect cannot be understood",
            )),
        };
        attempt.stage.send_replace(Stage::Taken);
        let _ = answer.send(None);
        return judged;
    }
    Err(Failure::io("the listener ended"))
}
