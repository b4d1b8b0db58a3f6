//! The async runtime, made only by the commands that use a socket: `sign`, `verify` and `explain`
//! start faster.

use core::pin::pin;
use core::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::{Failure, Outcome};
use crate::run::context::Context;
use crate::run::interruption::{self, Interruption};

/// How long work that blocks a thread may take at the end of the process.
const THREADS_END_WITHIN: Duration = Duration::from_secs(2);

/// A runtime on this thread.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                ErrorCode::Internal,
                format!("cannot start the runtime: {error}"),
            )
        })
}

/// Runs a command that keeps grants: what it has begun is finished, even if it is stopped.
///
/// ```text
/// work ──> its result is printed ──> drained ──> closed          each with a limit
///   │ signal                            ▲
///   └── nothing new is begun ───────────┘                        a second signal ends the process
/// ```
pub(crate) fn run_to_end(
    context: &Context,
    work: impl Future<Output = Result<Outcome, Failure>>,
) -> Result<Outcome, Failure> {
    let runtime = runtime()?;
    let interruption = context.listen()?;
    let ended = runtime.block_on(async {
        let mut work = pin!(work);
        let ended = tokio::select! {
            biased;
            ended = &mut work => ended,
            never = context.progress.show(context.output) => match never {},
            () = interruption.wait() => match finish(work, context).await {
                Some(ended) => ended,
                None => Err(interrupted()),
            },
        };
        // Before the closing, which may take its time.
        if let Err(failure) = &ended {
            context.output.complain(failure);
        }
        drain_and_close(interruption, context).await;
        ended
    });
    runtime.shutdown_timeout(THREADS_END_WITHIN);
    ended
}

/// Runs a command that keeps no grant; a signal ends it at once. On a terminal it is shown what is
/// waited for.
pub(crate) fn run_alone<T>(
    context: &Context,
    what: String,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    let _waiting = context.progress.wait_for(what);
    Ok(runtime()?.block_on(async {
        tokio::select! {
            biased;
            ended = work => ended,
            never = context.progress.show(context.output) => match never {},
        }
    }))
}

/// After a signal: what was sent is waited for, and the work may take note of it. `None`: the work
/// had more in mind.
async fn finish(
    work: impl Future<Output = Result<Outcome, Failure>>,
    context: &Context,
) -> Option<Result<Outcome, Failure>> {
    if context.opened.is_empty() {
        return None;
    }
    say_signal(context);
    tokio::select! {
        biased;
        ended = work => Some(ended),
        () = async {
            context.opened.drain().await;
            tokio::time::sleep(context.opened.grace()).await;
        } => None,
    }
}

async fn drain_and_close(interruption: &Interruption, context: &Context) {
    let was_told = interruption.has_come();
    let closing = async {
        if !context.opened.drain().await {
            context.output.note(
                "warning: a refresh did not come to its end in time; `kommo auth keep-alive` looks after it",
            );
        }
        if !context.opened.close().await {
            context
                .output
                .detail("the store did not close in time; the end of the process closes it");
        }
    };
    tokio::select! {
        biased;
        () = closing => {}
        () = async {
            interruption.wait().await;
            if !was_told {
                say_signal(context);
            }
            core::future::pending::<()>().await;
        } => {}
    }
}

fn say_signal(context: &Context) {
    let name = interruption::signal_name().unwrap_or("a signal");
    context.output.note(&format!(
        "{name}: what was sent is finished first; a second signal ends at once"
    ));
}

/// The command was stopped before it had its result.
pub(crate) fn interrupted() -> Failure {
    let name = interruption::signal_name().unwrap_or("a signal");
    Failure::new(ErrorCode::Interrupted, format!("stopped by {name}"))
        .hint("nothing more was begun")
}
