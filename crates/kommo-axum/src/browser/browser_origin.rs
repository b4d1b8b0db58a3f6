//! Origins as a browser writes them: a message is for one origin exactly, so ours must be spelled
//! as the browser's.

use kommo_account::{EndpointRole, Endpoints, Platform};

/// Scheme, host in lower case, and the port unless it is the scheme's own.
pub(crate) fn browser_origin(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let usual_port = if origin.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    origin.strip_suffix(usual_port).unwrap_or(&origin).into()
}

/// The origin of the consent page, which the messages of a consent window come from.
pub(crate) fn consent_origin(endpoints: &Endpoints, platform: Platform) -> String {
    let target = endpoints.resolve(EndpointRole::Consent(platform));
    match target.connect_to() {
        Some(address) => format!("{}://{address}", target.scheme()),
        None => format!("{}://{}", target.scheme(), target.host()),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_origin;

    #[test]
    fn an_origin_is_spelled_as_browsers_spell_it() {
        for (written, spelled) in [
            ("https://App.Example", "https://app.example"),
            ("https://app.example:443", "https://app.example"),
            ("https://app.example:8443", "https://app.example:8443"),
            ("https://app.example:80", "https://app.example:80"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(browser_origin(written), spelled);
        }
    }
}
