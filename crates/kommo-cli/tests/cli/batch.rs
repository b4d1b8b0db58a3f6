//! `--batch`: many hooks and requests, one a line, as each alone.

use base64ct::{Base64, Encoding};
use kommo_test_vectors::{chat_hooks, chats_requests};
use serde_json::{Value, json};

use crate::program::Room;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

// Rules H1, H2, H3.
#[test]
fn a_batch_of_hooks_gets_a_verdict_a_line() {
    let room = Room::new();
    let cases = chat_hooks();
    let secret = &cases.iter().find(|case| case.is_valid()).unwrap().secret;
    let cases: Vec<_> = cases.iter().filter(|case| case.secret == *secret).collect();
    assert!(cases.len() > 4, "{}", cases.len());
    let batch: String = cases
        .iter()
        .map(|case| {
            let body = Base64::encode_string(&case.body);
            format!(
                "{}\n",
                json!({ "body": body, "signature": case.signature, "more": 1 })
            )
        })
        .collect();
    let file = room.file("secret", format!("{secret}\n"));
    let other = room.file("other", "another secret\n");
    let words = [
        "verify",
        "chat-hook",
        "--batch",
        "-",
        "--secret-file",
        other.to_str().unwrap(),
        "--secret-file",
        file.to_str().unwrap(),
    ];
    let text = room.run_with_input(words, batch.as_bytes());
    let all_valid = cases.iter().all(|case| case.is_valid());
    assert_eq!(
        (text.status, text.stderr.as_str()),
        (i32::from(!all_valid), "")
    );
    for (line, case) in text.stdout.lines().zip(&cases) {
        assert_eq!(line == "valid", case.is_valid(), "{}", case.name);
        assert!(line == "valid" || line.starts_with("not valid: "), "{line}");
    }
    let batch = room.file("batch", format!("\n{batch}"));
    let words = words.map(|word| {
        if word == "-" {
            batch.to_str().unwrap()
        } else {
            word
        }
    });
    let json = room.run(words.iter().chain(&["--format", "json"]));
    let verdicts = lines(&json.stdout);
    assert_eq!(verdicts.len(), cases.len());
    for ((number, verdict), case) in verdicts.iter().enumerate().zip(&cases) {
        assert_eq!(verdict["line"], number + 2, "{}", case.name);
        assert_eq!(verdict["valid"], case.is_valid(), "{}", case.name);
        if case.is_valid() {
            assert_eq!(
                verdict["proven_bytes"],
                case.signed_body.len(),
                "{}",
                case.name
            );
            assert_eq!(verdict["key_index"], 1, "{}", case.name);
        } else {
            assert!(verdict["reason"].is_string(), "{}", case.name);
        }
    }
}

// Rules S1, S2.
#[test]
fn a_batch_of_requests_gets_its_headers_a_line() {
    let room = Room::new();
    let mut judged = 0;
    for case in chats_requests() {
        let (Some(content_type), Some(date), true) =
            (&case.content_type, &case.date, case.is_valid())
        else {
            continue;
        };
        if case.content_md5.is_none() || case.has_flag("md5-given") || case.secret.ends_with('\n') {
            continue;
        }
        judged += 1;
        let secret = room.file("secret", format!("{}\n", case.secret));
        let body = Base64::encode_string(&case.body);
        let whole = json!({ "method": case.method, "path": case.path, "date": date, "content_type": content_type, "body": body });
        let batch = format!("{whole}\n{}\n", json!({ "body": body }));
        let batch = room.file("batch", batch);
        let signed = room.run([
            "sign",
            "chats",
            "--batch",
            batch.to_str().unwrap(),
            "--secret-file",
            secret.to_str().unwrap(),
            "--method",
            &case.method,
            "--path",
            &case.path,
            "--date",
            date,
            "--content-type",
            content_type,
        ]);
        assert_eq!(signed.status, 0, "{}: {signed:?}", case.name);
        let objects = lines(&signed.stdout);
        assert_eq!(objects.len(), 2, "{}", case.name);
        for object in objects {
            assert_eq!(
                object["headers"]["Content-MD5"], case.body_md5,
                "{}",
                case.name
            );
            assert_eq!(
                object["headers"]["X-Signature"], case.signature,
                "{}",
                case.name
            );
            assert_eq!(object["headers"]["Date"], *date, "{}", case.name);
        }
    }
    assert!(judged >= 5, "{judged}");
}

#[test]
fn a_line_that_cannot_be_read_is_named_and_not_shown() {
    let room = Room::new();
    let secret = room.file("secret", "channel-secret\n");
    let good = json!({ "body": "", "signature": "ab", "method": "POST", "path": "/v2/x" });
    for (bad, part) in [
        ("MARKER", "is not one JSON object"),
        ("{\"body\":5,\"signature\":\"\"}", "lacks a field"),
        (
            "{\"body\":\"MARKER!\",\"signature\":\"\",\"method\":\"POST\",\"path\":\"/v2/x\"}",
            "is not Base64",
        ),
    ] {
        for verb in [["verify", "chat-hook"], ["sign", "chats"]] {
            let batch = room.file("batch", format!("{good}\n{bad}\n"));
            let words = [
                "--batch",
                batch.to_str().unwrap(),
                "--secret-file",
                secret.to_str().unwrap(),
            ];
            let stderr = room.run(verb.iter().chain(&words)).failed(2).to_owned();
            assert!(
                stderr.contains("line 2 of the batch") && stderr.contains(part),
                "{stderr}"
            );
            assert!(!stderr.contains("MARKER"), "{stderr}");
        }
    }
    let batch = room.file("batch", "{\"method\":\"post\",\"path\":\"/v2/x\"}\n");
    let words = [
        "sign",
        "chats",
        "--batch",
        batch.to_str().unwrap(),
        "--secret-file",
        secret.to_str().unwrap(),
    ];
    assert!(room.run(words).failed(2).contains("line 1 of the batch: "));
    let missing = room.run([
        "verify",
        "chat-hook",
        "--batch",
        "missing",
        "--secret-file",
        secret.to_str().unwrap(),
    ]);
    assert!(missing.failed(3).contains("cannot read the batch"));
    room.run(["sign", "chats", "--batch", "missing", "--body", "missing"])
        .failed(2);
}
