//! Waits for the redirect of one consent, and tells the browser how it went.
//!
//! Any path is taken, since a proxy in front may change it: what counts is the `state`, which nobody else knows. Whoever comes
//! without it is told nothing, and the waiting goes on.

use core::net::SocketAddr;
use core::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use kommo_account::ClientId;
use kommo_oauth::{ConsentRedirect, ConsentState, RedirectError, RedirectOutcome};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::exit::{self, Failure};
use crate::instant;

/// Requests that wait to be looked at; more are told to come again.
const WAITING_AT_MOST: usize = 16;

/// How long the last answer may take to leave.
const GOODBYE: Duration = Duration::from_secs(2);

/// A socket that is open already.
pub(super) struct RedirectListener {
    listener: TcpListener,
}

/// A browser that came, and how to answer it.
struct Visit {
    query: String,
    answer: oneshot::Sender<Page>,
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

    /// Waits for the redirect with this state. `keep` makes its code durable before the browser is answered.
    pub(super) async fn wait(
        self,
        state: &ConsentState,
        client_id: &ClientId,
        limit: Duration,
        keep: impl AsyncFnOnce(ConsentRedirect) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (visits, mut visitors) = mpsc::channel(WAITING_AT_MOST);
        let (stop, stopped) = oneshot::channel::<()>();
        let app = Router::new().fallback(move |uri: Uri| visit(uri, visits.clone()));
        let server = axum::serve(self.listener, app).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        let judged = tokio::time::timeout(limit, judge(&mut visitors, state, client_id, keep));
        let judged = judged.await.unwrap_or_else(|_| {
            let length = instant::length(limit.as_secs());
            Err(Failure::refused(format!("no redirect came in {length}")))
        });
        let _ = stop.send(());
        // The page is on its way; a browser that keeps its connection open is not waited for.
        let _ = tokio::time::timeout(GOODBYE, server).await;
        judged
    }
}

async fn visit(uri: Uri, visits: mpsc::Sender<Visit>) -> Response {
    let (answer, answered) = oneshot::channel();
    let query = uri.query().unwrap_or_default().to_owned();
    let is_taken = visits.try_send(Visit { query, answer }).is_ok();
    let page = match is_taken {
        true => answered.await.unwrap_or(Page::Failed),
        false => Page::Failed,
    };
    page.into_response()
}

async fn judge(
    visitors: &mut mpsc::Receiver<Visit>,
    state: &ConsentState,
    client_id: &ClientId,
    keep: impl AsyncFnOnce(ConsentRedirect) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while let Some(Visit { query, answer }) = visitors.recv().await {
        let told = |page| {
            let _ = answer.send(page);
        };
        match ConsentRedirect::parse(&query, state, client_id) {
            Ok(RedirectOutcome::Code(redirect)) => {
                let kept = keep(redirect).await;
                told(match kept {
                    Ok(()) => Page::Granted,
                    Err(_) => Page::Failed,
                });
                return kept;
            }
            Ok(RedirectOutcome::AccessDenied) => {
                told(Page::Denied);
                return Err(Failure::refused("the user refused"));
            }
            // The right state and something else wrong: it is ours, and it is over.
            Err(
                error @ (RedirectError::Field(_)
                | RedirectError::CodeAndError
                | RedirectError::UnknownError),
            ) => {
                told(Page::Failed);
                return Err(Failure::refused(exit::chain(&error)));
            }
            _ => told(Page::NotOurs),
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
