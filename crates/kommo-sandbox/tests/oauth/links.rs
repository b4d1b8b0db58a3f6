//! Links and claims of a sandbox lead to itself: a client follows them with its token.

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_sandbox::{OauthRules, Platform, Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::plain_client::{HOST, config, get, granted, platform, send};

async fn started(tls: bool) -> Sandbox {
    let config = SandboxConfig {
        tls,
        ..config(OauthRules::default())
    };
    Sandbox::builder().config(config).start().await.unwrap()
}

async fn page_at(platform: &Platform, access: &str, host: &str, target: &str) -> Value {
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str())];
    let answer = send(platform, "GET", host, target, &headers, "").await;
    assert_eq!(answer.status, 200, "{host}{target}");
    answer.json()
}

fn next(page: &Value) -> &str {
    page["_links"]["next"]["href"].as_str().unwrap()
}

#[tokio::test]
async fn without_tls_a_next_link_is_followed_to_the_end_at_the_sandbox_itself() {
    let sandbox = started(false).await;
    let pair = granted(&sandbox).await;
    let own = sandbox.base_url().to_owned();
    let mut target =
        "/api/v4/contacts?filter%5Bupdated_at%5D%5Bfrom%5D=7&page=1&limit=100&with=leads"
            .to_owned();
    let mut host = HOST.to_owned();
    let mut pages = 0;
    loop {
        let page = page_at(&sandbox, &pair.access, &host, &target).await;
        pages += 1;
        assert!(
            page["_links"]["self"]["href"]
                .as_str()
                .unwrap()
                .starts_with(&own)
        );
        if page["_links"]["next"].is_null() {
            break;
        }
        let href = next(&page);
        target = href.strip_prefix(&own).unwrap().to_owned();
        assert!(
            target.contains("filter%5Bupdated_at%5D%5Bfrom%5D=7&with=leads"),
            "{target}"
        );
        // As a client in another language does: the address of the link, and no `Host` of its own.
        host = own.strip_prefix("http://").unwrap().to_owned();
    }
    assert!(pages > 1);
}

#[tokio::test]
async fn a_client_that_found_the_sandbox_by_a_name_is_sent_back_there() {
    let sandbox = started(false).await;
    let pair = granted(&sandbox).await;
    let name = format!("sandbox-one.kommo.localhost:{}", sandbox.address().port());
    let page = page_at(&sandbox, &pair.access, &name, "/api/v4/contacts?limit=1").await;
    assert!(next(&page).starts_with(&format!("http://{name}/api/v4/contacts?")));

    let sandbox = started(true).await;
    let pair = granted(&sandbox).await;
    let real = format!("{HOST}:{}", sandbox.address().port());
    let page = page_at(&sandbox, &pair.access, &real, "/api/v4/contacts?limit=1").await;
    assert!(next(&page).starts_with(&format!("https://{real}/api/v4/contacts?")));
}

#[tokio::test]
async fn what_a_request_asked_for_stands_in_the_link_to_itself() {
    let platform = platform();
    let pair = granted(&platform).await;
    let asked = "/api/v4/account?with=amojo_id,version";
    let account = get(&platform, &pair.access, asked).await.json();
    assert_eq!(
        account["_links"]["self"]["href"],
        json!(format!("https://{HOST}{asked}"))
    );
}

#[tokio::test]
async fn the_claim_api_domain_leads_to_the_sandbox_unless_it_speaks_tls() {
    for tls in [false, true] {
        let sandbox = started(tls).await;
        let pair = granted(&sandbox).await;
        let payload = pair.access.split('.').nth(1).unwrap();
        let payload = Base64UrlUnpadded::decode_vec(payload).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        let domain = claims["api_domain"].as_str().unwrap().to_owned();
        let expected = match tls {
            true => "api-c.kommo.com".to_owned(),
            false => format!("api-c.kommo.com.localhost:{}", sandbox.address().port()),
        };
        assert_eq!(domain, expected);
        let headers = [("x-refresh-token", pair.refresh.as_str())];
        let target = "/oauth2/account/current/subdomain";
        let told = send(&sandbox, "GET", &domain, target, &headers, "").await;
        assert_eq!(told.json()["domain"], HOST);
    }
}
