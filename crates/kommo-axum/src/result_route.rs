//! `GET result`: the page that says how a consent ended. The callback leads here, because its own
//! address has a code in it and this one has nothing: neither a secret nor anything that says what
//! the page is to say.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;

use crate::connect::Connect;
use crate::consent_end::ConsentEnd;
use crate::grant_desk::GrantDesk;
use crate::sealed_result::ResultName;

pub(crate) async fn result<K: GrantDesk>(
    State(connect): State<Connect<K>>,
    request: Request,
) -> Response<Body> {
    let inner = &connect.inner;
    let name = ResultName::asked_for(request.uri().query().unwrap_or_default());
    let (headers, now) = (request.headers(), inner.desk.now());
    let result = inner
        .cookies
        .result(&inner.result_sealer, &name, headers, now);
    let end = result.map_or_else(ConsentEnd::unknown, |result| result.end);
    connect.page(&end, headers)
}
