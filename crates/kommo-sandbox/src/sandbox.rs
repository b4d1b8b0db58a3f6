//! A platform with a socket on a loopback port, until it is dropped.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use core::ops::Deref;
use std::path::PathBuf;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::app;
use crate::config::sandbox_config::SandboxConfig;
use crate::error::StartError;
use crate::server::{HEAD_LIMIT, serve};
use crate::state::explainer::Explainer;
use crate::state::platform::Platform;
use crate::tls::acceptor::Tls;
use crate::wire::own_links::Served;

/// A running sandbox. Its clock, faults, journal and counters are methods of [`Platform`], which it
/// derefs to.
///
/// Each one is alone: its own port, secrets, clock and journal. Dropping it aborts every connection
/// and frees the port as soon as the runtime runs again; [`Sandbox::stop`] does it gently and waits
/// for it. `Debug` shows no secret.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use kommo_sandbox::{Fault, FaultKind, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// assert!(sandbox.base_url().starts_with("http://127.0.0.1:"));
///
/// let now = sandbox.now();
/// sandbox.advance_seconds(901);
/// assert_eq!(sandbox.now(), now + 901);
///
/// sandbox.inject(Fault::new(FaultKind::ServerError).times(1));
/// assert!(sandbox.journal().is_empty());
/// sandbox.stop().await;
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Sandbox {
    platform: Platform,
    address: SocketAddr,
    base_url: String,
    control_url: String,
    dashboard_url: String,
    ca_pem: Option<String>,
    stop: watch::Sender<()>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Starts with the default configuration on a random port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// [`StartError::Bind`] if no port is to be had, [`StartError::Random`] without random bytes.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its I/O and time drivers on.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Starts otherwise: another address, configuration, explainer.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            config: SandboxConfig::default(),
            explainer: None,
            seed: None,
            data: None,
        }
    }

    /// The certificate of the sandbox's own authority as PEM text, if the sandbox was started with
    /// [`SandboxConfig::tls`]; clients must trust it. Made new at every start; it ends after seven
    /// days of the wall clock.
    ///
    /// # Security
    ///
    /// No key is in it, and the key leaves this process never. Its name constraints are the three
    /// suffixes of the platform, `localhost`, and the loopback addresses.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Where the platform is, for example `http://127.0.0.1:4242`, or `https://127.0.0.1:4242` with
    /// TLS.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The socket's address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the control API is; append `/state` and so on.
    ///
    /// # Security
    ///
    /// Who knows it knows the sandbox's secrets.
    #[must_use]
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// The URL of the page that shows the sandbox live. It contains the URL of the control API.
    #[must_use]
    pub fn dashboard_url(&self) -> &str {
        &self.dashboard_url
    }

    /// The platform behind the socket; a clone of it outlives the socket.
    #[must_use]
    pub const fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Frees the port, lets answers under way finish for at most five seconds, and ends the rest.
    pub async fn stop(mut self) {
        self.stop.send_replace(());
        let _ = (&mut self.server).await;
        let platform = self.platform.clone();
        let _ = tokio::task::spawn_blocking(move || platform.tidy_data()).await;
    }
}

/// A sandbox is its platform with a socket added; the methods exist once.
impl Deref for Sandbox {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// What a sandbox is started with; made by [`Sandbox::builder`].
pub struct SandboxBuilder {
    listen: SocketAddr,
    config: SandboxConfig,
    explainer: Option<Box<dyn Explainer>>,
    seed: Option<Vec<u8>>,
    data: Option<PathBuf>,
}

impl SandboxBuilder {
    /// The address to listen on; it must be loopback. Port 0 takes a free one. Default:
    /// `127.0.0.1:0`.
    #[must_use]
    pub fn listen(self, address: SocketAddr) -> Self {
        Self {
            listen: address,
            ..self
        }
    }

    /// The configuration. Default: [`SandboxConfig::default`].
    #[must_use]
    pub fn config(self, config: SandboxConfig) -> Self {
        Self { config, ..self }
    }

    /// The explainer of refused requests. Default: none.
    #[must_use]
    pub fn explainer(self, explainer: Box<dyn Explainer>) -> Self {
        Self {
            explainer: Some(explainer),
            ..self
        }
    }

    /// What the sandbox begins with: a document of [`Platform::whole_state`], or as much of one as
    /// is wanted. Default: an empty platform.
    #[must_use]
    pub fn seed(self, document: Vec<u8>) -> Self {
        Self {
            seed: Some(document),
            ..self
        }
    }

    /// A directory in which the state is kept, made if it is not there. A directory that has a
    /// state is continued: names, secrets, accounts, rules and everything else are those of the
    /// directory, and the seed has no effect. Default: the state ends with the process.
    ///
    /// A request over the socket is answered when what it changed is on the disk; what a method
    /// changed is there after [`Platform::kept`].
    #[must_use]
    pub fn data(self, directory: impl Into<PathBuf>) -> Self {
        Self {
            data: Some(directory.into()),
            ..self
        }
    }

    /// Starts the sandbox in the current tokio runtime.
    ///
    /// # Errors
    ///
    /// - `0.0.0.0:0`: [`StartError::NotLoopback`]; nothing was bound.
    /// - A port that is taken: [`StartError::Bind`].
    /// - A wrong configuration: [`StartError::Config`].
    /// - No random bytes: [`StartError::Random`].
    /// - With TLS, no key to be made: [`StartError::Authority`].
    /// - A seed that is no state: [`StartError::Seed`].
    /// - A data directory that another sandbox uses, or that is damaged: [`StartError::Data`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its I/O and time drivers on.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        if !self.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(self.listen));
        }
        let tls = self.config.tls.then(|| Tls::new(self.listen.ip()));
        let tls = tls.transpose()?;
        let (seed, data) = (self.seed.as_deref(), self.data.as_deref());
        let platform = Platform::open(self.config, self.explainer, seed, data)?;
        let failed = |source| StartError::Bind {
            address: self.listen,
            source,
        };
        let listener = TcpListener::bind(self.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        platform.bind(Served {
            address,
            tls: tls.is_some(),
        });

        let (stop, stopped) = watch::channel(());
        let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
        let server = tokio::spawn(serve(
            listener,
            acceptor,
            app(platform.clone()),
            HEAD_LIMIT,
            stopped,
        ));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base_url = format!("{scheme}://{address}");
        let control_url = format!("{base_url}{}", platform.control_path());
        let dashboard_url = format!("{control_url}/dashboard");
        Ok(Sandbox {
            platform,
            address,
            base_url,
            control_url,
            dashboard_url,
            ca_pem: tls.map(|tls| tls.ca_pem),
            stop,
            server,
        })
    }
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("listen", &self.listen)
            .field("config", &self.config)
            .field("explainer", &self.explainer.is_some())
            .field("seed", &self.seed.is_some())
            .field("data", &self.data)
            .finish()
    }
}
