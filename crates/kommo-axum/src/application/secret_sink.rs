//! Where the secrets of integrations that the consent page makes on the fly are kept.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::{error, fmt};

use kommo_account::ClientId;
use kommo_oauth::UnixSeconds;
use kommo_oauth::integration::ClientSecret;

/// The id and secret of an integration that a consent page made. `Debug` does not show the secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IntegrationSecrets {
    /// Names the attempt that the integration was made in: 32 hex digits, the same for all
    /// processes. Not secret.
    pub attempt: String,
    /// The id of the integration.
    pub client_id: ClientId,
    /// Its secret.
    pub client_secret: ClientSecret,
    /// When they came.
    pub received_at: UnixSeconds,
}

impl IntegrationSecrets {
    pub(crate) const fn new(
        attempt: String,
        client_id: ClientId,
        client_secret: ClientSecret,
        received_at: UnixSeconds,
    ) -> Self {
        Self {
            attempt,
            client_id,
            client_secret,
            received_at,
        }
    }
}

/// The secrets are not kept. Log the cause where it happens; it is not sent to the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotKept;

impl NotKept {
    /// The one there is.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secrets of the integration are not kept")
    }
}

impl error::Error for NotKept {}

/// Keeps secrets, encrypted. Secrets that never become a grant must be bounded in number and must
/// expire: anyone who begins a consent can have one stored.
///
/// # Security
///
/// The platform sends them once, unsigned. A sink that does not encrypt is refused when the routes
/// are built.
pub trait SecretSink: Send + Sync + 'static {
    /// Whether what is kept is encrypted, with a key that is not beside it.
    fn encrypts(&self) -> bool;

    /// Keeps the secrets, durably, before this returns. Secrets for an attempt that has some
    /// already are to be refused: over all processes together an attempt makes one integration.
    fn keep(&self, secrets: IntegrationSecrets)
    -> impl Future<Output = Result<(), NotKept>> + Send;

    /// Which integration was made in an attempt.
    fn client_of(&self, attempt: &str) -> impl Future<Output = Option<ClientId>> + Send;

    /// The secret of an integration: what its disconnect hooks are proven with, before anything is
    /// built for them.
    fn secret_of(&self, client_id: &ClientId) -> impl Future<Output = Option<ClientSecret>> + Send;
}

impl<T: SecretSink> SecretSink for Arc<T> {
    fn encrypts(&self) -> bool {
        T::encrypts(self)
    }

    fn keep(
        &self,
        secrets: IntegrationSecrets,
    ) -> impl Future<Output = Result<(), NotKept>> + Send {
        T::keep(self, secrets)
    }

    fn client_of(&self, attempt: &str) -> impl Future<Output = Option<ClientId>> + Send {
        T::client_of(self, attempt)
    }

    fn secret_of(&self, client_id: &ClientId) -> impl Future<Output = Option<ClientSecret>> + Send {
        T::secret_of(self, client_id)
    }
}

type Promise<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A sink of whatever type.
pub(crate) trait AnySink: Send + Sync {
    fn keep(&self, secrets: IntegrationSecrets) -> Promise<'_, Result<(), NotKept>>;
    fn client_of<'a>(&'a self, attempt: &'a str) -> Promise<'a, Option<ClientId>>;
    fn secret_of<'a>(&'a self, client_id: &'a ClientId) -> Promise<'a, Option<ClientSecret>>;
}

impl<T: SecretSink> AnySink for T {
    fn keep(&self, secrets: IntegrationSecrets) -> Promise<'_, Result<(), NotKept>> {
        Box::pin(SecretSink::keep(self, secrets))
    }

    fn client_of<'a>(&'a self, attempt: &'a str) -> Promise<'a, Option<ClientId>> {
        Box::pin(SecretSink::client_of(self, attempt))
    }

    fn secret_of<'a>(&'a self, client_id: &'a ClientId) -> Promise<'a, Option<ClientSecret>> {
        Box::pin(SecretSink::secret_of(self, client_id))
    }
}
