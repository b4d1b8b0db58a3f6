//! Settings of the transport, and what of it cannot be set.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use reqwest::{Client, ClientBuilder, redirect, retry};
use rustls::ClientConfig;

use crate::error::{BuildError, Cause};
use crate::transport::client::Transport;
use crate::transport::tls_roots;

/// The longest suffix of the user agent, in bytes.
const MAX_SUFFIX_BYTES: usize = 128;

/// Makes a [`Transport`].
///
/// Cannot be set, in any way: redirects are not followed, certificates and names are checked, the
/// library repeats nothing that may have left, cookies are off, no compression is asked for (an
/// answer in `gzip` or `deflate` is understood all the same), loopback is reached without a proxy.
/// Real hosts are reached through the proxy that `HTTPS_PROXY` or `ALL_PROXY` names, if one does
/// (`NO_PROXY` is respected); it sees a tunnel, no request.
///
/// # Examples
///
/// ```
/// # use core::time::Duration;
/// # use kommo_http::{BuildError, TransportBuilder};
/// let transport = TransportBuilder::new()
///     .total_timeout(Duration::from_secs(10))
///     .user_agent_suffix("my-shop/1.4")
///     .build()?;
/// # Ok::<(), BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TransportBuilder {
    connect_timeout: Duration,
    total_timeout: Duration,
    max_body_bytes: usize,
    user_agent_suffix: Option<String>,
    keep_idle_connections: bool,
    sandbox_authority: Option<Vec<u8>>,
}

impl TransportBuilder {
    /// The defaults: 5 s to connect, 20 s for the whole of one attempt, 1 MiB of answer, user agent
    /// `kommo-http/<version>`.
    pub const fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(20),
            max_body_bytes: 1024 * 1024,
            user_agent_suffix: None,
            keep_idle_connections: true,
            sandbox_authority: None,
        }
    }

    /// How long connecting may take, TLS included.
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long one attempt may take, from its first byte out to its last byte in, the connection
    /// included.
    pub const fn total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = limit;
        self
    }

    /// How long the body of an answer may be, in bytes. What is longer is an error, and is not read
    /// to its end.
    pub const fn max_body_bytes(mut self, limit: usize) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// Says who uses this library: `kommo-http/<version> <suffix>`. At most 128 bytes of printable
    /// ASCII.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Opens a connection for each request and uses none again. An idle connection may be closed by
    /// the other side just when a request is written to it, and it is not known then whether the
    /// request arrived.
    pub const fn without_idle_connections(mut self) -> Self {
        self.keep_idle_connections = false;
        self
    }

    /// Whom a sandbox that speaks TLS is judged by: the certificate of its own authority, in PEM.
    /// Its certificates and names are checked like all others.
    ///
    /// # Security
    ///
    /// Connections to loopback believe this authority and no other then; real hosts are judged by
    /// the roots of the machine alone, as without it. So the holder of the authority's key can play
    /// a sandbox, and nothing more.
    pub fn sandbox_authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.sandbox_authority = Some(pem.into());
        self
    }

    /// Makes the transport; reads the roots of this machine, a few milliseconds.
    ///
    /// # Errors
    ///
    /// - a suffix `"a\nb"`, or of 129 bytes: [`BuildError::UserAgentSuffix`].
    /// - an authority of a sandbox that is not PEM, a key, or empty:
    ///   [`BuildError::SandboxAuthority`].
    /// - [`BuildError::Tls`] and [`BuildError::Http`], which are not known to happen.
    pub fn build(self) -> Result<Transport, BuildError> {
        let (outside, loopback) = self.clients()?;
        let (outside, loopback) = (built(outside)?, built(loopback)?);
        Ok(Transport::new(outside, loopback, self.max_body_bytes))
    }

    /// The one for real hosts, and the one for loopback. INVARIANT (I3): the authority of a sandbox
    /// has no part in the first.
    fn clients(&self) -> Result<(ClientBuilder, ClientBuilder), BuildError> {
        let user_agent = self.user_agent()?;
        let tls = tls_roots::client_config(tls_roots::roots())?;
        let loopback_tls = match &self.sandbox_authority {
            Some(pem) => tls_roots::client_config(tls_roots::of_pem(pem)?)?,
            None => tls.clone(),
        };
        let outside = self.settings(&user_agent, tls).https_only(true);
        let loopback = self.settings(&user_agent, loopback_tls).no_proxy();
        Ok((outside, loopback))
    }

    fn user_agent(&self) -> Result<String, BuildError> {
        let own = concat!("kommo-http/", env!("CARGO_PKG_VERSION"));
        let Some(suffix) = &self.user_agent_suffix else {
            return Ok(own.into());
        };
        let is_text = suffix.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        if !is_text || suffix.len() > MAX_SUFFIX_BYTES {
            return Err(BuildError::UserAgentSuffix);
        }
        Ok(alloc::format!("{own} {suffix}"))
    }

    /// What both clients have in common.
    fn settings(&self, user_agent: &str, tls: ClientConfig) -> ClientBuilder {
        // A pool for no idle connection at all is a pool switched off.
        let idle_connections = if self.keep_idle_connections {
            usize::MAX
        } else {
            0
        };
        Client::builder()
            .pool_max_idle_per_host(idle_connections)
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .http1_only()
            .connect_timeout(self.connect_timeout)
            .timeout(self.total_timeout)
            .user_agent(user_agent)
    }
}

impl Default for TransportBuilder {
    fn default() -> Self {
        Self::new()
    }
}

fn built(builder: ClientBuilder) -> Result<Client, BuildError> {
    builder
        .build()
        .map_err(|error| BuildError::Http(Cause::of(&error.without_url())))
}

#[cfg(test)]
#[allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the parts of a test outside its function may end it too"
)]
mod tests;
