//! Sends one request and waits for the status of its answer: no redirect is followed, nothing is
//! sent twice.
//!
//! A sandbox talks to programs on its own machine. Another host is called only if the configuration
//! says so, and `https` never: the sandbox knows no authority that it could check such a host by.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::pin::pin;
use core::time::Duration;
use std::io;

use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::wire::web_address::WebAddress;

/// Whom the sandbox may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Loopback addresses, `localhost`, and names under `.localhost`.
    Loopback,
    /// Any host.
    Anywhere,
}

/// A request of the sandbox's own. `Debug` shows neither query nor body nor headers.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) to: WebAddress,
    pub(crate) user_agent: Option<&'static str>,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Vec<u8>,
    /// How long the status may take to come, from the beginning of the call.
    pub(crate) limit: Duration,
}

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// The host is not on this machine, and the configuration does not let the sandbox call others.
    NotLoopback,
    /// The address begins with `https`.
    Https,
    /// Nobody listens there.
    NotConnected,
    /// The connection ended without an answer that could be read.
    Broken,
    /// No status came inside the limit.
    TimedOut,
    /// A fault kept it back.
    NeverSent,
}

/// Whether an address may be called at all.
pub(crate) fn check_reach(to: &WebAddress, reach: Reach) -> Result<(), Unanswered> {
    if to.is_https() {
        Err(Unanswered::Https)
    } else if reach == Reach::Loopback && loopback_addresses(to).is_empty() {
        Err(Unanswered::NotLoopback)
    } else {
        Ok(())
    }
}

/// Sends the request; the status that came back.
pub(crate) async fn send(outgoing: &Outgoing, reach: Reach) -> Result<u16, Unanswered> {
    check_reach(&outgoing.to, reach)?;
    tokio::time::timeout(outgoing.limit, send_once(outgoing))
        .await
        .unwrap_or(Err(Unanswered::TimedOut))
}

async fn send_once(outgoing: &Outgoing) -> Result<u16, Unanswered> {
    let stream = connect(&outgoing.to)
        .await
        .map_err(|_| Unanswered::NotConnected)?;
    let broken = |_| Unanswered::Broken;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request = outgoing.request().ok_or(Unanswered::Broken)?;
    let mut connection = pin!(connection);
    let mut answer = pin!(sender.send_request(request));
    let answer = tokio::select! {
        answer = answer.as_mut() => answer,
        // The connection may end with the very bytes that complete the answer.
        _ = connection.as_mut() => answer.await,
    };
    Ok(answer.map_err(|_| Unanswered::Broken)?.status().as_u16())
}

async fn connect(to: &WebAddress) -> io::Result<TcpStream> {
    let loopback = loopback_addresses(to);
    if loopback.is_empty() {
        return TcpStream::connect((to.host().trim_matches(['[', ']']), to.port())).await;
    }
    TcpStream::connect(loopback.as_slice()).await
}

/// Where a loopback host is, without asking a name server; nothing for any other host.
fn loopback_addresses(to: &WebAddress) -> Vec<SocketAddr> {
    let host = to.host();
    let ips = if host == "localhost" || host.ends_with(".localhost") {
        vec![
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ]
    } else {
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        ip.into_iter().filter(IpAddr::is_loopback).collect()
    };
    ips.into_iter().map(|ip| (ip, to.port()).into()).collect()
}

impl Outgoing {
    fn request(&self) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(&self.method)
            .uri(self.to.target())
            .header(HOST, self.to.authority());
        if let Some(agent) = self.user_agent {
            request = request.header(USER_AGENT, agent);
        }
        if let Some(content_type) = self.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(name, HeaderValue::from_str(value).ok()?);
        }
        request.body(Full::new(Bytes::from(self.body.clone()))).ok()
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("to", &self.to)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Unanswered {
    /// A stable code for programs.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::NotLoopback => "not-loopback",
            Self::Https => "https",
            Self::NotConnected => "not-connected",
            Self::Broken => "broken",
            Self::TimedOut => "timed-out",
            Self::NeverSent => "never-sent",
        }
    }

    /// One sentence for people.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::NotLoopback => "the sandbox sends to loopback only",
            Self::Https => "the sandbox sends to http addresses only",
            Self::NotConnected => "no program listens there",
            Self::Broken => "the connection ended without an answer",
            Self::TimedOut => "no answer came in time",
            Self::NeverSent => "a fault kept it back: it was never sent",
        }
    }
}
