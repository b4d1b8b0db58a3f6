//! `kommo open-api call`: a call to the chat Open API.

use alloc::sync::Arc;

use clap::{Args, Subcommand};
use kommo_account::{EndpointRole, Endpoints, OpenApiHost};
use kommo_http::{OpenApiClient, OpenApiError, OpenApiRefusal, Repeat};
use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;
use kommo_open_api::request::{RawFields, RawFieldsError};
use kommo_open_api::{AppId, FailureKind, Stamp};
use kommo_sign::{AppSecret, OpenApiKey};
use serde_json::{Value, json};

use crate::connection::sandbox_place::SandboxArgs;
use crate::connection::transport;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure, Outcome};
use crate::failure::missing::{self, Missing};
use crate::input::body_source::BodyArgs;
use crate::input::environment;
use crate::input::secret_source::{SecretArgs, SecretSource};
use crate::input::standard_input::claimed_once;
use crate::profile::content::SecretKind;
use crate::run::context::Context;
use crate::run::runtime::run_alone;
use crate::run::shown_pauses::ShownPauses;
use crate::terminal::attempt_log;
use crate::time::clock;

const EXAMPLE: &str = "\
ENDPOINT is fqlt_dl, fqlt_dl_batch, fqlt_ql_batch, del_zxlt_dl, js_zxlt_ql,
js_zxlt_ql_batch, create_gd or add_kf, or a path that begins with /. FILE has
the fields of that endpoint as a JSON object; appid, timestamp and ranstr are
put in front, new for each attempt, and nothing else is changed.

Example:
  echo '{\"chat_id\":900220,\"kefu_ids\":\"10427\"}' |
    kommo open-api call add_kf --appid APPID --secret-file app.secret --body -";

/// Which call.
#[derive(Debug, Subcommand)]
pub(crate) enum OpenApiCommand {
    /// Call one endpoint; prints the data of its answer
    Call(CallArgs),
}

/// `kommo open-api call`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct CallArgs {
    /// The endpoint: its last name, or a whole path
    endpoint: String,

    #[command(flatten)]
    body: BodyArgs,

    #[command(flatten)]
    secret: SecretArgs,

    /// The id of the application; else KOMMO_APPID, else the profile's
    #[arg(long, value_name = "ID")]
    appid: Option<String>,

    #[command(flatten)]
    sandbox: SandboxArgs,

    /// Send it again if no answer came; only for endpoints that post nothing and create nothing
    #[arg(long)]
    repeat: bool,

    /// Print the signed request, and send nothing
    #[arg(long)]
    dry_run: bool,
}

/// A call with everything that it needs.
struct Call {
    path: String,
    fields: RawFields,
    app_id: AppId,
    secret: SecretSource,
    endpoints: Endpoints,
}

pub(crate) fn run(command: &OpenApiCommand, context: &Context) -> Result<Outcome, Failure> {
    let OpenApiCommand::Call(args) = command;
    let call = args.resolve(context)?;
    match args.dry_run {
        true => print(&call, context),
        false => send(args, &call, context),
    }
}

impl CallArgs {
    fn resolve(&self, context: &Context) -> Result<Call, Failure> {
        // First of all: an address that is not a sandbox's is refused before a secret is read.
        let endpoints = self.sandbox.endpoints(context)?;
        claimed_once([self.secret.claim(), self.body.claim()])?;
        let mut missing = Missing::default();
        let app_id = match &self.appid {
            Some(id) => Some(id.clone()),
            None => match environment::text("KOMMO_APPID")? {
                Some(id) => Some(id),
                None => context.profile()?.appid.clone(),
            },
        };
        let app_id = missing.check(app_id, missing::APP_ID);
        let secret = self
            .secret
            .typed_or(|| context.profile_secret(SecretKind::App))?;
        let secret = missing.check(secret, missing::SECRET);
        let (Some(app_id), Some(secret)) = (app_id, secret) else {
            return Err(missing.into_failure());
        };
        Ok(Call {
            path: path_of(&self.endpoint),
            fields: RawFields::new(&self.body.read()?).map_err(|error| fields_failure(&error))?,
            app_id: AppId::new(app_id).map_err(Failure::usage)?,
            secret,
            endpoints,
        })
    }
}

fn fields_failure(error: &RawFieldsError) -> Failure {
    let failure = Failure::usage(error);
    match error {
        RawFieldsError::Stamped { .. } => {
            failure.hint("leave appid, timestamp and ranstr out: each attempt has its own")
        }
        _ => failure
            .hint("--body is a file with the fields of the endpoint, such as {\"chat_id\":1}"),
    }
}

/// The tickets are in another part than the chats.
fn path_of(endpoint: &str) -> String {
    match endpoint {
        path if path.starts_with('/') => path.to_owned(),
        "create_gd" | "add_kf" => format!("/openapi/chat/{endpoint}"),
        name => format!("/openapi/zxlt/{name}"),
    }
}

fn print(call: &Call, context: &Context) -> Result<Outcome, Failure> {
    let key = OpenApiKey::new(&call.secret.read_to_sign(&context.output, AppSecret::new)?);
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|_| Failure::new(ErrorCode::Internal, "no random bytes for ranstr"))?;
    let random = u64::from_be_bytes(random);
    let stamp = Stamp::of_random(call.app_id.clone(), clock::unix_now()?, random);
    let body = call.fields.to_body(&stamp);
    let signature = key.sign(&body);
    let role = EndpointRole::OpenApi(OpenApiHost::default());
    let target = call.endpoints.resolve(role);
    let mut url = String::new();
    let written = target.write_url(&call.path, &mut url);
    written.map_err(Failure::usage)?;
    let body = String::from_utf8_lossy(&body);
    let host = target.connect_to().map(|_| ("Host", target.host()));
    let own = [
        ("Content-Type", "application/json"),
        ("x-chat-signature", signature.as_str()),
    ];
    let headers: Vec<_> = host.into_iter().chain(own).collect();
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    let fields: serde_json::Map<_, _> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    let json = json!({ "method": "POST", "url": url, "headers": fields, "body": body });
    let text = format!("POST {url}\n{lines}\n{body}");
    context.output.exact_result(&text, &json)?;
    Ok(Outcome::Done)
}

fn send(args: &CallArgs, call: &Call, context: &Context) -> Result<Outcome, Failure> {
    let secret = call.secret.read_to_sign(&context.output, AppSecret::new)?;
    if context.output.is_verbose() {
        attempt_log::show();
    }
    let transport = args.sandbox.transport(context)?.build();
    let transport = transport.map_err(|error| transport::failure(&error))?;
    let host = OpenApiHost::default();
    let clock = ShownPauses::new(context.progress.clone());
    let client = OpenApiClient::new(
        transport,
        call.endpoints,
        host,
        call.app_id.clone(),
        &secret,
    )
    .with_clock(Arc::new(clock));
    let repeat = if args.repeat {
        Repeat::WhenSafe
    } else {
        Repeat::Never
    };
    let sent = client.call_raw::<Value>(&call.path, &call.fields, repeat);
    let answer = run_alone(context, format!("the answer of {host}"), sent)?
        .map_err(|error| failure_of(&error))?;
    let data = answer.into_value();
    let text = match &data {
        Value::Null => "done".to_owned(),
        Value::String(text) if text.is_empty() => "done".to_owned(),
        data => data.to_string(),
    };
    context.output.result(&text, &json!({ "data": data }))?;
    Ok(Outcome::Done)
}

fn failure_of(error: &OpenApiError) -> Failure {
    let message = exit::chain(error);
    match error {
        OpenApiError::InvalidRequest(_) => Failure::usage(message),
        OpenApiError::Refused(refusal) => refused(refusal),
        OpenApiError::TooManyRequests { pause, .. } => {
            Failure::new(ErrorCode::Throttled, message).retry_at(after(*pause))
        }
        OpenApiError::Paused { left, .. } => {
            Failure::new(ErrorCode::Throttled, message).retry_at(after(*left))
        }
        OpenApiError::Held { hold, .. } => Failure::new(ErrorCode::Throttled, message)
            .retry_at(Some(UnixSeconds::new(hold.until_unix_seconds))),
        OpenApiError::Redirected { .. } => Failure::refused(message),
        OpenApiError::Unreadable(answer) if matches!(answer.status(), 200..=299) => {
            Failure::new(ErrorCode::Unconfirmed, message)
                .with("http_status", answer.status())
                .hint("it was probably carried out: look before you send it again")
        }
        error if error.may_be_done() => Failure::new(ErrorCode::InDoubt, message)
            .hint("it may have been carried out: look before you send it again"),
        OpenApiError::Unreadable(answer) => {
            Failure::refused(message).with("http_status", answer.status())
        }
        OpenApiError::Transport { error, .. } => {
            transport::with_advice(Failure::new(ErrorCode::Unreachable, message), error)
        }
        _ => Failure::new(ErrorCode::BadAnswer, message),
    }
}

/// The platform's own text goes along, cleaned where it is printed.
fn refused(refusal: &OpenApiRefusal) -> Failure {
    let message = format!("refused with code {}: {}", refusal.code(), refusal.msg());
    let failure = Failure::refused(message)
        .with("open_api_code", refusal.code())
        .with("open_api_msg", refusal.msg());
    match refusal.kind() {
        FailureKind::Signature => failure.hint(
            "probably another secret than this application's; `kommo explain open-api` looks into a body and its signature",
        ),
        FailureKind::UnknownApplication => failure.hint("check --appid"),
        FailureKind::Timestamp => match refusal.clock_difference_seconds() {
            Some(difference) if difference != 0 => failure.hint(format!(
                "the clock of this machine is {} s {} the server's: set it right",
                difference.unsigned_abs(),
                if difference > 0 { "behind" } else { "ahead of" }
            )),
            _ => failure.hint("set the clock of this machine right"),
        },
        FailureKind::Parameter => failure.hint("a field is missing or wrong: ids are numbers in some endpoints and texts in others"),
        FailureKind::UnknownChat => failure.hint("there is no such chat, group or ticket"),
        FailureKind::UnknownAgent => failure.hint("check the ids of the agents, in the console"),
        FailureKind::State => failure.hint("the state of the session does not allow it"),
        _ => failure,
    }
}

/// The instant at which a pause ends.
fn after(pause: core::time::Duration) -> Option<UnixSeconds> {
    Some(SystemClock::new().now().plus(pause))
}
