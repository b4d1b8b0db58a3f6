//! Hooks to a program: `cargo run -p kommo --example hand_over --features axum,handover`
#![allow(clippy::print_stdout, reason = "an example")]

use axum::routing::post;
use kommo_sandbox::{HookKind, HookOrder, Sandbox};

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let (sandbox, place) = (Sandbox::start().await?, tempfile::tempdir()?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let here = format!("http://{}", listener.local_addr()?);
    let store = format!("sqlite:{}/hooks.db", place.path().display());
    let secret = "whsec_b25seS1mb3ItdHJ5aW5nLTAxMjM0NTY3";
    let kommo = kommo::builder().store(&store).open().await?;
    let inbox = kommo.inbox("chats")?;
    let worker = kommo.hand_over(&inbox, &format!("{here}/program"), secret)?;
    // Your program verifies each request with a library of Standard Webhooks.
    let (taken, mut bodies) = tokio::sync::mpsc::unbounded_channel();
    let program = post(async move |body: String| taken.send(body).is_ok().to_string());
    let hooks = kommo.chat_hooks(&sandbox.state().channel_secret)?;
    let app = hooks.router(inbox).route("/program", program);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut order = HookOrder::new(HookKind::Chat);
    order.to = Some(format!("{here}/chat-hooks/:scope_id"));
    sandbox.send_hook(order).await?;
    println!("{}", bodies.recv().await.ok_or("no hook")?);
    worker.stop().await;
    kommo.close().await;
    Ok(())
}
