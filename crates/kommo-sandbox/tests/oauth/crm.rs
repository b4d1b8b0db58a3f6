//! The CRM API: account, pages, webhooks, writes, the context user.

use kommo_sandbox::{CrmRules, Fault, FaultKind, Platform, User};
use serde_json::{Value, json};

use crate::plain_client::{
    ACCOUNT, Answer, HOST, Pair, USER, exchange_body, get, granted, platform, send, token, told,
};

async fn call(
    platform: &Platform,
    pair: &Pair,
    method: &str,
    target: &str,
    body: &Value,
) -> Answer {
    let bearer = format!("Bearer {}", pair.access);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    send(platform, method, HOST, target, &headers, body.to_string()).await
}

/// A grant of a user who is no administrator.
async fn ordinary(platform: &Platform) -> Pair {
    platform
        .add_user(ACCOUNT, User::new(777, "Ordinary", false))
        .unwrap();
    let code = platform.issue_code(ACCOUNT, Some(777)).unwrap().code;
    token(platform, HOST, &exchange_body(&code)).await.pair()
}

#[tokio::test]
async fn the_account_is_told_with_more_on_request() {
    let platform = platform();
    let pair = granted(&platform).await;
    let answer = get(&platform, &pair.access, "/api/v4/account").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/hal+json")
    );
    assert_eq!(answer.header("x-request-id").len(), 32);
    let body = answer.json();
    assert_eq!(
        (&body["id"], &body["subdomain"]),
        (&json!(ACCOUNT), &json!("sandbox-one"))
    );
    assert_eq!(body["current_user_id"], USER);
    assert!(body.get("amojo_id").is_none() && body.get("version").is_none());
    let more = get(
        &platform,
        &pair.access,
        "/api/v4/account?with=amojo_id,version",
    )
    .await
    .json();
    assert_eq!(more["amojo_id"], platform.state().accounts[0].amojo_id);
    assert!(more["version"].is_number());
}

#[tokio::test]
async fn pages_end_with_a_page_without_next_or_with_204() {
    let platform = platform();
    let pair = granted(&platform).await;
    let (mut seen, mut page) = (0, 1);
    loop {
        let body = get(
            &platform,
            &pair.access,
            &format!("/api/v4/contacts?page={page}&limit=50"),
        )
        .await
        .json();
        seen += body["_embedded"]["contacts"].as_array().unwrap().len();
        assert_eq!(body["_page"], page);
        let Some(next) = body["_links"].get("next") else {
            break;
        };
        page += 1;
        assert_eq!(
            next["href"],
            format!("https://{HOST}/api/v4/contacts?page={page}&limit=50")
        );
    }
    assert_eq!((seen, page), (120, 3));
    let past = get(&platform, &pair.access, "/api/v4/contacts?page=4&limit=50").await;
    assert_eq!((past.status, past.body.len()), (204, 0));
    let all = get(&platform, &pair.access, "/api/v4/contacts?limit=250")
        .await
        .json();
    assert_eq!(all["_embedded"]["contacts"].as_array().unwrap().len(), 120);
    for wrong in ["page=0", "limit=0", "limit=251", "page=x"] {
        let answer = get(
            &platform,
            &pair.access,
            &format!("/api/v4/contacts?{wrong}"),
        )
        .await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    platform.set_crm_rules(CrmRules {
        contacts: 0,
        ..CrmRules::default()
    });
    assert_eq!(
        get(&platform, &pair.access, "/api/v4/contacts")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn a_next_link_can_lead_to_a_foreign_host() {
    let platform = platform();
    let pair = granted(&platform).await;
    platform.inject(
        Fault::new(FaultKind::ForeignNext)
            .host("evil.example")
            .times(1),
    );
    let body = get(&platform, &pair.access, "/api/v4/contacts")
        .await
        .json();
    assert_eq!(
        body["_links"]["next"]["href"],
        "https://evil.example/api/v4/contacts?page=2&limit=50"
    );
}

#[tokio::test]
async fn leads_are_counted_and_large_batches_refused() {
    let platform = platform();
    let pair = granted(&platform).await;
    let leads = |n: usize| Value::from(vec![json!({"name": "Lead"}); n]);
    let answer = call(&platform, &pair, "POST", "/api/v4/leads", &leads(2)).await;
    assert_eq!(answer.status, 200);
    let made = answer.json();
    assert_eq!(made["_embedded"]["leads"][1]["request_id"], "1");
    assert_eq!(platform.counters().leads_created, 2);
    assert_eq!(
        call(&platform, &pair, "POST", "/api/v4/leads", &leads(250))
            .await
            .status,
        200
    );
    let many = call(&platform, &pair, "POST", "/api/v4/leads", &leads(251)).await;
    assert_eq!(
        (many.status, told(&platform)),
        (422, "too-many-items".into())
    );
    platform.set_crm_rules(CrmRules {
        gateway_timeout_above_items: Some(50),
        ..CrmRules::default()
    });
    let slow = call(&platform, &pair, "POST", "/api/v4/leads", &leads(51)).await;
    assert_eq!(
        (slow.status, slow.header("content-type")),
        (504, "text/html")
    );
    assert_eq!(platform.counters().leads_created, 252);
    for wrong in [json!({}), json!([]), json!([1])] {
        assert_eq!(
            call(&platform, &pair, "POST", "/api/v4/leads", &wrong)
                .await
                .status,
            400
        );
    }
    platform.inject(
        Fault::new(FaultKind::BadGateway)
            .on(kommo_sandbox::Surface::Crm)
            .times(1),
    );
    assert_eq!(
        call(&platform, &pair, "POST", "/api/v4/leads", &leads(1))
            .await
            .status,
        502
    );
    assert_eq!(platform.counters().leads_created, 252);
}

#[tokio::test]
async fn webhooks_are_added_listed_disabled_and_removed() {
    let platform = platform();
    let pair = granted(&platform).await;
    let at = "/api/v4/webhooks";
    assert_eq!(get(&platform, &pair.access, at).await.status, 204);
    let hook =
        json!({"destination": "https://hooks.example/1", "settings": ["add_lead", "status_lead"]});
    let added = call(&platform, &pair, "POST", at, &hook).await;
    assert_eq!(added.status, 201);
    assert_eq!(
        (&added.json()["id"], &added.json()["disabled"]),
        (&json!(1), &json!(false))
    );
    assert!(platform.disable_crm_webhook(ACCOUNT, "https://hooks.example/1", true));
    let listed = get(&platform, &pair.access, at).await.json();
    assert_eq!(listed["_total_items"], 1);
    assert_eq!(listed["_embedded"]["webhooks"][0]["disabled"], true);
    // Adding it again switches it on.
    call(&platform, &pair, "POST", at, &hook).await;
    assert!(!platform.crm_webhooks(ACCOUNT)[0].disabled);
    let filtered = get(
        &platform,
        &pair.access,
        "/api/v4/webhooks?filter%5Bdestination%5D=https%3A%2F%2Felse.example",
    )
    .await;
    assert_eq!(filtered.status, 204);
    let gone = json!({"destination": "https://hooks.example/1"});
    assert_eq!(
        call(&platform, &pair, "DELETE", at, &gone).await.status,
        204
    );
    assert_eq!(
        call(&platform, &pair, "DELETE", at, &gone).await.status,
        404
    );
    for wrong in [
        json!({}),
        json!({"destination": "x", "settings": ["add_lead"]}),
        json!({"destination": "https://x.example", "settings": []}),
    ] {
        assert_eq!(
            call(&platform, &pair, "POST", at, &wrong).await.status,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn an_account_has_a_hundred_webhooks_and_they_are_the_administrators() {
    let platform = platform();
    let pair = granted(&platform).await;
    let hook = |n: u32| json!({"destination": format!("https://hooks.example/{n}"), "settings": ["add_lead"]});
    for n in 0..100 {
        assert_eq!(
            call(&platform, &pair, "POST", "/api/v4/webhooks", &hook(n))
                .await
                .status,
            201
        );
    }
    let one_more = call(&platform, &pair, "POST", "/api/v4/webhooks", &hook(100)).await;
    assert_eq!(
        (one_more.status, told(&platform)),
        (400, "too-many-webhooks".into())
    );
    let theirs = ordinary(&platform).await;
    for method in ["GET", "POST", "DELETE"] {
        let answer = call(&platform, &theirs, method, "/api/v4/webhooks", &hook(1)).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (403, "application/problem+json")
        );
    }
}

#[tokio::test]
async fn a_call_in_the_name_of_another_user_needs_an_administrators_grant() {
    let platform = platform();
    let pair = granted(&platform).await;
    let theirs = ordinary(&platform).await;
    for (pair, user, status) in [
        (&pair, "777", 200),
        (&pair, "778", 403),
        (&pair, "x", 403),
        (&theirs, "777", 403),
    ] {
        let bearer = format!("Bearer {}", pair.access);
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-context-user-id", user),
        ];
        let answer = send(&platform, "GET", HOST, "/api/v4/account", &headers, "").await;
        assert_eq!(answer.status, status, "{user}");
        if status == 200 {
            assert_eq!(answer.json()["current_user_id"], 777);
        } else {
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(told(&platform), "context-user-refused");
        }
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let platform = platform();
    let pair = granted(&platform).await;
    assert_eq!(
        get(&platform, &pair.access, "/api/v4/catalogs")
            .await
            .status,
        404
    );
    assert_eq!(
        call(&platform, &pair, "PATCH", "/api/v4/account", &json!({}))
            .await
            .status,
        405
    );
    let unknown = send(
        &platform,
        "GET",
        "nobody.kommo.com",
        "/api/v4/account",
        &[],
        "",
    )
    .await;
    assert_eq!(
        (unknown.status, told(&platform)),
        (404, "account-unknown".into())
    );
    // The shared API host serves calls too.
    let bearer = format!("Bearer {}", pair.access);
    let headers = [("authorization", bearer.as_str())];
    let shared = send(
        &platform,
        "GET",
        "api-c.kommo.com",
        "/api/v4/account",
        &headers,
        "",
    )
    .await;
    assert_eq!(shared.status, 200);
    let other = send(
        &platform,
        "GET",
        "api-a.amocrm.ru",
        "/api/v4/account",
        &headers,
        "",
    )
    .await;
    assert_eq!(other.status, 401);
}

/// Ids of the entities of a page.
fn ids(page: &Answer, name: &str) -> Vec<u64> {
    assert_eq!(page.status, 200, "{name}");
    let page = page.json();
    let entities = page["_embedded"][name].as_array().unwrap();
    let ids = entities.iter().map(|entity| entity["id"].as_u64().unwrap());
    ids.collect()
}

#[tokio::test]
async fn what_was_written_is_read_found_and_changed() {
    let platform = platform();
    let pair = granted(&platform).await;
    for (path, name, item) in [
        (
            "/api/v4/leads",
            "leads",
            json!({"name": "Roof", "price": 100}),
        ),
        ("/api/v4/companies", "companies", json!({"name": "Acme"})),
        (
            "/api/v4/tasks",
            "tasks",
            json!({"text": "Call", "complete_till": 1_700_000_000}),
        ),
        (
            "/api/v4/leads/pipelines",
            "pipelines",
            json!({"name": "Second"}),
        ),
        (
            "/api/v4/chats/templates",
            "chat_templates",
            json!({"name": "Hi", "content": "Hi!"}),
        ),
        (
            "/api/v4/sources",
            "sources",
            json!({"name": "Sales", "external_id": "sales-1"}),
        ),
    ] {
        let made = call(&platform, &pair, "POST", path, &json!([item])).await;
        let id = ids(&made, name)[0];
        let all = get(&platform, &pair.access, path).await;
        assert_eq!(ids(&all, name).last(), Some(&id), "{path}");
        let one = get(&platform, &pair.access, &format!("{path}/{id}")).await;
        for (field, value) in item.as_object().unwrap() {
            assert_eq!(&one.json()[field], value, "{path} {field}");
        }
        assert_eq!(one.json()["account_id"], ACCOUNT);
        let query = format!("{path}?filter[id][]={id}&filter[id][]=1");
        let found = get(&platform, &pair.access, &query).await;
        assert_eq!(ids(&found, name), [id], "{path}");
        let changed = json!([{"id": id, "name": "Other"}]);
        let changed = call(&platform, &pair, "PATCH", path, &changed).await;
        assert_eq!(changed.status, 200, "{path}");
        let found = get(&platform, &pair.access, &format!("{path}?query=oTHer")).await;
        assert_eq!(ids(&found, name), [id], "{path}");
        let unknown = get(&platform, &pair.access, &format!("{path}/5")).await;
        assert_eq!(unknown.status, 204, "{path}");
        let unknown = call(&platform, &pair, "PATCH", &format!("{path}/5"), &json!({})).await;
        assert_eq!(unknown.status, 404, "{path}");
        let not_there = get(&platform, &pair.access, &format!("{path}?filter[id]=5")).await;
        assert_eq!(not_there.status, 204, "{path}");
    }
    let usual = get(&platform, &pair.access, "/api/v4/leads/pipelines/7001").await;
    assert_eq!(usual.json()["_embedded"]["statuses"][3]["id"], 142);
}

#[tokio::test]
async fn a_made_up_contact_can_be_changed_and_stays_in_its_place() {
    let platform = platform();
    let pair = granted(&platform).await;
    let at = "/api/v4/contacts/30000002";
    let changed = call(&platform, &pair, "PATCH", at, &json!({"name": "Ann"})).await;
    assert_eq!(
        (changed.status, &changed.json()["id"]),
        (200, &json!(30_000_002))
    );
    let bob = json!([{"name": "Bob"}]);
    let made = call(&platform, &pair, "POST", "/api/v4/contacts", &bob).await;
    let bob = ids(&made, "contacts")[0];
    let page = get(&platform, &pair.access, "/api/v4/contacts?limit=250").await;
    let all = ids(&page, "contacts");
    assert_eq!((all.len(), all[1], all[120]), (121, 30_000_002, bob));
    assert_eq!(page.json()["_embedded"]["contacts"][1]["name"], "Ann");
    let found = get(&platform, &pair.access, "/api/v4/contacts?filter[name]=Ann").await;
    assert_eq!(ids(&found, "contacts"), [30_000_002]);
}

#[tokio::test]
async fn a_complex_lead_brings_its_contact_and_its_company() {
    let platform = platform();
    let pair = granted(&platform).await;
    let item = json!([{"name": "Roof", "request_id": "r1", "_embedded": {
        "contacts": [{"first_name": "Ann"}], "companies": [{"id": 7}],
    }}]);
    let made = call(&platform, &pair, "POST", "/api/v4/leads/complex", &item).await;
    assert_eq!(made.status, 200);
    let made = &made.json()[0];
    assert_eq!(
        (&made["company_id"], &made["request_id"]),
        (&json!(7), &json!(["r1"]))
    );
    let at = format!("/api/v4/contacts/{}", made["contact_id"]);
    let contact = get(&platform, &pair.access, &at).await;
    assert_eq!(contact.json()["first_name"], "Ann");
    let at = format!("/api/v4/leads/{}", made["id"]);
    let lead = get(&platform, &pair.access, &at).await.json();
    assert_eq!(lead["_embedded"]["contacts"][0]["id"], made["contact_id"]);
    assert_eq!(platform.counters().leads_created, 1);
}

#[tokio::test]
async fn a_source_has_a_name_an_id_of_36_characters_and_an_end() {
    let platform = platform();
    let pair = granted(&platform).await;
    let at = "/api/v4/sources";
    for wrong in [
        json!({"name": "Sales"}),
        json!({"external_id": "x"}),
        json!({"name": "Sales", "external_id": "x".repeat(37)}),
        json!({"name": "Sales", "external_id": "é"}),
    ] {
        let answer = call(&platform, &pair, "POST", at, &json!([wrong])).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let right = json!([{"name": "Sales", "external_id": "x".repeat(36)}]);
    let made = call(&platform, &pair, "POST", at, &right).await;
    let gone = json!([{"id": ids(&made, "sources")[0]}]);
    for status in [204, 404] {
        let answer = call(&platform, &pair, "DELETE", at, &gone).await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(get(&platform, &pair.access, at).await.status, 204);
}

#[tokio::test]
async fn the_user_who_logged_in_is_told_by_both_paths() {
    let platform = platform();
    let pair = granted(&platform).await;
    let owner = get(&platform, &pair.access, "/v3/user").await.json();
    let user = platform.state().accounts[0].users[0].id;
    let at = format!("/api/v4/users/{user}?with=amojo_id");
    let told = get(&platform, &pair.access, &at).await.json();
    assert_eq!(
        (&owner["id"], &owner["name"]),
        (&json!(user), &told["name"])
    );
    assert!(told["amojo_id"].is_string());
    let nobody = get(&platform, &pair.access, "/api/v4/users/5").await;
    assert_eq!(nobody.status, 204);
    let with = "/api/v4/account?with=amojo_rights,task_types,users_groups,datetime_settings";
    let account = get(&platform, &pair.access, with).await.json();
    assert_eq!(account["_embedded"]["task_types"][0]["id"], 1);
    assert_eq!(account["amojo_rights"]["can_direct"], true);
}
