//! The string to sign of a request as it came, line by line, beside the one of a right request: for
//! people who ask why they were refused.

use crate::chats::signature_check::{check_content_type, check_date, check_md5};
use crate::config::sandbox_config::SignatureRules;
use crate::reply::response::date_value;
use crate::secrets::channel_key::md5_hex;
use crate::state::journal_record::SignedLine;
use crate::wire::received_request::ReceivedRequest;

/// The five lines of rule S1. `now` is the time that the request was judged by.
pub(crate) fn signed_lines(
    request: &ReceivedRequest<'_>,
    rules: SignatureRules,
    now: u64,
) -> Vec<SignedLine> {
    let method = request.method().to_ascii_uppercase();
    let md5 = md5_hex(request.body());
    let (date, expected_date) = (header(request, "date"), documented_date(now));
    let judged = |name: &str, expected: &str, is_right: &dyn Fn(&[u8]) -> bool| {
        let (received, times) = header(request, name);
        let is_admitted = received.is_empty() && rules.admit_absent_headers;
        SignedLine {
            differs: times > 1 || !(is_admitted || is_right(received.as_bytes())),
            name: name.to_owned(),
            expected: match is_admitted {
                true => String::new(),
                false => expected.to_owned(),
            },
            received,
        }
    };
    let is_dated = |date: &[u8]| check_date(date, now, rules.future_limit_seconds).is_ok();
    let expected_date = match is_dated(date.0.as_bytes()) {
        true => date.0,
        false => expected_date,
    };
    vec![
        line("method", request.method().to_owned(), method),
        judged("content-md5", &md5, &|given| {
            check_md5(given, request.body()).is_ok()
        }),
        judged("content-type", "application/json", &|given| {
            check_content_type(given).is_ok()
        }),
        judged("date", &expected_date, &is_dated),
        line("path", request.path().to_owned(), request.path().to_owned()),
    ]
}

fn line(name: &str, received: String, expected: String) -> SignedLine {
    SignedLine {
        name: name.to_owned(),
        differs: received != expected,
        received,
        expected,
    }
}

/// The value of a header, and how often it came. All values, if it came more than once.
fn header(request: &ReceivedRequest<'_>, name: &str) -> (String, usize) {
    let headers = request.headers().iter();
    let values: Vec<_> = headers
        .filter(|(given, _)| *given == name)
        .map(|(_, value)| String::from_utf8_lossy(value))
        .collect();
    (values.join(", "), values.len())
}

/// The form of rule D1.
fn documented_date(now: u64) -> String {
    let date = date_value(now);
    date.to_str().unwrap_or_default().replace("GMT", "+0000")
}
