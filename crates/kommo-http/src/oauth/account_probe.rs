//! Reads the answer to `GET /api/v4/account`, the cheapest question whether an access token works.

use kommo_account::AccountId;
use kommo_keeper::Probe;
use kommo_peer::json_text;
use serde::Deserialize;

use crate::transport::raw_response::RawResponse;

/// The path of the question.
pub(crate) const ACCOUNT_PATH: &str = "/api/v4/account";

/// The two fields that are looked at. Source: vendor page "Account parameters".
#[derive(Deserialize)]
struct Account {
    id: u64,
    #[serde(default)]
    current_user_id: Option<u64>,
}

/// What an answer proves.
///
/// - 200 with a number in `id`: the token works.
/// - 401: it does not; unless the body is a page, which the platform never sent with a 401, and a
///   proxy did.
/// - anything else, redirects and 404 among it: nothing.
pub(crate) fn read(response: &RawResponse) -> Probe {
    match response.status() {
        200 => read_account(response.body()),
        401 if response.is_blank() || response.is_json() => Probe::Unauthorized,
        _ => Probe::Inconclusive,
    }
}

fn read_account(body: &[u8]) -> Probe {
    let Ok(account) = serde_json::from_slice::<Account>(&json_text(body)) else {
        return Probe::Inconclusive;
    };
    match AccountId::from_number(account.id) {
        Ok(account_id) => Probe::Alive {
            account_id,
            user_id: account.current_user_id.filter(|user| *user != 0),
        },
        Err(_) => Probe::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use kommo_account::AccountId;
    use kommo_keeper::Probe;
    use reqwest::header::HeaderMap;
    use zeroize::Zeroizing;

    use super::read;
    use crate::transport::raw_response::RawResponse;

    fn probe(status: u16, body: &str) -> Probe {
        let body = Zeroizing::new(Vec::from(body.as_bytes()));
        read(&RawResponse::new(status, HeaderMap::new(), body))
    }

    #[test]
    fn an_account_with_its_number_is_alive() {
        let alive = |user_id| Probe::Alive {
            account_id: AccountId::from_number(12).unwrap(),
            user_id,
        };
        assert_eq!(probe(200, r#"{"id":12,"name":"x"}"#), alive(None));
        let body = "\u{feff}{\"id\":12,\"name\":\"\\ud83d\"}";
        assert_eq!(probe(200, body), alive(None));
        let body = r#"{"id":12,"current_user_id":34}"#;
        assert_eq!(probe(200, body), alive(Some(34)));
    }

    #[test]
    fn a_success_that_is_no_account_proves_nothing() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"id":0}"#,
            r#"{"id":"x"}"#,
            r#"{"id":1"#,
        ] {
            assert_eq!(probe(200, body), Probe::Inconclusive, "{body}");
        }
    }

    #[test]
    fn a_401_of_the_platform_counts_and_a_page_does_not() {
        assert_eq!(
            probe(401, r#"{"title":"Unauthorized"}"#),
            Probe::Unauthorized
        );
        assert_eq!(probe(401, ""), Probe::Unauthorized);
        assert_eq!(
            probe(401, "<html>log in to the proxy</html>"),
            Probe::Inconclusive
        );
    }

    #[test]
    fn every_other_status_proves_nothing() {
        for status in [204, 301, 302, 400, 402, 403, 404, 407, 429, 500, 502, 504] {
            assert_eq!(
                probe(status, r#"{"id":12}"#),
                Probe::Inconclusive,
                "{status}"
            );
        }
    }
}
