//! One attempt: one stamp, one body, one signature, one request, one line in the log (invariants
//! I1, I2 and I8).

use alloc::string::ToString;
use alloc::vec::Vec;
use core::error::Error;

use kommo_account::Target;
use kommo_open_api::{AppId, Stamp};
use kommo_sign::{OpenApiKey, RequestMethod, RequestPath};
use tokio::time::Instant;

use crate::error::TransportError;
use crate::signed::clock::SigningClock;
use crate::transport::client::Transport;
use crate::transport::outgoing_request::OutgoingRequest;
use crate::transport::raw_response::RawResponse;

/// What every attempt of a call has in common.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) target: Target,
    pub(crate) key: &'a OpenApiKey,
    pub(crate) app_id: &'a AppId,
    pub(crate) path: RequestPath<'a>,
    /// Writes the body with the stamp of the attempt.
    pub(crate) body: &'a (dyn Fn(&Stamp) -> Vec<u8> + Sync),
}

/// What one attempt came to.
pub(crate) struct Outcome {
    /// The time that the request carried, in Unix seconds.
    pub(crate) stamped_at: u64,
    pub(crate) result: Result<RawResponse, TransportError>,
}

impl Sender<'_> {
    /// Stamps, signs and sends once. `number` counts from 1.
    pub(crate) async fn attempt(&self, number: u32, clock: &dyn SigningClock) -> Outcome {
        // Rule O8: time, random text and signature are made here, so each attempt has its own.
        let stamped_at = clock.unix_seconds();
        let stamp = Stamp::of_random(self.app_id.clone(), stamped_at, clock.random_u64());
        // INVARIANT (I1): these bytes are signed, and these bytes are sent.
        let body = (self.body)(&stamp);
        let signature = self.key.sign(&body);
        let outgoing = OutgoingRequest::new(RequestMethod::POST, self.path)
            .with_header("Content-Type", "application/json")
            .with_sensitive_header("x-chat-signature", signature.as_str())
            .with_body(&body);
        let started = Instant::now();
        let result = self.transport.send(&self.target, &outgoing).await;
        report(number, stamped_at, body.len(), started, &result);
        Outcome { stamped_at, result }
    }
}

/// Writes what helps when debugging: times and lengths, never the signature or a body.
fn report(
    number: u32,
    timestamp: u64,
    body_bytes: usize,
    started: Instant,
    result: &Result<RawResponse, TransportError>,
) {
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(response) => tracing::debug!(
            attempt = number,
            status = response.status(),
            duration_ms,
            timestamp,
            server_unix_seconds = response.server_date(),
            body_bytes,
            answer_bytes = response.body().len(),
            "open api answered"
        ),
        Err(error) => tracing::warn!(
            attempt = number,
            duration_ms,
            timestamp,
            body_bytes,
            %error,
            cause = ?error.source().map(ToString::to_string),
            "open api did not answer"
        ),
    }
}
