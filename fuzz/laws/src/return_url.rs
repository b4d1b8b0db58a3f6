//! The address at which a bot waits. Rule J11.

use kommo_hooks::{BotType, ReturnUrl};
use url::Url;

use crate::bot_token::{CLIENT, NOW, signed, verifier};
use crate::fields::Fields;

/// An address passes exactly if the `url` crate reads the continuation of a bot from it, at the
/// host of the token, and would ask for it byte for byte.
///
/// One field, the address. Choice 0: the other host; 1: scheme and host are put before it; 2: also
/// the beginning of the path.
///
/// # Panics
///
/// If a law is broken.
pub fn return_url(data: &[u8]) {
    let mut fields = Fields::of(data);
    let host = if fields.choice(0) {
        "shop.amocrm.ru"
    } else {
        "shop.kommo.com"
    };
    let mut address = fields.text().into_owned();
    if fields.choice(2) {
        address.insert_str(0, "/api/v4/salesbot/");
    }
    if fields.choice(1) {
        address.insert_str(0, host);
        address.insert_str(0, "https://");
    }
    let claims = format!(
        r#"{{"iss":"https://{host}","exp":{NOW},"account_id":1,"client_uuid":"{CLIENT}"}}"#
    );
    let token = signed("HS512", br#"{"alg":"HS512"}"#, claims.as_bytes());
    let proven = verifier().map(|verifier| verifier.verify(&token, NOW));
    let Some(Ok(proven)) = proven else {
        panic!("a token that is a token");
    };
    let checked = ReturnUrl::check(&proven, &address).ok();
    let found = checked.as_ref().map(|it| {
        assert_eq!(format!("https://{}{}", it.host(), it.path()), address);
        (it.bot_type(), it.bot_id(), it.continue_id())
    });
    assert_eq!(found, naive(&address, host), "{address:?}");
}

fn naive(address: &str, host: &str) -> Option<(BotType, u64, u64)> {
    let url = Url::parse(address)
        .ok()
        .filter(|url| url.as_str() == address)?;
    let is_there = url.scheme() == "https" && url.host_str() == Some(host) && url.port().is_none();
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let parts: Vec<&str> = url.path_segments()?.collect();
    let ["api", "v4", kind, bot, "continue", number] = parts.as_slice() else {
        return None;
    };
    let kind = match *kind {
        "salesbot" => BotType::Salesbot,
        "marketingbot" => BotType::Marketingbot,
        _ => return None,
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let read = |text: &str| text.parse().ok().filter(|_| digits(text));
    let ids = (read(bot)?, read(number)?);
    (is_there && is_bare).then_some((kind, ids.0, ids.1))
}

#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    use crate::fields::join;

    let addresses = [
        "https://shop.kommo.com/api/v4/salesbot/1/continue/2",
        "https://shop.kommo.com/api/v4/marketingbot/0001/continue/18446744073709551615",
        "https://shop.kommo.com:443/api/v4/salesbot/1/continue/2",
        "https://shop.kommo.com@evil.example/api/v4/salesbot/1/continue/2",
        "https://shop.kommo.com.evil.example/api/v4/salesbot/1/continue/2",
        "http://shop.kommo.com/api/v4/salesbot/1/continue/2",
        "https://shop.kommo.com\\@evil.example/api/v4/salesbot/1/continue/2",
        "/api/v4/salesbot/1/continue/2?x=1",
        "/api/v4/salesbot/1/continue/2#x",
        "/api/v4/salesbot/1/continue/+2",
        "/api/v4/salesbot/1/../../continue/2",
        "/api/v4/salesbot/1/continue/18446744073709551616",
        "1/continue/2",
        "1/continue/2/",
        "1/continue/2%00",
    ];
    let inputs = addresses
        .into_iter()
        .flat_map(|address| [0, 1, 2, 3, 6].map(|choices| join(choices, &[address.as_bytes()])));
    crate::oauth_seeds::numbered(inputs)
}
