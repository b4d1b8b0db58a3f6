//! A request of a connection: sent, or with `--dry-run` printed.

use kommo_account::ScopeId;
use kommo_chats::request::ScopeRequest;
use kommo_http::{ChatsConnection, ChatsError};

use super::call;
use super::connection::{Connection, ConnectionArgs};
use super::dry_run;
use super::failure::Advice;
use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;

/// What became of a request.
pub(super) enum Ended<T> {
    /// It was sent, and this is the answer.
    Answered(T),
    /// It was printed.
    Printed(Outcome),
}

/// Prints the request of a dry run, or sends it with `call`.
pub(super) fn run<R: ScopeRequest, T>(
    args: &ConnectionArgs,
    context: &Context,
    request: &R,
    advice: Advice<'_>,
    call: impl AsyncFnOnce(&ChatsConnection) -> Result<T, ChatsError>,
) -> Result<Ended<T>, Failure> {
    let connection = args.resolve(context)?;
    let scope = ScopeId::new(connection.channel, connection.account);
    if args.dry_run {
        return print(&connection, &scope, request, context).map(Ended::Printed);
    }
    let answered = call::run(&connection, context, advice, async |client| {
        call(&client.connection(scope)).await
    })?;
    Ok(Ended::Answered(answered))
}

fn print<R: ScopeRequest>(
    connection: &Connection,
    scope: &ScopeId,
    request: &R,
    context: &Context,
) -> Result<Outcome, Failure> {
    let path = request.path(scope);
    dry_run::print(connection, R::METHOD, &path, &request.to_body(), context)
}
