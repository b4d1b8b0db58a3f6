//! What `kommo api` does with whatever a server answers.

use serde_json::json;

use crate::planted::{Account, JSON, Planted, answer};
use crate::program::{Ended, Room};

/// Numbers that a parser would write anew, and texts that would move a cursor.
const ODD: &str = "{ \"price\": 1.10,\n \"id\":12345678901234567890123, \"name\":\"a\u{9b}2J\u{9d}0;x\u{7f}\u{85}\u{202e}\u{2028}\u{200b}z\", \"half\":\"\\ud83d\" }";

/// The same on one line.
const ODD_LINE: &str = "{\"price\":1.10,\"id\":12345678901234567890123,\"name\":\"a\\u009b2J\\u009d0;x\\u007f\\u0085\\u202e\\u2028\\u200bz\",\"half\":\"\\ufffd\"}\n";

fn is_hidden(character: char) -> bool {
    character.is_control() && !"\r\n\t".contains(character)
        || "\u{202e}\u{2028}\u{200b}".contains(character)
}

#[track_caller]
fn assert_harmless(ended: &Ended) {
    for stream in [&ended.stdout, &ended.stderr] {
        assert!(!stream.contains(is_hidden), "{ended:?}");
    }
}

#[test]
fn a_body_goes_into_a_pipe_byte_for_byte_and_its_numbers_stay() {
    let account = Account::answering(vec![answer("200 OK", JSON, ODD.as_bytes())]);
    assert_eq!(account.api(&["/api/v4/account"]).done(), ODD);
    let line = account.api(&["/api/v4/account", "--format", "json"]);
    assert_eq!(line.done(), ODD_LINE);
}

#[test]
fn on_a_terminal_nothing_moves_the_cursor_or_hides() {
    let account = Account::answering(vec![
        answer("200 OK", JSON, ODD.as_bytes()),
        answer("400 X", JSON, ODD.as_bytes()),
        answer(
            "200 OK",
            "",
            "<p>\u{1b}]0;t\u{7}\u{9b}2J\u{2028}</p>".as_bytes(),
        ),
    ]);
    let shown = account.api_on_terminal("/a");
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(shown.stdout.contains("  \"price\": 1.10,\r\n"), "{shown:?}");
    assert_harmless(&shown);
    let refused = account.api_on_terminal("/a");
    assert_eq!(refused.status, 1, "{refused:?}");
    assert!(refused.stdout.contains("\\u009b2J"), "{refused:?}");
    assert_harmless(&refused);
    let page = account.api_on_terminal("/a");
    assert!(
        page.stdout.contains("\\u001b]0;t\\u0007\\u009b2J"),
        "{page:?}"
    );
    assert_harmless(&page);
}

#[test]
fn a_success_without_json_is_a_success() {
    let account = Account::answering(vec![answer("202 Accepted", "", b"queued, 7")]);
    assert_eq!(account.api(&["/a"]).done(), "queued, 7");
    let line = account.api(&["/a", "--format", "json"]);
    line.done();
    assert_eq!(
        line.json(),
        json!({"http_status": 202, "is_json": false, "body": "queued, 7"})
    );
}

const REFUSAL: &str = r#"{"validation-errors":[{"request_id":"b","errors":[{"code":"NotSupportedChoice","path":"status_id","detail":"no such status"},{"code":"FieldMissing","path":"price"}]},{"request_id":"0","errors":[{"code":"InvalidType","path":"custom_fields_values.0.values","detail":"a list is wanted"}]}],"title":"Bad Request","status":400,"detail":"Request validation failed"}"#;

#[test]
fn a_refusal_has_its_body_on_standard_output_and_every_finding_beside_it() {
    let id = "X-Request-Id: 0f8c-77\r\n";
    let headers = format!("{JSON}{id}");
    let account = Account::answering(vec![answer("400 X", &headers, REFUSAL.as_bytes())]);
    let sent =
        r#"[{"name":"A","custom_fields_values":[{"values":1}]},{"request_id":"b","status_id":9}]"#;
    account.room.file("leads.json", sent);
    let words = ["/api/v4/leads", "--body", "leads.json"];
    let refused = account.api(&words);
    assert_eq!((refused.status, refused.stdout.as_str()), (1, REFUSAL));
    for line in [
        "finding: /1/status_id: NotSupportedChoice: no such status (request_id b)",
        "finding: /1/price (not in the body that was sent): FieldMissing (request_id b)",
        "finding: /0/custom_fields_values/0/values: InvalidType: a list is wanted (request_id 0)",
        "hint: the platform says: Request validation failed",
    ] {
        assert!(
            refused.stderr.lines().any(|said| said == line),
            "{refused:?}"
        );
    }
    assert!(refused.stderr.contains("request id 0f8c-77"), "{refused:?}");

    let error = account
        .api(&[&words[..], &["--format", "json"]].concat())
        .failed_json(1);
    assert_eq!(error["http_status"], 400);
    assert_eq!(error["request_id"], "0f8c-77");
    assert_eq!(error["body"], REFUSAL);
    let pointers: Vec<_> = error["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                &finding["pointer"],
                &finding["code"],
                &finding["is_in_body"],
            )
        })
        .collect();
    assert_eq!(
        json!(pointers),
        json!([
            ["/1/status_id", "NotSupportedChoice", true],
            ["/1/price", "FieldMissing", false],
            ["/0/custom_fields_values/0/values", "InvalidType", true]
        ])
    );
    assert!(account.asked()[0].head.starts_with("POST /api/v4/leads "));
    assert_eq!(account.asked()[0].body, sent);
}

// Invariant I8.
#[test]
fn a_refusal_that_repeats_the_token_is_not_printed() {
    let echo = br#"{"title":"no eyJ0.planted-token-0123456789.sig here"}"#;
    let account = Account::answering(vec![answer("400 X", JSON, echo)]);
    for words in [&["/a", "-i"][..], &["/a", "--format", "json"]] {
        let refused = account.api(words);
        assert_eq!(refused.status, 1);
        for stream in [&refused.stdout, &refused.stderr] {
            assert!(!stream.contains("planted-token"), "{refused:?}");
        }
    }
}

#[test]
fn texts_of_a_refusal_are_shown_and_not_obeyed() {
    let body = "{\"title\":\"a\u{9b}2J\u{202e}\",\"detail\":\"b\u{85}\u{2028}\u{9d}0;t\"}";
    let account = Account::answering(vec![answer("400 X", JSON, body.as_bytes())]);
    let refused = account.api(&["/a"]);
    assert!(!refused.stderr.contains(is_hidden), "{refused:?}");
    let refused = account.api(&["/a", "--format", "json"]);
    assert_eq!(refused.status, 1);
    assert_harmless(&refused);
}

#[test]
fn headers_are_printed_if_they_are_asked_for() {
    let headers = format!("{JSON}X-Cost: 3\r\n");
    let account = Account::answering(vec![answer("200 OK", &headers, b"{\"a\":1.10}")]);
    let shown = account.api(&["/a", "-i"]);
    let (head, body) = shown.done().split_once("\n\n").unwrap();
    assert!(
        head.starts_with("HTTP 200\n") && head.contains("\nx-cost: 3"),
        "{shown:?}"
    );
    assert_eq!(body, "{\"a\":1.10}");
    let line = account.api(&["/a", "--include", "--format", "json"]);
    assert!(
        line.done().ends_with("\"body\":{\"a\":1.10}}\n"),
        "{line:?}"
    );
    assert_eq!(line.json()["headers"]["x-cost"], "3");
    assert_eq!(line.json()["http_status"], 200);
}

#[test]
fn a_method_may_be_left_out() {
    let account = Account::answering(vec![answer("200 OK", JSON, b"{}")]);
    account.room.file("body.json", "[]");
    account.api(&["/a"]).done();
    account.api(&["/a", "--body", "body.json"]).done();
    account.api(&["put", "/a", "--body", "body.json"]).done();
    let lines: Vec<_> = account
        .asked()
        .iter()
        .map(|asked| asked.head.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(lines, ["GET", "POST", "PUT"]);
    let failed = account.api(&["GET"]);
    assert!(
        failed.failed(2).contains("give it after the method"),
        "{failed:?}"
    );
}

#[test]
fn a_query_as_a_person_types_it_is_escaped_and_what_cannot_be_is_explained() {
    let account = Account::answering(vec![answer("200 OK", JSON, b"{}")]);
    account
        .api(&["/api/v4/leads?query=Иван Петров&filter[id]=1"])
        .done();
    let head = &account.asked()[0].head;
    let query =
        "query=%D0%98%D0%B2%D0%B0%D0%BD%20%D0%9F%D0%B5%D1%82%D1%80%D0%BE%D0%B2&filter%5Bid%5D=1";
    assert!(
        head.starts_with(&format!("GET /api/v4/leads?{query} ")),
        "{head}"
    );
    for (path, hint) in [
        ("/a?b=100%", "% is written %25"),
        ("/a?b#c", "# is %23"),
        ("/a b", "a space is %20"),
        ("/Иван", "such as %D0%98"),
    ] {
        let failed = account.api(&[path]);
        let said = failed.failed(2);
        assert!(said.contains(hint) && !said.contains("signed"), "{said}");
    }
    assert_eq!(account.asked().len(), 1);
}

// Rule L3.
#[test]
fn pages_with_relative_links_are_followed_and_come_as_they_are() {
    let first = b"{\"_links\":{\"next\":{\"href\":\"/api/v2/leads?page=2\"}},\"n\":1.10}";
    let last = b"{ \"n\": 2.20 }\n";
    let account = Account::answering(vec![
        answer("200 OK", JSON, first),
        answer("200 OK", JSON, last),
    ]);
    let pages = account.api(&["/api/v2/leads", "--paginate"]);
    let wanted = [&first[..], b"\n", last].concat();
    assert_eq!(pages.done().as_bytes(), wanted);
    assert!(
        account.asked()[1]
            .head
            .starts_with("GET /api/v2/leads?page=2 ")
    );
}

#[test]
fn a_page_that_cannot_be_read_is_not_said_to_have_changed_something() {
    for planted in [
        answer("200 OK", "", b"<html>"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec(),
        answer("200 OK", "Content-Encoding: br\r\n", b"\x0b\x02"),
    ] {
        let account = Account::answering(vec![planted]);
        let failed = account.api(&["/a", "--paginate"]);
        assert!(
            failed.status != 0 && !failed.stderr.contains("carried out"),
            "{failed:?}"
        );
    }
}

#[test]
fn a_write_whose_success_cannot_be_read_was_probably_done() {
    let coded = answer("200 OK", "Content-Encoding: br\r\n", b"\x0b\x02");
    for (method, code, status) in [("POST", "unconfirmed", 1), ("GET", "bad-answer", 3)] {
        let account = Account::answering(vec![coded.clone()]);
        let failed = account.api(&[method, "/a", "--format", "json"]);
        assert_eq!(failed.json()["error"]["code"], code, "{failed:?}");
        assert_eq!(failed.status, status, "{failed:?}");
    }
}

#[test]
fn no_connection_says_what_to_look_at() {
    let account = Account::answering(vec![answer("200 OK", JSON, b"{}")]);
    // The port of a listener that is gone; its grants are those of another realm, so the token is
    // imported without asking.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut command = account.room.command([
        "auth",
        "import",
        "--token-file",
        "token.txt",
        "--account",
        crate::shop::HOST,
        "--client-id",
        crate::shop::CLIENT,
    ]);
    command.env("KOMMO_SANDBOX_URL", &url);
    let failed = crate::program::ended(command, b"");
    assert_eq!(failed.status, 3, "{failed:?}");
    let room = Room::new();
    let words = [
        "chats",
        "connect",
        "--channel",
        "c0ffee00-0000-4000-8000-000000000001",
        "--account-amojo-id",
        "acc00000-0000-4000-8000-000000000001",
        "--secret-env",
        "S",
        "--sandbox",
        &url,
    ];
    let mut command = room.command(words);
    command.env("S", "MARKER-channel-secret");
    let failed = crate::program::ended(command, b"");
    let said = failed.failed(3);
    assert!(
        said.contains("no connection") && said.contains("hint: nothing was sent"),
        "{said}"
    );
    assert!(!said.contains("client error"), "{said}");
}

// Rules C2, E6.
#[test]
fn texts_of_the_chats_api_are_shown_and_not_obeyed() {
    let channel = "c0ffee00-0000-4000-8000-000000000001";
    let amojo = "acc00000-0000-4000-8000-000000000001";
    let title = "a\u{9b}2J\u{202e}\u{7f}\u{85}";
    let connected = format!(
        "{{\"account_id\":\"{amojo}\",\"scope_id\":\"{channel}_{amojo}\",\"title\":\"{title}\",\"hook_api_version\":\"v\u{9d}\"}}"
    );
    let refused = format!("{{\"error_type\":\"T{title}\",\"error_description\":\"{title}\"}}");
    let server = Planted::start(vec![
        answer("200 OK", JSON, connected.as_bytes()),
        answer("400 X", JSON, refused.as_bytes()),
    ]);
    let room = Room::new();
    for status in [0, 1] {
        let words = [
            "chats",
            "connect",
            "--channel",
            channel,
            "--account-amojo-id",
            amojo,
            "--secret-env",
            "S",
            "--sandbox",
            &server.url,
            "--format",
            "json",
        ];
        let mut command = room.command(words);
        command.env("S", "MARKER-channel-secret");
        let ended = crate::program::ended(command, b"");
        assert_eq!(ended.status, status, "{ended:?}");
        assert_harmless(&ended);
        if status == 0 {
            assert!(
                ended.stdout.contains("a\\u009b2J\\u202e\\u007f\\u0085"),
                "{ended:?}"
            );
        }
    }
}

#[test]
fn a_body_in_another_charset_is_not_lost_and_every_header_is_shown() {
    let headers = "Content-Type: text/html; charset=windows-1251\r\nX-Name: \u{43c}\r\nX-Id: 7\r\n";
    // "Вася" in Windows-1251, and a letter of ISO-8859-1.
    let body = b"<p>\xc2\xe0\xf1\xff \xe9</p>";
    let base64 = "PHA+wuDx/yDpPC9wPg==";
    for (status, is_done) in [("200 OK", true), ("400 X", false)] {
        let account = Account::answering(vec![answer(status, headers, body)]);
        for more in [&[][..], &["-i"]] {
            let words = [&["/a", "--format", "json"][..], more].concat();
            let ended = account.api(&words);
            let object = match is_done {
                true => ended.json(),
                false => ended.failed_json(1),
            };
            assert_eq!(object["body_base64"], base64, "{ended:?}");
            assert!(object["body"].as_str().unwrap().contains('\u{fffd}'));
            if !more.is_empty() {
                assert_eq!(object["headers"]["x-name"], "\u{43c}", "{ended:?}");
                assert_eq!(object["headers"]["x-id"], "7", "{ended:?}");
            }
        }
        let said = account.api_on_terminal("/a -i");
        assert!(said.stdout.contains("x-name: \u{43c}\r\n"), "{said:?}");
        assert!(said.stdout.contains("is not in UTF-8"), "{said:?}");
    }
    // JSON stays JSON, and it is said that a letter is lost.
    let account = Account::answering(vec![answer("200 OK", JSON, b"{\"a\":\"\xe9\"}")]);
    let ended = account.api(&["/a", "--format", "json"]);
    assert_eq!(ended.stdout, "{\"a\":\"\u{fffd}\"}\n");
    assert!(ended.stderr.contains("is not in UTF-8"), "{ended:?}");
    // UTF-16 is a text.
    let text: Vec<u8> = "{\"a\":1}"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let marked = [&b"\xfe\xff"[..], &text].concat();
    let account = Account::answering(vec![answer("200 OK", JSON, &marked)]);
    assert_eq!(
        account.api(&["/a", "--format", "json"]).done(),
        "{\"a\":1}\n"
    );
}
