//! Where a user is sent to: the consent page's address, and the button.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::{ClientId, Endpoints, Platform};
use kommo_oauth::consent::{
    ButtonBrand, ButtonColor, ButtonLocale, ButtonTheme, CALLBACK_NAME_MAX_BYTES, ConsentButton,
    ConsentMode, ConsentState, ConsentUrl,
};
use kommo_oauth::integration::{
    LogoUri, NewIntegration, NewIntegrationError, PageUri, RedirectUri, Scope, SecretsUri,
};

const STATE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn client() -> ClientId {
    ClientId::parse("11111111-2222-3333-4444-555555555555").unwrap()
}

fn state() -> ConsentState {
    ConsentState::from_random([0; 32])
}

fn integration(scopes: &[Scope]) -> Result<NewIntegration, NewIntegrationError> {
    NewIntegration::new(
        "Имя & co",
        "<b>\"d'</b>",
        RedirectUri::parse("https://a.example/cb?x=1").unwrap(),
        SecretsUri::parse("https://a.example/secrets").unwrap(),
        scopes,
    )
}

// Rules G1, G3.
#[test]
fn each_platform_has_its_page_and_each_mode_its_word() {
    let (client, state) = (client(), state());
    for (platform, host) in [
        (Platform::Global, "www.kommo.com"),
        (Platform::Russia, "www.amocrm.ru"),
    ] {
        for (mode, word) in [
            (ConsentMode::Popup, "popup"),
            (ConsentMode::PostMessage, "post_message"),
        ] {
            let url = ConsentUrl::new(platform, &client, &state, mode);
            let expected =
                format!("https://{host}/oauth?client_id={client}&state={STATE}&mode={word}");
            assert_eq!(url.expose_text(&Endpoints::real()), expected);
            assert_eq!(url.target(&Endpoints::real()).host(), host);
        }
    }
}

#[test]
fn a_sandbox_shows_its_own_page() {
    let (client, state) = (client(), state());
    let sandbox = Endpoints::loopback_url("http://[::1]:8080").unwrap();
    let url = ConsentUrl::new(Platform::Russia, &client, &state, ConsentMode::Popup);
    assert!(
        url.expose_text(&sandbox)
            .starts_with("http://[::1]:8080/oauth?client_id=")
    );
    let button = ConsentButton::new(
        ButtonBrand::of(Platform::Russia),
        &client,
        &state,
        ConsentMode::Popup,
    );
    let html = button.expose_html(&sandbox);
    assert!(html.contains(" src=\"http://[::1]:8080/auth/button.min.js\""));
}

#[test]
fn the_opening_page_gives_its_origin() {
    let (client, state) = (client(), state());
    let page = PageUri::parse("https://a.example:8443/settings?x=1").unwrap();
    let url = ConsentUrl::new(Platform::Global, &client, &state, ConsentMode::Popup);
    let text = url.opened_by(&page).expose_path_and_query();
    assert!(text.ends_with("&mode=popup&origin=https%3A%2F%2Fa.example%3A8443"));
}

// Rule G4.
#[test]
fn an_integration_made_on_the_fly_travels_in_the_address() {
    let state = state();
    let new = integration(&[Scope::Crm, Scope::Notifications, Scope::Crm]).unwrap();
    let new = new.with_logo(LogoUri::parse("https://a.example/l.png").unwrap());
    let url = ConsentUrl::new(Platform::Global, &new, &state, ConsentMode::PostMessage);
    assert_eq!(
        url.expose_path_and_query(),
        format!(
            "/oauth?state={STATE}&mode=post_message\
             &name=%D0%98%D0%BC%D1%8F%20%26%20co\
             &description=%3Cb%3E%22d%27%3C%2Fb%3E\
             &redirect_uri=https%3A%2F%2Fa.example%2Fcb%3Fx%3D1\
             &secrets_uri=https%3A%2F%2Fa.example%2Fsecrets\
             &logo=https%3A%2F%2Fa.example%2Fl.png\
             &scopes%5B%5D=crm&scopes%5B%5D=notifications"
        )
    );
}

#[test]
fn an_integration_made_on_the_fly_is_whole_or_refused() {
    let make = |name: &str, description: &str| {
        NewIntegration::new(
            name,
            description,
            RedirectUri::parse("https://a.example/").unwrap(),
            SecretsUri::parse("https://a.example/").unwrap(),
            &[Scope::Files],
        )
    };
    let (name, text) = ("ё".repeat(255), "ё".repeat(65_000));
    let whole = make(&name, &text).unwrap();
    assert_eq!(
        (whole.name(), whole.description()),
        (name.as_str(), text.as_str())
    );
    assert_eq!(whole.scopes(), [Scope::Files]);
    assert!(whole.logo().is_none());
    for (name, text, error) in [
        (" ", "d", NewIntegrationError::NameEmpty),
        ("n", "\n", NewIntegrationError::DescriptionEmpty),
        (
            &(name + "x"),
            "d",
            NewIntegrationError::NameTooLong { found: 256 },
        ),
        (
            "n",
            &(text + "x"),
            NewIntegrationError::DescriptionTooLong { found: 65_001 },
        ),
    ] {
        assert_eq!(make(name, text), Err(error));
    }
    assert_eq!(integration(&[]), Err(NewIntegrationError::NoScope));
}

// Rule G5.
#[test]
fn kommos_button_has_theme_and_language() {
    let (client, state) = (client(), state());
    let brand = ButtonBrand::Kommo {
        theme: ButtonTheme::Dark,
        locale: ButtonLocale::Portuguese,
    };
    let button = ConsentButton::new(brand, &client, &state, ConsentMode::Popup)
        .title("a\"><script>alert('x')</script>&\0")
        .class_name("wide")
        .compact()
        .error_callback("app.on$Refused_1")
        .unwrap();
    assert_eq!(
        button.expose_html(&Endpoints::real()),
        format!(
            "<script class=\"kommo_oauth\" charset=\"utf-8\" data-client-id=\"{client}\" \
             data-state=\"{STATE}\" data-mode=\"popup\" \
             data-title=\"a&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;\u{fffd}\" \
             data-class-name=\"wide\" data-compact=\"true\" \
             data-error-callback=\"app.on$Refused_1\" data-theme=\"dark\" data-locale=\"pt\" \
             src=\"https://www.kommo.com/auth/button.js\"></script>"
        )
    );
}

// Rule G5.
#[test]
fn amocrms_button_has_a_colour() {
    let (client, state) = (client(), state());
    let brand = ButtonBrand::Amocrm {
        color: ButtonColor::Violet,
    };
    let button = ConsentButton::new(brand, &client, &state, ConsentMode::PostMessage);
    assert_eq!(
        button.expose_html(&Endpoints::real()),
        format!(
            "<script class=\"amocrm_oauth\" charset=\"utf-8\" data-client-id=\"{client}\" \
             data-state=\"{STATE}\" data-mode=\"post_message\" data-color=\"violet\" \
             src=\"https://www.amocrm.ru/auth/button.min.js\"></script>"
        )
    );
}

#[test]
fn every_look_has_its_word() {
    let (client, state) = (client(), state());
    let html = |brand| {
        ConsentButton::new(brand, &client, &state, ConsentMode::Popup)
            .expose_html(&Endpoints::real())
    };
    for (color, word) in [
        (ButtonColor::Default, "default"),
        (ButtonColor::Blue, "blue"),
        (ButtonColor::Green, "green"),
        (ButtonColor::Orange, "orange"),
        (ButtonColor::Red, "red"),
    ] {
        let html = html(ButtonBrand::Amocrm { color });
        assert!(html.contains(&format!(" data-color=\"{word}\"")));
    }
    for (locale, word) in [
        (ButtonLocale::English, "en"),
        (ButtonLocale::Spanish, "es"),
        (ButtonLocale::Indonesian, "id"),
    ] {
        let theme = ButtonTheme::Light;
        let html = html(ButtonBrand::Kommo { theme, locale });
        assert!(html.contains(&format!(" data-theme=\"light\" data-locale=\"{word}\"")));
    }
    assert_eq!(
        ButtonBrand::of(Platform::Global).platform(),
        Platform::Global
    );
}

#[test]
fn a_button_can_make_an_integration_on_the_fly() {
    let state = state();
    let new = integration(&[Scope::Crm, Scope::FilesDelete, Scope::PushNotifications]).unwrap();
    let brand = ButtonBrand::of(Platform::Global);
    let html =
        ConsentButton::new(brand, &new, &state, ConsentMode::Popup).expose_html(&Endpoints::real());
    assert!(!html.contains("data-client-id") && !html.contains("data-logo"));
    assert!(html.contains(
        " data-name=\"Имя &amp; co\" data-description=\"&lt;b&gt;&quot;d&#39;&lt;/b&gt;\" \
         data-redirect_uri=\"https://a.example/cb?x=1\" \
         data-secrets_uri=\"https://a.example/secrets\" \
         data-scopes=\"crm,files_delete,push_notifications\" data-state="
    ));
}

#[test]
fn a_callback_is_the_name_of_a_function() {
    let (client, state) = (client(), state());
    let brand = ButtonBrand::of(Platform::Global);
    let button = ConsentButton::new(brand, &client, &state, ConsentMode::Popup);
    let longest = "f".repeat(CALLBACK_NAME_MAX_BYTES);
    for name in ["f", "_f", "$", "a.b.c", longest.as_str()] {
        assert!(button.error_callback(name).is_ok(), "{name}");
    }
    let too_long = longest.clone() + "f";
    for name in [
        "",
        "1st",
        "a.",
        ".a",
        "a..b",
        "alert(1)",
        "a b",
        "ф",
        too_long.as_str(),
    ] {
        assert!(button.error_callback(name).is_err(), "{name}");
    }
}
