//! Paths, judged by the URL parser that HTTP libraries use. Rules S6, S11 and S13, invariant I1.

use kommo_sign::{ParsePathError, RequestPath};
use url::Url;

/// A path that is accepted leaves as it was signed; a plain path is accepted.
///
/// The whole input is one text.
///
/// # Panics
///
/// If a law is broken.
pub fn request_path(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match RequestPath::parse(&text) {
        Ok(path) => accepted(&text, path),
        Err(error) => refused(&text, error),
    }
}

fn accepted(text: &str, path: RequestPath<'_>) {
    let path = path.as_str();
    assert!(path.starts_with('/'));
    assert!(path.bytes().all(|byte| (0x21..0x7f).contains(&byte)));
    assert!(!path.contains(['?', '#', '\\', '\'', '"']));
    assert_eq!(
        RequestPath::parse(path).map(|again| again.as_str()),
        Ok(path)
    );
    assert_eq!(sent(&format!("https://h.example{path}")), path);
    // With a base, as clients are often configured.
    let base = Url::parse("https://h.example/base/x").and_then(|base| base.join(path));
    assert_eq!(base.as_ref().map(Url::path), Ok(path));
    if text.starts_with('/') {
        assert_eq!(sent(&format!("https://h.example{text}")), path);
        assert!(text.starts_with(path));
    } else if Url::parse(text).is_ok() {
        // A URL with a host that the judge refuses is sent nowhere.
        assert_eq!(sent(text), path);
    }
}

fn sent(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => url.path().to_owned(),
        Err(error) => panic!("an accepted path makes no URL: {error}"),
    }
}

fn refused(text: &str, error: ParsePathError) {
    let offset = match error {
        ParsePathError::DotSegment { offset }
        | ParsePathError::Character { offset }
        | ParsePathError::Escape { offset }
        | ParsePathError::NeedlessEscape { offset } => offset,
        _ => 0,
    };
    assert!(
        text.is_char_boundary(offset),
        "an offset within a character"
    );
    assert!(offset < text.len().max(1), "an offset behind the text");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
    let is_plain = text.starts_with('/') && !text.starts_with("//") && text.bytes().all(is_plain);
    assert!(!is_plain, "{text:?} was refused");
}
