//! One request to the token endpoint or the CRM API: the fault that lies there, the judgement, the change, the signing
//! of a token, the journal, the answer.
//!
//! What the lock covers happens at once. Signing takes a thousand times longer than all the rest, so it comes after. An
//! exchange runs in a task of its own: a client that hangs up does not stop what the platform has begun.

use core::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use crate::clock::Moment;
use crate::crm::bearer::{Bearer, bearer};
use crate::crm::call::{Call, is_crm_path};
use crate::crm::endpoint::answer;
use crate::faults::fault::{CommitPoint, Fault};
use crate::faults::kind::FaultKind;
use crate::faults::queue::MetFaults;
use crate::faults::surface::Surface;
use crate::oauth::token_endpoint::{self, Issued, judge};
use crate::oauth::watched_body::watched;
use crate::reply::description::tell;
use crate::reply::fault_answer::instead;
use crate::reply::outcome::Answered;
use crate::reply::problem::{Language, problem};
use crate::reply::response::{set_date, with_json, with_text};
use crate::secrets::random_text::random_hex;
use crate::state::platform::Platform;
use crate::wire::platform_host::PlatformHost;
use crate::wire::received_request::ReceivedRequest;

/// A request that outlives its connection.
pub(crate) struct OwnedRequest {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// The surface that a path belongs to; `None` if it is not served here.
pub(crate) fn surface_of(path: &str) -> Option<Surface> {
    // About ten public programs put a slash after it.
    if path.strip_suffix('/').unwrap_or(path) == token_endpoint::PATH {
        return Some(Surface::Token);
    }
    is_crm_path(path).then_some(Surface::Crm)
}

/// Carries one request out and answers it.
pub(crate) async fn exchange_platform(
    platform: Platform,
    request: OwnedRequest,
    host: PlatformHost,
    surface: Surface,
) -> Response<Body> {
    let task = tokio::spawn(async move { carry(&platform, &request, &host, surface).await });
    task.await.unwrap_or_else(|_| {
        let error = Value::from("the sandbox failed; this is a defect");
        with_json(StatusCode::INTERNAL_SERVER_ERROR, &error)
    })
}

async fn carry(
    platform: &Platform,
    request: &OwnedRequest,
    host: &PlatformHost,
    surface: Surface,
) -> Response<Body> {
    let met = platform.lock().faults.meet(surface);
    let hold = met
        .fault
        .as_ref()
        .filter(|fault| fault.kind() == FaultKind::Hold);
    if let Some(fault) = hold.filter(|fault| fault.commit == CommitPoint::After) {
        platform.hold(Duration::from_millis(fault.delay_ms)).await;
    }
    let response = at_once(platform, request, host, surface, &met);
    if let Some(fault) = hold.filter(|fault| fault.commit == CommitPoint::Before) {
        platform.hold(Duration::from_millis(fault.delay_ms)).await;
    }
    if let Some(delay) = met.fault.as_ref().and_then(Fault::delay) {
        tokio::time::sleep(delay).await;
    }
    response
}

fn at_once(
    platform: &Platform,
    owned: &OwnedRequest,
    host: &PlatformHost,
    surface: Surface,
    met: &MetFaults,
) -> Response<Body> {
    let headers: Vec<_> = owned
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    let request = &ReceivedRequest::new(&owned.method, &owned.target, &headers, &owned.body);
    let moment = Moment::told_askew(platform.now(), met.skew_seconds.unwrap_or(0));
    let commit = met.fault.as_ref().is_none_or(Fault::lets_commit);
    let answered = match surface {
        Surface::Token => token(platform, request, host, met, moment, commit),
        Surface::Chats | Surface::Crm | Surface::Hook => {
            call(platform, request, host, met, moment.now, commit)
        }
    };
    let Answered { told, response } = answered;
    let mut entry = tell(platform, request, met, told, moment.now);
    let instead = met.fault.as_ref().and_then(|fault| {
        let rules = platform.lock().oauth.clone();
        instead(fault, Language::at(host.base(), &rules), &rules)
    });
    // An answer with a pair that is dropped here has told the counters so.
    let mut response = instead.unwrap_or(*response);
    let cuts = met.fault.as_ref().is_some_and(Fault::cuts);
    entry.status = (!cuts).then(|| response.status().as_u16());
    platform.write_down(entry);
    set_date(&mut response, moment.told);
    set_request_id(&mut response);
    response
}

fn token(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    host: &PlatformHost,
    met: &MetFaults,
    moment: Moment,
    commit: bool,
) -> Answered {
    let mut changing = platform.lock();
    let plan = match judge(&mut changing, request, host, moment.now) {
        Err(refused) => return refused,
        Ok(_) if !commit => {
            let reason = "the request was in order; nothing was changed";
            return Answered::accepted("in-order", reason, Response::default());
        }
        Ok(plan) => plan,
    };
    let issued = token_endpoint::carry_out(&mut changing, plan, moment);
    drop(changing);
    let with_refresh = met
        .fault
        .as_ref()
        .is_none_or(|fault| fault.kind() != FaultKind::NoRefreshToken);
    issued
        .and_then(|issued| pair_answer(platform, issued, with_refresh))
        .unwrap_or_else(|| {
            let answer = problem(500, "Internal Server Error", "No random bytes");
            Answered::refused(
                "random",
                "the operating system gave no random bytes",
                answer,
            )
        })
}

fn pair_answer(platform: &Platform, issued: Issued, with_refresh: bool) -> Option<Answered> {
    let fields = issued
        .draft
        .into_fields(platform.signing_key(), with_refresh)?;
    let text = Value::Object(fields).to_string();
    let mut response = with_text(StatusCode::OK, "application/json", String::new());
    *response.body_mut() = match with_refresh {
        true => watched(text, platform, issued.pair),
        false => Body::from(text),
    };
    Some(Answered::accepted(issued.code, issued.reason, response))
}

fn call(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    host: &PlatformHost,
    met: &MetFaults,
    now: u64,
    commit: bool,
) -> Answered {
    // A token that was never signed needs no key; making one takes a good part of a second.
    let bearer = match request.values("authorization").next() {
        None => Bearer::Missing,
        Some(_) => bearer(request, platform.signing_key()),
    };
    let next_host = met
        .fault
        .as_ref()
        .filter(|fault| fault.kind() == FaultKind::ForeignNext)
        .map(|fault| fault.host.as_deref().unwrap_or("attacker.example"));
    let call = Call {
        request,
        host,
        bearer,
        now,
        commit,
        next_host,
    };
    answer(&mut platform.lock(), &call)
}

/// Every answer can be named (source: vendor library, which logs this header).
fn set_request_id(response: &mut Response<Body>) {
    let id = random_hex::<16>().unwrap_or_default();
    if let Ok(id) = HeaderValue::from_str(&id) {
        let name = HeaderName::from_static("x-request-id");
        response.headers_mut().insert(name, id);
    }
}
