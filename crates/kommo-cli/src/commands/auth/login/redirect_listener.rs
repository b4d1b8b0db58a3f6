//! Waits for the redirect of one consent, and shows the browser how it ended.
//!
//! ```text
//!   …/callback?code=…&state=…   ──> 303 ──>   …/callback      the page, as soon as the exchange is over
//!   the same once more          ──> 303 ──────┘               a prefetch, a second tab, back: the first one's result
//!   one that is not taken       ──> 303 ──────┘               why; and the listener waits on
//!   one of another attempt      ──> 303 ──>   …/callback?other    nothing is there
//! ```
//!
//! No page is at an address with a code: what is in the address bar stays in the browser's history.
//!
//! Any path is taken, since a proxy in front may change it: what counts is the `state`, which no
//! stranger knows. A request without it learns nothing, and the listener waits on.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use kommo_account::ClientId;
use kommo_oauth::consent::{ConsentRedirect, ConsentState, RedirectError, RedirectOutcome};
use kommo_oauth::integration::Credentials;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::outcome_page::OutcomePage;
use super::page_visits::PageVisits;
use crate::connection::http_server::serve;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure, Outcome};
use crate::run::interruption::Interruption;
use crate::run::runtime::interrupted;
use crate::time::instant;

/// Redirects that wait to be judged. More of one attempt can only be repetitions.
const WAITING_AT_MOST: usize = 16;

/// The query with which the page asks for its image, which says that it is shown.
const SHOWN: &str = "shown";

/// The query of the page for a redirect of another attempt.
const OTHER: &str = "?other";

/// How long the last answer may take to leave.
const GOODBYE: Duration = Duration::from_secs(2);

/// A socket that is open already.
pub(super) struct RedirectListener {
    listener: TcpListener,
}

/// A redirect that answers the attempt, and how to answer it.
struct Visit {
    redirect: Result<RedirectOutcome, RedirectError>,
    /// It was judged: the page is at the address without the query.
    judged: oneshot::Sender<()>,
}

/// How far the attempt is.
#[derive(Clone)]
enum Stage {
    /// With the reason why the latest redirect was not taken, if one came.
    Waiting(Option<OutcomePage>),
    /// A redirect was taken; its exchange is on its way.
    Taken,
    Ended(OutcomePage),
}

/// What every visit sees.
struct Attempt {
    state: ConsentState,
    client_id: ClientId,
    stage: watch::Sender<Stage>,
    visits: PageVisits,
    /// The page's address, seen from the redirect URI: the same name without a query, whatever a
    /// proxy in front makes of the rest.
    address: String,
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
            stage: watch::Sender::new(Stage::Waiting(None)),
            visits: PageVisits::default(),
            address: bare_address(credentials),
        });
        let shared = Arc::clone(&attempt);
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
            visit(uri, headers, visits.clone(), Arc::clone(&shared))
        });
        let stopped = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(serve(self.listener, app, stopped, GOODBYE));
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
    server: JoinHandle<()>,
}

impl Farewell {
    /// Shows how the login ended, to a browser that comes for it soon; one that comes twice sees it
    /// twice. A signal ends it.
    pub(super) async fn say(self, ended: &Result<Outcome, Failure>, interruption: &Interruption) {
        let was_visited = !self.attempt.is_waiting();
        self.attempt
            .stage
            .send_replace(Stage::Ended(OutcomePage::of(ended)));
        if was_visited {
            tokio::select! {
                () = self.attempt.visits.end() => {}
                () = interruption.wait() => {}
            }
        }
        let _ = self.stop.send(());
        // The page is on its way; a browser that keeps its connection open is not waited for.
        let _ = self.server.await;
    }
}

/// The last part of the redirect URI's path, as an address beside it.
fn bare_address(credentials: &Credentials) -> String {
    let uri = credentials.redirect_uri.as_str();
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let path = path
        .strip_prefix(credentials.redirect_uri.origin())
        .unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    format!("./{name}")
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
    if query == SHOWN {
        return attempt.note_shown(is_prefetch(&headers));
    }
    let redirect = ConsentRedirect::parse(query, &attempt.state, &attempt.client_id);
    if !is_answer(&redirect) {
        return match query.contains("code=") {
            true => attempt.lead(OTHER),
            false => OutcomePage::not_ours().into_response(),
        };
    }
    if attempt.is_waiting() {
        let (judged, is_judged) = oneshot::channel();
        let visit = Visit { redirect, judged };
        if visits.try_send(visit).is_ok() {
            // Without an answer another visit with the same state was faster.
            let _ = is_judged.await;
        }
    }
    attempt.lead("")
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
            Ok(Stage::Waiting(Some(page))) => return page.clone(),
            Ok(_) => return OutcomePage::not_ours(),
            Err(_) => return OutcomePage::gone(),
        };
        if !is_prefetch {
            self.visits.sent();
        }
        page
    }

    fn note_shown(&self, is_prefetch: bool) -> Response {
        if !is_prefetch && matches!(*self.stage.borrow(), Stage::Ended(_)) {
            self.visits.shown();
        }
        let headers = [
            (header::CACHE_CONTROL, "no-store"),
            (header::CONNECTION, "close"),
        ];
        (StatusCode::NO_CONTENT, headers).into_response()
    }

    fn is_waiting(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Waiting(_))
    }

    /// To the page, or to the same address with this query.
    fn lead(&self, query: &str) -> Response {
        let address = HeaderValue::from_str(&format!("{}{query}", self.address));
        let headers = [
            (
                header::LOCATION,
                address.unwrap_or(HeaderValue::from_static("./")),
            ),
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
    while let Some(Visit {
        redirect,
        judged: told,
    }) = visitors.recv().await
    {
        let judged = match redirect {
            Ok(RedirectOutcome::Code(redirect)) => match take(redirect).await {
                Ok(taken) => taken,
                Err(failure) => {
                    let page = OutcomePage::not_taken(&failure);
                    attempt.stage.send_replace(Stage::Waiting(Some(page)));
                    let _ = told.send(());
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
        let _ = told.send(());
        return judged;
    }
    Err(Failure::io("the listener ended"))
}
