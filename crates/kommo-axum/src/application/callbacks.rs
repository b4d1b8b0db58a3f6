//! What the application decides: who begins a consent, and who owns the grant.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;

use axum::http::request::Parts;
use axum::response::Response;
use kommo_keeper::NewGrant;
use kommo_oauth::consent::ConsentMode;
use kommo_oauth::integration::ClientSecrets;

use crate::application::redirect_to::RedirectTo;
use crate::consent::attempt::{Attempt, SessionDigest};

/// A consent that ended in a durable grant, for the account that was expected if one was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connected {
    /// The grant; `carried` is what the attempt carried.
    pub grant: NewGrant,
    /// How the window was opened.
    pub mode: ConsentMode,
}

type Promise<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type OnStart = dyn Fn(Parts) -> Promise<Result<Attempt, Response>> + Send + Sync;
type OnConnected = dyn Fn(Connected, Parts) -> Promise<Option<RedirectTo>> + Send + Sync;
type SessionOf = dyn Fn(Parts) -> Promise<Option<String>> + Send + Sync;
type SecretsOf = dyn Fn() -> ClientSecrets + Send + Sync;

/// The application's own functions.
#[derive(Clone, Default)]
pub(crate) struct Application {
    pub(crate) on_start: Option<Arc<OnStart>>,
    pub(crate) on_connected: Option<Arc<OnConnected>>,
    pub(crate) session_of: Option<Arc<SessionOf>>,
    pub(crate) client_secrets: Option<Arc<SecretsOf>>,
}

impl Application {
    pub(crate) fn set_on_start<F, R>(&mut self, function: F)
    where
        F: Fn(Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Attempt, Response>> + Send + 'static,
    {
        self.on_start = Some(Arc::new(move |parts| Box::pin(function(parts))));
    }

    pub(crate) fn set_on_connected<F, R>(&mut self, function: F)
    where
        F: Fn(Connected, Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Option<RedirectTo>> + Send + 'static,
    {
        self.on_connected = Some(Arc::new(move |connected, parts| {
            Box::pin(function(connected, parts))
        }));
    }

    pub(crate) fn set_session_of<F, R>(&mut self, function: F)
    where
        F: Fn(Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Option<String>> + Send + 'static,
    {
        self.session_of = Some(Arc::new(move |parts| Box::pin(function(parts))));
    }

    /// The session that a request belongs to, if the application knows sessions.
    pub(crate) async fn session(&self, parts: Parts) -> Option<SessionDigest> {
        let function = self.session_of.as_ref()?;
        let session = function(parts).await?;
        Some(SessionDigest::of(session.as_bytes()))
    }

    /// The attempt that the application returns; without a callback, an attempt that carries
    /// nothing.
    pub(crate) async fn start(&self, parts: Parts) -> Result<Attempt, Response> {
        match &self.on_start {
            Some(function) => function(parts).await,
            None => Ok(Attempt::new()),
        }
    }

    pub(crate) async fn connected(&self, connected: Connected, parts: Parts) -> Option<RedirectTo> {
        let function = self.on_connected.as_ref()?;
        function(connected, parts).await
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("on_start", &self.on_start.is_some())
            .field("on_connected", &self.on_connected.is_some())
            .field("session_of", &self.session_of.is_some())
            .field("client_secrets", &self.client_secrets.is_some())
            .finish()
    }
}
