//! Sends a request, and reports what was learned with it.

use alloc::sync::Arc;

use kommo_http::{ChatsClient, ChatsError};
use kommo_sign::ChannelSecret;

use super::connection::Connection;
use super::failure::{self, Advice};
use crate::connection::transport;
use crate::failure::exit::Failure;
use crate::run::context::Context;
use crate::run::runtime::run_alone;
use crate::run::shown_pauses::ShownPauses;
use crate::terminal::attempt_log;

/// Makes a client for the connection and lets `call` use it.
pub(super) fn run<T>(
    connection: &Connection,
    context: &Context,
    advice: Advice<'_>,
    call: impl AsyncFnOnce(&ChatsClient) -> Result<T, ChatsError>,
) -> Result<T, Failure> {
    let secret = connection
        .secret
        .read_to_sign(&context.output, ChannelSecret::new)?;
    if context.output.is_verbose() {
        attempt_log::show();
    }
    let transport = connection.sandbox.transport(context)?.build();
    let transport = transport.map_err(|error| transport::failure(&error))?;
    let clock = ShownPauses::new(context.progress.clone());
    let client = ChatsClient::new(transport, connection.endpoints, connection.host, &secret)
        .with_clock(Arc::new(clock));
    let what = format!("the answer of {}", connection.host);
    let result = run_alone(context, what, call(&client))?;
    // One process makes one call: an offset that the client keeps was learned by it.
    if let Some(offset) = client.clock_offset_seconds() {
        let direction = if offset > 0 { "behind" } else { "ahead of" };
        context.output.note(&format!(
            "warning: the clock of this machine is {} s {direction} the server's; it was allowed for, set it right",
            offset.unsigned_abs()
        ));
    }
    result.map_err(|error| failure::of(&error, advice))
}
