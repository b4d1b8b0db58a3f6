//! What a browser brings back from the consent page.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::{ClientId, HostSuffix, Platform};
use kommo_oauth::consent::{
    CallbackFieldError, ConsentRedirect, ConsentState, QUERY_MAX_BYTES, QUERY_MAX_PARAMETERS,
    QueryError, RedirectError, RedirectOutcome,
};
use kommo_oauth::token::TokenError;

const OURS: &str = "11111111-2222-3333-4444-555555555555";

fn client() -> ClientId {
    ClientId::parse(OURS).unwrap()
}

fn state() -> ConsentState {
    ConsentState::from_random([7; 32])
}

/// `STATE` in the query stands for the state.
fn parse(query: &str) -> Result<RedirectOutcome, RedirectError> {
    let query = query.replace("STATE", state().expose());
    ConsentRedirect::parse(&query, &state(), &client())
}

#[track_caller]
fn code(query: &str) -> ConsentRedirect {
    match parse(query) {
        Ok(RedirectOutcome::Code(redirect)) => redirect,
        other => panic!("{other:?}"),
    }
}

// Rule G6.
#[test]
fn an_allowed_consent_gives_code_and_host() {
    let query = format!("?code=def5020a&state=STATE&referer=MyShop.kommo.com&client_id={OURS}");
    let redirect = code(&query);
    assert_eq!(redirect.code.expose(), "def5020a");
    assert_eq!(redirect.host.as_str(), "myshop.kommo.com");
    assert_eq!(redirect.platform, None);
}

// Rules G6, A6.
#[test]
fn a_platform_must_agree_with_the_host() {
    let redirect = code("code=a&state=STATE&referer=a.amocrm.ru&platform=1");
    assert_eq!(redirect.platform, Some(Platform::Russia));
    code("code=a&state=STATE&referer=a.amocrm.com&platform=2");
    let disagrees = CallbackFieldError::PlatformDisagrees {
        platform: Platform::Global,
        suffix: HostSuffix::AmocrmRu,
    };
    assert_eq!(
        parse("code=a&state=STATE&referer=a.amocrm.ru&platform=2"),
        Err(RedirectError::Field(disagrees))
    );
    for platform in ["", "0", "3", "+1", "1.0", "99999999999999999999999"] {
        assert_eq!(
            parse(&format!(
                "code=a&state=STATE&referer=a.amocrm.ru&platform={platform}"
            )),
            Err(RedirectError::Field(CallbackFieldError::PlatformUnknown)),
            "{platform}"
        );
    }
}

// Rules G2, G7.
#[test]
fn a_refusal_needs_the_state_too() {
    assert_eq!(
        parse("error=access_denied&state=STATE"),
        Ok(RedirectOutcome::AccessDenied)
    );
    assert_eq!(
        parse(&format!(
            "error=access_denied&client_id={OURS}&state=STATE&error_description=no"
        )),
        Ok(RedirectOutcome::AccessDenied)
    );
    assert_eq!(
        parse("error=access_denied"),
        Err(RedirectError::StateMissing)
    );
    assert_eq!(
        parse("error=access_denied&state=x"),
        Err(RedirectError::StateMismatch)
    );
}

// Rule G2.
#[test]
fn what_belongs_to_nobody_who_began_here_is_refused() {
    let rest = "code=a&referer=a.kommo.com";
    assert_eq!(parse(rest), Err(RedirectError::StateMissing));
    assert_eq!(parse(""), Err(RedirectError::StateMissing));
    let ours = state();
    let ours = ours.expose();
    for other in ["", &ours[1..], &ours.to_lowercase(), &format!("{ours}=")] {
        assert_eq!(
            parse(&format!("{rest}&state={other}")),
            Err(RedirectError::StateMismatch)
        );
    }
}

#[test]
fn the_state_is_judged_before_the_other_parameters() {
    assert_eq!(
        parse("code=a&referer=evil.example&client_id=x&platform=9&state=x"),
        Err(RedirectError::StateMismatch)
    );
}

// Rule G9.
#[test]
fn an_install_hook_never_passes_as_a_browsers_redirect() {
    for from_widget in [
        "from_widget=1",
        "from_widget=0",
        "from_widget=",
        "from_widget",
        "from%5fwidget=1",
    ] {
        assert_eq!(
            parse(&format!(
                "code=a&referer=a.kommo.com&state=STATE&{from_widget}"
            )),
            Err(RedirectError::InstallHookOnBrowserRoute),
            "{from_widget}"
        );
    }
}

#[test]
fn foreign_hosts_and_clients_are_refused() {
    for referer in [
        "evil.example",
        "myshop.kommo.com.evil.example",
        "myshop.kommo.com%40evil.example",
        "www.kommo.com",
        "myshop.kommo.com%0d%0aX:1",
        "http%3A%2F%2Fmyshop.kommo.com",
        "",
    ] {
        let error = parse(&format!("code=a&state=STATE&referer={referer}")).unwrap_err();
        assert!(
            matches!(error, RedirectError::Field(CallbackFieldError::Referer(_))),
            "{referer}"
        );
    }
    for other in [
        "",
        "x",
        "21111111-2222-3333-4444-555555555555",
        "11111111-2222-3333-4444-55555555555A",
    ] {
        let error = Err(RedirectError::Field(CallbackFieldError::OtherClient));
        let rest = "state=STATE&referer=a.kommo.com&code=a";
        assert_eq!(parse(&format!("{rest}&client_id={other}")), error);
        assert_eq!(
            parse(&format!(
                "state=STATE&error=access_denied&client_id={other}"
            )),
            error
        );
    }
}

#[test]
fn what_is_missing_or_contradicts_itself_is_named() {
    for (query, error) in [
        ("state=STATE", CallbackFieldError::CodeMissing),
        (
            "state=STATE&referer=a.kommo.com",
            CallbackFieldError::CodeMissing,
        ),
        ("state=STATE&code=a", CallbackFieldError::RefererMissing),
        (
            "state=STATE&code=a&Referer=a.kommo.com",
            CallbackFieldError::RefererMissing,
        ),
        (
            "state=STATE&code=&referer=a.kommo.com",
            CallbackFieldError::Code(TokenError::Empty),
        ),
        (
            "state=STATE&code=a%0ab&referer=a.kommo.com",
            CallbackFieldError::Code(TokenError::Byte { offset: 1 }),
        ),
        (
            "state=STATE&code=a+b&referer=a.kommo.com",
            CallbackFieldError::Code(TokenError::Byte { offset: 1 }),
        ),
    ] {
        assert_eq!(parse(query), Err(RedirectError::Field(error)), "{query}");
    }
    assert_eq!(
        parse("state=STATE&code=a&error=access_denied"),
        Err(RedirectError::CodeAndError)
    );
    for error in ["", "ACCESS_DENIED", "server_error"] {
        assert_eq!(
            parse(&format!("state=STATE&error={error}")),
            Err(RedirectError::UnknownError)
        );
    }
}

// Rule G8.
#[test]
fn no_parameter_of_the_platform_may_stand_twice() {
    let rest = "code=a&referer=a.kommo.com&state=STATE";
    for (again, name) in [
        ("code=a", "code"),
        ("c%6Fde=b", "code"),
        ("state=STATE", "state"),
        ("referer=a.kommo.com", "referer"),
        ("client_id=1&client_id=1", "client_id"),
        ("platform=2&platform=1", "platform"),
        ("error=a&error", "error"),
    ] {
        assert_eq!(
            parse(&format!("{rest}&{again}")),
            Err(RedirectError::Query(QueryError::Duplicate { name }))
        );
    }
    code(&format!("{rest}&tenant=1&tenant=2&&"));
}

#[test]
fn percent_encoding_is_read_exactly_and_once() {
    assert_eq!(
        code("c%6fde=%64ef%2D&state=STATE&referer=https%3a%2F%2Fa.kommo.com%2f")
            .code
            .expose(),
        "def-"
    );
    assert_eq!(
        code("code=%2541&state=STATE&referer=a.kommo.com")
            .code
            .expose(),
        "%41"
    );
    for (query, offset) in [
        ("code=%", 5),
        ("?code=%4", 6),
        ("x=1&code=%zz", 9),
        ("code=%+1", 5),
        ("code=%ff", 5),
        ("%zz=1", 0),
        ("a=1&%c3=1", 4),
    ] {
        let error = RedirectError::Query(QueryError::Encoding { offset });
        assert_eq!(parse(query), Err(error), "{query}");
    }
    // Values of parameters that are not the platform's are not checked.
    code("code=a&state=STATE&referer=a.kommo.com&theirs=%zz");
}

// Rule G8.
#[test]
fn a_query_has_limits() {
    let rest = "code=a&referer=a.kommo.com&state=STATE";
    let length = rest.len() - "STATE".len() + state().expose().len();
    let room = QUERY_MAX_BYTES - length - "&x=".len();
    code(&format!("{rest}&x={}", "y".repeat(room)));
    assert_eq!(
        parse(&format!("{rest}&x={}", "y".repeat(room + 1))),
        Err(RedirectError::Query(QueryError::TooLong {
            found: QUERY_MAX_BYTES + 1
        }))
    );
    code(&format!("{rest}{}", "&x".repeat(QUERY_MAX_PARAMETERS - 3)));
    assert_eq!(
        parse(&format!("{rest}{}", "&x".repeat(QUERY_MAX_PARAMETERS - 2))),
        Err(RedirectError::Query(QueryError::TooManyParameters))
    );
}

// Rule G2.
#[test]
fn a_state_has_one_text_and_one_value() {
    let state = ConsentState::from_random([0xa5; 32]);
    assert_eq!(
        state.expose(),
        "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU"
    );
    assert_eq!(ConsentState::parse(state.expose()), Ok(state.clone()));
    assert_ne!(state, ConsentState::from_random([0; 32]));
    for bad in [
        "",
        "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa",
        "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaUA",
        "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaV",
        "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlp+U",
        "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa=",
    ] {
        assert!(ConsentState::parse(bad).is_err(), "{bad}");
    }
}
