//! Every example is run, against a sandbox of its own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and an example prints"
)]

#[path = "../../examples/connect_channel.rs"]
mod connect_channel;
#[path = "../../examples/crm_call.rs"]
mod crm_call;
#[path = "../../examples/fresh_token.rs"]
#[allow(dead_code, reason = "its `main` reads an argument")]
mod fresh_token;
#[path = "../../examples/sign_request.rs"]
mod sign_request;
#[path = "../../examples/verify_chat_hook.rs"]
mod verify_chat_hook;

#[test]
fn a_request_is_signed() {
    sign_request::main().unwrap();
}

#[test]
fn a_chat_hook_is_proven() {
    verify_chat_hook::main().unwrap();
}

#[test]
fn a_channel_is_connected() {
    connect_channel::main().unwrap();
}

#[test]
fn the_crm_is_called() {
    crm_call::main().unwrap();
}

#[tokio::test]
async fn a_token_comes_from_sqlite() {
    let place = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", place.path().join("grants.db").display());
    fresh_token::run(&store).await.unwrap();
}

#[tokio::test]
async fn a_token_comes_from_postgresql_by_another_url_and_nothing_else() {
    if let Some(server) = kommo_test_support::postgres_server() {
        fresh_token::run(&server).await.unwrap();
    }
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_named() {
    let opened = kommo::builder().store("grants.db").open().await;
    let error = opened.unwrap_err();
    assert_eq!(error.to_string(), "the setting store cannot be used");
    let missing = kommo::builder().open().await.unwrap_err();
    assert_eq!(missing.to_string(), "the setting store is missing");
}
