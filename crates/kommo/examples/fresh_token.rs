//! A token out of a store that survives a crash: `sqlite:grants.db`, or `postgres://…`.
//!
//! `cargo run -p kommo --example fresh_token sqlite:grants.db`
#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "an example")]

use kommo::Kommo;
use kommo_sandbox::Sandbox;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let store = std::env::args().nth(1).unwrap_or_default();
    run(&store).await
}

pub(crate) async fn run(store: &str) -> Result<(), Box<dyn core::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let (url, us) = (sandbox.base_url(), sandbox.state());
    let (id, secret, redirect) = (&us.client_id, &us.client_secret, &us.redirect_uri);
    let came = sandbox.issue_code(us.accounts[0].id, None)?;

    let builder = Kommo::builder().integration(id, secret, redirect);
    let kommo = builder.store(store).sandbox(url).open().await?;
    kommo.accept_code(&came.account_host, &came.code).await?; // once
    let account = kommo.account(&came.account_host).await?;
    let token = account.fresh_token().await?;

    println!("a token for {}", token.host);
    kommo.close().await;
    Ok(())
}
