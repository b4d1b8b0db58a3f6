//! `kommo sign`, on every vector.

use kommo_test_vectors::{
    chat_hooks, chats_request, chats_requests, disconnects, open_api_bodies, visitors,
};

use crate::program::Room;

const FIELDS: [&str; 4] = ["Date", "Content-Type", "Content-MD5", "X-Signature"];

// Rules S1, S2, S4, S5, S6, S7.
#[test]
fn chats_prints_the_four_headers_of_every_valid_vector() {
    let room = Room::new();
    let mut signed = 0;
    for case in chats_requests().into_iter().filter(|case| case.is_valid()) {
        let (Some(content_type), Some(date), Some(md5)) =
            (&case.content_type, &case.date, &case.content_md5)
        else {
            continue;
        };
        if case.has_flag("md5-given") {
            continue;
        }
        let secret = room.file("secret", &case.secret);
        let body = room.file("body", &case.body);
        let url = format!("https://{}{}", case.host, case.target);
        let ended = room.run([
            "sign",
            "chats",
            "--secret-file",
            secret.to_str().unwrap(),
            "--method",
            &case.method,
            "--url",
            &url,
            "--date",
            date,
            "--content-type",
            content_type,
            "--body",
            body.to_str().unwrap(),
            "--quiet",
        ]);
        let expected = format!(
            "Date: {date}\nContent-Type: {content_type}\nContent-MD5: {md5}\nX-Signature: {}\n",
            case.signature
        );
        assert_eq!(ended.done(), expected, "{}", case.name);
        signed += 1;
    }
    assert!(signed >= 15, "{signed}");
}

// Rule S8.
#[test]
fn chats_without_content_type_leaves_its_line_out_and_signs_an_empty_one() {
    let room = Room::new();
    let case = chats_request("absent-content-type-valid");
    let (secret, body) = (
        room.file("secret", &case.secret),
        room.file("body", &case.body),
    );
    let ended = room.run([
        "sign",
        "chats",
        "--secret-file",
        secret.to_str().unwrap(),
        "--method",
        &case.method,
        "--path",
        &case.path,
        "--date",
        case.date.as_deref().unwrap(),
        "--no-content-type",
        "--body",
        body.to_str().unwrap(),
        "--format",
        "json",
    ]);
    ended.done();
    let json = ended.json();
    assert_eq!(json["string_to_sign"], case.string_to_sign);
    let headers = json["headers"].as_object().unwrap();
    assert_eq!(
        headers.keys().collect::<Vec<_>>(),
        ["Date", "Content-MD5", "X-Signature"]
    );
    assert_eq!(headers["X-Signature"], case.signature);
}

#[test]
fn chats_json_has_the_fields_of_the_contract_in_their_order() {
    let room = Room::new();
    let case = chats_request("connect-published");
    let (secret, body) = (
        room.file("secret", &case.secret),
        room.file("body", &case.body),
    );
    for form in [["--format", "json"], ["--output", "json"]] {
        let ended = room.run([
            "sign",
            "chats",
            "--secret-file",
            secret.to_str().unwrap(),
            "--method",
            "POST",
            "--path",
            &case.path,
            "--date",
            case.date.as_deref().unwrap(),
            "--body",
            body.to_str().unwrap(),
            form[0],
            form[1],
        ]);
        ended.done();
        let json = ended.json();
        let fields: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["method", "path", "headers", "string_to_sign"]);
        assert_eq!(
            json["headers"]
                .as_object()
                .unwrap()
                .keys()
                .collect::<Vec<_>>(),
            FIELDS
        );
        assert_eq!(json["string_to_sign"], case.string_to_sign);
        assert_eq!(json["headers"]["X-Signature"], case.signature);
    }
}

// Rules D1 and D6.
#[test]
fn chats_dates_by_unix_seconds_and_else_by_now() {
    let room = Room::new();
    let secret = room.file("secret", "channel-secret");
    let secret = secret.to_str().unwrap();
    let by_number = room.run([
        "sign",
        "chats",
        "--secret-file",
        secret,
        "--method",
        "GET",
        "--path",
        "/v2/x",
        "--at",
        "1669231521",
    ]);
    assert!(
        by_number
            .done()
            .starts_with("Date: Wed, 23 Nov 2022 19:25:21 +0000\n")
    );
    let by_clock = room.run([
        "sign",
        "chats",
        "--secret-file",
        secret,
        "--method",
        "GET",
        "--path",
        "/v2/x",
    ]);
    let date = by_clock
        .done()
        .lines()
        .next()
        .unwrap()
        .strip_prefix("Date: ")
        .unwrap()
        .to_owned();
    let by_text = room.run([
        "sign",
        "chats",
        "--secret-file",
        secret,
        "--method",
        "GET",
        "--path",
        "/v2/x",
        "--date",
        &date,
    ]);
    assert_eq!(by_clock.stdout, by_text.stdout);
}

// Rules S3, S11, S13 and D2.
#[test]
fn what_the_operator_typed_wrong_is_status_2_and_prints_nothing() {
    let room = Room::new();
    let secret = room.file("secret", "channel-secret");
    let chats = |more: &[&str]| {
        let base = ["sign", "chats", "--secret-file", secret.to_str().unwrap()];
        room.run(base.iter().chain(more))
    };
    for wrong in [
        &["--method", "post", "--path", "/v2/x"][..],
        &["--method", "POST\nX", "--path", "/v2/x"],
        &["--method", "POST", "--path", "v2/x"],
        &["--method", "POST", "--path", "https://amojo.kommo.com/v2/x"],
        &["--method", "POST", "--url", "/v2/x"],
        &["--method", "POST", "--url", "ftp://amojo.kommo.com/v2/x"],
        &["--method", "POST", "--path", ""],
        &["--method", "POST", "--path", "/v2/../x"],
        &["--method", "POST", "--path", "/v2/x\n"],
        &[
            "--method",
            "POST",
            "--path",
            "/v2/x",
            "--url",
            "https://amojo.kommo.com/v2/x",
        ],
        &["--method", "POST"],
        &["--path", "/v2/x"],
        &[
            "--method",
            "POST",
            "--path",
            "/v2/x",
            "--date",
            "2022-11-23",
        ],
        &[
            "--method",
            "POST",
            "--path",
            "/v2/x",
            "--date",
            "Wed, 23 Nov 2022 19:25:21 +0000\n",
        ],
        &["--method", "POST", "--path", "/v2/x", "--at", "-1"],
        &[
            "--method",
            "POST",
            "--path",
            "/v2/x",
            "--at",
            "253402300800",
        ],
        &[
            "--method",
            "POST",
            "--path",
            "/v2/x",
            "--at",
            "1",
            "--date",
            "Thu, 01 Jan 1970 00:00:01 +0000",
        ],
        &[
            "--method",
            "POST",
            "--path",
            "/v2/x",
            "--content-type",
            "application/json\n",
        ],
        &["--method", "POST", "--path", "/v2/x", "--content-type", ""],
        &[
            "--method",
            "POST",
            "--path",
            "/v2/x",
            "--content-type",
            "a/b",
            "--no-content-type",
        ],
        &["--method", "POST", "--path", "/v2/x", "--output", "xml"],
    ] {
        chats(wrong).failed(2);
    }
    chats(&[
        "--method",
        "POST",
        "--path",
        "/v2/x",
        "--body",
        "missing.json",
    ])
    .failed(3);
}

// Rules H1 and H2: the signed bytes as they are, and the body as it came, without its line end.
#[test]
fn hook_makes_the_signature_of_every_vector() {
    let room = Room::new();
    let mut unsigned_ends = 0;
    for case in chat_hooks().into_iter().filter(|case| case.is_valid()) {
        room.file("secret", &case.secret);
        room.file("signed", &case.signed_body);
        room.file("body", &case.body);
        let sign = |words: &[&str]| {
            let hook = ["sign", "hook", "--secret-file", "secret", "--body"];
            let ended = room.run(hook.iter().chain(words));
            let expected = format!("{}\n", case.signature.to_lowercase());
            assert_eq!((ended.status, ended.stdout), (0, expected), "{}", case.name);
        };
        sign(&["signed", "--as-is"]);
        if case.body != case.signed_body {
            sign(&["body"]);
            unsigned_ends += 1;
        }
    }
    assert!(unsigned_ends > 0);
}

// Rules O1 and O3.
#[test]
fn open_api_signs_the_body_as_given() {
    let room = Room::new();
    for case in open_api_bodies().into_iter().filter(|case| case.is_valid()) {
        let (secret, body) = (
            room.file("secret", &case.secret),
            room.file("body", &case.body),
        );
        let ended = room.run([
            "sign",
            "open-api",
            "--secret-file",
            secret.to_str().unwrap(),
            "--body",
            body.to_str().unwrap(),
        ]);
        assert_eq!(
            ended.done(),
            format!("{}\n", case.signature),
            "{}",
            case.name
        );
    }
}

// Rule V1.
#[test]
fn visitor_prints_the_bare_signature() {
    let room = Room::new();
    for case in visitors() {
        let secret = room.file("secret", &case.secret);
        let arguments = [
            "sign",
            "visitor",
            "--secret-file",
            secret.to_str().unwrap(),
            "--sbs",
            &case.sbs,
            "--ranstr",
            &case.ranstr,
        ];
        assert_eq!(
            room.run(arguments).done(),
            format!("{}\n", case.signature),
            "{}",
            case.name
        );
        let ended = room.run(arguments.iter().chain(&["--format", "json"]));
        assert_eq!(ended.json()["signature"], case.signature);
    }
}

// Rules X1 and X2.
#[test]
fn disconnect_signs_as_the_platform_does() {
    let room = Room::new();
    for case in disconnects().into_iter().filter(|case| case.is_valid()) {
        let account_id = case.account_id.unwrap().to_string();
        let received = case.signature.clone().unwrap().to_lowercase();
        let is_signed_by = |secret: &String| {
            let secret = room.file("secret", secret);
            let ended = room.run([
                "sign",
                "disconnect",
                "--secret-file",
                secret.to_str().unwrap(),
                "--client-id",
                &case.client_id,
                "--account-id",
                &account_id,
            ]);
            ended.done() == format!("{received}\n")
        };
        assert!(case.secrets.iter().any(is_signed_by), "{}", case.name);
    }
    let secret = room.file("secret", "client-secret");
    for wrong in [
        ["--client-id", "x", "--account-id", "1"],
        [
            "--client-id",
            "01d01160-d7a0-4087-b4af-6a1bb83fcd1d",
            "--account-id",
            "0",
        ],
    ] {
        let base = [
            "sign",
            "disconnect",
            "--secret-file",
            secret.to_str().unwrap(),
        ];
        room.run(base.iter().chain(&wrong)).failed(2);
    }
}

#[test]
fn a_secret_with_a_slip_at_its_end_is_taken_as_it_is_and_spoken_of() {
    let room = Room::new();
    let secret = room.file("secret", "planted-marker\r\n");
    let body = room.file("body", "{}");
    let file = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let sign = |more: &[&str]| {
        let words = [
            "sign",
            "hook",
            "--secret-file",
            &file(&secret),
            "--body",
            &file(&body),
        ];
        room.run(words.iter().chain(more))
    };
    let (loud, quiet) = (sign(&[]), sign(&["--quiet"]));
    assert_eq!((loud.status, quiet.status), (0, 0));
    assert!(
        loud.stderr.starts_with("warning: the secret in "),
        "{}",
        loud.stderr
    );
    assert!(!loud.stderr.contains("planted-marker"));
    assert_eq!(quiet.stderr, "");
    assert_eq!(loud.stdout, quiet.stdout);
    let bare = room.file("bare", "planted-marker");
    let without = room.run([
        "sign",
        "hook",
        "--secret-file",
        &file(&bare),
        "--body",
        &file(&body),
    ]);
    assert_ne!(without.stdout, loud.stdout);
}

// Rule H2.
#[test]
fn hook_signs_without_one_final_line_end_as_the_platform_does_and_says_so() {
    let room = Room::new();
    room.file("secret", "s");
    room.file("plain", "{}");
    let sign = |words: &[&str]| {
        let hook = ["sign", "hook", "--secret-file", "secret", "--body"];
        room.run(hook.iter().chain(words))
    };
    let right = sign(&["plain"]);
    assert_eq!(right.stderr, "");
    let right = right.done().to_owned();
    for (bytes, name) in [("{}\n", "line feed"), ("{}\r\n", "CR LF")] {
        room.file("hook", bytes);
        let ended = sign(&["hook"]);
        assert!(
            ended.stderr.contains(name) && ended.stderr.contains("--as-is"),
            "{}",
            ended.stderr
        );
        assert_eq!((ended.status, &ended.stdout), (0, &right));
        let quiet = sign(&["hook", "--quiet"]);
        assert_eq!(
            (quiet.stdout.as_str(), quiet.stderr.as_str()),
            (right.as_str(), "")
        );
        let as_is = sign(&["hook", "--as-is"]);
        assert_eq!(as_is.stderr, "");
        assert_ne!(as_is.done(), right);
    }
    // One, and no more.
    room.file("two", "{}\n\n");
    room.file("one", "{}\n");
    assert_eq!(sign(&["two"]).stdout, sign(&["one", "--as-is"]).done());
    assert_eq!(sign(&["plain", "--as-is"]).done(), right);
    let alias = [
        "sign",
        "chat-hook",
        "--secret-file",
        "secret",
        "--body",
        "plain",
    ];
    assert_eq!(room.run(alias).done(), right);
}

#[test]
fn chats_takes_the_date_as_seconds_and_as_an_iso_date() {
    let room = Room::new();
    room.file("secret", "s");
    let sign = |at: &str| {
        let chats = [
            "sign",
            "chats",
            "--secret-file",
            "secret",
            "--method",
            "GET",
            "--path",
            "/v2/x",
            "--at",
        ];
        room.run(chats.iter().copied().chain([at]))
    };
    let seconds = sign("1796049008").done().to_owned();
    assert!(
        seconds.starts_with("Date: Mon, 30 Nov 2026 14:30:08 +0000\n"),
        "{seconds}"
    );
    for at in [
        "2026-11-30T14:30:08Z",
        "2026-11-30T17:30:08+03:00",
        "2026-11-30 14:30:08",
    ] {
        assert_eq!(sign(at).done(), seconds);
    }
    sign("soon").failed(2);
    sign("-1").failed(2);
}
