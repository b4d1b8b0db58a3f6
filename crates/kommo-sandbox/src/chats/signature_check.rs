//! Judges who sent a request: headers present, MD5 of the body, date, signature, content type, in
//! this order.

use crate::chats::refusal::Refusal;
use crate::chats::request_date::parse_request_date;
use crate::config::sandbox_config::SignatureRules;
use crate::secrets::channel_key::{ChannelKey, is_lower_hex, md5_hex, same_text};
use crate::wire::received_request::ReceivedRequest;

/// How old a signature may be, in seconds; an age of exactly 900 is still accepted. Source: rule
/// D3.
const AGE_LIMIT_SECONDS: i64 = 900;

/// The four headers that matter. An empty value counts as absent: it makes the same line (rule S8).
struct SignatureHeaders<'a> {
    content_md5: Option<&'a [u8]>,
    content_type: Option<&'a [u8]>,
    date: Option<&'a [u8]>,
    signature: &'a [u8],
}

/// Says whether the holder of `key` sent this request at about `now`.
pub(crate) fn check_signature(
    request: &ReceivedRequest<'_>,
    key: &ChannelKey,
    rules: SignatureRules,
    now: u64,
) -> Result<(), Refusal> {
    let headers = SignatureHeaders::read(request)?;
    let undated = headers.date.is_none() && headers.content_md5.is_none();
    if rules.accept_body_only_scheme && undated {
        check_equal(headers.signature, &key.sign(request.body()), "S10")?;
    } else {
        if !rules.admit_absent_headers {
            headers.check_present()?;
        }
        if let Some(content_md5) = headers.content_md5 {
            check_md5(content_md5, request.body())?;
        }
        if let Some(date) = headers.date {
            check_date(date, now, rules.future_limit_seconds)?;
        }
        check_equal(
            headers.signature,
            &key.sign_lines(headers.lines(request)),
            "S1",
        )?;
    }
    headers.content_type.map_or(Ok(()), check_content_type)
}

/// The signature that would be right. For the journal, which masks it wherever an explanation
/// quotes it.
pub(crate) fn right_signatures(request: &ReceivedRequest<'_>, key: &ChannelKey) -> [String; 2] {
    let first = |name| request.values(name).next();
    let headers = SignatureHeaders {
        content_md5: first("content-md5"),
        content_type: first("content-type"),
        date: first("date"),
        signature: b"",
    };
    [
        key.sign_lines(headers.lines(request)),
        key.sign(request.body()),
    ]
}

impl<'a> SignatureHeaders<'a> {
    fn read(request: &ReceivedRequest<'a>) -> Result<Self, Refusal> {
        let signature = single(request, "x-signature")?;
        Ok(Self {
            content_md5: single(request, "content-md5")?,
            content_type: single(request, "content-type")?,
            date: single(request, "date")?,
            signature: signature.ok_or_else(|| missing("x-signature", "S7"))?,
        })
    }

    fn check_present(&self) -> Result<(), Refusal> {
        let needed = [
            ("content-md5", self.content_md5),
            ("content-type", self.content_type),
            ("date", self.date),
        ];
        match needed.iter().find(|(_, value)| value.is_none()) {
            Some((name, _)) => Err(missing(name, "S8")),
            None => Ok(()),
        }
    }

    fn lines(&self, request: &ReceivedRequest<'a>) -> [&'a [u8]; 5] {
        [
            request.method().as_bytes(),
            self.content_md5.unwrap_or_default(),
            self.content_type.unwrap_or_default(),
            self.date.unwrap_or_default(),
            request.path().as_bytes(),
        ]
    }
}

fn single<'a>(
    request: &ReceivedRequest<'a>,
    name: &'static str,
) -> Result<Option<&'a [u8]>, Refusal> {
    let mut values = request.values(name);
    let first = values.next();
    if values.next().is_some() {
        let reason = format!("the header {name} came more than once");
        return Err(Refusal::signature("S1", "header-twice", reason));
    }
    Ok(first.filter(|value| !value.is_empty()))
}

fn missing(name: &str, rule: &'static str) -> Refusal {
    Refusal::signature(
        rule,
        "header-missing",
        format!("the header {name} is missing or empty"),
    )
}

pub(crate) fn check_md5(content_md5: &[u8], body: &[u8]) -> Result<(), Refusal> {
    if !is_lower_hex(content_md5, 32) {
        let reason = format!(
            "content-md5 is not 32 lower-case hex digits ({} bytes)",
            content_md5.len()
        );
        return Err(Refusal::signature("S4", "md5-malformed", reason));
    }
    if same_text(content_md5, md5_hex(body).as_bytes()) {
        return Ok(());
    }
    let reason = format!(
        "content-md5 is not the MD5 of the {} bytes of body received",
        body.len()
    );
    Err(Refusal::signature("S4", "md5-differs", reason))
}

pub(crate) fn check_date(date: &[u8], now: u64, future_limit_seconds: u64) -> Result<(), Refusal> {
    let Some(dated) = parse_request_date(date) else {
        let reason = "the date is not of the form \"Wed, 23 Nov 2022 19:25:21 +0000\"";
        return Err(Refusal::signature("D2", "date-unreadable", reason));
    };
    let age_seconds = i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(dated);
    if age_seconds > AGE_LIMIT_SECONDS {
        let over = age_seconds - AGE_LIMIT_SECONDS;
        let reason = format!(
            "the date is {age_seconds} s old by this server's clock, {over} s more than allowed"
        );
        return Err(Refusal::signature("D3", "date-stale", reason));
    }
    let ahead_seconds = u64::try_from(age_seconds.saturating_neg()).unwrap_or(0);
    if ahead_seconds > future_limit_seconds {
        let over = ahead_seconds - future_limit_seconds;
        let reason = format!(
            "the date is {ahead_seconds} s in the future by this server's clock, {over} s more than allowed"
        );
        return Err(Refusal::signature("D4", "date-future", reason));
    }
    Ok(())
}

fn check_equal(given: &[u8], right: &str, rule: &'static str) -> Result<(), Refusal> {
    if !is_lower_hex(given, 40) {
        let reason = format!(
            "x-signature is not 40 lower-case hex digits ({} bytes)",
            given.len()
        );
        return Err(Refusal::signature("S7", "signature-malformed", reason));
    }
    if same_text(given, right.as_bytes()) {
        return Ok(());
    }
    let reason = match rule {
        "S10" => "x-signature is not the signature of the body alone with this channel's secret",
        _ => {
            "x-signature is not the signature of the five lines received with this channel's secret"
        }
    };
    Err(Refusal::signature(rule, "signature-differs", reason))
}

/// Exactly `application/json`: a parameter or another spelling is another type here (rule S5).
pub(crate) fn check_content_type(content_type: &[u8]) -> Result<(), Refusal> {
    if content_type == b"application/json" {
        return Ok(());
    }
    let reason = "the content type is not application/json";
    Err(Refusal::bad_request(
        "S5",
        "content-type-unsupported",
        reason,
    ))
}

#[cfg(test)]
mod tests;
