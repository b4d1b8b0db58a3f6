//! The judge of the Chats API: route, channel, signature, fields, in this order; then the change.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::json;

use crate::chats::refusal::Refusal;
use crate::chats::route::{Action, Change, find_route};
use crate::chats::scoped::{Answer, Scoped};
use crate::chats::signature_check::{check_signature, right_signatures};
use crate::config::sandbox_config::DisconnectAnswer;
use crate::reply::outcome::Outcome;
use crate::reply::pipeline::RequestContext;
use crate::reply::response::{empty, with_json};
use crate::state::connection::Connection;
use crate::state::explainer::Explanation;
use crate::state::platform::Platform;
use crate::state::platform_state::PlatformState;
use crate::wire::received_request::ReceivedRequest;

/// Whether a path belongs to the Chats API.
pub(crate) fn is_chats_path(path: &str) -> bool {
    path.starts_with("/v2/origin/custom/")
}

/// Judges one request to the Chats API. Its dates are judged by the clock that the server shows,
/// skewed or not.
pub(crate) fn judge(context: &RequestContext<'_>) -> Outcome {
    let (platform, request, now) = (context.platform, context.request, context.moment.told);
    let at = context.moment.now;
    let mut state = platform.lock();
    let mut taken = None;
    let judged = read(platform, request, &state, now).map(|change| match change {
        change if !context.commits() => in_order(&change),
        Change::Message(message) => {
            let response = message.answer();
            let reason = "the message is taken";
            taken = Some(message);
            Outcome::accepted(
                "message-taken",
                reason,
                with_json(StatusCode::OK, &response),
            )
        }
        Change::Scoped(scoped) => carry_out(platform, &mut state, *scoped, at),
        Change::Connect(connection) => connect(&mut state, connection),
        Change::Disconnect { scope_id } => disconnect(platform, &mut state, &scope_id),
    });
    // Under the lock under which the `msgid` was found to be new.
    let taken = taken.map(|message| {
        state.counters.messages += 1;
        let account = message.account.clone();
        let conversation = message.conversation.clone();
        let customer = conversation.customer.clone();
        state.chats.put(conversation, at);
        let kept = message.kept(at);
        state.chats.push(kept.clone());
        (account, customer, kept)
    });
    // The explainer is foreign code: it is not called under the lock.
    drop(state);
    if let Some((account, customer, kept)) = taken {
        platform.announce(&account, &customer, &kept);
    }
    judged.unwrap_or_else(|refusal| {
        let explanations = explain(platform, request, &refusal, now);
        Outcome {
            explanations,
            ..refusal.into_outcome()
        }
    })
}

/// Route, channel, signature, fields. The channel comes before the signature, because it brings the
/// secret.
fn read(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    state: &PlatformState,
    now: u64,
) -> Result<Change, Refusal> {
    let (channel_id, action) = find_route(request.method(), request.path())?;
    let is_known = match action {
        Action::Scoped { scope_id, .. } => state
            .connections
            .iter()
            .any(|connection| connection.scope_id == scope_id),
        Action::Connect | Action::Disconnect => true,
    };
    if channel_id != state.names.channel_id || !is_known {
        return Err(Refusal::not_registered());
    }
    let (key, rules) = (&state.names.channel_key, platform.signature_rules());
    check_signature(request, key, rules, now)?;
    let channel = state.names.channel_view(&state.accounts);
    action.read(request, channel, &state.chats)
}

/// Everything of a connection but a new message.
fn carry_out(platform: &Platform, state: &mut PlatformState, scoped: Scoped, now: u64) -> Outcome {
    if let Some(update) = scoped.update {
        state.chats.apply(update, now);
    }
    let response = match scoped.answer {
        Answer::Json(json) => with_json(StatusCode::OK, &json),
        Answer::NoData => without_data(platform.disconnect_answer()),
        Answer::NoContent => empty(StatusCode::NO_CONTENT),
    };
    Outcome::accepted(scoped.code, scoped.reason, response)
}

/// Whether the channel was connected to the account until now.
fn forget(state: &mut PlatformState, scope_id: &str) -> bool {
    let known = state.connections.iter();
    let known = known.map(|connection| &connection.scope_id);
    let Some(at) = known.into_iter().position(|known| known == scope_id) else {
        return false;
    };
    state.connections.remove(at);
    true
}

/// Connecting again replaces the connection (rule C6).
fn connect(state: &mut PlatformState, connection: Connection) -> Outcome {
    let was_connected = forget(state, &connection.scope_id);
    state.counters.connects += 1;
    let response = with_json(StatusCode::OK, &json!(connection));
    state.connections.push(connection);
    let (rule, reason) = match was_connected {
        true => (
            "C6",
            "the channel was connected to the account already; the new fields replace the old",
        ),
        false => ("C1", "the channel is connected to the account"),
    };
    Outcome::accepted("connected", reason, response).by_rule(rule)
}

/// Disconnecting again changes nothing.
fn disconnect(platform: &Platform, state: &mut PlatformState, scope_id: &str) -> Outcome {
    let was_connected = forget(state, scope_id);
    state.counters.disconnects += 1;
    let reason = match was_connected {
        true => "the channel is disconnected from the account",
        false => "the channel was not connected to the account; nothing changes",
    };
    let response = without_data(platform.disconnect_answer());
    Outcome::accepted("disconnected", reason, response).by_rule("C3")
}

fn without_data(answer: DisconnectAnswer) -> Response<Body> {
    match answer {
        DisconnectAnswer::Empty => empty(StatusCode::OK),
        DisconnectAnswer::Object => with_json(StatusCode::OK, &json!({})),
        DisconnectAnswer::NoContent => empty(StatusCode::NO_CONTENT),
    }
}

/// A request in order that a fault keeps from being carried out. Its answer never leaves.
fn in_order(change: &Change) -> Outcome {
    let rule = match change {
        Change::Connect(_) => Some("C1"),
        Change::Disconnect { .. } => Some("C3"),
        Change::Message(_) | Change::Scoped(_) => None,
    };
    Outcome::accepted("in-order", "the request was in order", Response::default()).by_rule(rule)
}

/// What the explainer finds in a refused request, if its channel is known.
fn explain(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    refusal: &Refusal,
    now: u64,
) -> Vec<Explanation> {
    let known_channel = !matches!(
        refusal.code,
        "route-unknown" | "method-wrong" | "channel-unknown"
    );
    let (Some(explainer), true) = (platform.explainer(), known_channel) else {
        return Vec::new();
    };
    let names = platform.names();
    let right = right_signatures(request, &names.channel_key);
    let masked = |text: &str| {
        let text = right.iter().fold(text.to_owned(), |text, right| {
            text.replace(right, "(signature)")
        });
        platform.shown(&text)
    };
    let mut found = explainer.explain(request, &names.channel_secret, now);
    for explanation in &mut found {
        explanation.code = masked(&explanation.code);
        explanation.message = masked(&explanation.message);
        explanation.remedy = masked(&explanation.remedy);
    }
    found
}
