//! Webhooks of the CRM and of the Digital Pipeline.

use core::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use kommo_account::{AccountId, Realm};
use kommo_axum::{CrmHooks, CrmPaths, HookHandlers, UnsignedCrmCall};
use kommo_hooks::inbox::HandlingOutcome;
use kommo_store::{InboxWorker, WorkerSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::app::{
    answer, assert_counted, count, exchange, head, head_of, kept, kept_with, lines, post_to, serve,
};
use crate::tokens::client_id;

const KEY: &[u8] = b"planted-key-of-paths-0123456789abcdef";
const OLD_KEY: &[u8] = b"planted-key-before-0123456789abcdefgh";

fn account(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

fn paths(key: &[u8]) -> CrmPaths {
    CrmPaths::new(key, Realm::Real, client_id()).unwrap()
}

fn body(account: u64, rest: &str) -> String {
    format!("account%5Bsubdomain%5D=myshop&account%5Bid%5D={account}&{rest}")
}

async fn send(address: SocketAddr, path: &str, body: &str) -> (u16, String) {
    post_to(address, path, "", body.as_bytes()).await
}

#[tokio::test]
async fn a_hook_at_the_address_of_its_account_is_kept_and_handed_over_as_unsigned() {
    let kept = kept().await;
    let hooks = CrmHooks::new(paths(KEY).accepting(OLD_KEY).unwrap());
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let path = hooks.path_of(account(7));
    let before = paths(OLD_KEY).path_of(account(7));
    assert_ne!(path, before);
    for (path, rest) in [
        (&path, "leads[status][0][id]=777"),
        (&before, "message[add][0][id]=m&message[add][0][chat_id]=c"),
        (&path, "gadgets[melt][0][id]=1"),
    ] {
        assert_eq!(send(address, path, &body(7, rest)).await, answer(200, ""));
    }
    // As the Digital Pipeline writes it.
    let pipeline = "leads[add][0][id]=5&account[id]=7&account[subdomain]=myshop";
    assert_eq!(send(address, &path, pipeline).await, answer(200, ""));
    let (seen, mut events) = mpsc::unbounded_channel();
    let handlers = HookHandlers::new().crm(move |hook, claimed| {
        let seen = seen.clone();
        async move {
            assert!(hook.is_for(account(7)) && claimed.proven().is_none());
            seen.send(hook.events[0].entity.name()).unwrap();
            HandlingOutcome::Done
        }
    });
    let worker = InboxWorker::start(kept.inbox.clone(), WorkerSettings::new(), handlers);
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(events.recv().await.unwrap());
    }
    names.sort_unstable();
    assert_eq!(names, ["lead", "lead", "message", "unknown"]);
    assert_eq!(worker.stop().await, 0);
    let metrics = hooks.metrics();
    assert_counted(&metrics, "crm_hooks", "taken", 3);
    assert_counted(&metrics, "crm_hooks", "taken-unknown", 1);
    assert!(!format!("{hooks:?}").contains("planted"));
}

#[tokio::test]
async fn only_the_address_of_the_account_in_the_body_takes_it() {
    let kept = kept().await;
    let hooks = CrmHooks::new(paths(KEY));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let ours = hooks.path_of(account(7));
    let others = hooks.path_of(account(8));
    let of_other_realm = CrmPaths::new(
        KEY,
        Realm::Sandbox("127.0.0.1:4000".parse().unwrap()),
        client_id(),
    );
    let token = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    for path in [
        format!("/crm-hooks/7/{}", token(&others)),
        format!("/crm-hooks/7/{}", &token(&ours)[1..]),
        format!("/crm-hooks/7/{}x", token(&ours)),
        format!("/crm-hooks/07/{}x", token(&ours)),
        format!("/crm-hooks/0/{}", token(&ours)),
        format!("/crm-hooks/x/{}", token(&ours)),
        format!("/crm-hooks/%FF/{}", token(&ours)),
        of_other_realm.unwrap().path_of(account(7)),
        paths(OLD_KEY).path_of(account(7)),
    ] {
        // The body never comes.
        let request = head(&path, "Content-Length: 100\r\n");
        let seen = exchange(address, request.as_bytes()).await;
        assert_eq!(seen, answer(401, "not-proven"), "{path}");
    }
    for (body, expected) in [
        (body(8, "leads[add][0][id]=1"), answer(401, "not-proven")),
        ("leads[add][0][id]=1".to_owned(), answer(400, "malformed")),
        (
            "{\"account\":{\"id\":7}}".to_owned(),
            answer(400, "malformed"),
        ),
        (String::new(), answer(400, "malformed")),
        (body(7, &"a[".repeat(9)), answer(200, "")),
        (
            body(7, &format!("a{}=1", "[b]".repeat(11))),
            answer(400, "malformed"),
        ),
        (body(7, &"a&".repeat(6_000)), answer(400, "malformed")),
    ] {
        let short: String = body.chars().take(80).collect();
        assert_eq!(send(address, &ours, &body).await, expected, "{short}");
    }
    assert_eq!(count(&kept.inbox).await, 1);
    let metrics = hooks.metrics();
    assert_counted(&metrics, "crm_hooks", "unknown-path", 9);
    assert_counted(&metrics, "crm_hooks", "other-account", 1);
}

/// Rule U1: the platform looks at the address when a hook is added by hand.
#[tokio::test]
async fn a_get_is_answered_and_is_no_hook() {
    let kept = kept().await;
    let hooks = CrmHooks::new(paths(KEY));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let path = hooks.path_of(account(7));
    for (method, path, expected) in [
        ("GET", path.clone(), 200),
        ("HEAD", path.clone(), 200),
        ("GET", format!("{path}x"), 401),
        ("PUT", path, 405),
    ] {
        let request = head_of(method, &path, "");
        let (status, _) = exchange(address, request.as_bytes()).await;
        assert_eq!(status, expected, "{method} {path}");
    }
    assert_eq!(count(&kept.inbox).await, 0);
}

#[tokio::test]
async fn a_request_and_its_repeat_are_one_and_equal_hooks_are_two() {
    let kept = kept().await;
    let hooks = CrmHooks::new(paths(KEY));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let path = hooks.path_of(account(7));
    let body = body(7, "leads[status][0][id]=777");
    let with = |id: &str| format!("X-Amocrm-RequestId: {id}\r\n");
    for (fields, number) in [
        (with("request-1"), 1),
        (with("request-1"), 1),
        (with("request-2"), 2),
        (String::new(), 3),
        (String::new(), 4),
        // What came twice, or is too long, is not an id.
        (with("request-1") + &with("request-1"), 5),
        (with(&"a".repeat(65)), 6),
        (with(&"a".repeat(65)), 7),
    ] {
        let seen = post_to(address, &path, &fields, body.as_bytes()).await;
        assert_eq!(seen, answer(200, ""));
        assert_eq!(count(&kept.inbox).await, number);
    }
    // All are about one lead, so they are handled one after the other.
    let due = lines(&kept.inbox).await;
    assert_eq!(due.iter().filter(|line| line.due_in.is_some()).count(), 1);
}

#[tokio::test]
async fn the_flood_of_an_account_is_bounded_and_takes_nothing_from_another() {
    let kept = kept_with(|settings| settings.unsigned_at_most = 3).await;
    let hooks = CrmHooks::new(paths(KEY));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let flood = async |number: u64| {
        let path = hooks.path_of(account(number));
        let mut statuses = Vec::new();
        for lead in 0..5 {
            let body = body(number, &format!("leads[add][0][id]={lead}"));
            statuses.push(send(address, &path, &body).await.0);
        }
        statuses
    };
    assert_eq!(flood(7).await, [200, 200, 200, 503, 503]);
    assert_eq!(flood(8).await, [200, 200, 200, 503, 503]);
    assert_eq!(count(&kept.inbox).await, 6);
    assert_counted(&hooks.metrics(), "crm_hooks", "too-many", 4);
}

#[tokio::test]
async fn slow_bodies_of_an_account_do_not_shut_another_out() {
    let kept = kept().await;
    // They are never cut in this test.
    let hooks = CrmHooks::new(paths(KEY)).body_within(core::time::Duration::from_secs(600));
    let address = serve(hooks.router(kept.inbox.clone())).await;
    let (slow, other) = (hooks.path_of(account(7)), hooks.path_of(account(8)));
    let mut open = Vec::new();
    // More than are received at a time: those beyond are answered, the others wait.
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = head(&slow, "Content-Length: 100\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        open.push(stream);
    }
    let hooks_refused = || hooks.metrics().contains("outcome=\"too-many\"} 4\n");
    while !hooks_refused() {
        tokio::task::yield_now().await;
    }
    let taken = send(address, &other, &body(8, "leads[add][0][id]=1")).await;
    assert_eq!(taken, answer(200, ""));
    // They are answered at last, and there is room again.
    for mut stream in open {
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
    }
    let ours = body(7, "leads[add][0][id]=1");
    while send(address, &slow, &ours).await != answer(200, "") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_extractor_yields_what_came_to_the_right_address_alone() {
    let (seen, mut calls) = mpsc::unbounded_channel();
    let route = post(move |call: UnsignedCrmCall| {
        let seen = seen.clone();
        async move { seen.send((call.account, call.hook.events.len())).unwrap() }
    });
    let app = Router::new().route("/in/{account_id}/{token}", route);
    let hooks = CrmHooks::new(paths(KEY));
    let address = serve(app.with_state(hooks.clone())).await;
    let path = hooks.path_of(account(7)).replace("/crm-hooks", "/in");
    let ours = body(7, "leads[add][0][id]=1");
    let seen = send(address, &format!("{path}x"), &ours).await;
    assert_eq!(seen, answer(401, "not-proven"));
    assert_eq!(send(address, &path, &ours).await, answer(200, ""));
    assert_eq!(calls.recv().await, Some((account(7), 1)));
    assert!(calls.is_empty());
}
