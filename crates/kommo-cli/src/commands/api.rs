//! `kommo api`: any call to the CRM API with a stored grant.

mod answer;
mod findings;

use alloc::sync::Arc;

use clap::Args;
use kommo_account::{AccountHost, UserId};
use kommo_http::{
    BreakReason, CrmClient, CrmError, CrmMethod, CrmRefusal, CrmRefusalKind, CrmRequest,
    InvalidRequest, PagingError,
};
use kommo_keeper::{Clock, KeeperError, SystemClock};

use self::answer::Shown;
use crate::connection::transport;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{self, Failure, Outcome};
use crate::failure::usage_error::PATH_HINT;
use crate::input::body_source::BodyArgs;
use crate::input::standard_input::claimed_once;
use crate::keeper::grant_choice::GrantArgs;
use crate::keeper::keeper_setup::{self, CliGrant, KeeperArgs};
use crate::run::context::Context;
use crate::run::runtime::run_to_end;
use crate::terminal::attempt_log;

const HELP: &str = "\
The path begins with a slash; the host is that of the grant, and no other can be
named. Without a method it is GET, and POST with a body. The token is refreshed
if it is due, and once more after a 401. A call that is not safe to repeat is
sent once.

The platform's body goes to standard output as it came, also if it is a refusal;
on a terminal it is laid out, and control characters are escaped.

Example:
  kommo api /api/v4/account
  kommo api GET '/api/v4/contacts?limit=250' --paginate --format json
  kommo api PATCH /api/v4/leads --body leads.json -i";

/// After a write whose outcome is not known.
const IN_DOUBT: &str = "it may have been carried out: look before you send it again";

/// Pages of 250 entities may be long.
const BODY_AT_MOST_BYTES: usize = 64 * 1024 * 1024;

/// `kommo api`.
#[derive(Debug, Args)]
#[command(after_help = HELP, override_usage = "kommo api [OPTIONS] [METHOD] <PATH>")]
pub(crate) struct ApiArgs {
    /// GET, POST, PUT, PATCH or DELETE, if it is not to be GET, or POST with a body; then
    /// the path, with a query if need be: /api/v4/account
    #[arg(value_names = ["METHOD", "PATH"], num_args = 1..=2, required = true)]
    words: Vec<String>,

    /// Print the status and the headers of the answer too
    #[arg(short = 'i', long)]
    include: bool,

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
    keeper: KeeperArgs,
}

pub(crate) fn run(args: &ApiArgs, context: &Context) -> Result<Outcome, Failure> {
    let request = args.request()?;
    let endpoints = args.keeper.endpoints(context)?;
    if context.output.is_verbose() {
        attempt_log::show();
    }
    run_to_end(context, async {
        let (_, grant) = args.keeper.keep_one(&args.grant, context).await?;
        let host = known_host(&grant).await?;
        let transport = args.keeper.sandbox.transport(context)?;
        let transport = transport
            .max_body_bytes(BODY_AT_MOST_BYTES)
            .build()
            .map_err(|error| transport::failure(&error))?;
        let budget = context.budget.clone();
        let key = *grant.key();
        let client = CrmClient::new(transport, endpoints, key, Arc::new(grant.clone()))
            .map(|client| client.with_budget(budget));
        let call = Call {
            request,
            shown: Shown {
                has_headers: args.include,
                is_page: args.paginate,
            },
            context,
        };
        let _waiting = context
            .progress
            .wait_for(format!("the answer of {host} to the call"));
        let ended = match client {
            Ok(client) if args.paginate => call.all_pages(&client).await,
            Ok(client) => call.one(&client).await,
            Err(error) => Err(Failure::usage(error)),
        };
        if let Some(moved) = grant.fresh().filter(|usable| usable.host != host) {
            context.output.note(&format!(
                "{host} does not know the account any more; it is at {} now, and the call was sent there",
                moved.host
            ));
        }
        ended
    })
}

impl ApiArgs {
    /// Everything that can be wrong about it is found before a store is opened.
    fn request(&self) -> Result<CrmRequest, Failure> {
        claimed_once([self.body.claim()].into_iter().chain(self.keeper.claims()))?;
        let (method, path) = self.method_and_path()?;
        if path.contains("://") {
            return Err(Failure::usage("the path is a whole address")
                .hint("give the path alone, such as /api/v4/account: the host is the grant's"));
        }
        let request = CrmRequest::new(method, path).map_err(|error| invalid(&error))?;
        if self.paginate && (method != CrmMethod::Get || self.body.file().is_some()) {
            return Err(Failure::usage("only a GET without a body has pages"));
        }
        let request = request.with_body(self.body.read()?);
        Ok(match self.context_user {
            Some(user) => request.with_context_user(user),
            None => request,
        })
    }

    fn method_and_path(&self) -> Result<(CrmMethod, &str), Failure> {
        match self.words.as_slice() {
            [method, path] => {
                let method = CrmMethod::parse(&method.to_ascii_uppercase()).map_err(|_| {
                    Failure::usage("the method is not GET, POST, PUT, PATCH or DELETE")
                })?;
                Ok((method, path))
            }
            [path] if CrmMethod::parse(&path.to_ascii_uppercase()).is_ok() => {
                Err(Failure::usage("no path was given")
                    .hint("give it after the method: kommo api GET /api/v4/account"))
            }
            [path] if self.body.file().is_some() => Ok((CrmMethod::Post, path)),
            [path] => Ok((CrmMethod::Get, path)),
            _ => Err(Failure::usage("give a path, or a method and a path")),
        }
    }
}

/// A request that cannot be sent, and what to write instead.
fn invalid(error: &InvalidRequest) -> Failure {
    let failure = Failure::usage(exit::chain(error));
    match error {
        InvalidRequest::Path(_) => failure.hint(PATH_HINT),
        InvalidRequest::Query(_) => failure.hint(
            "in a query, % is written %25 and # is %23; letters and spaces are escaped for you",
        ),
        _ => failure,
    }
}

/// The host that the grant has before the call.
async fn known_host(grant: &CliGrant) -> Result<AccountHost, Failure> {
    let usable = grant.token().await;
    Ok(usable.map_err(|error| keeper_setup::failure(&error))?.host)
}

/// One run of the command.
struct Call<'a> {
    request: CrmRequest,
    shown: Shown,
    context: &'a Context,
}

impl Call<'_> {
    async fn one(&self, client: &CrmClient) -> Result<Outcome, Failure> {
        let response = client.call_raw(self.request.clone()).await;
        let response = response.map_err(|error| self.failure(&error))?;
        self.shown.print(response.raw(), self.context)?;
        Ok(Outcome::Done)
    }

    /// Each page as it comes: what was read before a page failed is not lost.
    async fn all_pages(&self, client: &CrmClient) -> Result<Outcome, Failure> {
        let pages = client.pages(self.request.clone());
        let mut pages = pages.map_err(|error| self.failure(&CrmError::Paging(error)))?;
        loop {
            let page = pages.next_page().await;
            let page = page.map_err(|error| self.failure(&error))?;
            let Some(page) = page else {
                return Ok(Outcome::Done);
            };
            self.shown.print(page.response().raw(), self.context)?;
        }
    }

    /// Whose turn it is decides the status.
    fn failure(&self, error: &CrmError) -> Failure {
        let message = exit::chain(error);
        let is_write = self.request.method() != CrmMethod::Get;
        if let Some(refusal) = error.refusal() {
            return self.refused(refusal, message, is_write && error.may_be_done());
        }
        match error {
            CrmError::Tokens(error) => match error.downcast_ref::<KeeperError>() {
                Some(error) => keeper_setup::failure(error),
                None => Failure::new(ErrorCode::Internal, message),
            },
            CrmError::InvalidRequest(error) => invalid(error),
            CrmError::Payload | CrmError::Paging(PagingError::Limit) => Failure::usage(message),
            CrmError::Throttled { left } => Failure::new(ErrorCode::Throttled, message)
                .retry_at(Some(SystemClock::new().now().plus(*left))),
            CrmError::BreakerOpen(open) => {
                let code = match open.reason {
                    BreakReason::Blocked => ErrorCode::Blocked,
                    _ => ErrorCode::Throttled,
                };
                Failure::new(code, message).retry_at(Some(open.until))
            }
            CrmError::Redirected { .. } | CrmError::Paging(_) => Failure::refused(message),
            _ if is_success(error) && is_write => Failure::new(ErrorCode::Unconfirmed, message)
                .hint("it was probably carried out: look before you send it again"),
            _ if is_success(error) => Failure::new(ErrorCode::BadAnswer, message),
            // Repeating a read has no effect.
            _ if error.may_be_done() && is_write => {
                Failure::new(ErrorCode::InDoubt, message).hint(IN_DOUBT)
            }
            CrmError::Transport { error, .. } => {
                transport::with_advice(Failure::new(ErrorCode::Unreachable, message), error)
            }
            _ => Failure::new(ErrorCode::Unreachable, message),
        }
    }

    /// The platform's body is printed, here or within the object for programs, and everything that
    /// a validation found.
    fn refused(&self, refusal: &CrmRefusal, message: String, is_in_doubt: bool) -> Failure {
        let (response, output) = (refusal.response(), self.context.output);
        if !output.is_json()
            && let Err(failure) = self.shown.print_as_it_came(response, self.context)
        {
            return failure;
        }
        let code = match is_in_doubt {
            true => ErrorCode::InDoubt,
            false => code(refusal.kind()),
        };
        let mut failure = Failure::new(code, message)
            .with("http_status", refusal.status())
            .with("request_id", refusal.request_id())
            .with("body", answer::body_text(response));
        if let Some(bytes) = answer::body_base64(response) {
            failure = failure.with("body_base64", bytes);
        }
        if self.shown.has_headers {
            failure = failure.with("headers", answer::headers(response));
        }
        if let Some(pause) = refusal.retry_after() {
            failure = failure.retry_at(Some(SystemClock::new().now().plus(pause)));
        }
        let found = findings::resolved(refusal.findings(), self.request.body());
        if !found.is_empty() {
            let all: Vec<_> = found.iter().map(findings::Finding::to_json).collect();
            failure = failure.with("findings", all);
            for finding in &found {
                failure = failure.line(format!("finding: {}", finding.line()));
            }
        }
        match refusal.kind() {
            CrmRefusalKind::BatchTooLarge if is_in_doubt => failure.hint(format!(
                "{IN_DOUBT}, and then send smaller batches, 50 items at most"
            )),
            _ if is_in_doubt => failure.hint(IN_DOUBT),
            CrmRefusalKind::BatchTooLarge => {
                failure.hint("ask for less at once, such as a smaller `limit`")
            }
            CrmRefusalKind::NotFound if refusal.is_account_not_found() => failure.hint(
                "the platform knows no such account at that host, and no other host was found for \
                 it; if it was renamed, log in again at its new host",
            ),
            CrmRefusalKind::Unauthorized if refusal.has_new_token() => {
                failure.hint("there is a new token now, and the call had no effect: send it again")
            }
            CrmRefusalKind::Blocked => {
                failure.hint("only the platform's support lifts a block; do not try again at once")
            }
            CrmRefusalKind::Page => {
                failure.hint("the API sends no pages: a proxy on the way, or no such account")
            }
            _ => match refusal.detail().or(refusal.title()) {
                Some(detail) => failure.hint(format!("the platform says: {detail}")),
                None => failure,
            },
        }
    }
}

/// Whether the platform reported success, in an answer that cannot be read.
fn is_success(error: &CrmError) -> bool {
    let status = match error {
        CrmError::Unreadable { status, .. } => Some(*status),
        CrmError::Transport { error, .. } => error.status(),
        _ => None,
    };
    matches!(status, Some(200..=299))
}

/// Whose turn it is after a refusal of the platform.
const fn code(kind: CrmRefusalKind) -> ErrorCode {
    match kind {
        CrmRefusalKind::PaymentRequired => ErrorCode::PaymentRequired,
        CrmRefusalKind::Blocked => ErrorCode::Blocked,
        CrmRefusalKind::TooManyRequests => ErrorCode::Throttled,
        CrmRefusalKind::NotFound => ErrorCode::NotFound,
        CrmRefusalKind::ServerError | CrmRefusalKind::BatchTooLarge => ErrorCode::ServerError,
        _ => ErrorCode::Refused,
    }
}
