//! The judge of the Open API: route, signature, fields, time, state, in this order; then the
//! change.

use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::open_api::fields::Fields;
use crate::open_api::order::{Endpoint, Order};
use crate::open_api::refusal::Refusal;
use crate::open_api::stamp::{Application, Stamp, proven};
use crate::reply::outcome::Outcome;
use crate::reply::pipeline::RequestContext;
use crate::reply::response::{gateway_page, with_json};
use crate::secrets::hook_mac::body_signature;
use crate::state::explainer::Explanation;
use crate::state::platform::Platform;
use crate::state::platform_state::PlatformState;
use crate::wire::received_request::ReceivedRequest;

/// Whether a path belongs to the Open API.
pub(crate) fn is_open_api_path(path: &str) -> bool {
    path.starts_with("/openapi/")
}

/// Judges one request to the Open API. Its time is judged by the clock that the server shows,
/// skewed or not.
pub(crate) fn judge(context: &RequestContext<'_>) -> Outcome {
    let (platform, request) = (context.platform, context.request);
    let Some(endpoint) = Endpoint::of(request.path()) else {
        // What the host answers to other paths is documented nowhere.
        let response = gateway_page(StatusCode::NOT_FOUND, "404 Not Found");
        let reason = "the Open API has eight paths below /openapi/, and this is none of them";
        return Outcome::refused("route-unknown", reason, response).by_rule("O7");
    };
    if request.method() != "POST" {
        let mut response = gateway_page(StatusCode::METHOD_NOT_ALLOWED, "405 Not Allowed");
        let allow = HeaderValue::from_static("POST");
        response.headers_mut().insert(ALLOW, allow);
        let reason = "every endpoint of the Open API takes POST alone";
        return Outcome::refused("method-wrong", reason, response).by_rule("O7");
    }
    let mut state = platform.lock();
    let judged = read(platform, request, endpoint, &state, context.moment.told);
    let judged = judged.map(|(order, stamp)| {
        if !context.commits() {
            let reason = "the request was in order";
            return Outcome::accepted("in-order", reason, Response::default()).by_rule("O9");
        }
        let now = context.moment.now;
        let rules = platform.open_api_rules();
        if rules.refuse_repeated_ranstr {
            let window = rules.timestamp_window_seconds;
            state.open_api.note(stamp.ranstr, window, now);
        }
        state.counters.open_api_calls += 1;
        let data = order.carry_out(&mut state.open_api, now);
        let reason = "the request is carried out";
        Outcome::accepted("carried-out", reason, success(&data)).by_rule("O9")
    });
    // The explainer is foreign code: it is not called under the lock.
    drop(state);
    judged.unwrap_or_else(|refusal| {
        let explanations = explain(platform, request, &refusal, context.moment.told);
        Outcome {
            explanations,
            ..refusal.into_outcome(platform.open_api_rules())
        }
    })
}

/// Signature, fields, time, state.
fn read(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    endpoint: Endpoint,
    state: &PlatformState,
    now: u64,
) -> Result<(Order, Stamp), Refusal> {
    let (rules, part) = (platform.open_api_rules(), endpoint.part());
    let book = &state.open_api;
    let application = Application {
        id: &state.names.appid,
        secret: &state.names.app_secret,
    };
    let object = proven(request, application, part, rules)?;
    let fields = Fields {
        object: &object,
        part,
    };
    let stamp = Stamp::read(fields)?;
    let order = Order::read(endpoint, fields)?;
    stamp.check(book, rules, now)?;
    order.check(book, rules)?;
    Ok((order, stamp))
}

fn success(data: &Value) -> Response<axum::body::Body> {
    with_json(
        StatusCode::OK,
        &json!({ "code": 1, "msg": "ok", "data": data }),
    )
}

/// What the explainer finds in a refused request, if its secret is known.
fn explain(
    platform: &Platform,
    request: &ReceivedRequest<'_>,
    refusal: &Refusal,
    now: u64,
) -> Vec<Explanation> {
    let Some(explainer) = platform.explainer().filter(|_| refusal.has_known_secret()) else {
        return Vec::new();
    };
    let names = platform.names();
    let right = body_signature(&names.app_secret, request.body());
    let masked = |text: &str| platform.shown(&text.replace(&right, "(signature)"));
    let mut found = explainer.explain_open_api(request, &names.app_secret, now);
    for explanation in &mut found {
        explanation.code = masked(&explanation.code);
        explanation.message = masked(&explanation.message);
        explanation.remedy = masked(&explanation.remedy);
    }
    found
}
