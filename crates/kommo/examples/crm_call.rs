//! A call to the CRM API, with the token of an account that is in the store.
//!
//! `cargo run -p kommo --example crm_call --features crm`
#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "an example")]

use kommo::Kommo;
use kommo_sandbox::Sandbox;
use serde_json::Value;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let (sandbox, place) = (Sandbox::start().await?, tempfile::tempdir()?);
    let (url, us) = (sandbox.base_url(), sandbox.state());
    let (id, secret, redirect) = (&us.client_id, &us.client_secret, &us.redirect_uri);
    let store = format!("sqlite:{}/grants.db", place.path().display());
    let came = sandbox.issue_code(us.accounts[0].id, None)?;

    let builder = Kommo::builder()
        .integration(id, secret, redirect)
        .sandbox(url);
    let kommo = builder.store(&store).open().await?;
    let account = kommo.accept_code(&came.account_host, &came.code).await?;
    let answer = account.crm()?.get("/api/v4/account").await?;
    let fields: Value = answer.into_payload().unwrap_or_default();

    println!("{fields}");
    kommo.close().await;
    Ok(())
}
