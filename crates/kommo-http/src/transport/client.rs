//! Sends one request to one host and reads the whole answer; tries once.
//!
//! ```text
//! Target ──┐
//!          ├─ prepare ── as signed? ── execute ── read up to the limit ──> RawResponse
//! Outgoing ┘   (I1)      else refused   once        else BodyTooLarge
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use kommo_account::Target;
use kommo_sign::RequestMethod;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use reqwest::{Body, Client, Method, Request, Response, Url};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Cause, InvalidRequest, TransportError};
use crate::transport::content_coding::{self, NotDecoded};
use crate::transport::outgoing_request::OutgoingRequest;
use crate::transport::raw_response::RawResponse;
use crate::transport::wiped_buffer;

/// The longest URL that the HTTP library can carry.
const MAX_URL_BYTES: usize = 65_534;

/// The HTTP client below everything: connections, TLS, time limits, the limit of an answer's body.
///
/// Cheap to clone; clones share their connections. Make one for the whole program. It needs a Tokio
/// runtime with I/O and time enabled.
///
/// Source: rule T1 of `docs/protocol.md`; invariants I1 and I3 of the design.
///
/// # Security
///
/// A request can only go to a [`Target`], so to a host of the platform over TLS or to loopback.
#[derive(Clone)]
pub struct Transport {
    outside: Client,
    loopback: Client,
    max_body_bytes: usize,
}

impl Transport {
    /// `outside` speaks TLS only; `loopback` uses no proxy.
    pub(crate) const fn new(outside: Client, loopback: Client, max_body_bytes: usize) -> Self {
        Self {
            outside,
            loopback,
            max_body_bytes,
        }
    }

    /// Sends a request once and reads the whole answer, whatever its status. A redirect is an
    /// answer like any other; it is not followed. Dropping the future cancels the request, also
    /// when it is already on its way.
    ///
    /// For a sandbox the connection goes to its loopback address without a proxy, over TLS only if
    /// its URL says `https`, with the real host in `Host`.
    ///
    /// # Errors
    ///
    /// [`TransportError::Invalid`] before anything is sent; the other variants say how far it came.
    pub async fn send(
        &self,
        target: &Target,
        request: &OutgoingRequest<'_>,
    ) -> Result<RawResponse, TransportError> {
        let prepared = prepare(target, request)?;
        let client = if target.connect_to().is_some() {
            &self.loopback
        } else {
            &self.outside
        };
        let response = client
            .execute(prepared)
            .await
            .map_err(TransportError::from_reqwest)?;
        self.read(response).await
    }

    async fn read(&self, mut response: Response) -> Result<RawResponse, TransportError> {
        let status = response.status().as_u16();
        let limit_bytes = self.max_body_bytes;
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(TransportError::from_reqwest)?
        {
            if chunk.len() > limit_bytes - body.len() {
                return Err(TransportError::BodyTooLarge {
                    status,
                    limit_bytes,
                });
            }
            wiped_buffer::append(&mut body, &chunk);
            // If nothing else has a part of it; the library's own buffer stays.
            if let Ok(mut chunk) = chunk.try_into_mut() {
                chunk.as_mut().zeroize();
            }
        }
        let mut headers = core::mem::take(response.headers_mut());
        match content_coding::decoded(&mut headers, body, limit_bytes) {
            Ok(body) => Ok(RawResponse::new(status, headers, body)),
            Err(NotDecoded::Unknown(coding)) => Err(TransportError::Coded { status, coding }),
            Err(NotDecoded::Broken(error)) => Err(TransportError::Cut(Cause::of(&error))),
            Err(NotDecoded::TooLarge) => Err(TransportError::BodyTooLarge {
                status,
                limit_bytes,
            }),
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}

fn prepare(target: &Target, request: &OutgoingRequest<'_>) -> Result<Request, InvalidRequest> {
    let method = method(request.method())?;
    let url = url(target, request)?;
    let mut prepared = Request::new(method, url);
    *prepared.headers_mut() = headers(target, request)?;
    if !request.body().is_empty() {
        // The HTTP library needs a copy of its own; it is wiped when the library drops it.
        let body = Zeroizing::new(request.body().to_vec());
        *prepared.body_mut() = Some(Body::from(Bytes::from_owner(body)));
    }
    // INVARIANT (I1): looked at in the very value that is executed, after everything else was set.
    if !is_as_given(prepared.url(), target, request) {
        return Err(InvalidRequest::Rewritten);
    }
    Ok(prepared)
}

fn method(method: RequestMethod<'_>) -> Result<Method, InvalidRequest> {
    match method.as_str() {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        // TRACE would have our headers sent back; the others have no use here.
        _ => Err(InvalidRequest::Method),
    }
}

fn url(target: &Target, request: &OutgoingRequest<'_>) -> Result<Url, InvalidRequest> {
    let mut path = String::from(request.path().as_str());
    if let Some(query) = request.query() {
        path.push('?');
        path.push_str(query.as_str());
    }
    let mut text = String::new();
    target.write_url(&path, &mut text)?;
    if text.len() > MAX_URL_BYTES {
        return Err(InvalidRequest::UrlTooLong { found: text.len() });
    }
    Url::parse(&text).map_err(|_| InvalidRequest::Rewritten)
}

/// Whether the parsed URL still says what was given: host, path and query, and nothing else.
fn is_as_given(url: &Url, target: &Target, request: &OutgoingRequest<'_>) -> bool {
    let is_place_same = match target.connect_to() {
        Some(address) => {
            let host = url.host_str().map(|host| host.trim_matches(['[', ']']));
            let port = url.port_or_known_default();
            host.and_then(|host| host.parse().ok()) == Some(address.ip())
                && port == Some(address.port())
        }
        None => url.host_str() == Some(target.host()) && url.port().is_none(),
    };
    is_place_same
        && url.scheme() == target.scheme()
        && url.path() == request.path().as_str()
        && url.query() == request.query().map(|query| query.as_str())
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}

fn headers(target: &Target, request: &OutgoingRequest<'_>) -> Result<HeaderMap, InvalidRequest> {
    let mut headers = HeaderMap::new();
    for (index, header) in request.headers().iter().enumerate() {
        let refused = InvalidRequest::Header { index };
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| refused)?;
        let mut value = HeaderValue::from_str(header.value).map_err(|_| refused)?;
        value.set_sensitive(header.is_sensitive);
        // What says where the request goes and where it ends is not the caller's; and each name is
        // there once.
        let is_ours = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, ACCEPT_ENCODING].contains(&name);
        if is_ours || headers.insert(name, value).is_some() {
            return Err(refused);
        }
    }
    // Without it an answer may come in any coding (RFC 9110, 12.5.3).
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if target.connect_to().is_some() {
        // The host is one of three suffixes and a checked label, so this does not fail.
        let host = HeaderValue::from_str(target.host()).map_err(|_| InvalidRequest::Rewritten)?;
        headers.insert(HOST, host);
    }
    Ok(headers)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "the parts of a test outside its function may end it too"
)]
mod tests;
