//! `GET result`: the page that says how a consent ended. The callback leads here, because its own
//! address has a code in it; this one has no secret and nothing that says what the page is to say.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;

use crate::pages::consent_outcome::ConsentOutcome;
use crate::result::sealed_result::ResultName;
use crate::setup::connect::Connect;
use kommo_keeper::CodeStore;

pub(crate) async fn result<S: CodeStore>(
    State(connect): State<Connect<S>>,
    request: Request,
) -> Response<Body> {
    let inner = &connect.inner;
    let name = ResultName::asked_for(request.uri().query().unwrap_or_default());
    let (headers, now) = (request.headers(), inner.now());
    let result = inner
        .cookies
        .result(&inner.result_sealer, &name, headers, now);
    let outcome = result.map_or_else(ConsentOutcome::unknown, |result| result.outcome);
    connect.page(&outcome, headers)
}
