//! Requests out of pasted commands and of texts: what every shell and browser writes comes out as
//! the same request.

use kommo_explain::{
    CaptureErrorKind, CaptureNote, CapturedRequest, CurlCommand, ReceivedRequest,
    explain_chats_request, read_http_text,
};
use kommo_test_vectors::chats_request;

#[track_caller]
fn read(text: &str) -> CapturedRequest {
    let command = CurlCommand::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let read_file = |name: &str| match name {
        "body.json" => Ok(b"{\"a\":\r\n1}\n".to_vec()),
        name => Err(name.to_owned()),
    };
    command.request(read_file).unwrap()
}

#[track_caller]
fn check(text: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &str) {
    let request = read(text);
    assert_eq!(
        (request.method(), request.target()),
        (method, target),
        "{text}"
    );
    let trimmed = request.headers().map(|(name, value)| (name, value.trim()));
    assert_eq!(trimmed.collect::<Vec<_>>(), headers, "{text}");
    assert_eq!(String::from_utf8_lossy(request.body()), body, "{text}");
}

const URL: &str = "https://amojo.kommo.com/v2/x";
const TYPE: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn the_same_request_comes_out_of_every_shell() {
    let body = "{\"text\":\"it's 100% \\\"new\\\" & $5!\"}";
    for text in [
        // By hand, in a POSIX shell.
        r#"curl -X POST "https://amojo.kommo.com/v2/x" -H "Content-Type: application/json" -d "{\"text\":\"it's 100% \\\"new\\\" & \$5!\"}""#,
        // Chrome, bash.
        "curl 'https://amojo.kommo.com/v2/x' \\\n  -H 'Content-Type: application/json' \\\n  --data-raw $'{\"text\":\"it\\'s 100% \\\\\"new\\\\\" & $5\\u0021\"}' \\\n  --compressed",
        // The same with line ends of Windows.
        "curl 'https://amojo.kommo.com/v2/x' \\\r\n  -H 'Content-Type: application/json' \\\r\n  --data-raw $'{\"text\":\"it\\'s 100% \\\\\"new\\\\\" & $5\\x21\"}'",
        // Postman.
        "curl --location --request POST 'https://amojo.kommo.com/v2/x' \\\n--header 'Content-Type: application/json' \\\n--data '{\"text\":\"it'\\''s 100% \\\"new\\\" & $5!\"}'",
        // Chrome, cmd.
        "curl ^\"https://amojo.kommo.com/v2/x^\" ^\r\n  -H ^\"Content-Type: application/json^\" ^\r\n  --data-raw ^\"^{^\\^\"text^\\^\":^\\^\"it's 100^% ^\\^\\^\\^\"new^\\^\\^\\^\" ^& ^$5^!^\\^\"^}^\"",
        // Firefox, Windows: doubled quotes and backslashes.
        "curl.exe \"https://amojo.kommo.com/v2/x\" ^\r\n -H \"Content-Type: application/json\" ^\r\n --data-raw \"{\"\"text\"\":\"\"it's 100\"%\" \\\\\"\"new\\\\\"\" & $5!\"\"}\"",
        // PowerShell, as it has to be before 7.3.
        "curl.exe -X POST 'https://amojo.kommo.com/v2/x' `\n  -H 'Content-Type: application/json' `\n  -d '{\\\"text\\\":\\\"it''s 100% \\\\\"new\\\\\" & $5!\\\"}'",
    ] {
        check(text, "POST", URL, &[TYPE], body);
    }
}

#[test]
fn options_do_to_the_request_what_curl_does() {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    check(
        "curl amojo.kommo.com/a#b",
        "GET",
        "http://amojo.kommo.com/a",
        &[],
        "",
    );
    check(
        "$ curl -sSLXPUT -d1 -d 2 http://h/a",
        "PUT",
        "http://h/a",
        &[form],
        "1&2",
    );
    check("curl -I http://h/a", "HEAD", "http://h/a", &[], "");
    check(
        "curl -G -d a=b --data-raw @c http://h/?x",
        "GET",
        "http://h/?x&a=b&@c",
        &[],
        "",
    );
    check(
        "curl --url http://h/ --json {} --json []",
        "POST",
        "http://h/",
        &[TYPE],
        "{}[]",
    );
    check(
        "curl http://h/ -H 'Content-Type:' -H 'X-Empty;' -d x",
        "POST",
        "http://h/",
        &[("X-Empty", "")],
        "x",
    );
    check(
        "curl http://h/ -d @body.json",
        "POST",
        "http://h/",
        &[form],
        "{\"a\":1}",
    );
    check(
        "curl http://h/ --data-binary @body.json -HContent-Type:x",
        "POST",
        "http://h/",
        &[("Content-Type", "x")],
        "{\"a\":\r\n1}\n",
    );
    check(
        "/usr/bin/curl http://h/ -b a=b -b jar -A me -u user:MARKER --max-time 3 -o out | jq .",
        "GET",
        "http://h/",
        &[("Cookie", "a=b"), ("User-Agent", "me")],
        "",
    );
    check("curl -- http://h/ 2>/dev/null", "GET", "http://h/", &[], "");
    let noted = read("curl http://h/ -d x ;\ncurl http://h/b");
    let notes = [CaptureNote::FormTypeAdded, CaptureNote::FirstCommandOnly];
    assert_eq!(noted.notes(), notes);
}

#[test]
fn what_cannot_be_read_is_said_with_its_place_and_without_its_text() {
    use CaptureErrorKind as Kind;
    for (text, kind, line, column) in [
        ("", Kind::Empty, 1, 1),
        (" \r\n", Kind::Empty, 1, 1),
        ("MARKER http://h/", Kind::NotCurl, 1, 1),
        ("echo MARKER | curl -d @- http://h/", Kind::NotCurl, 1, 1),
        (
            "Invoke-WebRequest -Uri \"http://MARKER/\"",
            Kind::PowerShellRequest,
            1,
            1,
        ),
        (
            "$s = New-Object X\nInvoke-WebRequest MARKER",
            Kind::PowerShellRequest,
            2,
            1,
        ),
        ("curl http://h/ \\\n  -H 'MARKER", Kind::OpenQuote, 2, 6),
        ("curl \"http://h/ ^\n MARKER", Kind::OpenQuote, 1, 6),
        ("curl http://h/ -H \"é $MARKER\"", Kind::Expansion, 1, 22),
        (
            "curl http://h/ -H \"X: $(cat MARKER)\"",
            Kind::Expansion,
            1,
            23,
        ),
        ("curl http://h/ -d `cat MARKER`", Kind::Expansion, 1, 19),
        ("curl http://h/ -d @- <<MARKER", Kind::Redirection, 1, 22),
        ("curl http://h/?a=1&b=MARKER", Kind::LooseAmpersand, 1, 19),
        ("curl http://h/ -H", Kind::NoValue, 1, 16),
        ("curl http://h/ --MARKER", Kind::UnknownOption, 1, 16),
        ("curl http://h/ -sQ", Kind::UnknownOption, 1, 16),
        (
            "curl http://h/ -F a=MARKER",
            Kind::RefusedOption("-F"),
            1,
            16,
        ),
        (
            "curl http://h/ --next http://h/",
            Kind::RefusedOption("--next"),
            1,
            16,
        ),
        ("curl -H 'a: b'", Kind::NoUrl, 1, 15),
        ("curl http://h/ http://MARKER/", Kind::SecondUrl, 1, 16),
        ("curl http://h/ -H MARKER", Kind::HeaderForm, 1, 19),
        (
            "curl http://h/ -H @MARKER",
            Kind::FileInPlaceOf("the headers"),
            1,
            19,
        ),
        (
            "curl -G http://h/ -d @MARKER",
            Kind::FileInPlaceOf("the query"),
            1,
            22,
        ),
    ] {
        let error = CurlCommand::read(text.as_bytes()).unwrap_err();
        assert_eq!(
            (error.kind(), error.line(), error.column()),
            (kind, line, column),
            "{text}"
        );
        assert!(!format!("{error} {error:?}").contains("MARKER"), "{text}");
    }
}

#[test]
fn nothing_of_a_request_is_in_debug() {
    let text = "curl http://MARKER/ -H 'MARKER: MARKER' -d MARKER -X MARKER";
    let command = CurlCommand::read(text.as_bytes()).unwrap();
    let printed = format!("{command:?} {:?}", read(text));
    assert!(!printed.contains("MARKER"), "{printed}");
}

#[test]
fn bytes_that_are_no_text_and_long_noise_are_read_to_their_end() {
    for text in [
        &b"curl http://h/ -d '\xff\xfe\x00'"[..],
        b"\x00\x1b[2J",
        b"curl \xff",
        b"POST / HTTP/1.1\r\nX: \xff\r\n\r\n\xff\x00",
    ] {
        let _ = CurlCommand::read(text);
        let _ = read_http_text(text);
    }
    let command = CurlCommand::read(b"curl http://h/ -d $'\\xff\\0\\101'").unwrap();
    let request = command.request(|_| Err(())).unwrap();
    assert_eq!(request.body(), b"\xff\0A");
    for piece in ["'", "\"\"", "^", "\\", "$'", "-d a ", "`", "--", "curl "] {
        let noise = ["curl ", &piece.repeat(100_000)].concat();
        let _ = CurlCommand::read(noise.as_bytes());
        let _ = read_http_text(noise.as_bytes());
    }
}

#[test]
fn a_request_that_was_captured_is_explained_as_the_one_that_was_sent() {
    let case = chats_request("connect-published");
    let head: String = case
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "{} {} HTTP/1.1\r\nHost: amojo.kommo.com\r\n{head}\r\n",
        case.method, case.target
    );
    let read = read_http_text(&[head.as_bytes(), &case.body].concat()).unwrap();
    let headers: Vec<_> = read.headers().collect();
    let request = ReceivedRequest::new(read.method(), read.target(), &headers, read.body());
    let explanation =
        explain_chats_request(&request, &case.secret, u64::try_from(case.at).ok()).unwrap();
    assert!(explanation.accepted(), "{explanation:?}");
}
