//! The control API: JSON in and out, for tests in any language.
//!
//! Every error is `{"error":"…"}` and says what is wrong with what was typed; nothing is done then.

use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock::LATEST_UNIX;
use crate::config::token_error::TokenError;
use crate::control::overview::overview;
use crate::error::{ConfigError, StateError};
use crate::faults::fault::Fault;
use crate::faults::kind::FaultKind;
use crate::faults::surface::Surface;
use crate::reply::response::with_json;
use crate::state::platform::Platform;

/// What there is, for those who ask for something else.
pub(crate) const ROUTES: &str = "GET state, POST accounts, POST clock, GET, POST and DELETE faults, GET journal, GET journal/N, GET counters, \
    GET overview, GET dashboard, POST customer-messages, POST hook-sink, POST hooks/KIND, GET deliveries, GET and POST messages, POST codes, GET and POST grants, POST long-lived, POST users, \
    GET and PUT snapshot, POST integration, GET and POST oauth, GET and POST crm-webhooks, POST release, GET and POST open-api";

/// Why the control API did nothing.
pub(crate) struct ControlError {
    status: StatusCode,
    error: String,
    /// The field that is wrong, if it is known.
    field: Option<String>,
}

impl ControlError {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            error: error.into(),
            field: None,
        }
    }

    /// A document that is no state, or a state that cannot be written.
    pub(crate) fn state(error: &StateError) -> Self {
        let status = match error {
            StateError::NotKept { .. } => StatusCode::INSUFFICIENT_STORAGE,
            StateError::Random => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let field = match error {
            StateError::Field { field, .. } => Some(field.clone()),
            StateError::Version { .. } => Some("version".to_owned()),
            _ => None,
        };
        Self {
            field,
            ..Self::new(status, error.to_string())
        }
    }

    pub(crate) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn response(&self) -> Response<Body> {
        let mut answer = json!({ "error": self.error });
        if let (Some(fields), Some(field)) = (answer.as_object_mut(), &self.field) {
            fields.insert("field".into(), Value::from(field.clone()));
        }
        with_json(self.status, &answer)
    }
}

/// One call of the control API.
pub(crate) struct ControlCall<'a> {
    pub(crate) method: &'a Method,
    /// What follows the token, for example `/state`.
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// Carries out one call.
pub(crate) async fn control(
    platform: &Platform,
    call: &ControlCall<'_>,
) -> Result<Value, ControlError> {
    let body = call.body;
    match (call.path, call.method.as_str()) {
        ("/state", "GET") => Ok(json!(platform.state())),
        ("/accounts", "POST") => add_account(platform, body),
        ("/clock", "POST") => move_clock(platform, body).await,
        ("/faults", "GET") => Ok(faults(platform)),
        ("/faults", "POST") => add_fault(platform, body),
        ("/faults", "DELETE") => {
            platform.clear_faults();
            Ok(faults(platform))
        }
        ("/counters", "GET") => Ok(json!(platform.counters())),
        ("/overview", "GET") => Ok(overview(platform)),
        ("/state" | "/accounts" | "/clock" | "/faults" | "/counters" | "/overview", _) => {
            let error = format!("method not allowed; allowed here: {ROUTES}");
            Err(ControlError::new(StatusCode::METHOD_NOT_ALLOWED, error))
        }
        _ => Err(ControlError::new(
            StatusCode::NOT_FOUND,
            format!("nothing is here; there is: {ROUTES}"),
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    subdomain: String,
    #[serde(default)]
    platform: NewAccountPlatform,
}

/// The suffix of the account's host.
#[derive(Deserialize, Default)]
enum NewAccountPlatform {
    #[default]
    #[serde(rename = "kommo.com")]
    KommoCom,
    #[serde(rename = "amocrm.ru")]
    AmocrmRu,
    #[serde(rename = "amocrm.com")]
    AmocrmCom,
}

fn add_account(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let wanted: NewAccount = read(body)?;
    let suffix = match wanted.platform {
        NewAccountPlatform::KommoCom => "kommo.com",
        NewAccountPlatform::AmocrmRu => "amocrm.ru",
        NewAccountPlatform::AmocrmCom => "amocrm.com",
    };
    match platform.add_account(format!("{}.{suffix}", wanted.subdomain)) {
        Ok(account) => Ok(json!(account)),
        Err(ConfigError::Twice { .. }) => Err(ControlError::new(
            StatusCode::CONFLICT,
            "subdomain: another account has it",
        )),
        Err(_) => Err(ControlError::bad_request(
            "subdomain: not one label of an account's host, in lower case",
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockOrder {
    advance_seconds: Option<u64>,
    set_unix: Option<u64>,
    follow: Option<bool>,
    /// Whether to answer only when the repeats of hooks that are due then were answered.
    #[serde(default)]
    wait: bool,
}

async fn move_clock(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let order: ClockOrder = read(body)?;
    match (order.advance_seconds, order.set_unix, order.follow) {
        (Some(seconds), None, None) if platform.now().saturating_add(seconds) <= LATEST_UNIX => {
            platform.advance_seconds(seconds);
        }
        (None, Some(unix), None) if unix <= LATEST_UNIX => platform.set_unix(unix),
        (None, None, Some(true)) => platform.follow_wall_clock(),
        (None, None, Some(false)) => platform.set_unix(platform.now()),
        (Some(_), None, None) | (None, Some(_), None) => {
            return Err(ControlError::bad_request(
                "the clock ends with the year 9999",
            ));
        }
        _ => {
            let error = "one of advance_seconds, set_unix and follow is needed, and only one";
            return Err(ControlError::bad_request(error));
        }
    }
    if order.wait {
        platform.hooks_settled().await;
    }
    Ok(json!({ "now": platform.now() }))
}

fn add_fault(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let fault: Fault = read(body)?;
    platform.inject(fault);
    Ok(faults(platform))
}

fn faults(platform: &Platform) -> Value {
    let kinds: Vec<_> = Surface::ALL
        .iter()
        .flat_map(|on| {
            let there = FaultKind::ALL.iter().filter(|kind| kind.surfaces().contains(on));
            there.map(move |kind| json!({ "on": on, "kind": kind, "fields": kind.fields(), "sentence": kind.sentence() }))
        })
        .collect();
    let rows: Vec<_> = TokenError::ALL.iter().map(|row| row.name()).collect();
    json!({ "kinds": kinds, "rows": rows, "on_order": platform.faults(), "held": platform.held() })
}

/// N of the query `after=N`; 0 without a query.
pub(crate) fn after_of(query: Option<&str>) -> Result<u64, ControlError> {
    match query.unwrap_or_default() {
        "" => Ok(0),
        query => query
            .strip_prefix("after=")
            .and_then(|after| after.parse().ok())
            .ok_or_else(|| {
                ControlError::bad_request("the query is not after=N with a whole number N")
            }),
    }
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    serde_json::from_slice(body).map_err(|error| ControlError::bad_request(error.to_string()))
}
