//! One request to the platform, from its fault to its answer:
//!
//! ```text
//! fault ─► judge ─► commit ─► journal ─► answer
//! ```
//!
//! Each part of the platform brings a judge. It says what a request comes to, and commits the
//! change if the fault lets it. Everything else is the same for all of them and is written here.
//!
//! What a judge does under the lock happens at once, so a change is made wholly or not at all. Each
//! request runs in its own task: a client that hangs up neither stops what the platform has begun
//! nor keeps it out of the journal.

use core::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::clock::Moment;
use crate::error::StateError;
use crate::faults::fault::{CommitPoint, Fault};
use crate::faults::kind::FaultKind;
use crate::faults::queue::MetFaults;
use crate::faults::surface::Surface;
use crate::reply::fault_answer::instead;
use crate::reply::journal_entry::entry_of;
use crate::reply::outcome::Outcome;
use crate::reply::problem::Language;
use crate::reply::recorded_body::recorded;
use crate::reply::response::{set_date, with_json};
use crate::secrets::random_text::random_hex;
use crate::state::platform::Platform;
use crate::state::wire_record::WireRecord;
use crate::wire::owned_request::OwnedRequest;
use crate::wire::platform_host::PlatformHost;
use crate::wire::received_request::ReceivedRequest;

/// One request, with everything that decides about it.
pub(crate) struct RequestContext<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) request: &'a ReceivedRequest<'a>,
    pub(crate) host: &'a PlatformHost,
    pub(crate) moment: Moment,
    surface: Option<Surface>,
    met: &'a MetFaults,
}

impl<'a> RequestContext<'a> {
    /// The fault that the request meets, if it is of this kind.
    pub(crate) fn fault(&self, kind: FaultKind) -> Option<&'a Fault> {
        let fault = self.met.fault.as_ref();
        fault.filter(|fault| fault.kind() == kind)
    }

    /// Whether the judge may change anything.
    pub(crate) fn commits(&self) -> bool {
        self.met.fault.as_ref().is_none_or(Fault::lets_commit)
    }

    /// Writes the outcome down and answers, with the fault's answer in place of the outcome's if it
    /// has one.
    fn conclude(&self, outcome: Outcome) -> Response<Body> {
        let Self {
            platform,
            request,
            surface,
            met,
            ..
        } = self;
        let mut entry = entry_of(platform, request, *surface, met, &outcome, self.moment.now);
        let instead = met.fault.as_ref().and_then(|fault| {
            let rules = platform.lock().oauth.clone();
            instead(fault, Language::at(self.host.base(), &rules), &rules)
        });
        // An answer with a pair that is dropped here counts itself as dropped.
        let mut response = instead.unwrap_or(*outcome.response);
        let cuts = met.fault.as_ref().is_some_and(Fault::cuts);
        set_date(&mut response, self.moment.told);
        if matches!(surface, Some(Surface::Token | Surface::Crm)) {
            set_request_id(&mut response);
        }
        let mut record = WireRecord::of_request(request, self.moment.told);
        if !cuts {
            entry.status = Some(response.status().as_u16());
            record.answer = Some(recorded(&mut response));
        }
        platform.write_down(entry, record);
        response
    }
}

/// Answers one request: with the faults of `surface`, if it has any, and with what `judge` says.
pub(crate) async fn answer(
    platform: Platform,
    request: OwnedRequest,
    host: PlatformHost,
    surface: Option<Surface>,
    judge: impl FnOnce(&RequestContext<'_>) -> Outcome + Send + 'static,
) -> Response<Body> {
    let task =
        tokio::spawn(async move { carry_out(&platform, &request, &host, surface, judge).await });
    task.await.unwrap_or_else(|_| {
        let error = Value::from("the sandbox failed; this is a defect");
        with_json(StatusCode::INTERNAL_SERVER_ERROR, &error)
    })
}

async fn carry_out(
    platform: &Platform,
    request: &OwnedRequest,
    host: &PlatformHost,
    surface: Option<Surface>,
    judge: impl FnOnce(&RequestContext<'_>) -> Outcome,
) -> Response<Body> {
    if let Err(error) = platform.mended().await {
        return request.view(|request| not_kept(platform, request, surface, &error));
    }
    let met = surface.map_or_else(MetFaults::default, |surface| {
        platform.lock().faults.meet(surface)
    });
    hold(platform, &met, CommitPoint::After).await;
    let mut response = request.view(|request| {
        let context = RequestContext {
            platform,
            request,
            host,
            moment: Moment::told_askew(platform.now(), met.skew_seconds.unwrap_or(0)),
            surface,
            met: &met,
        };
        context.conclude(judge(&context))
    });
    if let Err(error) = platform.kept().await {
        response = request.view(|request| not_kept(platform, request, surface, &error));
    }
    hold(platform, &met, CommitPoint::Before).await;
    if let Some(delay) = met.fault.as_ref().and_then(Fault::delay) {
        tokio::time::sleep(delay).await;
    }
    response
}

/// What was changed is not on the disk: nobody is told that it was done.
fn not_kept(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    surface: Option<Surface>,
    error: &StateError,
) -> Response<Body> {
    let reason = error.to_string();
    let answer = with_json(
        StatusCode::INSUFFICIENT_STORAGE,
        &json!({ "error": &reason }),
    );
    let outcome = Outcome::refused("state-not-kept", reason, answer);
    let (met, now) = (MetFaults::default(), platform.now());
    let mut entry = entry_of(platform, request, surface, &met, &outcome, now);
    let mut response = *outcome.response;
    set_date(&mut response, now);
    entry.status = Some(response.status().as_u16());
    let mut record = WireRecord::of_request(request, now);
    record.answer = Some(recorded(&mut response));
    platform.write_down(entry, record);
    response
}

/// Waits if a fault holds the request back, and commits it at this point of the wait.
async fn hold(platform: &Platform, met: &MetFaults, commit: CommitPoint) {
    let fault = met.fault.as_ref();
    let holds = fault.filter(|fault| fault.kind() == FaultKind::Hold && fault.commit == commit);
    if let Some(fault) = holds {
        platform.hold(Duration::from_millis(fault.delay_ms)).await;
    }
}

/// Every answer can be named (source: vendor library, which logs this header).
fn set_request_id(response: &mut Response<Body>) {
    let id = random_hex::<16>().unwrap_or_default();
    if let Ok(id) = HeaderValue::from_str(&id) {
        let name = HeaderName::from_static("x-request-id");
        response.headers_mut().insert(name, id);
    }
}
