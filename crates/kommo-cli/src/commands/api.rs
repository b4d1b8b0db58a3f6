//! `kommo api`: any call to the CRM API with a stored grant.

use alloc::sync::Arc;

use clap::Args;
use kommo_account::UserId;
use kommo_http::{
    CrmClient, CrmError, CrmMethod, CrmRefusalKind, CrmRequest, CrmResponse, PagingError,
};
use kommo_keeper::{Clock, KeeperError, SystemClock};
use serde_json::Value;

use crate::body_source::BodyArgs;
use crate::context::Context;
use crate::error_code::ErrorCode;
use crate::exit::{self, Failure, Outcome};
use crate::grant_choice::GrantArgs;
use crate::keeping::{self, CliGrant, KeepingArgs};
use crate::runtime::run_to_end;
use crate::standard_input::claimed_once;
use crate::transport;

const HELP: &str = "\
The path begins with a slash; the host is that of the grant, and no other can be
named. The token is refreshed if it is due, and once more after a 401. A call
that is not safe to repeat is sent once.

Example:
  kommo api GET /api/v4/account
  kommo api GET '/api/v4/contacts?limit=250' --paginate --format json
  kommo api POST /api/v4/leads --body leads.json";

/// Pages of 250 entities may be long.
const BODY_AT_MOST_BYTES: usize = 64 * 1024 * 1024;

/// `kommo api`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ApiArgs {
    /// GET, POST, PUT, PATCH or DELETE
    method: String,

    /// The path, with a query if need be: /api/v4/account
    path: String,

    #[command(flatten)]
    body: BodyArgs,

    /// Follow the links to the next page; one page a line with --format json
    #[arg(long)]
    paginate: bool,

    /// Act with the rights of this user (an administrator's grant only)
    #[arg(long, value_name = "ID")]
    context_user: Option<UserId>,

    #[command(flatten)]
    grant: GrantArgs,

    #[command(flatten)]
    keeping: KeepingArgs,
}

pub(crate) fn run(args: &ApiArgs, context: &Context) -> Result<Outcome, Failure> {
    let request = args.request()?;
    let endpoints = args.keeping.endpoints()?;
    if context.output.is_verbose() {
        keeping::tell_attempts();
    }
    run_to_end(context, async {
        let (_, grant) = args.keeping.keep_one(&args.grant, context).await?;
        let transport = args.keeping.sandbox.transport()?;
        let transport = transport
            .max_body_bytes(BODY_AT_MOST_BYTES)
            .build()
            .map_err(|error| transport::failure(&error))?;
        let budget = context.budget.clone();
        let key = *grant.key();
        let client = CrmClient::new(transport, endpoints, key, Arc::new(grant), budget);
        match client {
            Ok(client) if args.paginate => all_pages(&client, request, context).await,
            Ok(client) => one(&client, request, context).await,
            Err(error) => Err(Failure::usage(error)),
        }
    })
}

impl ApiArgs {
    /// Everything that can be wrong about it is found before a store is opened.
    fn request(&self) -> Result<CrmRequest, Failure> {
        claimed_once([self.body.claim()].into_iter().chain(self.keeping.claims()))?;
        let method = CrmMethod::parse(&self.method.to_ascii_uppercase())
            .map_err(|_| Failure::usage("the method is not GET, POST, PUT, PATCH or DELETE"))?;
        if self.path.contains("://") {
            return Err(Failure::usage("the path is a whole address")
                .hint("give the path alone, such as /api/v4/account: the host is the grant's"));
        }
        let request = CrmRequest::new(method, &self.path)
            .map_err(|error| Failure::usage(exit::chain(&error)))?;
        if self.paginate && (method != CrmMethod::Get || self.body.file().is_some()) {
            return Err(Failure::usage("only a GET without a body has pages"));
        }
        let request = request.with_body(self.body.read()?);
        Ok(match self.context_user {
            Some(user) => request.with_context_user(user),
            None => request,
        })
    }
}

async fn one(
    client: &CrmClient<CliGrant>,
    request: CrmRequest,
    context: &Context,
) -> Result<Outcome, Failure> {
    let response = client.call_raw(request).await;
    print(&response.map_err(|error| failure(&error))?, context)?;
    Ok(Outcome::Done)
}

/// Each page as it comes: what was read before a page failed is not lost.
async fn all_pages(
    client: &CrmClient<CliGrant>,
    request: CrmRequest,
    context: &Context,
) -> Result<Outcome, Failure> {
    let pages = client.pages(request);
    let mut pages = pages.map_err(|error| failure(&CrmError::Paging(error)))?;
    while let Some(page) = pages.next_page().await.map_err(|error| failure(&error))? {
        print_value(page.payload(), context)?;
    }
    Ok(Outcome::Done)
}

/// JSON as it came, for people with line breaks; nothing for an answer without a body.
fn print(response: &CrmResponse, context: &Context) -> Result<(), Failure> {
    let status = response.status();
    context.output.detail(&format!("http {status}"));
    if status == 204 || response.body().trim_ascii().is_empty() {
        return match context.output.is_json() {
            true => context.output.json_line(&Value::Null),
            false => Ok(()),
        };
    }
    let value: Value = serde_json::from_slice(response.body()).map_err(|_| {
        Failure::new(
            ErrorCode::BadAnswer,
            format!("http {status} with a body that is no json"),
        )
    })?;
    print_value(&value, context)
}

fn print_value(value: &Value, context: &Context) -> Result<(), Failure> {
    if context.output.is_json() {
        return context.output.json_line(value);
    }
    context.output.result(&format!("{value:#}"), value)
}

/// Whose turn it is decides the status.
fn failure(error: &CrmError<KeeperError>) -> Failure {
    let message = exit::chain(error);
    match error {
        CrmError::Tokens(error) => keeping::failure(error),
        CrmError::InvalidRequest(_) | CrmError::Payload | CrmError::Paging(PagingError::Limit) => {
            Failure::usage(message)
        }
        CrmError::Refused(refusal) => {
            let failure =
                Failure::new(code(refusal.kind()), message).with("http_status", refusal.status());
            match refusal.kind() {
                CrmRefusalKind::Unauthorized if refusal.has_new_token() => {
                    failure.hint("there is a new token now, and nothing was done: send it again")
                }
                CrmRefusalKind::Blocked => failure
                    .hint("only the platform's support lifts a block; do not try again at once"),
                CrmRefusalKind::Page => {
                    failure.hint("the API sends no pages: a proxy on the way, or no such account")
                }
                _ => match refusal.detail().or(refusal.title()) {
                    Some(detail) => failure.hint(format!("the platform says: {detail}")),
                    None => failure,
                },
            }
        }
        CrmError::Throttled { left } => Failure::new(ErrorCode::Throttled, message)
            .retry_at(Some(SystemClock::new().now().plus(*left))),
        CrmError::BreakerOpen(_) => Failure::new(ErrorCode::Throttled, message),
        CrmError::Redirected { .. } => Failure::refused(message),
        CrmError::Paging(_) => Failure::refused(message),
        _ if error.may_be_done() => Failure::new(ErrorCode::InDoubt, message)
            .hint("it may have been carried out: look before you send it again"),
        _ => Failure::new(ErrorCode::Unreachable, message),
    }
}

/// Whose turn it is after a refusal of the platform.
const fn code(kind: CrmRefusalKind) -> ErrorCode {
    match kind {
        CrmRefusalKind::PaymentRequired => ErrorCode::PaymentRequired,
        CrmRefusalKind::Blocked => ErrorCode::Blocked,
        CrmRefusalKind::TooManyRequests => ErrorCode::Throttled,
        CrmRefusalKind::NotFound => ErrorCode::NotFound,
        CrmRefusalKind::ServerError => ErrorCode::ServerError,
        _ => ErrorCode::Refused,
    }
}
