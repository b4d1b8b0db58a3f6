//! The install hook: the code is durable, then the answer, within the 3 seconds that the platform
//! waits; the exchange comes after.
//!
//! Anyone can send one, with any code. It is read without a session and its grant belongs to the
//! account that the token names. So no more are taken than the gate lets in; the others cost
//! nothing but their answer.
//!
//! Source: rule G9 of `docs/protocol.md`.

use alloc::sync::Arc;
use core::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use kommo_keeper::{CodeOrigin, CodePut, CodeStore, ExchangeError};
use kommo_oauth::consent::{InstallHook, InstallHookError};

use crate::pages::refusal::field_code;
use crate::routes::guarded_answer::empty;
use crate::setup::connect::Connect;
use crate::setup::route_counts::Family;

/// The platform waits 3 seconds. Source: vendor page "Public integrations".
const ANSWER_WITHIN: Duration = Duration::from_millis(2_500);

/// An install hook, or why it is not one.
pub(crate) type ReadHook = Result<InstallHook, InstallHookError>;

pub(crate) async fn install<S: CodeStore>(
    State(connect): State<Connect<S>>,
    request: Request,
) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let client_id = connect.inner.credentials().client_id;
    let hook = InstallHook::parse(query, &client_id);
    connect.take_install_hook(hook).await
}

impl<S: CodeStore> Connect<S> {
    /// The callback calls it too, for a query that has `from_widget`.
    pub(crate) async fn take_install_hook(&self, hook: ReadHook) -> Response<Body> {
        let (status, outcome) = self.keep_hook(hook).await;
        self.inner.counts.add(Family::InstallHooks, outcome);
        if status != StatusCode::OK {
            tracing::warn!(outcome, "an install hook was not taken");
        }
        empty(status)
    }

    async fn keep_hook(&self, hook: ReadHook) -> (StatusCode, &'static str) {
        let keeper = self.inner.keeper.clone();
        let hook = match hook {
            Ok(hook) => hook,
            Err(error) => return (StatusCode::BAD_REQUEST, hook_code(&error)),
        };
        if hook.host.platform() != self.inner.settings.platform {
            return (StatusCode::BAD_REQUEST, "other-platform");
        }
        let Ok(room) = Arc::clone(&self.inner.install_room).try_acquire_owned() else {
            return (StatusCode::SERVICE_UNAVAILABLE, "busy");
        };
        if !self.inner.hook_gate.take(hook.host, self.inner.now()) {
            return (StatusCode::SERVICE_UNAVAILABLE, "too-many");
        }
        let pending = keeper.pending_code(hook.host, hook.code, CodeOrigin::InstallHook);
        let Ok(pending) = pending else {
            return (StatusCode::SERVICE_UNAVAILABLE, "not-kept");
        };
        let exchange_room = self.inner.exchange_room.clone();
        // A task of its own: if the platform hangs up, the code is still stored.
        let keeping = tokio::spawn(async move {
            let put = keeper.accept_code(&pending).await;
            drop(room);
            if matches!(put, Ok(CodePut::Stored)) {
                exchange_room.exchange_hook(keeper, pending);
            }
            put
        });
        match tokio::time::timeout(ANSWER_WITHIN, keeping).await {
            Ok(Ok(put)) => kept(put),
            Ok(Err(_)) => (StatusCode::INTERNAL_SERVER_ERROR, "panicked"),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "too-slow"),
        }
    }
}

/// 200 only for what is durable (I10).
const fn kept(put: Result<CodePut, ExchangeError>) -> (StatusCode, &'static str) {
    match put {
        Ok(CodePut::Stored) => (StatusCode::OK, "kept"),
        Ok(CodePut::Duplicate) => (StatusCode::OK, "repeated"),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not-kept"),
    }
}

const fn hook_code(error: &InstallHookError) -> &'static str {
    match error {
        InstallHookError::Query(_) => "query-unreadable",
        InstallHookError::NotAnInstallHook => "no-install-hook",
        InstallHookError::HasState => "has-state",
        InstallHookError::HasError => "has-error",
        InstallHookError::Field(field) => field_code(field),
        _ => "refused",
    }
}
