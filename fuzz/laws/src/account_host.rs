//! Account hosts. Rules A1 to A4.

use kommo_account::AccountHost;

/// A text names an account if the naive reader says so, and normalising twice changes nothing.
///
/// The whole input is one text.
///
/// # Panics
///
/// If a law is broken.
pub fn account_host(data: &[u8]) {
    let parsed = AccountHost::parse_bytes(data);
    let expected = core::str::from_utf8(data).ok().and_then(naive);
    let host = parsed.as_ref().ok().map(AccountHost::as_str);
    assert_eq!(host, expected.as_deref(), "{:?}", data.escape_ascii());
    if let Ok(text) = core::str::from_utf8(data) {
        assert_eq!(AccountHost::parse(text), parsed);
    }
    if let Ok(host) = parsed {
        assert_eq!(AccountHost::parse(host.as_str()), Ok(host));
        let whole = format!("{}.{}", host.subdomain(), host.suffix().as_str());
        assert_eq!(host.as_str(), whole);
        let url = url::Url::parse(&format!("https://{}/x", host.as_str()));
        let judged = url.as_ref().ok().and_then(url::Url::host_str);
        assert_eq!(
            judged,
            Some(host.as_str()),
            "a URL library reads another host"
        );
    }
}

/// Drops what may be dropped, in the order of rule A2, and looks at what is left.
pub(crate) fn naive(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > 255 {
        return None;
    }
    let text = text.strip_prefix("https://").unwrap_or(text);
    let text = text.strip_suffix('/').unwrap_or(text);
    let text = text.strip_suffix(":443").unwrap_or(text);
    let host = text.to_ascii_lowercase();
    let label = [".kommo.com", ".amocrm.ru", ".amocrm.com"]
        .iter()
        .find_map(|suffix| host.strip_suffix(suffix))?;
    let admitted = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = (1..=63).contains(&label.len())
        && label.bytes().all(admitted)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !label.starts_with("xn--");
    let of_platform = |prefix| {
        let rest = label.strip_prefix(prefix).map(str::as_bytes);
        matches!(rest, Some([b'a'..=b'z']))
    };
    let is_account =
        !matches!(label, "www" | "amojo") && !of_platform("api-") && !of_platform("drive-");
    (is_label && is_account).then_some(host)
}
