//! The hook by which the platform itself delivers a code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::{ClientId, Platform};
use kommo_oauth::consent::{CallbackFieldError, InstallHook, InstallHookError, QueryError};

const OURS: &str = "11111111-2222-3333-4444-555555555555";

fn client() -> ClientId {
    ClientId::parse(OURS).unwrap()
}

// Rule G9.
#[test]
fn an_install_hook_has_a_parser_of_its_own() {
    let query =
        format!("code=def5020a&referer=a.amocrm.ru&platform=1&client_id={OURS}&from_widget=1");
    let hook = InstallHook::parse(&query, &client()).unwrap();
    assert_eq!(hook.code.expose(), "def5020a");
    assert_eq!(hook.host.as_str(), "a.amocrm.ru");
    assert_eq!(hook.platform, Some(Platform::Russia));
    for (query, error) in [
        (
            "code=a&referer=a.kommo.com",
            InstallHookError::NotAnInstallHook,
        ),
        (
            "from_widget=1&code=a&referer=a.kommo.com&state=",
            InstallHookError::HasState,
        ),
        (
            "from_widget=1&error=access_denied",
            InstallHookError::HasError,
        ),
        (
            "from_widget=1&code=a&code=b",
            InstallHookError::Query(QueryError::Duplicate { name: "code" }),
        ),
        (
            "from_widget=1&code=a",
            InstallHookError::Field(CallbackFieldError::RefererMissing),
        ),
        (
            "from_widget=1&code=a&referer=a.kommo.com&client_id=x",
            InstallHookError::Field(CallbackFieldError::OtherClient),
        ),
    ] {
        assert_eq!(InstallHook::parse(query, &client()), Err(error), "{query}");
    }
    assert!(matches!(
        InstallHook::parse("from_widget=1&code=a&referer=evil.example", &client()),
        Err(InstallHookError::Field(CallbackFieldError::Referer(_)))
    ));
}
