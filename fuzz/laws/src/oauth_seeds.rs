//! The first inputs of the targets of `kommo-oauth`. They have no vectors: each is written out
//! here, or counted through.

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    Attempt, AttemptId, DoubtReason, Generation, Grant, GrantKey, Hold, HoldKind, HoldScope,
    LongLived, PairNumber, ReauthReason, UnsavedPair,
};
use kommo_oauth::token::{AccessToken, KnownHint, RefreshToken, TokenPair};

use crate::fields::join;

type Seeds = Vec<(String, Vec<u8>)>;

pub(crate) fn numbered(inputs: impl IntoIterator<Item = Vec<u8>>) -> Seeds {
    let inputs = inputs.into_iter().enumerate();
    inputs
        .map(|(number, input)| (number.to_string(), input))
        .collect()
}

/// Each pair of moves after a beginning, and some longer walks.
pub(crate) fn grant_steps() -> Seeds {
    let walks: [&[u8]; 6] = [
        &[0, 1, 2, 1, 0, 2, 2, 2, 0, 3, 2, 3],
        &[0, 1, 5, 0, 0, 1, 4, 1, 2, 1, 0, 2, 7, 2, 0, 3, 2, 3],
        &[0, 1, 7, 0, 4, 1, 0, 2, 2, 2],
        &[0, 1, 10, 0, 0, 1, 6, 0, 0, 1, 2, 1, 14, 0, 4, 1],
        &[0, 1, 13, 0, 2, 1, 14, 0, 0, 2, 2, 2],
        &[12, 0, 11, 4, 14, 200, 15, 0, 15, 255, 14, 0],
    ];
    let pairs = (0..16).flat_map(|first| [2, 7, 13].map(|second| vec![0, 1, first, 1, second, 1]));
    numbered(walks.map(<[u8]>::to_vec).into_iter().chain(pairs))
}

pub(crate) fn token_response() -> Seeds {
    let json = b"application/problem+json";
    let hints = KnownHint::ALL.iter().flat_map(|hint| {
        let body = format!(r#"{{"hint":"{}","title":"t","status":401}}"#, hint.as_str());
        ["400", "401"].map(|status| join(0, &[status.as_bytes(), json, b"", body.as_bytes()]))
    });
    let pair = r#"{"token_type":"Bearer","expires_in":86400,"access_token":"eyJ0.a.b","refresh_token":"def502"}"#;
    let bodies = [
        pair,
        r#"{"expires_in":"86400","server_time":1700000000,"access_token":"a","refresh_token":"r"}"#,
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"a","access_token":"b","refresh_token":"r"}"#,
        r#"{"access_token":"a b","refresh_token":""}"#,
        r#"{"access_token":1,"refresh_token":null}"#,
        r#"{"retry_after":300}"#,
        "<html>blocked</html>",
        "",
        "[]",
    ];
    let statuses = [
        "200", "204", "206", "302", "402", "403", "404", "408", "429", "503",
    ];
    let answers = bodies.into_iter().flat_map(|body| {
        statuses.map(|status| {
            join(
                0,
                &[status.as_bytes(), b"text/html", b"60", body.as_bytes()],
            )
        })
    });
    numbered(hints.chain(answers))
}

pub(crate) fn claims() -> Seeds {
    let values = [
        "1",
        "\"1\"",
        "0",
        "-1",
        "1.5",
        "\"x\"",
        "null",
        "[\"crm\",\"files\"]",
        "\"api-c.kommo.com\"",
        "\"evil.example\"",
        "\"11111111-2222-3333-4444-555555555555\"",
    ];
    let names = ["account_id", "sub", "api_domain", "scopes", "exp", "aud"];
    let payloads = names.iter().flat_map(|name| {
        values.map(|value| join(1, &[format!("{{\"{name}\":{value}}}").as_bytes()]))
    });
    let tokens = [
        "e30.e30.e30",
        "def502",
        "a.b.c.d",
        "e30.eyJzdWIiOiIxIn0=.x",
        "..",
        "e30.bm8.x",
    ];
    numbered(payloads.chain(tokens.map(|token| join(0, &[token.as_bytes()]))))
}

pub(crate) fn redirect() -> Seeds {
    let queries = [
        "code=def502&referer=myshop.kommo.com",
        "?code=def502&referer=https%3A%2F%2Fmyshop.kommo.com%2F&platform=2",
        "code=def502&referer=a.amocrm.ru&platform=1",
        "code=def502&referer=a.amocrm.ru&platform=2",
        "error=access_denied",
        "error=access_denied&code=def502",
        "error=server_error",
        "code=def502&referer=evil.example",
        "code=def502&referer=myshop.kommo.com&from_widget=1",
        "code=a&code=b&referer=myshop.kommo.com",
        "c%6Fde=a&code=b&referer=myshop.kommo.com",
        "code=%zz&referer=myshop.kommo.com",
        "code=a+b&referer=myshop.kommo.com",
        "code=&referer=myshop.kommo.com&own=1&%ff=2",
    ];
    let inputs = queries
        .into_iter()
        .flat_map(|query| [1, 0, 3].map(|choices| join(choices, &[query.as_bytes()])));
    numbered(inputs)
}

/// Records of every state, whole and cut in the middle, and files of a lifeboat.
///
/// # Panics
///
/// If a name in it is no name.
pub(crate) fn stored_grant() -> Seeds {
    let whole: Vec<Vec<u8>> = grants()
        .iter()
        .map(|grant| grant.to_stored().to_vec())
        .collect();
    let cut = whole
        .iter()
        .map(|bytes| bytes.iter().copied().take(bytes.len() / 2).collect());
    let records: Vec<Vec<u8>> = whole.iter().cloned().chain(cut).collect();
    let boats = grants().into_iter().map(|grant| {
        let attempt = AttemptId::new([9; 16]);
        let unsaved = UnsavedPair::new(
            grant.key,
            attempt,
            Generation::FIRST,
            PairNumber::FIRST,
            pair(9),
        );
        join(1, &[&unsaved.to_stored()])
    });
    let plain = ["{}", "[]", "null", "{\"version\":2}", "{\"version\":1}", ""];
    let plain = plain
        .iter()
        .flat_map(|text| [0, 1].map(|choices| join(choices, &[text.as_bytes()])));
    let records = records.iter().map(|bytes| join(0, &[bytes]));
    numbered(records.chain(boats).chain(plain))
}

fn pair(number: u32) -> TokenPair {
    let tokens = (
        AccessToken::new(format!("access-{number}")),
        RefreshToken::new(format!("refresh-{number}")),
    );
    let (Ok(access), Ok(refresh)) = tokens else {
        panic!("tokens that are tokens");
    };
    let now = UnixSeconds::new(1_700_000_000);
    TokenPair::new(access, refresh, now, now.plus(Duration::from_secs(86_400)))
}

fn grants() -> Vec<Grant> {
    let key = GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321");
    let (Ok(key), Ok(host)) = (key, AccountHost::parse("myshop.kommo.com")) else {
        panic!("names that are names");
    };
    let now = UnixSeconds::new(1_700_000_000);
    let id = AttemptId::new([3; 16]);
    let active = Grant::consent(None, key, host, Some(true), pair(0)).grant;
    let attempt = Attempt::new(id, PairNumber::FIRST, now);
    let Ok(refreshing) = active.clone().begin(attempt) else {
        panic!("an active grant that can be refreshed");
    };
    let refreshing = refreshing.grant;
    let in_doubt = refreshing
        .clone()
        .doubt(id, DoubtReason::AnswerLost, now, |_| now);
    let ended = refreshing
        .clone()
        .refuse(id, PairNumber::FIRST, ReauthReason::Revoked, now);
    let late = refreshing
        .clone()
        .receive(Generation::new(7), PairNumber::FIRST, pair(1), now);
    let over = active
        .clone()
        .disconnect(kommo_oauth::grant::DisconnectReason::LoggedOut, now);
    let hold = Hold::new(
        HoldKind::Blocked,
        HoldScope::Grant,
        now,
        Duration::from_secs(60),
    );
    let long = AccessToken::new("long").ok().and_then(|token| {
        Grant::import_long_lived(None, key, host, LongLived::new(token, Some(now))).ok()
    });
    let moved = [
        in_doubt,
        ended,
        late.ok().map(|(moved, _)| moved),
        over,
        long,
    ];
    let moved = moved.into_iter().flatten().map(|moved| moved.grant);
    let held = active.clone().hold(hold).grant;
    [active, refreshing, held]
        .into_iter()
        .chain(moved)
        .collect()
}
