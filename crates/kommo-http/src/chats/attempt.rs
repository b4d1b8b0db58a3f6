//! One attempt: one date, one signature, one request, one line in the log (invariants I2 and I8).

use kommo_account::Target;
use kommo_sign::{CanonicalRequest, ChatsSigner, ContentType, RequestDate, Signed};
use tokio::time::Instant;

use crate::chats::raw_request::RawRequest;
use crate::error::{InvalidRequest, TransportError};
use crate::transport::client::Transport;
use crate::transport::outgoing_request::OutgoingRequest;
use crate::transport::raw_response::RawResponse;

/// What every attempt of a call has in common.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) target: Target,
    pub(crate) signer: &'a ChatsSigner,
    pub(crate) request: &'a RawRequest<'a>,
}

/// What one attempt came to.
pub(crate) struct Outcome {
    /// The instant that the request was dated with, in Unix seconds.
    pub(crate) signed_at: i64,
    pub(crate) result: Result<RawResponse, TransportError>,
}

impl Sender<'_> {
    /// Signs with the given clock and sends once. `number` counts from 1.
    pub(crate) async fn attempt(
        &self,
        number: u32,
        now: u64,
        offset_seconds: i64,
    ) -> Result<Outcome, InvalidRequest> {
        let instant = now
            .checked_add_signed(offset_seconds)
            .ok_or(InvalidRequest::Clock)?;
        let date = RequestDate::from_unix_seconds(instant)?;
        let request = self.request;
        // Rules D6 and T2: date and signature are made here, so each attempt has its own.
        let signed = self.signer.sign(
            request.method,
            request.path,
            ContentType::JSON,
            date,
            request.body,
        );
        let started = Instant::now();
        let result = self.send(&signed).await;
        report(number, offset_seconds, &signed, started, &result);
        match result {
            Err(TransportError::Invalid(invalid)) => Err(invalid),
            result => Ok(Outcome {
                signed_at: date.unix_seconds(),
                result,
            }),
        }
    }

    /// Sends what was signed: method, path, headers and body all come from there (invariant I1).
    async fn send(&self, signed: &Signed<'_>) -> Result<RawResponse, TransportError> {
        let mut outgoing = OutgoingRequest::new(signed.method(), signed.path())
            .with_query(self.request.query)
            .with_body(signed.body());
        let headers = signed.headers();
        for (name, value) in &headers {
            outgoing = match *name {
                "X-Signature" => outgoing.with_sensitive_header(name, value),
                _ => outgoing.with_header(name, value),
            };
        }
        self.transport.send(&self.target, &outgoing).await
    }
}

/// Writes what helps when debugging: lengths and digests, never the signed text, the signature or a
/// body.
fn report(
    number: u32,
    offset_seconds: i64,
    signed: &Signed<'_>,
    started: Instant,
    result: &Result<RawResponse, TransportError>,
) {
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let date = signed.date();
    let content_md5 = signed.content_md5();
    let string_to_sign_bytes = CanonicalRequest::new(signed.method(), signed.path())
        .with_content_md5(*content_md5)
        .with_content_type(ContentType::JSON)
        .with_date(*date)
        .string_to_sign_length();
    match result {
        Ok(response) => tracing::debug!(
            attempt = number,
            status = response.status(),
            duration_ms,
            date = date.as_str(),
            server_unix_seconds = response.server_date(),
            offset_seconds,
            body_bytes = signed.body().len(),
            content_md5 = content_md5.as_str(),
            string_to_sign_bytes,
            answer_bytes = response.body().len(),
            "chats api answered"
        ),
        Err(error) => tracing::warn!(
            attempt = number,
            duration_ms,
            date = date.as_str(),
            offset_seconds,
            body_bytes = signed.body().len(),
            content_md5 = content_md5.as_str(),
            string_to_sign_bytes,
            %error,
            cause = ?core::error::Error::source(error).map(ToString::to_string),
            "chats api did not answer"
        ),
    }
}
