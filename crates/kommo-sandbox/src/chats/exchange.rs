//! One request to the platform: route, channel, proof, fields, in this order; then the change, the journal, the answer.
//!
//! Everything here happens at once, between two awaits of the server. So a client that hangs up early cannot keep
//! an exchange out of the journal, and a change is made wholly or not at all.

use core::time::Duration;

use axum::body::Body;
use axum::http::Response;

use crate::chats::refusal::Refusal;
use crate::chats::route::{Change, find_route};
use crate::chats::signature_check::prove;
use crate::clock::skewed;
use crate::faults::fault::Fault;
use crate::faults::queue::MetFaults;
use crate::faults::surface::Surface;
use crate::reply::description::{Done, describe, explain};
use crate::reply::response as answer;
use crate::state::platform::Platform;
use crate::state::platform_state::Changing;
use crate::wire::received_request::ReceivedRequest;

/// An answer, and how long it is held back.
pub(crate) struct Reply {
    pub(crate) response: Response<Body>,
    pub(crate) delay: Option<Duration>,
}

/// Judges, carries out, writes down and answers.
pub(crate) fn exchange(platform: &Platform, request: &ReceivedRequest<'_>) -> Reply {
    let mut changing = platform.lock();
    let clock_now = changing.clock.now();
    let met = if is_chats_path(request.path()) {
        changing.faults.meet(Surface::Chats)
    } else {
        MetFaults::default()
    };
    let now = skewed(clock_now, met.skew_seconds.unwrap_or(0));
    let outcome = judge(platform, request, &changing, now).map(|change| {
        match met.fault.as_ref().is_none_or(Fault::lets_commit) {
            true => carry_out(platform, &mut changing, change),
            false => kept_back(&change),
        }
    });
    // The explainer is foreign code: it is not called under the lock.
    drop(changing);

    let mut entry = describe(platform, request, &met, outcome.as_ref(), clock_now);
    if let Err(refusal) = &outcome {
        explain(platform, request, refusal, now, &mut entry);
    }
    let mut response = match met.fault.as_ref().and_then(answer::faulty) {
        Some(instead) => instead,
        None => outcome.map_or_else(|refusal| answer::refused(&refusal), |done| done.response),
    };
    let cuts = met.fault.as_ref().is_some_and(Fault::cuts);
    entry.status = (!cuts).then(|| response.status().as_u16());
    platform.write_down(entry);
    answer::set_date(&mut response, now);
    Reply {
        response,
        delay: met.fault.as_ref().and_then(Fault::delay),
    }
}

/// Writes down and answers a request that was refused before it could be judged.
pub(crate) fn refuse_unjudged(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    refusal: &Refusal,
) -> Response<Body> {
    let now = platform.now();
    let mut entry = describe(platform, request, &MetFaults::default(), Err(refusal), now);
    let mut response = answer::refused(refusal);
    entry.status = Some(response.status().as_u16());
    platform.write_down(entry);
    answer::set_date(&mut response, now);
    response
}

/// Whether a path belongs to the Chats API.
pub(crate) fn is_chats_path(path: &str) -> bool {
    path.starts_with("/v2/origin/custom/")
}

/// Route, channel, proof, fields. The channel comes before the proof, because it brings the secret.
fn judge(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    changing: &Changing,
    now: u64,
) -> Result<Change, Refusal> {
    let (channel_id, action) = find_route(request.method(), request.path())?;
    if channel_id != platform.channel_id() {
        return Err(Refusal::not_registered());
    }
    prove(request, platform.channel_key(), platform.proof_rules(), now)?;
    action.read(request.body(), platform.channel_view(&changing.accounts))
}

/// Connecting again replaces the connection (rule C6); disconnecting again changes nothing.
fn carry_out(platform: &Platform, changing: &mut Changing, change: Change) -> Done {
    let scope_id = match &change {
        Change::Connect(connection) => &connection.scope_id,
        Change::Disconnect { scope_id } => scope_id,
    };
    let before = changing.connections.len();
    changing
        .connections
        .retain(|connection| connection.scope_id != *scope_id);
    let was_connected = changing.connections.len() < before;
    match change {
        Change::Connect(connection) => {
            changing.counters.connects += 1;
            let response = answer::connected(&connection);
            changing.connections.push(connection);
            let (rule, reason) = match was_connected {
                true => (
                    "C6",
                    "the channel was connected to the account already; the new fields replace the old",
                ),
                false => ("C1", "the channel is connected to the account"),
            };
            Done {
                rule,
                code: "connected",
                reason,
                response,
            }
        }
        Change::Disconnect { .. } => {
            changing.counters.disconnects += 1;
            let reason = match was_connected {
                true => "the channel is disconnected from the account",
                false => "the channel was not connected to the account; nothing changes",
            };
            let response = answer::disconnected(platform.disconnect_answer());
            Done {
                rule: "C3",
                code: "disconnected",
                reason,
                response,
            }
        }
    }
}

/// A request in order that a fault keeps from being carried out. Its answer never leaves.
fn kept_back(change: &Change) -> Done {
    let rule = match change {
        Change::Connect(_) => "C1",
        Change::Disconnect { .. } => "C3",
    };
    Done {
        rule,
        code: "in-order",
        reason: "the request was in order",
        response: Response::default(),
    }
}
